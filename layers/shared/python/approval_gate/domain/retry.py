"""When to try a delivery again, and when to give it up."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from approval_gate.domain.delivery import Delivery
from approval_gate.domain.message import DestinationKind

__all__ = ["after_failure", "after_throttling", "patience", "pause_s"]

_FIRST_S = 5
_LONGEST_S = 900
_MESSAGES = timedelta(hours=6)
_MACHINES = timedelta(hours=24)
_THROTTLED = timedelta(hours=24)
_FREE_THROTTLES = 50
"""So often may a platform ask to slow down before it counts as an attempt; an end to what could go on for ever."""


def patience(delivery: Delivery) -> timedelta:
    """Return how long after it was queued a delivery is tried: 24 h for machines, 6 h for people."""
    is_machine = delivery.destination.kind in {DestinationKind.WEBHOOK, DestinationKind.EVENT_BUS}
    return _MACHINES if is_machine else _MESSAGES


def after_failure(delivery: Delivery, now: datetime, code: str, problem: str, retry_after_s: float | None) -> Delivery:
    """
    Return a delivery whose attempt failed in a way that may pass: with its next attempt, or given up.

    Pauses double from 5 s to a quarter of an hour, less up to half at random; the last attempt is made when patience
    ends.
    """
    attempts = delivery.attempts + 1
    tried = replace(delivery, attempts=attempts, tried_at=now, error_code=code, problem=problem)
    return _again(tried, now, max(pause_s(attempts, _seed(delivery)), retry_after_s or 0), patience(delivery))


def after_throttling(
    delivery: Delivery, now: datetime, code: str, problem: str, retry_after_s: float | None
) -> Delivery:
    """Return a delivery that the platform would not take yet. That is no attempt, but a day of it is enough."""
    throttled = delivery.throttled + 1
    tried = replace(delivery, throttled=throttled, tried_at=now, error_code=code, problem=problem)
    if throttled > _FREE_THROTTLES:
        tried = replace(tried, attempts=delivery.attempts + 1)
    pause = retry_after_s if retry_after_s is not None else pause_s(throttled, _seed(delivery))
    return _again(tried, now, pause, max(_THROTTLED, patience(delivery)))


def pause_s(attempts: int, seed: str) -> float:
    """Return the pause after so many attempts. The same seed and count give the same pause: no dice are needed."""
    longest: float = min(_LONGEST_S, _FIRST_S * 2 ** min(attempts - 1, 20))
    share = int.from_bytes(hashlib.sha256(f"{seed} {attempts}".encode()).digest()[:4]) / 2**32
    return longest * (1 - share / 2)


def _again(tried: Delivery, now: datetime, pause: float, patience_: timedelta) -> Delivery:
    ends = tried.since + patience_
    if now >= ends:
        return tried.failed(tried.error_code, f"{tried.problem} Given up after {tried.attempts} attempts.".strip(), now)
    return replace(tried, next_attempt_at=min(now + timedelta(seconds=pause), ends))


def _seed(delivery: Delivery) -> str:
    return f"{delivery.key.notification_id} {delivery.key.number}"
