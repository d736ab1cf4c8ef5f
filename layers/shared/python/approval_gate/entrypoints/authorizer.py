"""
Who an API token belongs to.

Tokens are stored as SHA-256 digests: they are 256 random bits, so a plain digest tells nothing and needs no salt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from approval_gate.errors import StoreError
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["Authorizer"]

_BEARER = re.compile(r"(?i:bearer) +(agt_[A-Za-z0-9_-]{43})\s*")
_BARE = re.compile(r"(agt_[A-Za-z0-9_-]{43})\s*")
_BARE_ROUTE = "POST /sys/thirdApp/sendMessageTest"
"""Its document has the token in `X-Access-Token`; nowhere else is that header looked at."""


class Authorizer:
    """Resolve `Authorization: Bearer agt_...` to tenant, scopes and principal."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """
        Answer a Lambda authorizer request, payload format 2.0, simple response.

        Always authorized: an unknown caller has an empty context, and the API functions refuse it with a problem
        document, which API Gateway itself could not write. A caller without a tenant reaches nothing.

        Raises:
            StoreError: API Gateway then answers 500; nobody gets in.
        """
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        match = _BEARER.fullmatch(headers.get("authorization", ""))
        if match is None and event.get("routeKey") == _BARE_ROUTE:
            match = _BARE.fullmatch(headers.get("x-access-token", ""))
        item = self._read(match[1]) if match else None
        if item is None:
            return {"isAuthorized": True, "context": {}}
        context = {name: item[name]["S"] for name in ("tenant", "scopes", "principal")}
        return {"isAuthorized": True, "context": context}

    def _read(self, token: str) -> Mapping[str, Any] | None:
        """Return what is stored of a token that opens something now. Consistently: a revoked one ends at once."""
        key, now = keys.api_token(token), self._clock()
        with as_store_errors("read API token"):
            item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        if item is None or ("expires_at" in item and datetime.fromisoformat(item["expires_at"]["S"]) <= now):
            return None
        self._remember_use(key, item, now)
        return item

    def _remember_use(self, key: keys.Key, item: Mapping[str, Any], now: datetime) -> None:
        """Store when the token was used, to the hour. Nobody is kept out because that failed."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        if "last_used_at" in item and datetime.fromisoformat(item["last_used_at"]["S"]) >= hour:
            return
        with suppress(StoreError), as_store_errors("remember use of API token"):
            self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression="SET last_used_at = :hour",
                ConditionExpression="attribute_exists(PK)",  # it may have been revoked meanwhile
                ExpressionAttributeValues={":hour": {"S": hour.isoformat()}},
            )
