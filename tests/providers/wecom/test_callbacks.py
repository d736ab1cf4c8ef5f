"""WeCom's callbacks: the vectors, and every rule of proof."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from approval_gate.domain.approval import Identity, TaskStatus
from approval_gate.errors import CallbackRejected
from approval_gate.ports import EventKind, Receiver
from approval_gate.providers.wecom.callbacks import MAX_BODY_BYTES
from approval_gate.providers.wecom.callbacks import Receiver as WecomReceiver
from approval_gate.web import WebRequest
from tests.kits.wecom import ECHO, WecomKit

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors", "wecom.json").read_text(encoding="utf-8"))
POSTS = [case for case in VECTORS["cases"] if case["kind"] == "callback_post"]
APPROVALS = [case for case in POSTS if case["expect"].get("parsed", {}).get("event") == "sys_approval_change"]
FALSE = [case for case in VECTORS["cases"] if not case["expect"].get("accept", True)]
NAMES = {case["name"]: case for case in VECTORS["cases"]}
REF = "202601150007"
CHECKS = {
    "signature": "signature",
    "padding": "encrypt",
    "base64": "base64",
    "query": "query",
    "xml_doctype": "document",
}


def receiver_for(case: dict[str, Any], config: dict[str, Any] | None = None) -> Receiver:
    """Return a receiver at the time of the case, for the agent that the case's document names."""
    at = datetime.fromtimestamp(int(case["query"]["timestamp"]), UTC)
    named = [each for each in ("1000002", "218") if each in case["expect"].get("decrypted", "")]
    credentials = {"agent_id": named[0] if named else "3010040"} | (config or VECTORS["config"])
    return WecomReceiver.from_credentials(credentials, lambda: at)


def request_of(case: dict[str, Any]) -> WebRequest:
    return WebRequest(case["method"], query=case["query"], body=case.get("raw_body", "").encode())


@pytest.fixture
def receiver(kit: WecomKit) -> Receiver:
    return kit.receiver()


# -- vectors


@pytest.mark.parametrize("case", POSTS, ids=lambda case: case["name"])
def test_every_true_post_is_acknowledged_with_an_empty_body(case: dict[str, Any]) -> None:
    opened = receiver_for(case).open(request_of(case))

    assert opened.response.status == case["expect"]["status"]
    assert opened.response.body == b""
    assert opened.vendor_type == (case["expect"].get("parsed", {}).get("event") or opened.vendor_type)


@pytest.mark.parametrize("case", APPROVALS, ids=lambda case: case["name"])
def test_approval_vectors_are_read_as_expected(case: dict[str, Any]) -> None:
    parsed = case["expect"]["parsed"]

    events = receiver_for(case).open(request_of(case)).events

    assert {event.provider_ref for event in events} == {parsed["sp_no"]}
    assert {event.vendor_status for event in events} == {f"{parsed['sp_status']}/{parsed['statu_change_event']}"}
    is_final = parsed["outcome"] != "pending"
    assert all((event.kind is EventKind.DECIDED) is is_final for event in events)


@pytest.mark.parametrize("happening", ["submit", "agree", "revoke"])
def test_the_process_engines_events_are_read(happening: str) -> None:
    case = NAMES[f"open_approval_change_{happening}"]

    (event,) = receiver_for(case).open(request_of(case)).events

    assert event.provider_ref == case["expect"]["parsed"]["third_no"]
    assert event.kind is (EventKind.OPENED if happening == "submit" else EventKind.DECIDED)


@pytest.mark.parametrize("case", FALSE, ids=lambda case: case["name"])
def test_false_vectors_are_rejected_by_their_check(case: dict[str, Any]) -> None:
    with pytest.raises(CallbackRejected) as caught:
        receiver_for(case).open(request_of(case))

    assert caught.value.check == CHECKS[case["expect"]["reason"]]


@pytest.mark.parametrize("case", VECTORS["vendor_sample"]["cases"], ids=lambda case: case["name"])
def test_the_vendors_own_sample_is_accepted(case: dict[str, Any]) -> None:
    opened = receiver_for(case, VECTORS["vendor_sample"]["config"]).open(request_of(case))

    assert opened.response.body.decode() == case["expect"].get("body", "")
    assert opened.vendor_type == ("echostr" if case["method"] == "GET" else "text")


