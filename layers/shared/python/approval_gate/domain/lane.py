"""A lane: what leads to one destination. One worker at a time writes to it, and no faster than the platform allows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from approval_gate.domain.delivery import Delivery
from approval_gate.domain.message import DestinationKind
from approval_gate.domain.retry import pause_s

__all__ = ["LEASE", "Lane", "LaneKey", "Limit", "lane_of"]

LEASE = timedelta(seconds=120)
"""
How long a worker may hold a lane; longer than any one attempt takes. A worker that dies between sending and recording
leaves the message to be sent again after this time, with the same id: the only way to send one twice.
"""

_DOWN_AFTER = 3
"""So many failures in a row without a success: it is the destination, not one message."""

_MARGIN_SHARE = 6
_MARGIN_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `messages` in any `per_s` seconds; breaking it closes the destination for `ban_s`."""

    messages: int
    per_s: float
    ban_s: float = 0

    @property
    def window(self) -> timedelta:
        """
        How long a message counts.

        A little longer than the platform counts: one that took long to arrive and one that did not stand closer
        together there than they were sent here.
        """
        return timedelta(seconds=self.per_s + min(self.per_s / _MARGIN_SHARE, _MARGIN_LIMIT_S))


@dataclass(frozen=True, slots=True)
class LaneKey:
    """Names a lane. `digest` tells the destination without repeating it: addresses may hold secrets."""

    tenant: str
    app: str
    digest: str


@dataclass(frozen=True, slots=True)
class Lane:
    """
    The state of a lane.

    Args:
        sent_at: the latest messages, as many as the limit needs to look back on.
        closed_until: nothing is sent before; a ban, a `Retry-After`, or a pause after a failure.
        leased_until: a worker is writing to it.
        failures: in a row.
        recovered_at: when it last worked again after it had been down.
        version: grows with every change; 0: not stored yet.
    """

    key: LaneKey
    sent_at: tuple[datetime, ...] = ()
    closed_until: datetime | None = None
    leased_until: datetime | None = None
    failures: int = 0
    recovered_at: datetime | None = None
    version: int = 0

    def is_leased(self, now: datetime) -> bool:
        """Tell whether somebody else is writing to it."""
        return self.leased_until is not None and now < self.leased_until

    def room(self, limit: Limit | None, now: datetime) -> int | None:
        """Return how many messages it takes at this moment, None: any number."""
        if self.closed_until is not None and now < self.closed_until:
            return 0
        if limit is None:
            return None
        return max(0, limit.messages - len(self._counted(limit, now)))

    def free_at(self, limit: Limit | None, now: datetime) -> datetime:
        """Return when it takes a message, as far as is known now."""
        moments = [now]
        if self.closed_until is not None:
            moments.append(self.closed_until)
        counted = self._counted(limit, now) if limit else ()
        if limit and len(counted) >= limit.messages:
            moments.append(counted[-limit.messages] + limit.window)
        return max(moments)

    def taken(self, limit: Limit | None, now: datetime) -> Lane:
        """Return it leased, with a message more."""
        sent_at = (*self._counted(limit, now), now) if limit else ()
        return replace(self, leased_until=now + LEASE, sent_at=sent_at)

    def given_back(self) -> Lane:
        """Return it free again."""
        return replace(self, leased_until=None)

    def worked(self, now: datetime) -> Lane:
        """Return it after a message arrived."""
        recovered_at = now if self.failures >= _DOWN_AFTER else self.recovered_at
        return replace(self, leased_until=None, closed_until=None, failures=0, recovered_at=recovered_at)

    def failed(self, now: datetime, again_at: datetime) -> Lane:
        """
        Return it after a message did not get through: closed for a moment that grows with every failure.

        Args:
            again_at: when that message is tried again. One bad message keeps the others waiting for a moment only;
                while the destination is down, it is probed with the oldest.
        """
        failures = self.failures + 1
        pause = now + timedelta(seconds=pause_s(failures, self.key.digest))
        until = max(again_at, pause) if failures >= _DOWN_AFTER else min(again_at, pause)
        return replace(self, leased_until=None, closed_until=until, failures=failures)

    def banned(self, until: datetime) -> Lane:
        """Return it closed until the platform will listen again."""
        closed_until = max(until, self.closed_until or until)
        return replace(self, leased_until=None, closed_until=closed_until)

    def may_try(self, delivery: Delivery, now: datetime) -> bool:
        """Tell whether a delivery may be tried: it is due, or was last tried before the destination came back."""
        if delivery.is_due(now):
            return True
        return self.recovered_at is not None and delivery.tried_at is not None and delivery.tried_at < self.recovered_at

    def _counted(self, limit: Limit | None, now: datetime) -> Sequence[datetime]:
        if limit is None:
            return ()
        return tuple(at for at in self.sent_at if at + limit.window > now)


def lane_of(delivery: Delivery) -> LaneKey:
    """
    Return the lane of a delivery that leads.

    One per person, chat, robot, department or webhook address, and one for those who are told together, whenever they
    are. The event bus, which has no limit that one tenant could break, has a lane for each delivery.
    """
    to = delivery.destination
    facts = ["crowd", delivery.crowd] if delivery.crowd else [to.kind.value, to.value]
    if to.kind is DestinationKind.EVENT_BUS:
        facts += [delivery.key.notification_id, str(delivery.key.number)]
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:32]
    return LaneKey(delivery.tenant, delivery.app or "-", digest)
