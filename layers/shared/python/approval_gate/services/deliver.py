"""
Run the errands of the outbox: spread a notification over its destinations, work at one delivery, close cards.

The table is the truth and a message in the queue only says where to look, so one that comes twice, late, or after the
fact does no harm. None is acknowledged before what it asks for is final or another message about it is in the queue, so
none can be lost. What waits for its turn on a lane keeps its own message.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import batched

from approval_gate.domain.approval import Approval
from approval_gate.domain.delivery import Delivery, DeliveryKey, DeliveryStatus, spread
from approval_gate.domain.lane import lane_of
from approval_gate.domain.message import DestinationKind
from approval_gate.domain.notification import ApprovalEvent, Notification
from approval_gate.errors import VersionConflict
from approval_gate.ports.outbox import Errand, OutboxPorts
from approval_gate.services.carry import Carrier
from approval_gate.services.carry_messages import ABOUT_THE_OPEN
from approval_gate.services.close_cards import CardCloser
from approval_gate.services.lanes import LaneRunner

__all__ = ["Deliverer"]

_logger = logging.getLogger(__name__)

_PUTS = 100
"""Items of one transaction."""
_SHORTEST_S = 2
_LONGEST_S = 60

type Body = Callable[[Approval, ApprovalEvent, datetime], bytes]
"""Return what a webhook is told about an event of an approval."""


class Deliverer:
    """Deliver what stands in the outbox."""

    def __init__(self, ports: OutboxPorts, carrier: Carrier, closer: CardCloser, body: Body) -> None:
        self._outbox = ports.outbox
        self._queue = ports.queue
        self._approvals = ports.approvals
        self._clock = ports.clock
        self._carrier = carrier
        self._closer = closer
        self._body = body
        self._lanes = LaneRunner(ports.outbox, carrier, ports.clock)

    def look(self, errand: Errand) -> None:
        """
        Do what there is to do about one errand, or see to it that it is looked at again.

        Raises:
            StoreError: the table or the queue did not answer; the errand must come again.
        """
        if errand.approval_id:
            self._closer.close(errand.approval_id)
        elif errand.number is None:
            self._spread(errand.notification_id)
        else:
            self._look_at(DeliveryKey(errand.notification_id, errand.number))

    def _spread(self, notification_id: str) -> None:
        notification = self._outbox.notification(notification_id)
        if notification is None:
            _logger.warning("no_such_notification", extra={"notification_id": notification_id})
            return
        deliveries = self._outbox.deliveries(notification_id)
        if len(deliveries) < len(notification.to):
            deliveries = self._plan(notification)
        needing = [each for each in deliveries if _needs_work(each)]
        for each in needing[1:]:
            self._queue.put(Errand.of(each.key))
        if needing:
            self._work_at(needing[0])

    def _plan(self, notification: Notification) -> tuple[Delivery, ...]:
        """Store the deliveries and return them; who comes second finds them stored."""
        capacity = self._carrier.capacity_of(notification)
        planned = spread(notification, self._clock(), capacity, self._told(notification))
        is_first = True
        for part in batched(planned, _PUTS, strict=False):
            try:
                self._outbox.commit(*part)
            except VersionConflict:
                is_first = False
        if is_first:
            return tuple(replace(each, version=1) for each in planned)
        return self._outbox.deliveries(notification.id)

    def _told(self, notification: Notification) -> str:
        """Return the body for machines, made once: every attempt sends the same bytes."""
        kinds = {each.kind for each in notification.to}
        if notification.event is None or kinds.isdisjoint({DestinationKind.WEBHOOK, DestinationKind.EVENT_BUS}):
            return ""
        approval = self._approvals.get(notification.approval_id)
        return self._body(approval, notification.event, self._clock()).decode() if approval else ""

    def _look_at(self, key: DeliveryKey) -> None:
        delivery = self._outbox.delivery(key)
        if delivery is None:
            _logger.warning("no_such_delivery", extra={"notification_id": key.notification_id, "number": key.number})
        else:
            self._work_at(delivery)

    def _work_at(self, delivery: Delivery) -> None:
        if delivery.status.is_final:
            self._settle(delivery)
            return
        if delivery.carried_by is not None:
            return  # the one that carries it has a message of its own, and ends both in one step
        again_at = self._lanes.run(lane_of(delivery), delivery)
        stored = self._outbox.delivery(delivery.key) or delivery
        if stored.status.is_final:
            self._settle(stored)
        elif stored.carried_by is None:
            self._queue.put(Errand.of(stored.key), self._patient(stored, again_at))

    def _patient(self, delivery: Delivery, again_at: datetime) -> datetime:
        """Look at what waits the less often, the longer it has waited: whoever comes first sends what waits with it."""
        now = self._clock()
        pause_s = min(max((now - delivery.since).total_seconds() / 10, _SHORTEST_S), _LONGEST_S)
        return max(again_at, now + timedelta(seconds=pause_s))

    def _settle(self, delivery: Delivery) -> None:
        """Do what follows from an end: tell the operator of failures, and close cards that came too late."""
        family = [delivery, *(self._outbox.delivery(key) for key in delivery.carries)]
        for each in family:
            if each is not None and each.status is DeliveryStatus.FAILED and not each.is_dead_lettered:
                self._queue.dead_letter(Errand.of(each.key))
                try:
                    self._outbox.commit(replace(each, is_dead_lettered=True))
                except VersionConflict:
                    _logger.info("settled_already", extra={"notification_id": each.key.notification_id})
        if any(each is not None and each.status is DeliveryStatus.SENT for each in family):
            self._close_if_ended(delivery)

    def _close_if_ended(self, delivery: Delivery) -> None:
        """Close what asks for a decision that was made while it was on its way."""
        notification = self._outbox.notification(delivery.key.notification_id)
        if notification is None or notification.event not in ABOUT_THE_OPEN:
            return
        approval = self._approvals.get(notification.approval_id)
        if approval is not None and approval.outcome is not None:
            self._closer.close(approval.id)


def _needs_work(delivery: Delivery) -> bool:
    if delivery.status is DeliveryStatus.QUEUED:
        return delivery.carried_by is None
    return delivery.status is DeliveryStatus.FAILED and not delivery.is_dead_lettered
