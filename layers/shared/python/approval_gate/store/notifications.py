"""Notifications as they were asked for, and what became of them, in the table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from approval_gate.domain.delivery import Delivery, DeliveryKey
from approval_gate.domain.notification import Notification
from approval_gate.errors import StoreError, VersionConflict
from approval_gate.ports import Idempotency
from approval_gate.store import idempotency as idempotency_keys
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors
from approval_gate.store.delivery_items import read_delivery
from approval_gate.store.documents import notification_item, read_notification
from approval_gate.store.transactions import write_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoNotifications"]


class DynamoNotifications:
    """The `Notifications` port on DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def add(self, notification: Notification, idempotency: Idempotency | None) -> Notification:
        """Store a new notification, or return the one that the same key made before."""
        item = {**keys.notification(notification.id), **notification_item(notification)}
        put = {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(PK)"}
        writes: list[Any] = [{"Put": put}]
        if idempotency is not None:
            made = {"notification_id": notification.id}
            writes.append(idempotency_keys.claim(self._table, notification.tenant, idempotency, made, self._clock()))
        try:
            write_all(self._client, "store notification", writes)
        except VersionConflict as conflict:
            return self._made_before(notification, idempotency, conflict)
        return notification

    def notification(self, notification_id: str) -> Notification | None:
        """Read one notification."""
        with as_store_errors("read notification"):
            answer = self._client.get_item(
                TableName=self._table, Key=keys.notification(notification_id), ConsistentRead=True
            )
        return read_notification(answer["Item"]) if "Item" in answer else None

    def deliveries(self, notification_id: str) -> tuple[Delivery, ...]:
        """Return every delivery of a notification in order; none before it was spread."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="PK = :pk AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={
                ":pk": keys.notification(notification_id)["PK"],
                ":prefix": {"S": "DELIVERY#"},
            },
        )
        with as_store_errors("list deliveries"):
            return tuple(read_delivery(item) for page in pages for item in page["Items"])

    def delivery(self, key: DeliveryKey) -> Delivery | None:
        """Read one delivery, consistently."""
        with as_store_errors("read delivery"):
            answer = self._client.get_item(
                TableName=self._table, Key=keys.delivery(key.notification_id, key.number), ConsistentRead=True
            )
        return read_delivery(answer["Item"]) if "Item" in answer else None

    def _made_before(
        self, notification: Notification, idempotency: Idempotency | None, conflict: VersionConflict
    ) -> Notification:
        before_id = notification.id
        if idempotency is not None:
            before_id = idempotency_keys.made_before(
                self._client, self._table, notification.tenant, idempotency, "notification_id"
            )
        before = self.notification(before_id)
        if before is None or before.tenant != notification.tenant:
            raise StoreError("store notification: lost a race and found no winner; try again") from conflict
        return before
