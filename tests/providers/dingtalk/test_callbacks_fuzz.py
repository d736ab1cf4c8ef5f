"""Whatever arrives, a receiver answers or rejects; and nothing unproven is accepted."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approval_gate.errors import CallbackRejected
from approval_gate.ports import Opened
from approval_gate.web import WebRequest
from tests.kits.dingtalk import dingtalk_kit

KIT = dingtalk_kit()
RECEIVER = KIT.receiver()
GENUINE = KIT.approve("ref-1")
bounded = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

text = st.text(alphabet=st.characters(exclude_categories=()), max_size=30)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
queries = st.dictionaries(
    st.sampled_from(["signature", "msg_signature", "timestamp", "timeStamp", "nonce"]),
    text | st.sampled_from(list(GENUINE.query.values())),
)
event_fields = st.fixed_dictionaries(
    {},
    optional={
        "EventType": st.sampled_from(["bpms_instance_change", "bpms_task_change", "check_url"]) | anything,
        "type": st.sampled_from(["start", "finish", "terminate", "delete", "cancel", "comment"]) | anything,
        "result": st.sampled_from(["agree", "refuse", "redirect", "audit"]) | anything,
        "processInstanceId": st.just("ref-1") | anything,
        "eventId": anything,
        "taskId": st.integers() | anything,
        "staffId": st.just("user001") | anything,
        "remark": anything,
        "finishTime": st.integers() | anything,
        "createTime": st.integers() | anything,
        "EventTime": st.integers() | anything,
    },
)


def opened(request: WebRequest) -> Opened | None:
    try:
        return RECEIVER.open(request)
    except CallbackRejected:
        return None


@bounded
@given(body=st.binary(max_size=300), query=queries)
def test_unsigned_bytes_are_never_accepted(body: bytes, query: dict[str, str]) -> None:
    assert opened(WebRequest("POST", query=query, body=body)) is None


@bounded
@given(encrypt=anything, query=queries, more=st.dictionaries(st.text(max_size=8), anything, max_size=2))
def test_unsigned_json_is_never_accepted(encrypt: Any, query: dict[str, str], more: dict[str, Any]) -> None:
    body = json.dumps(more | {"encrypt": encrypt}).encode()

    assert opened(WebRequest("POST", query=query, body=body)) is None


@bounded
@given(position=st.integers(0, 10_000), character=st.sampled_from("ABCabc019+/="))
def test_no_changed_character_of_the_sealed_text_is_accepted(position: int, character: str) -> None:
    encrypt = json.loads(GENUINE.body)["encrypt"]
    position %= len(encrypt)
    changed = encrypt[:position] + character + encrypt[position + 1 :]

    accepted = opened(replace(GENUINE, body=json.dumps({"encrypt": changed}).encode()))

    assert (accepted is None) == (changed != encrypt)


@bounded
@given(layout=st.binary(min_size=1, max_size=160))
def test_proven_rubbish_is_rejected_and_not_a_crash(layout: bytes) -> None:
    padded = layout + bytes(-len(layout) % 16)

    assert opened(KIT.sealed_layout(padded)) is None


@bounded
@given(plain=st.binary(max_size=200))
def test_proven_bytes_for_us_are_read_or_rejected(plain: bytes) -> None:
    accepted = opened(KIT.sealed_bytes(plain))

    assert accepted is None or accepted.events == ()


@bounded
@given(event=event_fields)
def test_a_proven_event_of_any_shape_is_acknowledged(event: dict[str, Any]) -> None:
    accepted = opened(KIT.sealed_bytes(json.dumps(event).encode()))

    assert accepted is not None
    assert KIT.is_acknowledged(accepted.response)
    for each in accepted.events:
        assert each.provider_ref
        assert 0 < len(each.dedupe_key) <= 128
        assert each.occurred_at.tzinfo is not None
