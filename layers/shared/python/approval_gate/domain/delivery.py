"""A delivery: what becomes of one notification at one destination."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import batched

from approval_gate.domain.message import Destination, DestinationKind
from approval_gate.domain.notification import Notification
from approval_gate.domain.people import Identity

__all__ = ["Card", "Delivery", "DeliveryKey", "DeliveryStatus", "spread"]


class DeliveryStatus(StrEnum):
    """
    Where a delivery stands; all but the first are final.

    FAILED: given up, or refused for good; stands in the dead-letter queue. DROPPED: not sent because it had become
    untrue, such as a reminder of an approval that has been decided meanwhile.
    """

    QUEUED = "QUEUED"
    SENT = "SENT"
    FAILED = "FAILED"
    DROPPED = "DROPPED"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing more is done by itself."""
        return self is not DeliveryStatus.QUEUED


@dataclass(frozen=True, slots=True, order=True)
class DeliveryKey:
    """Names a delivery: the notification, and the place of the destination in it."""

    notification_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    One delivery as stored.

    Several may travel in one call: then one of them leads, `carries` the others, and they are `carried_by` it. That is
    either one message to several people, decided when the notification is spread, or several messages to one
    destination combined into one, decided when it was not free. Once decided it stays: every attempt is the same call.

    Args:
        since: when it was queued, by its notification or by hand; retries are given up a while after.
        attempts: how often it was tried; being told to slow down does not count, that is `throttled`.
        next_attempt_at: not before; None: at once.
        tried_at: when last.
        crowd: of one that leads several recipients of one message, which they are; the same for the same ones.
        message_id: the platform's.
        error_code: the platform's own, or ours, of the last attempt.
        is_combined: the platform's message holds other notifications too, so it cannot be replaced by another.
        is_dead_lettered: it failed, and the dead-letter queue knows.
        body: what a webhook or the event bus gets, made once.
        version: grows with every change; 0: not stored yet.
    """

    key: DeliveryKey
    tenant: str
    app: str
    destination: Destination
    created_at: datetime
    since: datetime
    status: DeliveryStatus = DeliveryStatus.QUEUED
    attempts: int = 0
    throttled: int = 0
    next_attempt_at: datetime | None = None
    tried_at: datetime | None = None
    finished_at: datetime | None = None
    carries: tuple[DeliveryKey, ...] = ()
    carried_by: DeliveryKey | None = None
    crowd: str = ""
    person: Identity | None = None
    message_id: str = ""
    error_code: str = ""
    problem: str = ""
    is_combined: bool = False
    is_dead_lettered: bool = False
    body: str = ""
    version: int = 0

    def is_due(self, now: datetime) -> bool:
        """Tell whether it may be tried."""
        return self.next_attempt_at is None or self.next_attempt_at <= now

    def failed(self, code: str, problem: str, now: datetime) -> Delivery:
        """Return it given up."""
        status = DeliveryStatus.FAILED
        return replace(self, status=status, error_code=code, problem=problem, finished_at=now, next_attempt_at=None)

    def dropped(self, code: str, problem: str, now: datetime) -> Delivery:
        """Return it as not worth sending any more."""
        status = DeliveryStatus.DROPPED
        return replace(self, status=status, error_code=code, problem=problem, finished_at=now, next_attempt_at=None)

    def queued_again(self, now: datetime) -> Delivery:
        """Return a failed one as new, alone: those it travelled with may have arrived."""
        return replace(
            self,
            status=DeliveryStatus.QUEUED,
            since=now,
            attempts=0,
            throttled=0,
            next_attempt_at=None,
            finished_at=None,
            carries=(),
            carried_by=None,
            crowd="",
            is_combined=False,
            is_dead_lettered=False,
        )


@dataclass(frozen=True, slots=True)
class Card:
    """
    A message that asks for, or tells of, an open approval; it is replaced when the approval ends.

    Args:
        asks: it reminded this person to decide, rather than telling somebody else about it.
        closed_as: what was done when the approval ended; empty before.
        version: as of a delivery.
    """

    key: DeliveryKey
    approval_id: str
    tenant: str
    app: str
    destination: Destination
    message_id: str
    sent_at: datetime
    asks: bool = False
    person: Identity | None = None
    locale: str = ""
    closed_as: str = ""
    version: int = 0


def spread(
    notification: Notification, now: datetime, capacity: Callable[[DestinationKind], int], body: str = ""
) -> tuple[Delivery, ...]:
    """
    Return the deliveries of a notification, one per destination in the same order.

    People travel together, and so do departments, as many as fit into one call and one transaction of the table;
    everything else travels alone.

    Args:
        capacity: how many recipients of a kind fit into one call; 0: this kind cannot be reached, and fails at once.
        body: for webhooks and the event bus.
    """
    alone = [
        Delivery(
            key=DeliveryKey(notification.id, number),
            tenant=notification.tenant,
            app=notification.app,
            destination=destination,
            created_at=notification.created_at,
            since=now,
            body=body if destination.kind in _MACHINES else "",
        )
        for number, destination in enumerate(notification.to)
    ]
    done: dict[int, Delivery] = {}
    for sort, members in _by_sort(alone):
        size = min(capacity(sort), _TOGETHER)
        if size < 1:
            text = f"This app's platform cannot reach a destination of the kind {sort.value!r}. Name another."
            done |= {each.key.number: each.failed("unsupported_destination", text, now) for each in members}
            continue
        for leader, *followers in batched(members, size, strict=False):
            crowd = _crowd([leader, *followers]) if followers else ""
            done[leader.key.number] = replace(leader, carries=tuple(each.key for each in followers), crowd=crowd)
            done |= {each.key.number: replace(each, carried_by=leader.key) for each in followers}
    return tuple(done[number] for number in sorted(done))


_TOGETHER = 45
"""What travels together is recorded in one transaction of at most 100 items, deliveries and cards."""

_MACHINES = {DestinationKind.WEBHOOK, DestinationKind.EVENT_BUS}


def _crowd(members: Sequence[Delivery]) -> str:
    named = sorted(f"{each.destination.kind.value} {each.destination.value}" for each in members)
    return hashlib.sha256("\n".join(named).encode()).hexdigest()[:32]


def _by_sort(deliveries: Iterable[Delivery]) -> Iterator[tuple[DestinationKind, list[Delivery]]]:
    people: list[Delivery] = []
    departments: list[Delivery] = []
    for each in deliveries:
        if each.destination.kind.is_person:
            people.append(each)
        elif each.destination.kind is DestinationKind.DEPARTMENT:
            departments.append(each)
        else:
            yield each.destination.kind, [each]
    if people:
        yield DestinationKind.USER_ID, people
    if departments:
        yield DestinationKind.DEPARTMENT, departments
