"""Which apps are synchronised and how far each is; and the marks that callbacks leave when contacts changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from approval_gate.domain.sync import Changed, Sync
from approval_gate.errors import VersionConflict
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors
from approval_gate.store.journal import KEPT_FOR

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoSyncs"]


class DynamoSyncs:
    """The `Syncs` port on DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._adapter = TypeAdapter(Sync)

    def get(self, tenant: str, app_id: str) -> Sync | None:
        """Read one, consistently."""
        with as_store_errors("read sync"):
            answer = self._client.get_item(TableName=self._table, Key=keys.sync(tenant, app_id), ConsistentRead=True)
        return self._read(answer["Item"]) if "Item" in answer else None

    def all(self) -> tuple[Sync, ...]:
        """Return every app that was ever synchronised."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.sync_partition()}},
        )
        with as_store_errors("list syncs"):
            return tuple(self._read(item) for page in pages for item in page["Items"])

    def change(self, before: Sync | None, after: Sync) -> Sync:
        """
        Replace `before` by `after`.

        Raises:
            VersionConflict: `before` is not what is stored any more.
        """
        stored = replace(after, version=before.version + 1 if before else 1)
        item: dict[str, Any] = {
            **keys.sync(after.tenant, after.app),
            "sync": {"S": self._adapter.dump_json(stored).decode()},
            "version": {"N": str(stored.version)},
        }
        condition: dict[str, Any] = (
            {
                "ConditionExpression": "version = :before",
                "ExpressionAttributeValues": {":before": {"N": str(before.version)}},
            }
            if before
            else {"ConditionExpression": "attribute_not_exists(PK)"}
        )
        with as_store_errors("change sync"):
            self._client.put_item(TableName=self._table, Item=item, **condition)
        return stored

    def remove(self, sync: Sync) -> None:
        """Forget an app, unless it was changed meanwhile."""
        try:
            with as_store_errors("remove sync"):
                self._client.delete_item(
                    TableName=self._table,
                    Key=keys.sync(sync.tenant, sync.app),
                    ConditionExpression="version = :before",
                    ExpressionAttributeValues={":before": {"N": str(sync.version)}},
                )
        except VersionConflict:
            return  # somebody asked for a run again

    def changed(self, provider: str, tenant: str, app_id: str) -> Changed | None:
        """Return what callbacks said of changed contacts since `take_change`, None when nothing."""
        with as_store_errors("read change of contacts"):
            answer = self._client.get_item(TableName=self._table, Key=keys.changed(provider, tenant, app_id))
        if "Item" not in answer:
            return None
        item = answer["Item"]
        return Changed(datetime.fromisoformat(item["at"]["S"]), tuple(sorted(item.get("people", {}).get("SS", ()))))

    def take_change(self, provider: str, tenant: str, app_id: str, seen: Changed) -> None:
        """Take back what callbacks said, unless they said more since."""
        try:
            with as_store_errors("take change of contacts"):
                self._client.delete_item(
                    TableName=self._table, Key=keys.changed(provider, tenant, app_id), **_unless_more(seen)
                )
        except VersionConflict:
            return  # more was said, or none is left

    def widen_change(self, provider: str, tenant: str, app_id: str, seen: Changed) -> None:
        """Let it mean that anything may have changed, unless they said more since."""
        item: dict[str, Any] = {
            **keys.changed(provider, tenant, app_id),
            "at": {"S": seen.at.isoformat()},
            "expires_at_epoch_s": {"N": str(int((seen.at + KEPT_FOR).timestamp()))},
        }
        try:
            with as_store_errors("widen change of contacts"):
                self._client.put_item(TableName=self._table, Item=item, **_unless_more(seen))
        except VersionConflict:
            return  # it is looked at again, with what was said since

    def _read(self, item: dict[str, Any]) -> Sync:
        return self._adapter.validate_json(item["sync"]["S"])


def _unless_more(seen: Changed) -> dict[str, Any]:
    """Return the condition that no callback came since; by another machine's clock it may seem an earlier one."""
    return {
        "ConditionExpression": "#at = :seen",
        "ExpressionAttributeNames": {"#at": "at"},
        "ExpressionAttributeValues": {":seen": {"S": seen.at.isoformat()}},
    }
