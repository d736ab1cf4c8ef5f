"""Send what failed once more, when its cause is mended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from approval_gate.domain.delivery import Delivery, DeliveryKey, DeliveryStatus
from approval_gate.domain.notification import REDRIVEN_FOR
from approval_gate.errors import VersionConflict
from approval_gate.ports import Clock
from approval_gate.ports.outbox import Errand, Outbox, Queue

__all__ = ["Redriven", "Redriver"]


class Redriven(StrEnum):
    """What became of one dead letter. DONE_ALREADY: nothing was left to do. TOO_OLD: the gate is about to forget it."""

    QUEUED = "queued"
    DONE_ALREADY = "done already"
    UNKNOWN = "unknown"
    TOO_OLD = "too old"


class Redriver:
    """
    Put failed deliveries back into the outbox.

    First the table says that the delivery is queued again, then the queue gets its errand, and only then may the dead
    letter be deleted: a redrive that dies in between is finished by the next. Twice at once is once: one of them
    changes the item, and an errand that comes twice does no harm.
    """

    def __init__(self, outbox: Outbox, queue: Queue, clock: Clock) -> None:
        self._outbox = outbox
        self._queue = queue
        self._clock = clock

    def redrive(self, errand: Errand) -> Redriven:
        """
        Do one errand's work again. The dead letter may be deleted afterwards.

        Raises:
            StoreError: nothing, or not all, was done; run it again.
        """
        if errand.number is None:
            self._queue.put(errand)
            return Redriven.QUEUED
        delivery = self._outbox.delivery(DeliveryKey(errand.notification_id, errand.number))
        if delivery is None:
            return Redriven.UNKNOWN
        if self._clock() - delivery.created_at > REDRIVEN_FOR:
            return Redriven.TOO_OLD
        if delivery.status is DeliveryStatus.FAILED:
            delivery = self._queue_again(delivery, self._clock())
        if delivery.status.is_final:
            return Redriven.DONE_ALREADY
        self._queue.put(Errand.of(delivery.carried_by or delivery.key))
        return Redriven.QUEUED

    def redrive_all(self, deliveries: Iterable[Delivery]) -> dict[DeliveryKey, Redriven]:
        """Do so with every delivery of these."""
        return {each.key: self.redrive(Errand.of(each.key)) for each in deliveries}

    def _queue_again(self, delivery: Delivery, now: datetime) -> Delivery:
        again = delivery.queued_again(now)
        try:
            self._outbox.commit(again)
        except VersionConflict:
            return self._outbox.delivery(delivery.key) or again
        return again
