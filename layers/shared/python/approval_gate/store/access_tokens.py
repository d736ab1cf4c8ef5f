"""
Platforms' access tokens: process memory, then the table, then the platform.

No single flight: the platforms give the same token to everyone who asks while it has time left (Feishu sheet, 2.2), so
two functions that fetch at once do no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from approval_gate.errors import VersionConflict
from approval_gate.ports import App
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoAccessTokens"]


class DynamoAccessTokens:
    """The `AccessTokens` port for one app."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime], app: App) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._key = keys.access_token(app.provider, app.tenant, app.id, app.vendor_identity)
        self._held: tuple[str, datetime] | None = None

    def get(self, fetch: Callable[[], tuple[str, float]]) -> str:
        """Return a token that has time left, fetching one when neither memory nor table has."""
        now = self._clock()
        if self._held is None or self._held[1] <= now:
            self._held = self._stored()
        if self._held is None or self._held[1] <= now:
            token, life_s = fetch()
            self._held = (token, now + timedelta(seconds=life_s))
            self._store(*self._held)
        return self._held[0]

    def drop(self, token: str) -> None:
        """Forget a token that the platform refused; a newer one stored meanwhile stays."""
        if self._held is not None and self._held[0] == token:
            self._held = None
        try:
            with as_store_errors("drop access token"):
                self._client.delete_item(
                    TableName=self._table,
                    Key=self._key,
                    ConditionExpression="attribute_not_exists(PK) OR access_token = :token",
                    ExpressionAttributeValues={":token": {"S": token}},
                )
        except VersionConflict:
            return  # somebody has stored a newer one

    def _stored(self) -> tuple[str, datetime] | None:
        with as_store_errors("read access token"):
            answer = self._client.get_item(TableName=self._table, Key=self._key, ConsistentRead=True)
        item = answer.get("Item")
        return (item["access_token"]["S"], datetime.fromisoformat(item["good_until"]["S"])) if item else None

    def _store(self, token: str, good_until: datetime) -> None:
        with as_store_errors("store access token"):
            self._client.put_item(
                TableName=self._table,
                Item={
                    **self._key,
                    "access_token": {"S": token},
                    "good_until": {"S": good_until.isoformat()},
                    "expires_at_epoch_s": {"N": str(int(good_until.timestamp()))},
                },
            )