@pytest.mark.parametrize("raw", ["raw_query_string", "raw_query_string_plus_not_escaped"])
def test_the_echo_is_answered_to_the_byte_however_its_plus_signs_were_sent(raw: str) -> None:
    case = NAMES["url_verification_ok"]
    request = WebRequest("GET", query=dict(parse_qsl(case[raw], keep_blank_values=True)))

    opened = receiver_for(case).open(request)

    assert opened.is_address_check
    assert opened.response.body.decode() == case["expect"]["body"]
    assert opened.response.content_type == case["expect"]["content_type"]
    assert opened.response.to_api_gateway()["body"] == case["expect"]["body"]


def test_two_forms_in_one_second_are_two_events_and_a_redelivery_is_none() -> None:
    names = ["dedupe_bulk_same_second_form_21", "dedupe_bulk_same_second_form_22", "dedupe_redelivery_of_form_21"]

    (first,), (other,), (again,) = (receiver_for(NAMES[name]).open(request_of(NAMES[name])).events for name in names)

    assert first.dedupe_key != other.dedupe_key
    assert again == first


# -- proof, each check alone


def rejected_by(receiver: Receiver, request: WebRequest) -> str:
    with pytest.raises(CallbackRejected) as caught:
        receiver.open(request)
    return caught.value.check


@pytest.mark.parametrize("method", ["PUT", "HEAD", "OPTIONS", ""])
def test_only_get_and_post_are_read(kit: WecomKit, receiver: Receiver, method: str) -> None:
    assert rejected_by(receiver, replace(kit.approve(REF), method=method)) == "method"


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
def test_a_missing_parameter_is_rejected(kit: WecomKit, receiver: Receiver, name: str) -> None:
    for request in (kit.approve(REF), kit.address_check()):
        query = {key: value for key, value in request.query.items() if key != name}

        assert rejected_by(receiver, replace(request, query=query)) == "query"


def test_an_address_check_without_its_echo_is_rejected(kit: WecomKit, receiver: Receiver) -> None:
    assert rejected_by(receiver, WebRequest("GET", query=kit.query(""))) == "query"


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
def test_an_altered_parameter_breaks_the_signature(kit: WecomKit, receiver: Receiver, name: str) -> None:
    for request in (kit.approve(REF), kit.address_check()):
        query = {**request.query, name: request.query[name][:-1] + "x"}

        assert rejected_by(receiver, replace(request, query=query)) == "signature"


def test_an_altered_sealed_text_breaks_the_signature(kit: WecomKit, receiver: Receiver) -> None:
    assert rejected_by(receiver, kit.altered(kit.approve(REF))) == "signature"


def test_another_token_breaks_the_signature(kit: WecomKit) -> None:
    assert rejected_by(kit.receiver(token="AnotherToken2026"), kit.approve(REF)) == "signature"
    assert rejected_by(kit.receiver(token="AnotherToken2026"), kit.address_check()) == "signature"


def test_a_signature_in_upper_case_is_another(kit: WecomKit, receiver: Receiver) -> None:
    request = kit.approve(REF)
    query = {**request.query, "msg_signature": request.query["msg_signature"].upper()}

    assert rejected_by(receiver, replace(request, query=query)) == "signature"


@pytest.mark.parametrize("later_by", [timedelta(hours=24, seconds=1), timedelta(minutes=-10, seconds=-1)])
def test_a_stale_request_is_rejected(kit: WecomKit, later_by: timedelta) -> None:
    receiver = kit.receiver(later_by=later_by)

    assert rejected_by(receiver, kit.approve(REF)) == "timestamp out of range"
    assert rejected_by(receiver, kit.address_check()) == "timestamp out of range"


@pytest.mark.parametrize("later_by", [timedelta(hours=24), timedelta(minutes=-10)])
def test_the_very_ends_of_the_time_window_are_accepted(kit: WecomKit, later_by: timedelta) -> None:
    assert kit.receiver(later_by=later_by).open(kit.approve(REF)).events


