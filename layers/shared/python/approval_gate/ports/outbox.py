"""What delivering needs from the table and the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from approval_gate.domain.delivery import Card, Delivery, DeliveryKey
from approval_gate.domain.lane import Lane, LaneKey
from approval_gate.domain.notification import Notification
from approval_gate.ports.core import Approvals, Idempotency
from approval_gate.ports.provider import Clock

__all__ = ["Errand", "Notifications", "Outbox", "OutboxPorts", "Queue"]


@dataclass(frozen=True, slots=True)
class Errand:
    """
    What a message in the queue says: look at this. What is to be done there, the table tells.

    Either a notification that is to be spread, or one delivery of it (`number`), or an approval whose cards are to be
    closed.
    """

    notification_id: str = ""
    number: int | None = None
    approval_id: str = ""

    @classmethod
    def of(cls, key: DeliveryKey) -> Errand:
        """Return the errand to look at one delivery."""
        return cls(key.notification_id, key.number)


class Queue(Protocol):
    """The outbox queue. An errand that is given comes at least once."""

    def put(self, errand: Errand, at: datetime | None = None) -> None:
        """Give an errand, not before `at`; it may come sooner when that is far away, then it is looked at again."""
        ...

    def dead_letter(self, errand: Errand) -> None:
        """Put an errand where an operator sees it."""
        ...


class Outbox(Protocol):
    """
    Notifications on their way, in the table.

    Deliveries, lanes and cards carry the version they were read at; a write of another version is refused.
    """

    def notification(self, notification_id: str) -> Notification | None:
        """Read one notification."""
        ...

    def deliveries(self, notification_id: str) -> tuple[Delivery, ...]:
        """Return every delivery of a notification in order; none before it was spread."""
        ...

    def delivery(self, key: DeliveryKey) -> Delivery | None:
        """Read one delivery, consistently."""
        ...

    def lane(self, key: LaneKey) -> Lane:
        """Read one lane, consistently; a new one when nothing is stored."""
        ...

    def wait(self, key: LaneKey, delivery: Delivery) -> None:
        """Put a delivery on a lane's waiting list, where it may be on already."""
        ...

    def leave(self, key: LaneKey, delivery: Delivery) -> None:
        """Take a delivery off the list."""
        ...

    def waiting(self, key: LaneKey, limit: int) -> tuple[DeliveryKey, ...]:
        """Return who waits, oldest first. Some may have been dealt with."""
        ...

    def open_cards(self, approval_id: str) -> tuple[Card, ...]:
        """Return the cards of an approval that were not closed yet."""
        ...

    def commit(
        self,
        *changed: Delivery | Lane | Card,
        off: tuple[LaneKey, Sequence[Delivery]] | None = None,
        notices: Sequence[Notification] = (),
    ) -> None:
        """
        Store all of it in one step, or nothing.

        Args:
            changed: as they shall be, with the version they were read at.
            off: deliveries to be taken off a lane's waiting list.
            notices: new notifications; one that is stored already stays as it is.

        Raises:
            VersionConflict: one of them was changed by somebody else: read again.
            StoreError: perhaps not stored; read again.
        """
        ...


@dataclass(frozen=True, slots=True)
class OutboxPorts:
    """What delivering needs besides carriers, wired once per execution environment."""

    outbox: Outbox
    queue: Queue
    approvals: Approvals
    clock: Clock


class Notifications(Protocol):
    """Notifications as the API takes and shows them."""

    def add(self, notification: Notification, idempotency: Idempotency | None) -> Notification:
        """
        Store a new notification; the table's stream has it delivered.

        Returns: `notification`, or the one that the same idempotency key made before.

        Raises:
            IdempotencyMismatch: the key was used with another body.
            StoreError: not stored, try again.
        """
        ...

    def notification(self, notification_id: str) -> Notification | None:
        """Read one notification."""
        ...

    def deliveries(self, notification_id: str) -> tuple[Delivery, ...]:
        """Return every delivery of a notification in order; none before it was spread."""
        ...
