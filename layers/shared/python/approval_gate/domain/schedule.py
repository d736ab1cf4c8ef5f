"""
When to ask the platform again.

Calls to platforms are a budget (free tenants have 5,000 to 10,000 a month for the whole company), so reconciliation is
sparse: it exists for lost callbacks, not instead of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from approval_gate.domain.approval import Approval

__all__ = ["UNREACHABLE_GRACE", "next_look", "pause_s", "poll_after_s", "seconds_until"]

PROVEN_S = (300, 900, 1800, 3600)
"""Looks after creation while callbacks of the app are known to arrive; the last pause repeats."""

UNPROVEN_S = (60, 300, 900, 1800, 3600)
"""The same while no callback of the app has ever arrived: the first look comes early, it may be a set-up mistake."""

WITHOUT_CALLBACKS_S = (60, 60, 120, 300, 600, 900, 1800)
"""For apps registered with `callbacks: none`: about 30 calls for an approval that waits ten hours."""

UNREACHABLE_GRACE = timedelta(minutes=10)
"""How long after its timeout an approval still waits for the platform to answer the last question."""


def next_look(approval: Approval, now: datetime, *, callbacks: str, callback_seen: bool) -> datetime:
    """Return when reconciliation should look next; never after the approval's timeout."""
    if approval.suspected_at is not None:
        return min(now + timedelta(seconds=pause_s(approval.suspected_at, now)), approval.expires_at)
    pauses = WITHOUT_CALLBACKS_S if callbacks == "none" else PROVEN_S if callback_seen else UNPROVEN_S
    pause = pauses[min(approval.looks, len(pauses) - 1)]
    return min(now + timedelta(seconds=pause), approval.expires_at)


def pause_s(since: datetime, now: datetime) -> int:
    """Return a pause that grows with the time something has not worked: 5 s up to half an hour."""
    return int(min(max((now - since).total_seconds() / 4, 5), 1800))


def seconds_until(moment: datetime, now: datetime) -> int:
    """Return whole seconds until `moment`, at least one: a state machine cannot wait for nothing."""
    return max(1, ceil((moment - now).total_seconds()))


def poll_after_s(approval: Approval, now: datetime) -> int:
    """Return how long a polling client should wait: a tenth of the approval's age, 5 to 60 seconds."""
    return int(min(max((now - approval.created_at).total_seconds() / 10, 5), 60))