@pytest.mark.parametrize("timestamp", ["0", "17684478000", "-176844780", "1768447800.5", "１７６８４４７８００", "now"])
def test_a_timestamp_that_is_no_ten_digits_is_rejected(kit: WecomKit, receiver: Receiver, timestamp: str) -> None:
    request = kit.approve(REF)
    text = kit.sealed(b"<xml/>")
    body = request.body[: request.body.index(b"<Encrypt>")] + f"<Encrypt>{text}</Encrypt></xml>".encode()

    assert rejected_by(receiver, WebRequest("POST", query=kit.query(text, timestamp=timestamp), body=body)) == (
        "timestamp"
    )


@pytest.mark.parametrize("text", ["not*base64!", "QUJD=A==", "QUJ", "é", " QUJD"])
def test_a_signed_text_that_is_no_base64_is_rejected(kit: WecomKit, receiver: Receiver, text: str) -> None:
    assert rejected_by(receiver, kit.post_text(text)) == "base64"


@pytest.mark.parametrize("padding", [b"\x00", b"\x21" * 33, b"\x01\x02", b"\x0f" + b"\x10" * 15])
def test_impossible_padding_is_rejected(kit: WecomKit, receiver: Receiver, padding: bytes) -> None:
    plain = b"<xml>" + b"x" * (96 - 16 - 4 - 18 - 11 - len(padding) % 32) + b"</xml>"

    assert rejected_by(receiver, kit.post_text(kit.sealed(plain, padding=padding))) == "encrypt"


def test_every_length_of_padding_is_accepted(kit: WecomKit, receiver: Receiver) -> None:
    for count in range(33):
        plain = kit.document("subscribe", f"<A>{'x' * count}</A>")

        assert receiver.open(kit.post(plain)).vendor_type == "subscribe"


@pytest.mark.parametrize("text", [b"", b"x" * 16, b"x" * 31, b"x" * 33])
def test_a_sealed_text_of_impossible_length_is_rejected(kit: WecomKit, receiver: Receiver, text: bytes) -> None:
    check = rejected_by(receiver, kit.post_text(base64.b64encode(text).decode()))

    assert check == ("query" if not text else "encrypt")


@pytest.mark.parametrize("length", [10_000, 2**31, 2**32 - 1])
def test_a_length_field_beyond_the_text_is_rejected(kit: WecomKit, receiver: Receiver, length: int) -> None:
    assert rejected_by(receiver, kit.post_text(kit.sealed(b"<xml/>", length=length))) == "length field"


@pytest.mark.parametrize("length", [0, 5, 7])
def test_a_length_field_that_moves_the_receiver_is_rejected(kit: WecomKit, receiver: Receiver, length: int) -> None:
    assert rejected_by(receiver, kit.post_text(kit.sealed(b"<xml/>", length=length))) == "receiver id"


@pytest.mark.parametrize("given", ["", "ww0000000000000000", "ww1a2b3c4d5e6f789", "WW1A2B3C4D5E6F7890"])
def test_a_text_for_another_company_is_rejected(kit: WecomKit, receiver: Receiver, given: str) -> None:
    plain = kit.document("subscribe", "")
    text = kit.sealed(plain, receiver=given)

    assert rejected_by(receiver, kit.post_text(text)) == "receiver id"
    assert rejected_by(receiver, WebRequest("GET", query=kit.query(text) | {"echostr": text})) == "receiver id"


def test_a_receiver_of_another_company_takes_nothing(kit: WecomKit) -> None:
    assert rejected_by(kit.receiver_of_another_company(), kit.approve(REF)) == "receiver id"


def test_an_event_that_names_another_app_is_rejected(kit: WecomKit, receiver: Receiver) -> None:
    assert rejected_by(receiver, kit.post(kit.document("sys_approval_change", "", agent_id="3010040"))) == "agent_id"


def test_an_event_that_names_no_app_is_taken(kit: WecomKit, receiver: Receiver) -> None:
    plain = kit.approval_event(REF, status=2, change=2, alice=2).replace(b"<AgentID>1000002</AgentID>", b"")

    assert len(receiver.open(kit.post(plain)).events) == 1


