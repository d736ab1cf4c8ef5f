"""Whatever arrives, a receiver answers or rejects; and nothing unproven yields anything."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approval_gate.errors import CallbackRejected
from approval_gate.ports import Opened
from approval_gate.web import WebRequest
from tests.kits.wecom import wecom_kit

KIT = wecom_kit()
RECEIVER = KIT.receiver()
bounded = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

texts = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)
queries = st.dictionaries(st.sampled_from(["msg_signature", "timestamp", "nonce", "echostr"]), texts, max_size=4)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    [
        "Event", "MsgType", "AgentID", "CreateTime", "ApprovalInfo", "SpNoStr", "SpStatus", "ProcessList", "NodeList",
        "SubNodeList", "UserInfo", "UserId", "SpYj", "Sptime", "NodeType", "SpRecord", "Details", "Encrypt", "ThirdNo",
    ]
)  # fmt: skip
words = st.sampled_from(
    ["sys_approval_change", "open_approval_change", "1", "2", "4", "0", "", "alice", "1000002", "ü"]
)
trees = st.recursive(words | texts, lambda inner: st.lists(st.tuples(names, inner), max_size=4), max_leaves=25)


def xml_of(tree: Any) -> str:
    if isinstance(tree, list):
        return "".join(f"<{name}>{xml_of(each)}</{name}>" for name, each in tree)
    return str(tree).replace("&", "&amp;").replace("<", "&lt;")


def opened(request: WebRequest) -> Opened | None:
    try:
        return RECEIVER.open(request)
    except CallbackRejected:
        return None


@bounded
@given(method=st.sampled_from(["GET", "POST"]), query=queries, body=st.binary(max_size=300))
def test_unsigned_bytes_never_yield_anything(method: str, query: dict[str, str], body: bytes) -> None:
    assert opened(WebRequest(method, query=query, body=body)) is None


@bounded
@given(query=queries, body=st.dictionaries(names, anything, max_size=6))
def test_unsigned_json_never_yields_anything(query: dict[str, str], body: dict[str, Any]) -> None:
    assert opened(WebRequest("POST", query=query, body=json.dumps(body).encode())) is None


@bounded
@given(query=queries)
def test_a_true_body_never_yields_anything_under_another_query(query: dict[str, str]) -> None:
    request = KIT.approve("202601150007")

    assert opened(WebRequest("POST", query=query, body=request.body)) is None


@bounded
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_one_changed_bit_of_the_envelope_never_yields_another_event(at: int, bit: int) -> None:
    request = KIT.approve("202601150007")
    body = bytearray(request.body)
    body[at % len(body)] ^= 1 << bit

    result = opened(WebRequest("POST", query=request.query, body=bytes(body)))

    assert result in (None, RECEIVER.open(request))


@bounded
@given(plain=st.binary(max_size=300))
def test_proven_bytes_are_answered_or_rejected(plain: bytes) -> None:
    opened(KIT.post(plain))
    opened(KIT.echo(plain))


@bounded
@given(text=texts)
def test_signed_texts_that_nobody_sealed_are_rejected(text: str) -> None:
    signed = text.encode("utf-8", "replace").decode()

    assert opened(WebRequest("GET", query=KIT.query(signed) | {"echostr": signed})) is None


@bounded
@given(tree=trees)
def test_proven_documents_of_any_shape_are_answered_or_rejected(tree: Any) -> None:
    result = opened(KIT.post(f"<xml>{xml_of(tree)}</xml>".encode("utf-8", "replace")))

    for event in result.events if result else ():
        assert event.provider_ref
        assert event.provider_ref.isascii()
        assert event.occurred_at.tzinfo is not None


@bounded
@given(body=st.dictionaries(names, anything, max_size=6))
def test_proven_json_of_any_shape_is_answered_or_rejected(body: dict[str, Any]) -> None:
    opened(KIT.post(json.dumps(body).encode()))


@bounded
@given(packed=st.binary(max_size=200), length=st.integers(0, 2**32 - 1))
def test_no_length_field_reads_beyond_its_text(packed: bytes, length: int) -> None:
    result = opened(KIT.post_text(KIT.sealed(packed, length=length)))

    assert result is None or length == len(packed)
