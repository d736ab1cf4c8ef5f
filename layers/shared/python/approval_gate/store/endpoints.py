"""Webhook addresses that fail: one item each, gone with the first success."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from approval_gate.errors import VersionConflict
from approval_gate.ports.webhooks import EndpointState
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoEndpoints"]

FORGOTTEN_AFTER = timedelta(days=30)
"""An address that failed and was never used again; disabled ones stay until they are enabled."""


class DynamoEndpoints:
    """The `EndpointHealth` port on DynamoDB, and what administrators see of it."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def of(self, tenant: str, url: str) -> EndpointState | None:
        """Return what is known against an address."""
        with as_store_errors("read endpoint"):
            answer = self._client.get_item(
                TableName=self._table, Key=keys.endpoint(tenant, _id(tenant, url)), ConsistentRead=True
            )
        return _read(answer["Item"]) if "Item" in answer else None

    def failed(self, tenant: str, url: str, code: str, at: datetime) -> EndpointState:
        """Count one failure; a disabled address stays as it is."""
        try:
            with as_store_errors("count failure"):
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=keys.endpoint(tenant, _id(tenant, url)),
                    UpdateExpression=(
                        "SET tenant = :tenant, endpoint_url = :url, last_failure_at = :at, failure_code = :code, "
                        "first_failure_at = if_not_exists(first_failure_at, :at), expires_at_epoch_s = :expires "
                        "ADD failures :one"
                    ),
                    ConditionExpression="attribute_not_exists(disabled_at)",
                    ExpressionAttributeValues={
                        ":tenant": {"S": tenant},
                        ":url": {"S": url},
                        ":at": {"S": at.isoformat()},
                        ":code": {"S": code},
                        ":expires": {"N": str(int((at + FORGOTTEN_AFTER).timestamp()))},
                        ":one": {"N": "1"},
                    },
                    ReturnValues="ALL_NEW",
                )
        except VersionConflict:
            disabled = self.of(tenant, url)
            # Enabled between the two calls: the next attempt starts counting anew.
            return disabled or EndpointState(_id(tenant, url), tenant, url, at, at, 1, code)
        return _read(answer["Attributes"])

    def disable(self, state: EndpointState, at: datetime) -> None:
        """Disable an address that has not recovered since `state` was read."""
        try:
            with as_store_errors("disable endpoint"):
                self._client.update_item(
                    TableName=self._table,
                    Key=keys.endpoint(state.tenant, state.id),
                    UpdateExpression="SET disabled_at = :at REMOVE expires_at_epoch_s",
                    ConditionExpression="first_failure_at = :first AND attribute_not_exists(disabled_at)",
                    ExpressionAttributeValues={
                        ":at": {"S": at.isoformat()},
                        ":first": {"S": state.first_failure_at.isoformat()},
                    },
                )
        except VersionConflict:
            return

    def recovered(self, state: EndpointState) -> None:
        """Forget an address's failures, unless it was disabled meanwhile."""
        try:
            with as_store_errors("forget failures"):
                self._client.delete_item(
                    TableName=self._table,
                    Key=keys.endpoint(state.tenant, state.id),
                    ConditionExpression="attribute_not_exists(disabled_at)",
                )
        except VersionConflict:
            return

    def enable(self, tenant: str, endpoint_id: str) -> bool:
        """Start anew with an address; False when there is none of that id."""
        try:
            with as_store_errors("enable endpoint"):
                self._client.delete_item(
                    TableName=self._table,
                    Key=keys.endpoint(tenant, endpoint_id),
                    ConditionExpression="attribute_exists(PK)",
                )
        except VersionConflict:
            return False
        return True

    def list(self, tenant: str) -> tuple[EndpointState, ...]:
        """Return a tenant's addresses that fail at present."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.endpoints_partition(tenant)}},
        )
        with as_store_errors("list endpoints"):
            return tuple(_read(item) for page in pages for item in page["Items"])


def _id(tenant: str, url: str) -> str:
    return f"whe_{hashlib.sha256(f'{tenant}\n{url}'.encode()).hexdigest()[:32]}"


def _read(item: dict[str, Any]) -> EndpointState:
    disabled_at = item.get("disabled_at")
    return EndpointState(
        id=item["SK"]["S"].partition("#")[2],
        tenant=item["tenant"]["S"],
        url=item["endpoint_url"]["S"],
        first_failure_at=datetime.fromisoformat(item["first_failure_at"]["S"]),
        last_failure_at=datetime.fromisoformat(item["last_failure_at"]["S"]),
        failures=int(item["failures"]["N"]),
        code=item["failure_code"]["S"],
        disabled_at=datetime.fromisoformat(disabled_at["S"]) if disabled_at else None,
    )
