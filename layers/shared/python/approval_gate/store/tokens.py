"""
API tokens: one item by digest, which the authorizer reads, and one in the tenant's partition, which is listed.

Only the SHA-256 of a token is stored: it is 256 random bits, so a plain digest tells nothing and needs no salt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from approval_gate.domain.access import ApiToken
from approval_gate.errors import NotFound, VersionConflict
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoTokens"]

_KEPT_AFTER_END = timedelta(days=30)
_BATCH = 100  # DynamoDB's limit of one batch read


class DynamoTokens:
    """API tokens on DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, token: str, known: ApiToken) -> None:
        """
        Store a new token.

        Raises:
            NotFound: its tenant does not exist, or was deleted.
        """
        digest = hashlib.sha256(token.encode()).hexdigest()
        shared = {
            "scopes": {"S": " ".join(known.scopes)},
            "created_at": {"S": known.created_at.isoformat()},
            **_end(known),
        }
        by_digest = {
            **keys.api_token_by_digest(digest),
            **shared,
            "tenant": {"S": known.tenant},
            "principal": {"S": known.name},
        }
        listed = {
            **keys.tenant_token(known.tenant, known.id),
            **shared,
            "id": {"S": known.id},
            "name": {"S": known.name},
            "hint": {"S": known.hint},
            "created_by": {"S": known.created_by},
            "sha256": {"S": digest},
        }
        tenant_is_there: Any = {
            "TableName": self._table,
            "Key": keys.tenant(known.tenant),
            "ConditionExpression": "attribute_exists(PK) AND attribute_not_exists(closed_at)",
        }
        puts: Any = [
            {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(PK)"}}
            for item in (by_digest, listed)
        ]
        try:
            with as_store_errors("add API token"):
                self._client.transact_write_items(TransactItems=[{"ConditionCheck": tenant_is_there}, *puts])
        except VersionConflict as conflict:
            raise NotFound(
                f"There is no tenant {known.tenant!r}. Create it first: POST /v1/tenants.", code="tenant_not_found"
            ) from conflict

    def list(self, tenant: str) -> tuple[ApiToken, ...]:
        """Return what is known of a tenant's tokens, oldest first."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="PK = :pk AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={":pk": {"S": keys.tenant_partition(tenant)}, ":prefix": {"S": "TOKEN#"}},
        )
        with as_store_errors("list API tokens"):
            items: list[Any] = [item for page in pages for item in page["Items"]]
        used = dict(self._last_uses([item["sha256"]["S"] for item in items]))
        # Expired items are swept one by one: a token that is listed and no longer there opens nothing.
        there = [item for item in items if item["sha256"]["S"] in used]
        found = (_token(tenant, item, used[item["sha256"]["S"]]) for item in there)
        return tuple(sorted(found, key=lambda token: (token.created_at, token.id)))

    def remove(self, tenant: str, token_id: str) -> bool:
        """End a token at once; False when the tenant has none of that id."""
        key = keys.tenant_token(tenant, token_id)
        with as_store_errors("delete API token"):
            item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
            if item is None:
                return False
            by_digest = keys.api_token_by_digest(item["sha256"]["S"])
            self._client.transact_write_items(
                TransactItems=[
                    {"Delete": {"TableName": self._table, "Key": by_digest}},
                    {"Delete": {"TableName": self._table, "Key": key}},
                ]
            )
        return True

    def _last_uses(self, digests: Sequence[str]) -> Iterator[tuple[str, str | None]]:
        """Return digest and last use of every token that exists."""
        for batch in batched(digests, _BATCH, strict=False):
            wanted: Any = {self._table: {"Keys": [keys.api_token_by_digest(digest) for digest in batch]}}
            while wanted:
                with as_store_errors("read API tokens"):
                    answer = self._client.batch_get_item(RequestItems=wanted)
                for item in answer["Responses"].get(self._table, []):
                    digest = item["PK"]["S"].removeprefix("APITOKEN#")
                    yield digest, item["last_used_at"]["S"] if "last_used_at" in item else None
                wanted = answer.get("UnprocessedKeys")


def _token(tenant: str, item: Mapping[str, Any], last_used_at: str | None) -> ApiToken:
    return ApiToken(
        id=item["id"]["S"],
        tenant=tenant,
        name=item["name"]["S"],
        scopes=tuple(item["scopes"]["S"].split()),
        hint=item["hint"]["S"],
        created_at=datetime.fromisoformat(item["created_at"]["S"]),
        created_by=item["created_by"]["S"],
        expires_at=datetime.fromisoformat(item["expires_at"]["S"]) if "expires_at" in item else None,
        last_used_at=datetime.fromisoformat(last_used_at) if last_used_at else None,
    )


def _end(token: ApiToken) -> dict[str, Any]:
    if token.expires_at is None:
        return {}
    gone = token.expires_at + _KEPT_AFTER_END  # expired tokens are still listed for a while
    return {"expires_at": {"S": token.expires_at.isoformat()}, "expires_at_epoch_s": {"N": str(int(gone.timestamp()))}}
