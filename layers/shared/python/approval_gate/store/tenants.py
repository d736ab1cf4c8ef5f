"""The tenants of the installation. A deleted one keeps its item, so that nobody ever gets its id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from approval_gate.domain.access import Tenant
from approval_gate.errors import VersionConflict
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoTenants"]


class DynamoTenants:
    """Tenants on DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def add(self, tenant: Tenant) -> bool:
        """Store a new tenant; False when the id is or was somebody's."""
        item = {
            **keys.tenant(tenant.id),
            "id": {"S": tenant.id},
            "name": {"S": tenant.name},
            "created_at": {"S": tenant.created_at.isoformat()},
        }
        try:
            with as_store_errors("create tenant"):
                self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(PK)")
        except VersionConflict:
            return False
        return True

    def get(self, tenant_id: str) -> Tenant | None:
        """Read one tenant that was not deleted."""
        with as_store_errors("read tenant"):
            answer = self._client.get_item(TableName=self._table, Key=keys.tenant(tenant_id), ConsistentRead=True)
        item = answer.get("Item")
        return _tenant(item) if item and "closed_at" not in item else None

    def list(self) -> tuple[Tenant, ...]:
        """Return every tenant that was not deleted, by id."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.tenants_partition()}},
        )
        with as_store_errors("list tenants"):
            return tuple(_tenant(item) for page in pages for item in page["Items"] if "closed_at" not in item)

    def close(self, tenant_id: str) -> bool:
        """Mark a tenant deleted for ever; False when there never was one."""
        try:
            with as_store_errors("delete tenant"):
                self._client.update_item(
                    TableName=self._table,
                    Key=keys.tenant(tenant_id),
                    UpdateExpression="SET closed_at = if_not_exists(closed_at, :now)",
                    ConditionExpression="attribute_exists(PK)",
                    ExpressionAttributeValues={":now": {"S": self._clock().isoformat()}},
                )
        except VersionConflict:
            return False
        return True


def _tenant(item: Mapping[str, Any]) -> Tenant:
    return Tenant(
        id=item["id"]["S"], created_at=datetime.fromisoformat(item["created_at"]["S"]), name=item["name"]["S"]
    )
