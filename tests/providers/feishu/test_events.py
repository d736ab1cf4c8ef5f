"""
The sample requests in `events/` are what API Gateway hands over, sealed and signed by the kit.

They are sent to `acme/<provider>-prod` at the kit's time with the kit's credentials.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from approval_gate.errors import CallbackRejected
from approval_gate.ports import EventKind
from approval_gate.web import WebRequest
from tests.kits.feishu import FeishuKit, feishu_kit, lark_kit

EVENTS = Path(__file__).parents[3] / "events"
REF = "A7E2B6C1-58D3-4F0A-8B9C-6D1E2F304152"


@pytest.fixture(params=[feishu_kit(), lark_kit()], ids=lambda kit: kit.name)
def kit(request: pytest.FixtureRequest) -> FeishuKit:
    chosen: FeishuKit = request.param
    return chosen


def payload(kit: FeishuKit, case: str) -> dict[str, Any]:
    path = EVENTS / f"{kit.name}_callback" / f"{case}.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def test_the_address_check_is_answered(kit: FeishuKit) -> None:
    opened = kit.receiver().open(WebRequest.from_api_gateway(payload(kit, "address_check")))

    assert opened.is_address_check
    assert kit.accepts_address(opened.response)


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        ("approve", EventKind.DECIDED),
        ("approve_base64", EventKind.DECIDED),
        ("reject", EventKind.DECIDED),
        ("task_approved", EventKind.TASK),
    ],
)
def test_an_event_is_read(kit: FeishuKit, case: str, kind: EventKind) -> None:
    (event,) = kit.receiver().open(WebRequest.from_api_gateway(payload(kit, case))).events

    assert (event.provider_ref, event.kind) == (REF, kind)


def test_a_base64_encoded_body_is_the_same_event(kit: FeishuKit) -> None:
    plain, encoded = payload(kit, "approve"), payload(kit, "approve_base64")

    assert (plain["isBase64Encoded"], encoded["isBase64Encoded"]) == (False, True)
    assert WebRequest.from_api_gateway(plain) == WebRequest.from_api_gateway(encoded)


def test_an_unknown_event_is_acknowledged(kit: FeishuKit) -> None:
    assert kit.receiver().open(WebRequest.from_api_gateway(payload(kit, "unknown_event"))).events == ()


def test_an_unsigned_event_is_rejected(kit: FeishuKit) -> None:
    with pytest.raises(CallbackRejected):
        kit.receiver().open(WebRequest.from_api_gateway(payload(kit, "unsigned")))


def test_one_deployments_events_are_nothing_to_the_other() -> None:
    request = WebRequest.from_api_gateway(payload(feishu_kit(), "approve"))

    with pytest.raises(CallbackRejected):
        lark_kit().receiver().open(request)