def test_a_body_of_the_greatest_size_is_read_and_one_byte_more_is_not(kit: WecomKit, receiver: Receiver) -> None:
    request = kit.approve(REF)
    filled = request.body.replace(b"</xml>", b" " * (MAX_BODY_BYTES - len(request.body)) + b"</xml>")

    assert receiver.open(replace(request, body=filled)).events
    assert rejected_by(receiver, replace(request, body=filled.replace(b"</xml>", b" </xml>"))) == "size"


def test_an_echo_that_is_no_text_is_rejected(kit: WecomKit, receiver: Receiver) -> None:
    assert rejected_by(receiver, kit.echo(b"\xff\xfe")) == "echostr"


@pytest.mark.parametrize(
    "envelope",
    [
        b"<xml><Encrypt>A</Encrypt><Encrypt>B</Encrypt></xml>",
        b"<xml><A><Encrypt>A</Encrypt></A></xml>",
        b'{"encrypt":["A","B"]}',
        b'{"encrypt":"A","encrypt":"B"}',
        b'{"encrypt":"A","Encrypt":"B"}',
        b"<xml><Encrypt>A</Encrypt></xml><xml/>",
        b'<?xml version="1.0"?><?go?><xml><Encrypt>A</Encrypt></xml>',
        b'<!DOCTYPE xml [<!ENTITY a "A">]><xml><Encrypt>&a;</Encrypt></xml>',
        b'<!DOCTYPE xml SYSTEM "http://example.invalid/a.dtd"><xml><Encrypt>A</Encrypt></xml>',
        b"<xml><Encrypt>&a;</Encrypt></xml>",
        b"<xml>" * 40 + b"<Encrypt>A</Encrypt>" + b"</xml>" * 40,
        "<xml><Encrypt>A</Encrypt></xml>".encode("utf-16"),
        b"<xml><Encrypt>A</Encrypt></xml> ",
    ],
)
def test_an_odd_envelope_is_rejected_before_any_proof(kit: WecomKit, receiver: Receiver, envelope: bytes) -> None:
    request = WebRequest("POST", query=kit.query("A"), body=envelope)

    assert rejected_by(receiver, request) == "envelope"


def test_line_ends_around_the_envelope_are_fine(kit: WecomKit, receiver: Receiver) -> None:
    request = kit.approve(REF)

    assert receiver.open(replace(request, body=b"\n" + request.body + b"\r\n")).events


@pytest.mark.parametrize(
    "plain",
    [
        b'<!DOCTYPE xml [<!ENTITY a "A">]><xml><Event>&a;</Event></xml>',
        b"<xml>" * 40 + b"</xml>" * 40,
        b"<xml><Event>&undeclared;</Event></xml>",
        b"<xml>\xff</xml>",
        b"plain text",
        b"",
        b'{"Event":' * 2000,
        b'{"Event":' + b'{"a":' * 40 + b"1" + b"}" * 41,
    ],
)
def test_a_proven_text_that_is_no_document_of_theirs_is_rejected(
    kit: WecomKit, receiver: Receiver, plain: bytes
) -> None:
    assert rejected_by(receiver, kit.post(plain)) == "document"


def test_a_malformed_key_makes_no_receiver(kit: WecomKit) -> None:
    with pytest.raises(CallbackRejected, match="encoding_aes_key"):
        kit.receiver(encoding_aes_key="short")


@pytest.mark.parametrize("name", ["corp_id", "token", "encoding_aes_key"])
def test_nothing_is_proven_by_an_empty_secret(kit: WecomKit, name: str) -> None:
    with pytest.raises(CallbackRejected, match="not set up"):
        WecomReceiver.from_credentials(kit.credentials | {name: ""}, lambda: kit.now)


# -- reading


