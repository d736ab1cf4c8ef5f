"""Who an API token belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from approval_gate.entrypoints.authorizer import Authorizer
from approval_gate.errors import StoreError
from approval_gate.store import keys
from tests.fakes.aws import TABLE, aws

TOKEN = "agt_" + "A" * 43


@pytest.fixture
def table() -> Iterator[Any]:
    with aws() as client:
        attributes = {
            "tenant": "acme",
            "scopes": "approvals:read",
            "principal": "ci",
            "created_at": "2026-01-15T09:00:00Z",
        }
        client.put_item(TableName=TABLE, Item={**keys.api_token(TOKEN), **{k: {"S": v} for k, v in attributes.items()}})
        yield client


def ask(client: Any, header: str | None) -> dict[str, Any]:
    headers = {} if header is None else {"authorization": header}
    return Authorizer(client, TABLE).handle({"headers": headers})


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_tells_tenant_scopes_and_principal(table: Any, scheme: str) -> None:
    answer = ask(table, f"{scheme} {TOKEN}")

    assert answer["context"] == {"tenant": "acme", "scopes": "approvals:read", "principal": "ci"}


@pytest.mark.parametrize(
    "header",
    [None, "", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer agt_" + "B" * 43, f"Bearer {TOKEN} {TOKEN}"],
)
def test_whoever_has_no_valid_token_is_nobody(table: Any, header: str | None) -> None:
    assert ask(table, header)["context"] == {}


def test_the_token_itself_is_not_stored(table: Any) -> None:
    assert TOKEN not in str(table.scan(TableName=TABLE)["Items"])


def test_when_the_table_does_not_answer_nobody_gets_in(table: Any) -> None:
    table.delete_table(TableName=TABLE)

    with pytest.raises(StoreError):
        ask(table, f"Bearer {TOKEN}")
