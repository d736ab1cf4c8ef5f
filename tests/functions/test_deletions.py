"""What a deletion answers: 204 and nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from approval_gate.domain.access import SCOPES
from cli.bootstrap import issue_token
from tests.fakes.aws import TABLE
from tests.fakes.gateway import Gateway, gateway

APP = {"id": "prod", "provider": "feishu", "credentials": {"app_id": "cli_deletions", "app_secret": "deletions-secret"}}
MADE: dict[str, tuple[str, Any]] = {
    "/v1/apps/prod": ("/v1/apps", APP),
    "/v1/tenants/other": ("/v1/tenants", {"id": "other"}),
    "/v1/tokens/{id}": ("/v1/tokens", {"name": "n", "scopes": ["approvals:read"]}),
    "/v1/webhook-secrets/{id}": ("/v1/webhook-secrets", {}),
}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    with gateway(monkeypatch) as front:
        yield front


def _token(front: Gateway) -> str:
    return issue_token(front.table, TABLE, tenant="acme", scopes=SCOPES, principal="p", now=datetime.now(UTC))


@pytest.mark.parametrize("path", MADE)
def test_what_was_made_is_deleted_with_an_empty_answer(opened: Gateway, path: str) -> None:
    token = _token(opened)
    collection, body = MADE[path]
    made = opened.send("POST", collection, token=token, body=body)
    assert made.status == 201, made.body
    place = path.replace("{id}", str(made.json["id"]))

    answer = opened.send("DELETE", place, token=token)

    assert (answer.status, answer.body) == (204, "")


def test_a_template_is_deleted_with_an_empty_answer(opened: Gateway) -> None:
    token = _token(opened)
    assert opened.send("PUT", "/v1/templates/t", token=token, body={"title": "T", "text": "t"}).status == 200

    answer = opened.send("DELETE", "/v1/templates/t", token=token)

    assert (answer.status, answer.body) == (204, "")