def test_the_latest_decision_is_reported_with_its_stage_and_comment() -> None:
    case = NAMES["sys_approval_change_agree_node1_done"]

    (event,) = receiver_for(case).open(request_of(case)).events

    assert event.kind is EventKind.TASK
    assert event.task is not None
    assert (event.task.id, event.task.stage, event.task.status) == ("1.bob", 0, TaskStatus.APPROVED)
    assert event.task.person == Identity("bob", other_id="bob")
    assert event.task.comment == "看起来没问题 LGTM"


def test_two_who_agree_in_one_second_are_both_reported(kit: WecomKit, receiver: Receiver) -> None:
    people = "".join(
        f"<SubNodeList><UserInfo><UserId>{each}</UserId></UserInfo><SpYj>2</SpYj><Sptime>1768447800</Sptime>"
        "</SubNodeList>"
        for each in ("alice", "bob")
    )
    inner = (
        "<ApprovalInfo><SpNo>202601150023</SpNo><SpStatus>1</SpStatus><ProcessList><NodeList><NodeType>1</NodeType>"
        f"<SpStatus>1</SpStatus>{people}</NodeList></ProcessList></ApprovalInfo>"
    )

    events = receiver.open(kit.post(kit.document("sys_approval_change", inner))).events

    assert [event.task.id for event in events if event.task] == ["1.alice", "1.bob"]
    assert len({event.dedupe_key for event in events}) == 2


def test_a_transfer_names_who_has_the_task_now() -> None:
    case = NAMES["sys_approval_change_transfer"]

    (event,) = receiver_for(case).open(request_of(case)).events

    assert event.task is not None
    assert event.task.status is TaskStatus.TRANSFERRED
    assert event.task.transferred_to == Identity("erin", other_id="erin")


@pytest.mark.parametrize("status", ["2", "3", "4", "6", "7", "10", "99", "x"])
def test_every_status_but_in_review_asks_for_the_truth(kit: WecomKit, receiver: Receiver, status: str) -> None:
    inner = f"<ApprovalInfo><SpNo>1</SpNo><SpStatus>{status}</SpStatus></ApprovalInfo>"

    (event,) = receiver.open(kit.post(kit.document("sys_approval_change", inner))).events

    assert event.kind is EventKind.DECIDED


def test_a_form_with_the_old_number_only_is_known_by_it(kit: WecomKit, receiver: Receiver) -> None:
    inner = "<ApprovalInfo><SpNo>202601150007</SpNo><SpStatus>2</SpStatus></ApprovalInfo>"

    (event,) = receiver.open(kit.post(kit.document("sys_approval_change", inner))).events

    assert event.provider_ref == "202601150007"


def test_an_event_in_json_is_read_like_one_in_xml(kit: WecomKit, receiver: Receiver) -> None:
    plain = json.dumps(
        {
            "MsgType": "event",
            "Event": "sys_approval_change",
            "AgentID": 1000002,
            "CreateTime": 1768447800,
            "ApprovalInfo": {
                "SpNoStr": "202601150007",
                "SpStatus": 1,
                "StatuChangeEvent": 2,
                "ProcessList": {
                    "NodeList": [
                        {
                            "NodeType": 1,
                            "SpStatus": 1,
                            "ApvRel": 1,
                            "SubNodeList": [
                                {"UserInfo": {"UserId": "alice"}, "SpYj": 2, "Sptime": 1768447799, "Speech": "ok"},
                                {"UserInfo": {"UserId": "bob"}, "SpYj": 1, "Sptime": 0},
                            ],
                        }
                    ]
                },
            },
        }
    ).encode()
    text = kit.sealed(plain)
    body = json.dumps({"tousername": "ww1a2b3c4d5e6f7890", "encrypt": text, "agentid": "1000002"}).encode()

    (event,) = receiver.open(WebRequest("POST", query=kit.query(text), body=body)).events

    assert event.provider_ref == "202601150007"
    assert event.task is not None
    assert (event.task.id, event.task.comment) == ("1.alice", "ok")
    assert event.occurred_at == datetime(2026, 1, 15, 3, 30, tzinfo=UTC)


def test_the_answer_to_the_address_check_is_the_echo_alone(kit: WecomKit, receiver: Receiver) -> None:
    assert receiver.open(kit.address_check()).response.body == ECHO
