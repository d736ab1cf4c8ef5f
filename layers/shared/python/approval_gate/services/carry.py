"""Make one attempt at deliveries that travel together, and say what became of each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Protocol

from approval_gate.domain.delivery import Card, Delivery, DeliveryStatus
from approval_gate.domain.lane import Limit
from approval_gate.domain.message import DestinationKind
from approval_gate.domain.notification import ApprovalEvent, Notification
from approval_gate.domain.retry import after_failure, after_throttling
from approval_gate.errors import EndpointRefused, EndpointUnavailable, StoreError
from approval_gate.ports import Clock
from approval_gate.ports.outbox import Outbox
from approval_gate.ports.webhooks import EventBus, EventType, WebhookPoster

__all__ = ["Carrier", "Ended", "MachineCarrier", "Report", "parcel_id", "refused", "throttled", "unavailable"]


class Ended(Enum):
    """How an attempt ended, as far as the lane is concerned. UNUSED: nobody was called."""

    ANSWERED = auto()
    UNAVAILABLE = auto()
    THROTTLED = auto()
    UNUSED = auto()


@dataclass(frozen=True, slots=True)
class Report:
    """
    What became of an attempt.

    Args:
        deliveries: all of them, as they shall be stored.
        cards: messages to be replaced when their approval ends.
        again_at: when the destination may be tried again, unless it answered.
        silent_until: the destination wants to hear nothing before.
    """

    ended: Ended
    deliveries: tuple[Delivery, ...]
    cards: tuple[Card, ...] = ()
    again_at: datetime | None = None
    silent_until: datetime | None = None


class Carrier(Protocol):
    """Whatever reaches destinations of some kinds."""

    def capacity_of(self, notification: Notification) -> Callable[[DestinationKind], int]:
        """Return how many recipients of each kind fit into one call of this notification's platform."""
        ...

    def limit_of(self, delivery: Delivery) -> Limit | None:
        """Return how fast the destination of a delivery may be written to, None: as fast as it takes."""
        ...

    def carry(self, deliveries: Sequence[Delivery]) -> Report:
        """Make one attempt: one call for one leader and those it carries. Never raises for what may go wrong there."""
        ...


class MachineCarrier:
    """Webhooks and the event bus: one delivery at a time, a body that was made when it was asked for."""

    def __init__(self, outbox: Outbox, poster: WebhookPoster, bus: EventBus, clock: Clock) -> None:
        self._outbox = outbox
        self._poster = poster
        self._bus = bus
        self._clock = clock

    def capacity_of(self, notification: Notification) -> Callable[[DestinationKind], int]:
        """Return one for the two kinds there are."""
        kinds = {DestinationKind.WEBHOOK, DestinationKind.EVENT_BUS}
        return lambda kind: int(notification.event is not None and kind in kinds)

    def limit_of(self, delivery: Delivery) -> Limit | None:  # noqa: ARG002 - the protocol's signature
        """Return none: a receiver that is asked too much says so."""
        return None

    def carry(self, deliveries: Sequence[Delivery]) -> Report:
        """Post the body, or put it on the bus."""
        (delivery,) = deliveries
        try:
            self._send(delivery)
        except EndpointRefused as err:
            return Report(Ended.ANSWERED, (refused(delivery, err.code, err.message, self._clock()),))
        except EndpointUnavailable as err:
            return unavailable(deliveries, err.code, err.message, err.retry_after_s, self._clock())
        except StoreError as err:
            return unavailable(deliveries, err.code, err.message, None, self._clock())
        return Report(Ended.ANSWERED, (sent(delivery, parcel_id(deliveries), self._clock()),))

    def _send(self, delivery: Delivery) -> None:
        body = delivery.body.encode()
        if delivery.destination.kind is DestinationKind.WEBHOOK:
            self._poster.post(delivery.tenant, delivery.destination.value, parcel_id([delivery]), body)
            return
        notification = self._outbox.notification(delivery.key.notification_id)
        is_revoked = notification is not None and notification.event is ApprovalEvent.REVOKED
        self._bus.put(EventType.REVOKED if is_revoked else EventType.DECIDED, parcel_id([delivery]), body)


def parcel_id(deliveries: Sequence[Delivery]) -> str:
    """Return the id of what travels together: 32 letters and digits, the same on every attempt."""
    leader = deliveries[0]
    keys = [leader.key, *leader.carries]
    facts = "\n".join(f"{key.notification_id} {key.number}" for key in keys)
    return hashlib.sha256(facts.encode()).hexdigest()[:32]


def sent(delivery: Delivery, message_id: str, now: datetime, problem: str = "") -> Delivery:
    """Return a delivery that arrived. `problem`: what did not, such as a mention."""
    return replace(
        delivery,
        status=DeliveryStatus.SENT,
        attempts=delivery.attempts + 1,
        tried_at=now,
        finished_at=now,
        next_attempt_at=None,
        message_id=message_id,
        error_code="",
        problem=problem,
    )


def refused(delivery: Delivery, code: str, problem: str, now: datetime) -> Delivery:
    """Return a delivery that was refused for good."""
    return replace(delivery, attempts=delivery.attempts + 1, tried_at=now).failed(code, problem, now)


def unavailable(
    deliveries: Sequence[Delivery], code: str, problem: str, retry_after_s: float | None, now: datetime
) -> Report:
    """Report an attempt of which nothing is known, or that did not get through. All go on, or end, together."""
    youngest = max(deliveries, key=lambda each: each.since)
    leader = replace(deliveries[0], since=youngest.since)
    report = _alike(Ended.UNAVAILABLE, deliveries, after_failure(leader, now, code, problem, retry_after_s))
    return replace(report, silent_until=now + timedelta(seconds=retry_after_s)) if retry_after_s else report


def throttled(deliveries: Sequence[Delivery], code: str, problem: str, wait_s: float | None, now: datetime) -> Report:
    """Report an attempt that came too soon; nothing was sent."""
    youngest = max(deliveries, key=lambda each: each.since)
    leader = replace(deliveries[0], since=youngest.since)
    report = _alike(Ended.THROTTLED, deliveries, after_throttling(leader, now, code, problem, wait_s))
    return replace(report, again_at=now + timedelta(seconds=wait_s)) if wait_s is not None else report


def _alike(ended: Ended, deliveries: Sequence[Delivery], leader: Delivery) -> Report:
    """Let what carries one thing happen to all: they are one call on every attempt."""
    done = tuple(
        replace(
            each,
            status=leader.status,
            attempts=leader.attempts,
            throttled=leader.throttled,
            tried_at=leader.tried_at,
            next_attempt_at=leader.next_attempt_at,
            finished_at=leader.finished_at,
            error_code=leader.error_code,
            problem=leader.problem,
        )
        for each in deliveries
    )
    return Report(ended, done, again_at=leader.next_attempt_at)
