"""The sample requests in `events/wecom_callback` are what they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from approval_gate.errors import CallbackRejected
from approval_gate.ports import EventKind
from approval_gate.web import WebRequest
from tests.kits.wecom import WecomKit

EVENTS = Path(__file__).parents[3] / "events" / "wecom_callback"
EXPECTED = {
    "approve": [EventKind.DECIDED],
    "approve_base64": [EventKind.DECIDED],
    "approve_json": [EventKind.DECIDED],
    "reject": [EventKind.DECIDED],
    "withdrawn": [EventKind.DECIDED],
    "task_approved": [EventKind.TASK],
    "opened": [EventKind.OPENED],
    "address_check": [],
    "unknown_event": [],
}


def request(name: str) -> WebRequest:
    return WebRequest.from_api_gateway(json.loads(EVENTS.joinpath(f"{name}.json").read_text(encoding="utf-8")))


def test_every_file_is_known() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == {*EXPECTED, "unsigned"}


@pytest.mark.parametrize(("name", "kinds"), EXPECTED.items())
def test_a_sample_is_read_as_its_name_says(kit: WecomKit, name: str, kinds: list[EventKind]) -> None:
    opened = kit.receiver().open(request(name))

    assert [event.kind for event in opened.events] == kinds
    assert opened.is_address_check is (name == "address_check")


def test_the_unsigned_sample_is_rejected(kit: WecomKit) -> None:
    with pytest.raises(CallbackRejected):
        kit.receiver().open(request("unsigned"))
