"""Which carrier reaches which destination."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from approval_gate.domain.delivery import Delivery
from approval_gate.domain.lane import Limit
from approval_gate.domain.message import DestinationKind
from approval_gate.domain.notification import Notification
from approval_gate.services.carry import Carrier, Report

__all__ = ["Carriers"]

_MACHINES = {DestinationKind.WEBHOOK, DestinationKind.EVENT_BUS}


class Carriers:
    """The `Carrier` of everything: one for machines, one for messages."""

    def __init__(self, machines: Carrier, messages: Carrier) -> None:
        self._machines = machines
        self._messages = messages

    def capacity_of(self, notification: Notification) -> Callable[[DestinationKind], int]:
        """Ask the one that reaches the kind."""
        if all(each.kind in _MACHINES for each in notification.to):
            return self._machines.capacity_of(notification)
        machines, messages = self._machines.capacity_of(notification), self._messages.capacity_of(notification)
        return lambda kind: (machines if kind in _MACHINES else messages)(kind)

    def limit_of(self, delivery: Delivery) -> Limit | None:
        """Ask the one that reaches the destination."""
        return self._of(delivery).limit_of(delivery)

    def carry(self, deliveries: Sequence[Delivery]) -> Report:
        """Let the one that reaches the destination make an attempt."""
        return self._of(deliveries[0]).carry(deliveries)

    def _of(self, delivery: Delivery) -> Carrier:
        return self._machines if delivery.destination.kind in _MACHINES else self._messages
