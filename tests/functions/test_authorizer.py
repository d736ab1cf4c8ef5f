"""Who an API token belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from approval_gate.entrypoints.authorizer import Authorizer
from approval_gate.errors import StoreError
from approval_gate.store import keys
from tests.fakes.aws import TABLE, aws

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
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


def ask(client: Any, header: str | None, now: datetime = NOW) -> dict[str, Any]:
    headers = {} if header is None else {"authorization": header}
    return Authorizer(client, TABLE, lambda: now).handle({"headers": headers})


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


def stored(client: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.get_item(TableName=TABLE, Key=keys.api_token(TOKEN))["Item"]
    return found


def test_a_token_opens_nothing_from_the_moment_it_expires(table: Any) -> None:
    table.put_item(TableName=TABLE, Item={**stored(table), "expires_at": {"S": (NOW + timedelta(days=1)).isoformat()}})

    before = ask(table, f"Bearer {TOKEN}", NOW + timedelta(days=1, microseconds=-1))
    after = ask(table, f"Bearer {TOKEN}", NOW + timedelta(days=1))

    assert (before["context"]["tenant"], after["context"]) == ("acme", {})


def test_the_hour_of_the_last_use_is_noted(table: Any) -> None:
    for minutes in (0, 10, 29):
        ask(table, f"Bearer {TOKEN}", NOW + timedelta(minutes=minutes))
    assert stored(table)["last_used_at"]["S"] == "2026-01-15T09:00:00+00:00"

    ask(table, f"Bearer {TOKEN}", NOW + timedelta(minutes=30))
    assert stored(table)["last_used_at"]["S"] == "2026-01-15T10:00:00+00:00"


class Unwritable:
    """A table that can be read and not be written."""

    def __init__(self, client: Any) -> None:
        self.get_item = client.get_item

    def update_item(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "UpdateItem")


def test_nobody_is_kept_out_because_the_use_cannot_be_noted(table: Any) -> None:
    assert ask(Unwritable(table), f"Bearer {TOKEN}")["context"]["tenant"] == "acme"


class Revoking:
    """A table in which the token ends between the read and the note of its use."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def get_item(self, **request: Any) -> Any:
        answer = self._client.get_item(**request)
        self._client.delete_item(TableName=TABLE, Key=keys.api_token(TOKEN))
        return answer

    def update_item(self, **request: Any) -> Any:
        return self._client.update_item(**request)


def test_noting_the_use_brings_no_revoked_token_back(table: Any) -> None:
    ask(Revoking(table), f"Bearer {TOKEN}")

    assert "Item" not in table.get_item(TableName=TABLE, Key=keys.api_token(TOKEN))
