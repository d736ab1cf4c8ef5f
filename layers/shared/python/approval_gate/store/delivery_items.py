"""
Deliveries, lanes and cards as items of the table, and back.

`document` is the whole; the other attributes are for conditions, for people, and for the index: a delivery that failed
stands in `by_tenant_status` under `<tenant>#DELIVERY#FAILED` until it is sent after all. Deliveries and cards go with
their notification (`KEPT_FOR`), which is long after the last attempt and after any approval has ended.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from approval_gate.domain.delivery import Card, Delivery, DeliveryStatus
from approval_gate.domain.lane import Lane
from approval_gate.domain.notification import KEPT_FOR
from approval_gate.store import keys

__all__ = ["failed_partition", "item_of", "read_card", "read_delivery", "read_lane"]

_LANE_KEPT_FOR = timedelta(days=3)
"""After its last use. Longer than anything waits: a lane that is forgotten remembers no ban."""


@cache
def _deliveries() -> TypeAdapter[Delivery]:
    return TypeAdapter(Delivery)


@cache
def _lanes() -> TypeAdapter[Lane]:
    return TypeAdapter(Lane)


@cache
def _cards() -> TypeAdapter[Card]:
    return TypeAdapter(Card)


def failed_partition(tenant: str) -> str:
    """Return the index's partition of a tenant's failed deliveries."""
    return f"{tenant}#DELIVERY#{DeliveryStatus.FAILED.value}"


def item_of(one: Delivery | Lane | Card, version: int) -> dict[str, Any]:
    """Return the item of one of them under its new version."""
    if isinstance(one, Delivery):
        item = {
            **keys.delivery(one.key.notification_id, one.key.number),
            "document": {"S": _deliveries().dump_json(one, exclude={"version"}).decode()},
            "status": {"S": one.status.value},
            "tenant": {"S": one.tenant},
            "expires_at_epoch_s": _epoch_s(one.created_at + KEPT_FOR),
        }
        if one.status is DeliveryStatus.FAILED:
            item["tenant_status"] = {"S": failed_partition(one.tenant)}
            item["created_at"] = {"S": one.created_at.isoformat()}
    elif isinstance(one, Lane):
        used_at = max(filter(None, (one.leased_until, one.closed_until, *one.sent_at[-1:])), default=None)
        item = {
            **keys.lane(one.key.tenant, one.key.app, one.key.digest),
            "document": {"S": _lanes().dump_json(one, exclude={"version"}).decode()},
        }
        if used_at is not None:
            item["expires_at_epoch_s"] = _epoch_s(used_at + _LANE_KEPT_FOR)
    else:
        item = {
            **keys.card(one.approval_id, one.key.notification_id, one.key.number),
            "document": {"S": _cards().dump_json(one, exclude={"version"}).decode()},
            "closed_as": {"S": one.closed_as},
            "tenant": {"S": one.tenant},
            "expires_at_epoch_s": _epoch_s(one.sent_at + KEPT_FOR),
        }
    return {**item, "version": {"N": str(version)}}


def read_delivery(item: dict[str, Any]) -> Delivery:
    """Read a delivery's item."""
    return _deliveries().validate_json(_versioned(item))


def read_lane(item: dict[str, Any]) -> Lane:
    """Read a lane's item."""
    return _lanes().validate_json(_versioned(item))


def read_card(item: dict[str, Any]) -> Card:
    """Read a card's item."""
    return _cards().validate_json(_versioned(item))


def _epoch_s(at: datetime) -> dict[str, str]:
    return {"N": str(int(at.timestamp()))}


def _versioned(item: dict[str, Any]) -> str:
    document: str = item["document"]["S"]
    return f'{document[:-1]},"version":{item["version"]["N"]}}}'
