"""The benchmark's requests are what the platforms send: the gate believes them, and not when altered."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest

from approval_gate.errors import CallbackRejected
from approval_gate.ports import EventKind, Opened, Receiver
from approval_gate.providers.registry import credentials_type, provider_names, receiver_type
from approval_gate.web import WebRequest
from bench.callback_requests import DINGTALK, PLATFORMS, WECOM, CallbackRequest, for_api_gateway

NOW = datetime(2026, 1, 15, 3, 31, tzinfo=UTC)
STATUSES = {"feishu": "APPROVED", "lark": "APPROVED", "dingtalk": "finish/agree", "wecom": "2/2"}

each_provider = pytest.mark.parametrize("provider", PLATFORMS)


def opened(provider: str, request: CallbackRequest) -> Opened:
    receiver: Receiver = receiver_type(provider).from_credentials(PLATFORMS[provider].credentials, lambda: NOW)
    return receiver.open(WebRequest.from_api_gateway(for_api_gateway(request, provider, "acme", "main")))


def approved(provider: str, number: int) -> CallbackRequest:
    return PLATFORMS[provider].approved(number, NOW.timestamp())


def answer(provider: str) -> dict[str, Any]:
    return opened(provider, approved(provider, 1)).response.to_api_gateway()


def altered(request: CallbackRequest) -> CallbackRequest:
    """Change one character of the sealed text, which every platform signs; the base64 stays valid."""
    middle = len(request.body) // 2
    other = b"A" if request.body[middle : middle + 1] != b"A" else b"B"
    return replace(request, body=request.body[:middle] + other + request.body[middle + 1 :])


@each_provider
def test_the_credentials_can_be_registered_and_let_callbacks_in(provider: str) -> None:
    assert credentials_type(provider).from_fields(PLATFORMS[provider].credentials).callbacks_ready


@each_provider
def test_every_request_is_a_true_callback_about_another_approval(provider: str) -> None:
    ((first,), (second,)) = (opened(provider, approved(provider, number)).events for number in (1, 2))

    assert first.kind is second.kind is EventKind.DECIDED
    assert first.vendor_status == second.vendor_status == STATUSES[provider]
    assert first.provider_ref != second.provider_ref
    assert first.dedupe_key != second.dedupe_key


@each_provider
def test_an_altered_request_is_rejected(provider: str) -> None:
    with pytest.raises(CallbackRejected, match="signature"):
        opened(provider, altered(approved(provider, 1)))


@each_provider
def test_the_gates_answer_is_an_acknowledgement(provider: str) -> None:
    assert PLATFORMS[provider].acknowledged(answer(provider))


@each_provider
def test_a_refusal_is_no_acknowledgement(provider: str) -> None:
    assert not PLATFORMS[provider].acknowledged(answer(provider) | {"statusCode": 401})


def test_every_provider_is_measured() -> None:
    assert set(PLATFORMS) == set(provider_names())


def unsealed(_reply: Mapping[str, str]) -> str:
    return "success"


def of_another_token(reply: Mapping[str, str]) -> str:
    return json.dumps({**reply, "msg_signature": "0" * 40})


def of_a_broken_seal(reply: Mapping[str, str]) -> str:
    return json.dumps({**reply, "encrypt": reply["encrypt"][:-8]})


def without_a_signature(reply: Mapping[str, str]) -> str:
    return json.dumps({name: value for name, value in reply.items() if name != "msg_signature"})


@pytest.mark.parametrize("spoilt", [unsealed, of_another_token, of_a_broken_seal, without_a_signature])
def test_dingtalk_takes_nothing_but_a_sealed_and_signed_success(spoilt: Callable[[Mapping[str, str]], str]) -> None:
    true = answer("dingtalk")

    assert not DINGTALK.acknowledged(true | {"body": spoilt(json.loads(true["body"]))})


def test_dingtalk_takes_no_other_word_than_success() -> None:
    request = DINGTALK.approved(1, NOW.timestamp())
    query = dict(parse_qsl(request.query))
    reply = {**json.loads(request.body), "timeStamp": query["timestamp"], **query}  # signed and sealed, but an event

    assert not DINGTALK.acknowledged({"statusCode": 200, "body": json.dumps(reply)})


def test_wecom_takes_no_other_text_than_success() -> None:
    assert WECOM.acknowledged({"statusCode": 200, "body": "success"})
    assert not WECOM.acknowledged({"statusCode": 200, "body": "{}"})
