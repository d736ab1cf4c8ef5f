"""The benchmark's requests are what the platform sends: the gate believes them, and not when altered."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from approval_gate.errors import CallbackRejected
from approval_gate.providers.feishu.callbacks import Receiver
from approval_gate.web import WebRequest
from bench.callback_requests import CREDENTIALS, approved, for_api_gateway

NOW = datetime(2026, 1, 15, 3, 31, tzinfo=UTC)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver.from_credentials(CREDENTIALS, lambda: NOW)


def test_every_request_is_a_true_callback_about_another_approval(receiver: Receiver) -> None:
    events = [for_api_gateway(approved(number, NOW.timestamp()), "feishu", "acme", "main") for number in (1, 2)]

    first, second = (receiver.open(WebRequest.from_api_gateway(event)).events[0] for event in events)

    assert first.vendor_status == "APPROVED"
    assert first.provider_ref != second.provider_ref
    assert first.dedupe_key != second.dedupe_key


def test_the_signature_is_over_the_body_as_sent(receiver: Receiver) -> None:
    request = approved(1, NOW.timestamp())
    altered = replace(request, body=request.body + b" ")

    with pytest.raises(CallbackRejected):
        receiver.open(WebRequest.from_api_gateway(for_api_gateway(altered, "feishu", "acme", "main")))
