"""The sample events of the function open as their names say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from approval_gate.errors import CallbackRejected
from approval_gate.ports import EventKind
from approval_gate.web import WebRequest
from tests.kits.dingtalk import DingTalkKit

FILES = {path.stem: path for path in (Path(__file__).parents[3] / "events" / "dingtalk_callback").glob("*.json")}
KINDS = {
    "address_check": [],
    "approve": [EventKind.DECIDED],
    "approve_base64": [EventKind.DECIDED],
    "contact_changed": [],
    "reject": [EventKind.DECIDED],
    "task_approved": [EventKind.TASK],
    "task_redirected": [EventKind.TASK],
    "terminate": [EventKind.DECIDED],
    "unknown_event": [],
}


def request_in(name: str) -> WebRequest:
    return WebRequest.from_api_gateway(json.loads(FILES[name].read_text(encoding="utf-8")))


def test_every_file_is_tested() -> None:
    assert FILES.keys() == KINDS.keys() | {"unsigned"}


@pytest.mark.parametrize("name", KINDS)
def test_a_true_callback_opens(kit: DingTalkKit, name: str) -> None:
    opened = kit.receiver().open(request_in(name))

    assert [event.kind for event in opened.events] == KINDS[name]
    assert opened.is_address_check == (name == "address_check")
    assert kit.is_acknowledged(opened.response)


def test_one_without_its_proof_does_not(kit: DingTalkKit) -> None:
    with pytest.raises(CallbackRejected):
        kit.receiver().open(request_in("unsigned"))
