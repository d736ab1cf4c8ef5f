"""Whatever arrives, a receiver answers or rejects; and nothing unproven yields an event."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approval_gate.errors import CallbackRejected
from approval_gate.ports import Opened, Receiver
from approval_gate.web import WebRequest
from tests.kits.feishu import feishu_kit

KIT = feishu_kit()
SEALED = KIT.receiver()
TOKEN_ONLY = KIT.receiver(encrypt_key="")
bounded = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(exclude_categories=()), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    ["type", "schema", "header", "event", "token", "uuid", "ts", "action", "challenge", "encrypt", "status"]
)
bodies = st.dictionaries(names, anything, max_size=8)
headers = st.dictionaries(
    st.sampled_from(["x-lark-signature", "x-lark-request-timestamp", "x-lark-request-nonce"]),
    st.text(alphabet=st.characters(exclude_categories=()), max_size=64),
)


def opened(receiver: Receiver, request: WebRequest) -> Opened | None:
    try:
        return receiver.open(request)
    except CallbackRejected:
        return None


@bounded
@given(body=st.binary(max_size=300), headers=headers)
def test_unsigned_bytes_never_yield_anything(body: bytes, headers: dict[str, str]) -> None:
    assert opened(SEALED, WebRequest("POST", headers=headers, body=body)) is None
    assert opened(TOKEN_ONLY, WebRequest("POST", headers=headers, body=body)) is None


@bounded
@given(body=bodies, headers=headers)
def test_unsigned_json_never_yields_anything(body: dict[str, Any], headers: dict[str, str]) -> None:
    request = WebRequest("POST", headers=headers, body=json.dumps(body).encode())

    assert opened(SEALED, request) is None
    assert opened(TOKEN_ONLY, request) is None


@bounded
@given(headers=headers, status=st.sampled_from(["PENDING", "APPROVED"]))
def test_the_right_token_in_clear_never_yields_an_event_where_a_key_is_set(
    headers: dict[str, str], status: str
) -> None:
    body = json.dumps(KIT.envelope(KIT.instance_event("REF", status))).encode()

    assert opened(SEALED, WebRequest("POST", headers=headers, body=body)) is None


@bounded
@given(plain=st.binary(max_size=200))
def test_signed_bytes_are_answered_or_rejected(plain: bytes) -> None:
    opened(SEALED, KIT.sealed_bytes(plain))
    opened(SEALED, KIT.signed(plain))


@bounded
@given(changes=st.dictionaries(st.sampled_from(["type", "event", "uuid", "ts", "extra"]), anything, max_size=4))
def test_odd_envelopes_with_a_proof_are_answered_or_rejected(changes: dict[str, Any]) -> None:
    opened(SEALED, KIT.seal(KIT.envelope(KIT.instance_event("REF", "APPROVED")) | changes))


@bounded
@given(
    changes=st.dictionaries(
        st.sampled_from(
            [
                "instance_code",
                "status",
                "operate_time",
                "open_id",
                "user_id",
                "task_id",
                "custom_key",
                "def_key",
                "extra",
            ]
        ),
        anything,
        max_size=5,
    ),
    is_task=st.booleans(),
)
def test_odd_fields_of_a_proven_event_are_always_acknowledged(changes: dict[str, Any], is_task: bool) -> None:
    make = KIT.task_event if is_task else KIT.instance_event

    result = SEALED.open(KIT.event(make("REF", "APPROVED") | changes))

    assert result.response.status == 200
    for event in result.events:
        # What goes into keys and histories is printable and encodable, and the time is a time.
        for text in (event.provider_ref, event.dedupe_key, event.vendor_type, event.vendor_status):
            assert text
            assert text.isascii()
            assert text.isprintable()
        assert event.occurred_at.tzinfo is not None


@bounded
@given(header=st.dictionaries(st.sampled_from(["event_id", "event_type", "create_time"]), anything), event=anything)
def test_odd_version_2_events_are_always_acknowledged(header: dict[str, Any], event: object) -> None:
    proof = {"token": KIT.credentials["verification_token"], "app_id": KIT.credentials["app_id"]}

    result = SEALED.open(KIT.seal({"schema": "2.0", "header": header | proof, "event": event}))

    assert result.response.status == 200
