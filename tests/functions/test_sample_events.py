"""The sample events of `events/` are what the functions take."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from approval_gate.domain.access import SCOPES
from cli.bootstrap import issue_token
from tests.fakes.aws import TABLE
from tests.fakes.gateway import Gateway, gateway
from tests.functions.api_events import LambdaContext

ROOT = Path(__file__).parents[2]
SAMPLES = sorted(
    path.relative_to(ROOT / "events").with_suffix("").as_posix()
    for path in (ROOT / "events").glob("*/*.json")
    if not path.parent.name.endswith("_callback") or path.parent.name == "apply_callback"
)
MADE_UP = "apr_01KE0000000000000000000000"
APP = {
    "id": "feishu-prod",
    "provider": "feishu",
    "credentials": {"app_id": "cli_1", "app_secret": "app-secret-of-samples", "encrypt_key": "encrypt-key-of-samples"},
    "default_requester": {"email": "dev@example.com"},
}
ANSWERS: dict[str, dict[str, Any]] = {
    "authorizer/request": {"isAuthorized": True, "context": {}},
    "approvals_api/create": {"statusCode": 201},
    "approvals_api/list": {"statusCode": 200},
    "approvals_api/get": {"statusCode": 200},
    "approvals_api/history": {"statusCode": 200},
    "apps_api/list": {"statusCode": 200},
    "notifications_api/list_templates": {"statusCode": 200},
    "submit_approval/approval": {"state": "decided"},
    "check_approval/look": {"state": "decided"},
    "conclude_approval/conclude": {"wait_s": 0},
    "apply_callback/journaled": {"batchItemFailures": []},
    "drive_workflow/decided": {"batchItemFailures": []},
    "deliver/look": {"batchItemFailures": []},
}
"""What is in the answer, when the approval of the sample is one that was canceled before it was opened."""
CALL_A_PLATFORM = {"check_app/check", "submit_approval/own_request"}
ANSWER_NOTHING = {"sync_contacts/schedule", "sync_contacts/work", "execution_ended/stopped"}


def sample(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text(encoding="utf-8"))
    return read


def invoke(name: str, event: dict[str, Any]) -> Any:
    handler = import_module(f"functions.{name.partition('/')[0]}.handler")
    return handler.lambda_handler(event, LambdaContext())


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    with gateway(monkeypatch) as opened:
        yield opened


@pytest.fixture
def approval_id(door: Gateway) -> str:
    """Return the id of an approval that the sample asks for and that is canceled at once."""
    token = issue_token(door.table, TABLE, tenant="acme", scopes=SCOPES, principal="ci", now=datetime.now(UTC))
    assert door.send("POST", "/v1/apps", token=token, body=APP).status == 201
    asked: str = door.send("POST", "/v1/approvals", token=token, body=sample("approvals_api/create")["body"]).json["id"]
    assert door.send("POST", f"/v1/approvals/{asked}/cancel", token=token, body={}).status == 200
    return asked


def test_every_function_has_sample_events() -> None:
    functions = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}

    assert {path.parent.name for path in (ROOT / "events").glob("*/*.json")} == functions
    assert set(SAMPLES) == set(ANSWERS) | CALL_A_PLATFORM | ANSWER_NOTHING


@pytest.mark.parametrize("name", ANSWERS)
def test_a_function_answers_its_sample_event(door: Gateway, approval_id: str, name: str) -> None:
    event = json.loads(json.dumps(sample(name)).replace(MADE_UP, approval_id))

    answer = invoke(name, event)

    assert {key: answer[key] for key in ANSWERS[name]} == ANSWERS[name]


@pytest.mark.parametrize("name", sorted(ANSWER_NOTHING))
def test_a_function_that_nobody_waits_for_takes_its_sample_event(door: Gateway, approval_id: str, name: str) -> None:
    event = json.loads(json.dumps(sample(name)).replace(MADE_UP, approval_id))

    assert invoke(name, event) is None


def test_a_sample_of_an_approval_that_is_not_there_is_answered_as_the_page_says(door: Gateway) -> None:
    assert invoke("submit_approval/approval", sample("submit_approval/approval"))["state"] == "invalid"
    with pytest.raises(Exception, match="There is no approval"):
        invoke("check_approval/look", sample("check_approval/look"))
