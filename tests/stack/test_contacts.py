"""Contacts on the deployed template: the functions' own roles, the queue, and what a callback tells of a person."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from approval_gate.store import keys
from local.provision import NEW_CREDENTIALS
from tests.kits.dingtalk import DingTalkKit

pytestmark = pytest.mark.stack

type Json = dict[str, Any]

APP = "dingtalk-contacts"


@pytest.fixture
def gate(stack: Json) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {stack['admin_token']}"}
    with httpx.Client(base_url=stack["api_url"], headers=headers, timeout=30, trust_env=False) as http:
        yield http


@pytest.fixture
def platform(stack: Json) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack["simulators"]["dingtalk"]["base_url"], timeout=30, trust_env=False) as http:
        yield http
        http.post("/_sim/people", json={"people": [{"user_id": "dev", "name": "周航"}]})


def test_a_person_of_whom_a_callback_tells_is_read_alone_and_the_callback_not_believed(
    stack: Json,
    gate: httpx.Client,
    platform: httpx.Client,
    clients: Callable[[str], Any],
    eventually: Callable[..., Any],
) -> None:
    credentials = NEW_CREDENTIALS["dingtalk"]()
    platform.post("/_sim/apps", json={**credentials, "name": "Contacts"}).raise_for_status()
    body = {"id": APP, "provider": "dingtalk", "credentials": credentials, "base_url": str(platform.base_url)}
    address = gate.post("/v1/apps", json=body).raise_for_status().json()["callback_url"]
    gate.post(f"/v1/apps/{APP}/contacts/sync").raise_for_status()
    sync = eventually(lambda: gate.get(f"/v1/apps/{APP}/contacts/sync").json(), lambda it: it["status"] == "DONE", 60)
    assert sync["status"] == "DONE", sync

    platform.post("/_sim/people", json={"people": [{"user_id": "dev", "name": "周航行"}]}).raise_for_status()
    kit = DingTalkKit(**credentials)
    kit.now = datetime.now(UTC)
    says_that_dev_left = kit.contacts_changed()
    query, content = dict(says_that_dev_left.query), says_that_dev_left.body
    answered = httpx.post(address, params=query, content=content, trust_env=False, timeout=30)
    assert answered.status_code == 200
    dynamodb, key = clients("dynamodb"), keys.changed("dingtalk", stack["tenant"], APP)
    assert dynamodb.get_item(TableName=stack["table"], Key=key)["Item"]["people"] == {"SS": ["dev"]}
    _let_a_worker_look(stack, clients)

    found = gate.get(f"/v1/apps/{APP}/contacts/users", params={"query": "周航"}).json()["users"]
    assert [(each["user_id"], each["name"]) for each in found] == [("dev", "周航行")]
    assert "Item" not in dynamodb.get_item(TableName=stack["table"], Key=key)
    assert gate.get(f"/v1/apps/{APP}/contacts/sync").json()["report"] == sync["report"]
    gate.delete(f"/v1/apps/{APP}").raise_for_status()


def _let_a_worker_look(stack: Json, clients: Callable[[str], Any]) -> None:
    """Call the worker as its queue does; the schedule would within five minutes."""
    functions = [
        each["FunctionName"]
        for page in clients("lambda").get_paginator("list_functions").paginate()
        for each in page["Functions"]
    ]
    (worker,) = (name for name in functions if "SyncContacts" in name)
    message = {"Records": [{"body": json.dumps({"tenant": stack["tenant"], "app": APP})}]}
    answer = clients("lambda").invoke(FunctionName=worker, Payload=json.dumps(message).encode())
    assert "FunctionError" not in answer, answer["Payload"].read()
