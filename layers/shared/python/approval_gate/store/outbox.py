"""Notifications on their way, in the table: lanes, waiting lists, cards, and the one step that changes them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from approval_gate.domain.delivery import Card, Delivery, DeliveryKey
from approval_gate.domain.lane import Lane, LaneKey
from approval_gate.domain.notification import Notification
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors
from approval_gate.store.delivery_items import item_of, read_card, read_lane
from approval_gate.store.documents import notification_item
from approval_gate.store.notifications import DynamoNotifications
from approval_gate.store.transactions import write_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoOutbox"]

_WAITING_KEPT_FOR_S = 8 * 86_400
"""Longer than anything waits; an entry that nobody took off ends by itself."""


class DynamoOutbox(DynamoNotifications):
    """The `Outbox` port on DynamoDB. Notifications never change, so the last ones are kept in memory."""

    MAX_KNOWN = 200

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        super().__init__(client, table, clock)
        self._known: OrderedDict[str, Notification] = OrderedDict()

    def notification(self, notification_id: str) -> Notification | None:
        """Read one notification, from memory where it is known."""
        found = self._known.get(notification_id) or super().notification(notification_id)
        if found is not None:
            self._known[notification_id] = found
            if len(self._known) > self.MAX_KNOWN:
                self._known.popitem(last=False)
        return found

    def lane(self, key: LaneKey) -> Lane:
        """Read one lane, consistently; a new one when nothing is stored."""
        with as_store_errors("read lane"):
            answer = self._client.get_item(
                TableName=self._table, Key=keys.lane(key.tenant, key.app, key.digest), ConsistentRead=True
            )
        return read_lane(answer["Item"]) if "Item" in answer else Lane(key)

    def wait(self, key: LaneKey, delivery: Delivery) -> None:
        """Put a delivery on a lane's waiting list, where it may be on already."""
        expires = int(self._clock().timestamp()) + _WAITING_KEPT_FOR_S
        item: dict[str, Any] = {
            **_place(key, delivery),
            "notification_id": {"S": delivery.key.notification_id},
            "number": {"N": str(delivery.key.number)},
            "expires_at_epoch_s": {"N": str(expires)},
        }
        with as_store_errors("wait"):
            self._client.put_item(TableName=self._table, Item=item)

    def leave(self, key: LaneKey, delivery: Delivery) -> None:
        """Take a delivery off the list."""
        with as_store_errors("leave"):
            self._client.delete_item(TableName=self._table, Key=_place(key, delivery))

    def waiting(self, key: LaneKey, limit: int) -> tuple[DeliveryKey, ...]:
        """Return who waits, oldest first. Some may have been dealt with."""
        with as_store_errors("list waiting"):
            answer = self._client.query(
                TableName=self._table,
                ConsistentRead=True,
                Limit=limit,
                KeyConditionExpression="PK = :pk AND begins_with(SK, :prefix)",
                ExpressionAttributeValues={
                    ":pk": {"S": keys.lane_partition(key.tenant, key.app, key.digest)},
                    ":prefix": {"S": "WAITING#"},
                },
            )
        return tuple(DeliveryKey(item["notification_id"]["S"], int(item["number"]["N"])) for item in answer["Items"])

    def open_cards(self, approval_id: str) -> tuple[Card, ...]:
        """Return the cards of an approval that were not closed yet."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="PK = :pk",
            FilterExpression="closed_as = :open",
            ExpressionAttributeValues={":pk": {"S": keys.cards_partition(approval_id)}, ":open": {"S": ""}},
        )
        with as_store_errors("list cards"):
            return tuple(read_card(item) for page in pages for item in page["Items"])

    def commit(
        self,
        *changed: Delivery | Lane | Card,
        off: tuple[LaneKey, Sequence[Delivery]] | None = None,
        notices: Sequence[Notification] = (),
    ) -> None:
        """Store all of it in one step, or nothing."""
        writes: list[Any] = [self._put(one) for one in changed]
        if off is not None:
            lane, deliveries = off
            writes += [{"Delete": {"TableName": self._table, "Key": _place(lane, each)}} for each in deliveries]
        for notice in notices:
            item = {**keys.notification(notice.id), **notification_item(notice)}
            writes.append({"Put": {"TableName": self._table, "Item": item}})
        write_all(self._client, "change outbox", writes)

    def _put(self, one: Delivery | Lane | Card) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._table, "Item": item_of(one, one.version + 1)}
        if one.version == 0:
            put["ConditionExpression"] = "attribute_not_exists(PK)"
        else:
            put["ConditionExpression"] = "version = :read"
            put["ExpressionAttributeValues"] = {":read": {"N": str(one.version)}}
        return {"Put": put}


def _place(key: LaneKey, delivery: Delivery) -> dict[str, Any]:
    pk = keys.lane_partition(key.tenant, key.app, key.digest)
    return keys.waiting(pk, delivery.created_at.isoformat(), delivery.key.notification_id, delivery.key.number)
