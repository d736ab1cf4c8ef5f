"""Feishu's callbacks: the vectors, and every rule of proof."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from approval_gate.domain.approval import Identity, TaskStatus
from approval_gate.errors import CallbackRejected
from approval_gate.ports import EventKind, Receiver
from approval_gate.providers.feishu.callbacks import Receiver as FeishuReceiver
from approval_gate.web import WebRequest
from tests.kits.feishu import FeishuKit

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors", "feishu-lark.json").read_text(encoding="utf-8"))
REF = "A7E2B6C1-58D3-4F0A-8B9C-6D1E2F304152"
CARD = {"open_id": "ou_1", "user_id": "u1", "token": "c-1", "action": {"value": {"op": "approve"}, "tag": "button"}}


def receiver_for(case: dict[str, Any]) -> Receiver:
    credentials = VECTORS["config"] | ({"encrypt_key": ""} if case.get("profile") == "token_only" else {})
    at = datetime.fromtimestamp(1768448000, UTC)
    return FeishuReceiver.from_credentials(credentials, lambda: at)


def request_of(case: dict[str, Any]) -> WebRequest:
    headers = {name.lower(): value for name, value in case["headers"].items()}
    return WebRequest(case["method"], headers=headers, body=case["raw_body"].encode())


@pytest.fixture
def receiver(kit: FeishuKit) -> Receiver:
    return kit.receiver()


@pytest.mark.parametrize(
    "case", [case for case in VECTORS["cases"] if case["expect"]["accept"]], ids=lambda case: case["name"]
)
def test_true_vectors_are_read_as_expected(case: dict[str, Any]) -> None:
    expect = case["expect"]

    opened = receiver_for(case).open(request_of(case))

    assert opened.response.status == expect["status"]
    if case["kind"] == "url_verification":
        assert opened.is_address_check
        assert opened.response.body.decode() == expect["body"]
        return
    if "event_type" in expect:
        assert opened.vendor_type == expect["event_type"]
    if expect.get("event_type") not in {"approval_instance", "approval_task"}:
        assert opened.events == ()
        return
    (event,) = opened.events
    assert event.dedupe_key == expect["dedupe_key"]
    assert event.provider_ref == expect.get("instance_code", REF)
    assert event.vendor_status == expect.get("vendor_status", "APPROVED")
    if event.vendor_type == "approval_task":
        assert event.kind is EventKind.TASK
        assert event.task is not None
        assert event.task.id == expect["task_id"]
        assert event.task.stage == 0
    else:
        assert event.kind is (EventKind.OPENED if event.vendor_status == "PENDING" else EventKind.DECIDED)


@pytest.mark.parametrize(
    "case", [case for case in VECTORS["cases"] if not case["expect"]["accept"]], ids=lambda case: case["name"]
)
def test_false_vectors_are_rejected(case: dict[str, Any]) -> None:
    with pytest.raises(CallbackRejected):
        receiver_for(case).open(request_of(case))


def test_a_number_as_operate_time_is_read(kit: FeishuKit, receiver: Receiver) -> None:
    event = kit.instance_event(REF, "REVERTED", operate_time=1768447864123)

    (read,) = receiver.open(kit.event(event)).events

    assert read.occurred_at == datetime(2026, 1, 15, 3, 31, 4, 123000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("PENDING", EventKind.OPENED),
        ("APPROVED", EventKind.DECIDED),
        ("REJECTED", EventKind.DECIDED),
        ("CANCELED", EventKind.DECIDED),
        ("DELETED", EventKind.DECIDED),
        ("REVERTED", EventKind.DECIDED),
        ("OVERTIME_CLOSE", EventKind.DECIDED),
        ("OVERTIME_RECOVER", EventKind.DECIDED),
        ("CANCELLED", EventKind.DECIDED),
        ("approved", EventKind.DECIDED),
    ],
)
def test_every_status_of_an_instance(kit: FeishuKit, receiver: Receiver, status: str, kind: EventKind) -> None:
    (event,) = receiver.open(kit.event(kit.instance_event(REF, status))).events

    assert event.kind is kind
    assert event.vendor_status == status
    assert event.task is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("PENDING", TaskStatus.PENDING),
        ("APPROVED", TaskStatus.APPROVED),
        ("REJECTED", TaskStatus.REJECTED),
        ("TRANSFERRED", TaskStatus.TRANSFERRED),
        ("DONE", TaskStatus.DONE),
        ("ROLLBACK", TaskStatus.WAITING),
        ("REVERTED", TaskStatus.PENDING),
    ],
)
def test_every_status_of_a_task(kit: FeishuKit, receiver: Receiver, status: str, expected: TaskStatus) -> None:
    (event,) = receiver.open(kit.event(kit.task_event(REF, status))).events

    assert event.kind is EventKind.TASK
    assert event.task is not None
    assert event.task.status is expected
    assert event.task.stage == 1
    assert event.task.person == Identity("ou_a11ce", other_id="a11ce001")
    assert (event.task.decided_at is not None) == (expected in {TaskStatus.APPROVED, TaskStatus.REJECTED})


@pytest.mark.parametrize("status", ["OVERTIME_CLOSE", "OVERTIME_RECOVER", "SOMETHING_NEW"])
def test_an_unknown_status_of_a_task_asks_for_the_truth(kit: FeishuKit, receiver: Receiver, status: str) -> None:
    (event,) = receiver.open(kit.event(kit.task_event(REF, status))).events

    assert event.kind is EventKind.DECIDED
    assert event.task is None


def test_a_task_passed_by_nobody_is_automatic(kit: FeishuKit, receiver: Receiver) -> None:
    (event,) = receiver.open(kit.event(kit.task_event(REF, "APPROVED", open_id="", user_id=""))).events

    assert event.task is not None
    assert event.task.person is None
    assert event.task.is_automatic


@pytest.mark.parametrize("custom_key", ["", "APPROVAL_NODE_", "APPROVAL_NODE_1x", "OTHER_1", None, "APPROVAL_NODE_١"])
def test_a_task_of_a_node_that_is_not_ours_has_no_stage(kit: FeishuKit, receiver: Receiver, custom_key: object) -> None:
    (event,) = receiver.open(kit.event(kit.task_event(REF, "PENDING", custom_key=custom_key))).events

    assert event.task is not None
    assert event.task.stage is None


@pytest.mark.parametrize("changes", [{"instance_code": 7.5}, {"instance_code": ""}, {"instance_code": "A\ud800"}])
@pytest.mark.parametrize("event_type", ["approval_instance", "approval_task"])
def test_a_known_event_that_lacks_a_field_is_acknowledged(
    kit: FeishuKit, receiver: Receiver, changes: dict[str, Any], event_type: str
) -> None:
    make = kit.instance_event if event_type == "approval_instance" else kit.task_event

    opened = receiver.open(kit.event(make(REF, "APPROVED", **changes)))

    assert opened.events == ()
    assert opened.vendor_type == event_type
    assert opened.response.status == 200


@pytest.mark.parametrize("number", [b"1e999", b"-5", b"0", b"1" * 400, b'"12e3"', b"true", b"253402300800000000"])
def test_a_time_that_is_none_is_the_envelopes(kit: FeishuKit, receiver: Receiver, number: bytes) -> None:
    plain = json.dumps(kit.envelope(kit.instance_event(REF, "APPROVED", operate_time="HERE"))).encode()

    (read,) = receiver.open(kit.sealed_bytes(plain.replace(b'"HERE"', number))).events

    assert read.occurred_at == kit.now


def test_an_odd_time_falls_back_to_the_envelopes(kit: FeishuKit, receiver: Receiver) -> None:
    event = kit.instance_event(REF, "APPROVED", operate_time={"odd": True})

    (read,) = receiver.open(kit.event(event, ts="1768447800.5")).events
    (without,) = receiver.open(kit.event(event, ts=None)).events

    assert read.occurred_at == datetime(2026, 1, 15, 3, 30, 0, 500000, tzinfo=UTC)
    assert without.occurred_at == kit.now


# -- proof


def test_an_event_for_another_app_is_rejected_in_both_envelopes(kit: FeishuKit, receiver: Receiver) -> None:
    first = kit.event(kit.instance_event(REF, "APPROVED", app_id="cli_other"))
    second = kit.seal({"schema": "2.0", "header": {"token": kit.credentials["verification_token"], "app_id": "x"}})

    for request in (first, second):
        with pytest.raises(CallbackRejected, match="app_id"):
            receiver.open(request)


def test_a_right_token_in_clear_does_not_replace_the_signature(kit: FeishuKit, receiver: Receiver) -> None:
    with pytest.raises(CallbackRejected, match="signature required"):
        receiver.open(kit.plain(kit.envelope(kit.instance_event(REF, "APPROVED"))))


def test_a_signed_body_in_clear_is_rejected_when_an_encrypt_key_is_set(kit: FeishuKit, receiver: Receiver) -> None:
    body = json.dumps(kit.envelope(kit.instance_event(REF, "APPROVED"))).encode()

    with pytest.raises(CallbackRejected, match="signature required"):
        receiver.open(kit.signed(body))


@pytest.mark.parametrize(
    "missing", ["x-lark-signature", "x-lark-request-nonce", "x-lark-request-timestamp"], ids=lambda name: name[7:]
)
def test_one_missing_header_is_a_rejection(kit: FeishuKit, receiver: Receiver, missing: str) -> None:
    request = kit.approve(REF)
    headers = {name: value for name, value in request.headers.items() if name != missing}

    with pytest.raises(CallbackRejected, match="signature headers"):
        receiver.open(replace(request, headers=headers))


def test_an_event_dressed_up_as_an_address_check_opens_nothing(kit: FeishuKit, receiver: Receiver) -> None:
    disguise = {"challenge": "x", "type": "url_verification"}
    body = kit.envelope(kit.instance_event(REF, "APPROVED")) | disguise
    request = kit.unsigned(kit.seal(body))

    opened = receiver.open(request)

    assert opened.is_address_check
    assert opened.events == ()


def test_a_version_2_event_cannot_be_an_address_check(kit: FeishuKit, receiver: Receiver) -> None:
    request = kit.unsigned(kit.seal({"schema": "2.0", "challenge": "x", "type": "url_verification", "token": "t"}))

    with pytest.raises(CallbackRejected, match="signature required"):
        receiver.open(request)


def test_an_upper_case_signature_is_rejected(kit: FeishuKit, receiver: Receiver) -> None:
    request = kit.approve(REF)
    headers = dict(request.headers) | {"x-lark-signature": request.headers["x-lark-signature"].upper()}

    with pytest.raises(CallbackRejected, match="signature"):
        receiver.open(replace(request, headers=headers))


@pytest.mark.parametrize("timestamp", ["", "yesterday", "-1", "1e9", "1768447800 ", "²", "99999999999999999999"])
def test_a_timestamp_that_is_none_is_rejected(kit: FeishuKit, receiver: Receiver, timestamp: str) -> None:
    body = kit.approve(REF).body

    with pytest.raises(CallbackRejected):
        receiver.open(_with_timestamp(kit, body, timestamp))


@pytest.mark.parametrize("timestamp", ["1768447800", "1768447800000"], ids=["seconds", "milliseconds"])
def test_seconds_and_milliseconds_are_understood(kit: FeishuKit, receiver: Receiver, timestamp: str) -> None:
    opened = receiver.open(kit.signed(kit.approve(REF).body, timestamp=timestamp))

    assert len(opened.events) == 1


def test_moving_digits_from_nonce_to_timestamp_does_not_rejuvenate(kit: FeishuKit) -> None:
    # Timestamp and nonce are hashed without a separator, so both splits below have the same signature.
    request = kit.signed(kit.approve(REF).body, nonce="0000123")
    stamp = request.headers["x-lark-request-timestamp"]

    for taken in range(1, 7):
        moved = {"x-lark-request-timestamp": stamp + "0000123"[:taken], "x-lark-request-nonce": "0000123"[taken:]}
        with pytest.raises(CallbackRejected):
            kit.receiver(later_by=timedelta(hours=25)).open(replace(request, headers={**request.headers, **moved}))


@pytest.mark.parametrize("method", ["GET", "PUT", "", "post"])
def test_only_post_is_taken(kit: FeishuKit, receiver: Receiver, method: str) -> None:
    with pytest.raises(CallbackRejected, match="method"):
        receiver.open(replace(kit.approve(REF), method=method))


@pytest.mark.parametrize(
    "plain",
    [b'{"token": "a", "token": "b"}', b"\xff", b"[1]", b'{"a": Infinity}', b"", b"[" * 50_000],
    ids=["repeated-name", "not-utf8", "list", "infinity", "empty", "deep"],
)
def test_a_sealed_body_that_is_not_our_json_is_rejected(kit: FeishuKit, receiver: Receiver, plain: bytes) -> None:
    with pytest.raises(CallbackRejected, match="json"):
        receiver.open(kit.sealed_bytes(plain))


@pytest.mark.parametrize("encrypt", [None, 7, "", "####", "QUJD", "5byg5LiJ", "é" * 64, ["x"]])
def test_a_seal_that_is_none_is_rejected(kit: FeishuKit, receiver: Receiver, encrypt: object) -> None:
    body = json.dumps({"encrypt": encrypt}).encode()

    for request in (kit.signed(body), WebRequest("POST", body=body)):
        with pytest.raises(CallbackRejected, match="encrypt"):
            receiver.open(request)


def test_a_repeated_encrypt_is_rejected(kit: FeishuKit, receiver: Receiver) -> None:
    inner = kit.approve(REF).body
    body = inner[:-1] + b',"encrypt":"x"}'

    with pytest.raises(CallbackRejected, match="json"):
        receiver.open(kit.signed(body))


# -- address check


@pytest.mark.parametrize("challenge", ['a"b\\c', "é\u2028", "\ud800", ""])
def test_the_challenge_comes_back_as_json(kit: FeishuKit, receiver: Receiver, challenge: str) -> None:
    token = kit.credentials["verification_token"]
    request = kit.plain({"type": "url_verification", "token": token, "challenge": challenge})

    opened = receiver.open(request)

    assert json.loads(opened.response.body) == {"challenge": challenge}


@pytest.mark.parametrize("challenge", [None, 1, {"a": 1}])
def test_a_challenge_that_is_no_text_is_rejected(kit: FeishuKit, receiver: Receiver, challenge: object) -> None:
    token = kit.credentials["verification_token"]

    with pytest.raises(CallbackRejected, match="challenge"):
        receiver.open(kit.plain({"type": "url_verification", "token": token, "challenge": challenge}))


def test_with_an_encrypt_key_alone_only_a_sealed_address_check_is_answered(kit: FeishuKit) -> None:
    receiver = kit.receiver(verification_token="")

    assert receiver.open(kit.address_check()).is_address_check
    with pytest.raises(CallbackRejected, match="verification_token"):
        receiver.open(kit.plain({"type": "url_verification", "token": "", "challenge": "x"}))


def test_with_an_encrypt_key_alone_the_signature_is_the_proof(kit: FeishuKit) -> None:
    assert kit.receiver(verification_token="").open(kit.approve(REF)).events


# -- verification token only


def test_without_an_encrypt_key_the_token_is_the_proof(kit: FeishuKit) -> None:
    receiver = kit.receiver(encrypt_key="")
    envelope = kit.envelope(kit.instance_event(REF, "APPROVED"))

    assert receiver.open(kit.plain(envelope)).events
    for token in ("wrong", "", None, 1, ["x"], "\ud800", "a b"):
        with pytest.raises(CallbackRejected, match="verification_token"):
            receiver.open(kit.plain(envelope | {"token": token}))


def test_without_an_encrypt_key_old_events_are_read(kit: FeishuKit) -> None:
    # There are no signed headers, so there is no time that could be believed.
    receiver = kit.receiver(encrypt_key="", later_by=timedelta(days=3))

    assert receiver.open(kit.plain(kit.envelope(kit.instance_event(REF, "APPROVED")))).events


def test_a_sealed_body_without_an_encrypt_key_is_rejected(kit: FeishuKit) -> None:
    with pytest.raises(CallbackRejected, match="Encrypt Key"):
        kit.receiver(encrypt_key="").open(kit.approve(REF))


@pytest.mark.parametrize("missing", [["app_id"], ["encrypt_key", "verification_token"]])
def test_a_receiver_needs_something_to_prove_with(kit: FeishuKit, missing: list[str]) -> None:
    credentials = {name: value for name, value in kit.credentials.items() if name not in missing}

    with pytest.raises(CallbackRejected):
        FeishuReceiver.from_credentials(credentials, lambda: kit.now)


# -- cards


def test_a_card_button_is_told_that_it_does_nothing(kit: FeishuKit, receiver: Receiver) -> None:
    header = {
        "event_id": "c1",
        "event_type": "card.action.trigger",
        "token": kit.credentials["verification_token"],
        "app_id": kit.credentials["app_id"],
    }

    opened = receiver.open(kit.seal({"schema": "2.0", "header": header, "event": {"action": {"value": "text"}}}))

    assert opened.events == ()
    assert json.loads(opened.response.body)["toast"]["type"] == "info"


def test_an_old_card_button_is_proven_by_the_old_rule(kit: FeishuKit, receiver: Receiver) -> None:
    opened = receiver.open(kit.legacy_card(CARD))

    assert opened.vendor_type == "card.action.trigger_v1"
    assert opened.events == ()
    assert "toast" in json.loads(opened.response.body)


@pytest.mark.parametrize("encrypt_key", ["EncKeyCicd2026Feishu0001", ""], ids=["sealed-app", "token-only"])
def test_an_old_card_button_without_the_old_signature_is_rejected(kit: FeishuKit, encrypt_key: str) -> None:
    receiver = kit.receiver(encrypt_key=encrypt_key)
    request = kit.legacy_card(CARD)

    for forged in (replace(request, headers={}), replace(request, body=request.body + b" "), kit.signed(request.body)):
        with pytest.raises(CallbackRejected):
            receiver.open(forged)


def test_an_old_card_signature_proves_no_event(kit: FeishuKit) -> None:
    # The SHA-1 rule is keyed with the verification token only: it must never stand in for the Encrypt Key.
    receiver = kit.receiver()
    sealed = kit.approve(REF)
    old_rule = kit.legacy_card(json.loads(sealed.body))

    assert json.loads(old_rule.body) == json.loads(sealed.body)
    with pytest.raises(CallbackRejected, match="signature required"):
        receiver.open(old_rule)


def test_an_old_card_button_needs_a_verification_token(kit: FeishuKit) -> None:
    with pytest.raises(CallbackRejected, match="verification_token"):
        kit.receiver(verification_token="").open(kit.legacy_card(CARD))


def test_other_events_with_the_fields_of_ours_are_acknowledged(kit: FeishuKit, receiver: Receiver) -> None:
    opened = receiver.open(kit.event(kit.instance_event(REF, "APPROVED", type="approval_cc")))

    assert opened.vendor_type == "approval_cc"
    assert opened.events == ()


def test_an_old_card_button_may_be_sealed(kit: FeishuKit, receiver: Receiver) -> None:
    old_rule = kit.legacy_card(json.loads(kit.seal(CARD).body))

    assert receiver.open(old_rule).vendor_type == "card.action.trigger_v1"


def test_an_old_card_button_goes_stale(kit: FeishuKit) -> None:
    with pytest.raises(CallbackRejected, match="timestamp"):
        kit.receiver(later_by=timedelta(hours=25)).open(kit.legacy_card(CARD))


def _with_timestamp(kit: FeishuKit, body: bytes, timestamp: str) -> WebRequest:
    request = kit.signed(body, timestamp=timestamp or "0")
    return replace(request, headers={**request.headers, "x-lark-request-timestamp": timestamp})
