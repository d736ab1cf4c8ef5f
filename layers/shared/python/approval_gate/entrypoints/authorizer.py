"""
Who an API token belongs to.

Tokens are stored as SHA-256 digests: they are 256 random bits, so a plain digest tells nothing and needs no salt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["Authorizer"]

_BEARER = re.compile(r"(?i:bearer) +(agt_[A-Za-z0-9_-]{43})\s*")


class Authorizer:
    """Resolve `Authorization: Bearer agt_...` to tenant, scopes and principal."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

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
        item = self._read(match[1]) if match else None
        if item is None:
            return {"isAuthorized": True, "context": {}}
        context = {name: item[name]["S"] for name in ("tenant", "scopes", "principal")}
        return {"isAuthorized": True, "context": context}

    def _read(self, token: str) -> Mapping[str, Any] | None:
        with as_store_errors("read API token"):
            answer = self._client.get_item(TableName=self._table, Key=keys.api_token(token))
        return answer.get("Item")
