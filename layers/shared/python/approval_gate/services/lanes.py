"""
Work at one lane: take it, choose what goes next, send it, record it, give the lane back.

Taking is one conditional write, recording one transaction. A worker that dies in between leaves a lane that is leased;
whoever comes after the lease sends the same deliveries again, with the same parcel id.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from approval_gate.domain.delivery import Delivery, DeliveryStatus
from approval_gate.domain.lane import Lane, LaneKey, Limit, lane_of
from approval_gate.domain.message import DestinationKind
from approval_gate.errors import GateError, VersionConflict
from approval_gate.ports import Clock
from approval_gate.ports.outbox import Outbox
from approval_gate.services.carry import Carrier, Ended, Report, unavailable

__all__ = ["LaneRunner"]

_logger = logging.getLogger(__name__)

_TOGETHER = 40
"""Deliveries combined into one message: with their places on the list and the lane, one transaction, of 100 items."""
_SEEN = 100
"""How far down the waiting list one look goes."""
_BUDGET = timedelta(seconds=20)
_BUSY = timedelta(seconds=3)
_ALONE = {DestinationKind.WEBHOOK, DestinationKind.EVENT_BUS}


class LaneRunner:
    """Send what waits on a lane."""

    def __init__(self, outbox: Outbox, carrier: Carrier, clock: Clock) -> None:
        self._outbox = outbox
        self._carrier = carrier
        self._clock = clock

    def run(self, key: LaneKey, mine: Delivery) -> datetime:
        """
        Send `mine`, and before it what has waited longer, as far as the lane allows now.

        Returns: when to look at `mine` again, should it not have ended.

        Raises:
            StoreError: something may have been sent that is not recorded; it goes again after the lease.
        """
        ends = self._clock() + _BUDGET
        limit = self._carrier.limit_of(mine)
        while self._clock() <= ends:
            now = self._clock()
            lane = self._outbox.lane(key)
            if lane.is_leased(now):
                return self._wait(key, mine, now + _BUSY)
            if lane.room(limit, now) == 0:
                return self._wait(key, mine, lane.free_at(limit, now))
            ready = self._ready(key, lane, mine, limit)
            if not ready:
                return self._wait(key, mine, mine.next_attempt_at or now)
            try:
                report = self._send(lane.taken(limit, now), _chosen(ready, lane.room(limit, now)))
            except VersionConflict:
                _logger.info("lane_taken", extra={"lane": key.digest})
                return self._wait(key, mine, self._clock() + _BUSY)
            for each in report.deliveries:
                if each.key == mine.key:
                    return each.next_attempt_at or self._clock()
        return self._wait(key, mine, self._clock())

    def _ready(self, key: LaneKey, lane: Lane, mine: Delivery, limit: Limit | None) -> list[Delivery]:
        """Return what may be tried now, oldest first; no more than is needed to choose."""
        now = self._clock()
        wanted = 1 if limit is None or mine.destination.kind in _ALONE else _TOGETHER
        found: dict[object, Delivery] = {}
        for each in self._outbox.waiting(key, _SEEN):
            stored = mine if each == mine.key else self._outbox.delivery(each)
            if stored is None:
                continue
            if stored.status.is_final or stored.carried_by is not None or lane_of(stored) != key:
                self._outbox.leave(key, stored)  # put on the list by one who came too late
            elif lane.may_try(stored, now):
                found[each] = stored
            if len(found) == wanted:
                break
        if lane.may_try(mine, now):
            found[mine.key] = mine
        return sorted(found.values(), key=lambda each: (each.created_at, each.key))[:_TOGETHER]

    def _send(self, taken: Lane, chosen: list[Delivery]) -> Report:
        """Take the lane, send, record."""
        leader, others = chosen[0], chosen[1:]
        if others:
            leader, others = self._combine(taken, leader, others)
        else:
            self._outbox.commit(taken)
            loaded = [self._outbox.delivery(key) for key in leader.carries]
            others = [each for each in loaded if each is not None and each.status is DeliveryStatus.QUEUED]
        report = self._attempt([leader, *others])
        self._record(replace(taken, version=taken.version + 1), leader, report)
        return report

    def _attempt(self, deliveries: list[Delivery]) -> Report:
        try:
            return self._carrier.carry(deliveries)
        except GateError:
            raise
        except Exception:
            # A fault of ours that one delivery provokes must not hold up what waits behind it: it is tried again like
            # one that did not get through, and ends as a dead letter.
            _logger.exception("delivery_broke", extra={"notification_id": deliveries[0].key.notification_id})
            text = "The gate failed at this delivery: look for delivery_broke in its log."
            return unavailable(deliveries, "unforeseen", text, None, self._clock())

    def _combine(self, taken: Lane, leader: Delivery, others: list[Delivery]) -> tuple[Delivery, list[Delivery]]:
        """Take the lane and bind deliveries together, in one step: every later attempt is the same message."""
        leader = replace(leader, carries=tuple(each.key for each in others), is_combined=True)
        others = [replace(each, carried_by=leader.key, is_combined=True) for each in others]
        self._outbox.commit(taken, leader, *others, off=(taken.key, others))
        return _stored(leader), [_stored(each) for each in others]

    def _record(self, taken: Lane, leader: Delivery, report: Report) -> None:
        now = self._clock()
        match report.ended:
            case Ended.ANSWERED:
                lane = taken.worked(now)
            case Ended.UNAVAILABLE:
                lane = taken.failed(now, report.again_at or now)
                lane = lane.banned(report.silent_until) if report.silent_until else lane
            case Ended.THROTTLED:
                lane = taken.banned(report.again_at or now)
            case Ended.UNUSED:
                lane = taken.given_back()
        done = [each for each in report.deliveries if each.key == leader.key and each.status.is_final]
        self._outbox.commit(lane, *report.deliveries, *report.cards, off=(taken.key, done) if done else None)
        _log(report.deliveries)

    def _wait(self, key: LaneKey, mine: Delivery, until: datetime) -> datetime:
        if mine.destination.kind is not DestinationKind.EVENT_BUS:
            self._outbox.wait(key, mine)
        return until


def _stored(delivery: Delivery) -> Delivery:
    return replace(delivery, version=delivery.version + 1)


def _chosen(ready: list[Delivery], room: int | None) -> list[Delivery]:
    """Return what goes next: the oldest, alone while there is room for all, else with those that may travel with it."""
    first = ready[0]
    if room is None or len(ready) <= room or first.carries or first.destination.kind in _ALONE:
        return [first]
    return [first, *(each for each in ready[1:] if not each.carries)]


def _log(deliveries: Iterable[Delivery]) -> None:
    for each in deliveries:
        _logger.info(
            "delivery",
            extra={
                "notification_id": each.key.notification_id,
                "number": each.key.number,
                "kind": each.destination.kind.value,
                "status": each.status.value,
                "attempts": each.attempts,
                "error_code": each.error_code,
            },
        )
