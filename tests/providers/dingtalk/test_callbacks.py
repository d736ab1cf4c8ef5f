"""Callbacks against vectors of others, and each single check of the receiver."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from approval_gate.errors import CallbackRejected
from approval_gate.providers.dingtalk.callbacks import MAX_BODY_BYTES, Receiver
from approval_gate.web import WebRequest
from tests.kits.dingtalk import DingTalkKit, dingtalk_kit, no_entropy

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors", "dingtalk.json").read_text(encoding="utf-8"))
REF = "ce133dd0-5b22-9516-8f2a-1d2e3f405162"
BY_SECONDS = [each for each in VECTORS["vendor_published"] if "success" not in each["name"]]


def receiver_for(vector: dict[str, Any], **changes: str) -> Receiver:
    number = int(vector["timestamp"])
    at = datetime.fromtimestamp(number / 1000 if number > 10**11 else number, tz=UTC)
    fields = {"app_key": vector["owner_key"], "aes_key": vector["aes_key"], "token": vector["token"]}
    return Receiver.from_credentials(fields | changes, lambda: at, no_entropy)


def request_of(vector: dict[str, Any], *names: str) -> WebRequest:
    query = {"timestamp": vector["timestamp"], "nonce": vector["nonce"]}
    query |= dict.fromkeys(names or ("signature", "msg_signature"), vector["signature"])
    return WebRequest("POST", query=query, body=json.dumps({"encrypt": vector["encrypt"]}).encode())


@pytest.mark.parametrize("vector", VECTORS["requests"], ids=lambda vector: vector["name"])
def test_vectors_of_requests_open(vector: dict[str, Any]) -> None:
    request = WebRequest("POST", query=vector["request"]["query"], body=json.dumps(vector["request"]["body"]).encode())

    opened = receiver_for(vector).open(request)

    assert opened.vendor_type == vector["event"]["EventType"]
    assert opened.is_address_check == (opened.vendor_type == "check_url")
    is_approval = opened.vendor_type.startswith("bpms_") and vector["event"]["type"] != "comment"
    assert len(opened.events) == is_approval


@pytest.mark.parametrize("vector", VECTORS["lenient"] + BY_SECONDS, ids=lambda vector: vector["name"])
def test_vectors_of_the_vendors_own_helpers_open(vector: dict[str, Any]) -> None:
    opened = receiver_for(vector).open(request_of(vector))

    assert opened.vendor_type == json.loads(vector["plaintext"])["EventType"]


@pytest.mark.parametrize("vector", VECTORS["negative"], ids=lambda vector: vector["name"])
def test_vectors_of_forgeries_are_rejected(vector: dict[str, Any]) -> None:
    with pytest.raises(CallbackRejected):
        receiver_for(vector).open(request_of(vector))


@pytest.mark.parametrize("names", [("signature",), ("msg_signature",), ("signature", "msg_signature")])
def test_the_signature_has_two_names(names: tuple[str, ...]) -> None:
    vector = VECTORS["requests"][0]

    assert receiver_for(vector).open(request_of(vector, *names)).is_address_check


def test_the_timestamp_has_two_names(kit: DingTalkKit) -> None:
    request = kit.address_check()
    query = dict(request.query)
    query["timeStamp"] = query.pop("timestamp")

    assert kit.receiver().open(replace(request, query=query)).is_address_check


def test_seconds_are_a_timestamp_too(kit: DingTalkKit) -> None:
    sealed = json.loads(kit.address_check().body)
    request = kit.signed(sealed, timestamp=str(int(kit.now.timestamp())))

    assert kit.receiver().open(request).is_address_check


def test_a_subscription_of_the_older_call_is_sealed_for_the_corporation() -> None:
    (vector,) = VECTORS["requests_other_owner"]
    fields = {"app_key": "dingabcdefgh12345678", "corp_id": vector["owner_key"]}

    opened = receiver_for(vector, **fields).open(request_of(vector))

    kit = dingtalk_kit()
    assert kit.is_acknowledged(opened.response, owner=vector["owner_key"])
    with pytest.raises(CallbackRejected, match="receiver id"):
        receiver_for(vector, app_key="dingabcdefgh12345678").open(request_of(vector))


def test_the_answer_is_sealed_with_fresh_entropy(kit: DingTalkKit) -> None:
    first, second = (
        Receiver.from_credentials(kit.credentials, lambda: kit.now).open(kit.address_check()) for _ in range(2)
    )

    assert kit.is_acknowledged(first.response)
    assert kit.is_acknowledged(second.response)
    encrypted = {json.loads(each.response.body)["encrypt"] for each in (first, second)}
    nonces = {json.loads(each.response.body)["nonce"] for each in (first, second)}
    assert len(encrypted) == len(nonces) == 2


def test_the_answer_is_that_of_the_vectors() -> None:
    vector = VECTORS["responses"][0]
    entropy = {16: vector["random16"].encode(), 8: bytes.fromhex("00" * 8)}
    receiver = Receiver.from_credentials(
        {"app_key": vector["owner_key"], "aes_key": vector["aes_key"], "token": vector["token"]},
        lambda: datetime.fromtimestamp(1767225600.123, tz=UTC),
        lambda count: entropy[count],
    )

    reply = json.loads(receiver.open(request_of(VECTORS["requests"][0])).response.body)

    assert reply["encrypt"] == vector["response_body"]["encrypt"]
    assert reply["timeStamp"] == vector["response_body"]["timeStamp"]


def test_chinese_text_arrives_whole(kit: DingTalkKit) -> None:
    event = kit.task_event(REF, "finish", result="agree", remark="同意，按窗口发布 👍")

    (event_read,) = kit.receiver().open(kit.seal(event)).events

    assert event_read.task is not None
    assert event_read.task.comment == "同意，按窗口发布 👍"


def test_padding_to_16_is_taken(kit: DingTalkKit) -> None:
    request = kit.sealed_bytes(b'{"EventType":"check_url"}', pad_to=16)

    assert kit.receiver().open(request).is_address_check


@pytest.mark.parametrize("event_type", ["user_add_org", "user_modify_org", "org_dept_create", "label_conf_add", ""])
def test_other_events_are_acknowledged(kit: DingTalkKit, event_type: str) -> None:
    opened = kit.receiver().open(kit.seal({"EventType": event_type, "userId": ["user010"], "deptId": [1]}))

    assert opened.events == ()
    assert not opened.is_address_check
    assert opened.vendor_type == (event_type or "unnamed")
    assert kit.is_acknowledged(opened.response)


# -- each check by itself: everything else about the request is right


def rejected(kit: DingTalkKit, request: WebRequest) -> str:
    with pytest.raises(CallbackRejected) as caught:
        kit.receiver().open(request)
    return caught.value.check


def test_a_wrong_signature_alone_is_rejected(kit: DingTalkKit) -> None:
    assert rejected(kit, kit.seal({"EventType": "check_url"}, token="guessed")) == "signature"


@pytest.mark.parametrize("name", ["timestamp", "nonce"])
def test_what_is_signed_cannot_be_changed(kit: DingTalkKit, name: str) -> None:
    request = kit.address_check()
    query = dict(request.query) | {name: request.query[name][:-1] + ("1" if request.query[name][-1] != "1" else "2")}

    assert rejected(kit, replace(request, query=query)) == "signature"


def test_an_altered_message_is_rejected(kit: DingTalkKit) -> None:
    assert rejected(kit, kit.altered(kit.approve(REF))) == "signature"


def test_a_signature_of_nothing_is_rejected(kit: DingTalkKit) -> None:
    request = kit.address_check()
    empty = {"timestamp": request.query["timestamp"], "nonce": "n", "signature": "", "msg_signature": ""}

    assert rejected(kit, replace(request, query=empty)) == "signature"


def test_a_missing_nonce_is_rejected_though_signed(kit: DingTalkKit) -> None:
    request = kit.sealed_bytes(b'{"EventType":"check_url"}', nonce="")

    assert rejected(kit, request) == "nonce"


@pytest.mark.parametrize("timestamp", ["", "0", "-1", "soon", "1767229200000.5", "१७६७२२९२००", "9" * 17])
def test_a_timestamp_that_is_none_is_rejected_though_signed(kit: DingTalkKit, timestamp: str) -> None:
    sealed = json.loads(kit.address_check().body)

    assert rejected(kit, kit.signed(sealed, timestamp=timestamp)).startswith("timestamp")


@pytest.mark.parametrize("late", [timedelta(hours=24, seconds=1), timedelta(minutes=-10, seconds=-1)])
def test_a_stale_request_is_rejected_though_signed(kit: DingTalkKit, late: timedelta) -> None:
    request = kit.sealed_bytes(b'{"EventType":"check_url"}', at=kit.now - late)

    assert rejected(kit, request) == "timestamp out of range"


@pytest.mark.parametrize("late", [timedelta(hours=24), timedelta(minutes=-10)])
def test_the_bounds_of_freshness_are_inside(kit: DingTalkKit, late: timedelta) -> None:
    request = kit.sealed_bytes(b'{"EventType":"check_url"}', at=kit.now - late)

    assert kit.receiver().open(request).is_address_check


def test_a_message_for_another_receiver_is_rejected_though_signed(kit: DingTalkKit) -> None:
    for owner in ("dinganotherapp000000", "", "dingabcdefgh1234567", "dingabcdefgh12345678 ", "DINGABCDEFGH12345678"):
        layout = b"0" * 16 + (2).to_bytes(4) + b"{}" + owner.encode()
        missing = 32 - len(layout) % 32
        request = kit.sealed_layout(layout + bytes([missing]) * missing)
        assert rejected(kit, request) == "receiver id"


def test_a_padding_of_unequal_bytes_is_rejected_though_signed(kit: DingTalkKit) -> None:
    body = b'{"EventType":"check_url"}'
    layout = b"0" * 16 + len(body).to_bytes(4) + body + b"dingabcdefgh12345678"
    missing = 32 - len(layout) % 32
    assert missing > 2
    padded = layout + b"\x01" * (missing - 1) + bytes([missing])

    assert rejected(kit, kit.sealed_layout(padded)) == "encrypt"


def test_a_length_beyond_the_message_is_rejected_though_signed(kit: DingTalkKit) -> None:
    body = b'{"EventType":"check_url"}'
    layout = b"0" * 16 + (1000).to_bytes(4) + body + b"dingabcdefgh12345678"
    missing = 32 - len(layout) % 32

    assert rejected(kit, kit.sealed_layout(layout + bytes([missing]) * missing)) == "length field"


def test_a_body_over_the_limit_is_rejected_though_signed(kit: DingTalkKit) -> None:
    request = kit.address_check()
    room = MAX_BODY_BYTES - len(request.body)

    assert kit.receiver().open(replace(request, body=request.body + b" " * room)).is_address_check
    assert rejected(kit, replace(request, body=request.body + b" " * (room + 1))) == "size"


@pytest.mark.parametrize("method", ["GET", "PUT", ""])
def test_other_methods_are_rejected(kit: DingTalkKit, method: str) -> None:
    assert rejected(kit, replace(kit.address_check(), method=method)) == "method"


@pytest.mark.parametrize("body", [b"{}", b'{"encrypt":null}', b'{"encrypt":["a"]}', b'{"Encrypt":"a"}'])
def test_a_body_without_a_sealed_text_is_rejected(kit: DingTalkKit, body: bytes) -> None:
    assert rejected(kit, replace(kit.address_check(), body=body)) == "encrypt"


@pytest.mark.parametrize("encrypt", ["*" * 44, "AAA", "QUJD=QUJD", "é" * 4, "\ud800"])
def test_what_is_no_base64_is_rejected_though_signed(kit: DingTalkKit, encrypt: str) -> None:
    try:
        request = kit.signed({"encrypt": encrypt})
    except UnicodeEncodeError:
        request = replace(kit.address_check(), body=json.dumps({"encrypt": encrypt}).encode())

    assert rejected(kit, request) in {"base64", "signature"}


@pytest.mark.parametrize("plain", [b"", b"null", b"[]", b"success", b"\xff", b'{"a":1,"a":2}', b'{"a":NaN}'])
def test_a_message_that_is_no_object_is_rejected_though_signed(kit: DingTalkKit, plain: bytes) -> None:
    assert rejected(kit, kit.sealed_bytes(plain)) == "json"


@pytest.mark.parametrize("missing", ["app_key", "aes_key", "token"])
def test_without_the_secrets_of_the_subscription_callbacks_are_refused(kit: DingTalkKit, missing: str) -> None:
    with pytest.raises(CallbackRejected, match="not set up"):
        Receiver.from_credentials(kit.credentials | {missing: ""}, lambda: kit.now)


def test_a_malformed_key_is_a_rejection_and_not_a_crash(kit: DingTalkKit) -> None:
    with pytest.raises(CallbackRejected, match="aes_key"):
        kit.receiver(aes_key="short")


def test_spare_bits_of_the_key_do_not_matter(kit: DingTalkKit) -> None:
    key = kit.credentials["aes_key"]
    other = key[:-1] + "H"  # the last two bits differ
    assert base64.b64decode(key + "=") == base64.b64decode(other + "=")

    assert kit.receiver(aes_key=other).open(kit.address_check()).is_address_check
