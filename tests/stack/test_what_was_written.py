"""Invariant 7 on the deployed template: what the functions logged and stored while everything else here ran."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.scenario import Case, World, run_case
from local.stack import PROVIDERS

pytestmark = pytest.mark.stack

type Json = dict[str, Any]
type Clients = Callable[[str], Any]

PUBLIC = {"app_id", "app_key", "corp_id", "agent_id", "updated_at", "until"}
HOLDS_IT = {"TOKEN"}
"""Partitions whose items are there to hold a secret: access tokens, readable by the functions that call platforms."""


@pytest.fixture
def busy(stack: Json, eventually: Callable[..., Any]) -> None:
    """Have something happen on every platform, also when these tests run alone: an approval, contacts read."""
    admin = {"authorization": f"Bearer {stack['admin_token']}"}
    with httpx.Client(timeout=30, trust_env=False, headers=admin) as http:
        world = World(stack, http, lambda *_: None)
        for provider in PROVIDERS:
            assert run_case(world, Case(provider, "APPROVED", decision="approve")).problem == ""
            sync = f"{stack['api_url']}/v1/apps/{stack['apps'][provider]}/contacts/sync"
            assert http.post(sync, json={}).status_code == HTTPStatus.ACCEPTED
            eventually(lambda sync=sync: http.get(sync).json()["status"], lambda seen: seen == "DONE", 60)


def values(document: Any) -> Iterator[str]:
    """Return every secret text in what Secrets Manager holds."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name not in PUBLIC:
                yield from values(value)
    elif isinstance(document, list):
        for each in document:
            yield from values(each)
    elif isinstance(document, str) and len(document) >= 8:
        yield document


def items(clients: Clients, table: str) -> Iterator[Json]:
    for page in clients("dynamodb").get_paginator("scan").paginate(TableName=table):
        yield from page["Items"]


@pytest.fixture
def known_secrets(stack: Json, clients: Clients, busy: None) -> set[str]:
    manager, found = clients("secretsmanager"), {stack["admin_token"], stack["pipeline_token"]}
    for secret in manager.list_secrets(MaxResults=100)["SecretList"]:
        text = manager.get_secret_value(SecretId=secret["Name"])["SecretString"]
        found |= set(values(json.loads(text) if text.startswith("{") else text))
    for item in items(clients, stack["table"]):
        if item["PK"]["S"].startswith("TOKEN#"):
            found.add(item["access_token"]["S"])
        if "task_token" in item:
            found.add(item["task_token"]["S"])
    return found


def in_clear(packed: Any) -> str:
    """Return the text of a binary attribute: the index of people is stored compressed."""
    return zlib.decompress(bytes(packed)).decode()


def test_no_secret_stands_in_what_was_logged(
    stack: Json, stack_folder: Path, clients: Clients, known_secrets: set[str]
) -> None:
    logs, lines = clients("logs"), []
    for group in logs.describe_log_groups()["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        lines += [(group["logGroupName"], event["message"]) for page in pages for event in page["events"]]

    leaks = [(group, text[:80]) for group, text in lines if any(value in text for value in known_secrets)]

    assert len(known_secrets) > 10
    assert sum("provider_call" in text for _, text in lines) > 4, "the logs were not found"
    assert leaks == []


def test_no_secret_stands_in_what_was_stored(stack: Json, clients: Clients, known_secrets: set[str]) -> None:
    leaks, packed = [], 0
    for item in items(clients, stack["table"]):
        kind = item["PK"]["S"].partition("#")[0]
        packed += any("B" in value for value in item.values())
        shown = json.dumps({name: value for name, value in item.items() if name != "task_token"}, default=in_clear)
        if kind not in HOLDS_IT and any(value in shown for value in known_secrets):
            leaks.append((item["PK"]["S"], item["SK"]["S"]))

    assert packed, "no compressed index of people was looked into"
    assert leaks == []
