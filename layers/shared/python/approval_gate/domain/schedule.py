"""
When to do something about a waiting approval: ask the platform, remind, escalate, expire. One timer serves them all.

Calls to platforms are a budget (free tenants have 5,000 to 10,000 a month for the whole company), so reconciliation is
sparse: it exists for lost callbacks, not instead of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from approval_gate.domain.approval import Approval

__all__ = [
    "REMIND_AGAIN_AFTER",
    "UNREACHABLE_GRACE",
    "escalation_due",
    "next_look",
    "next_timer",
    "pause_s",
    "poll_after_s",
    "reminder_due",
    "seconds_until",
]

HEARD_S = (3600, 7200, 14400, 28800, 86400)
"""Pauses between looks once a callback about this very approval has come: its decision will come the same way."""

PROVEN_S = (300, 900, 1800, 3600)
"""The same while none has come, but callbacks of the app are known to arrive. The last pause repeats."""

UNPROVEN_S = (60, 300, 900, 1800, 3600)
"""The same while no callback of the app has ever arrived: the first look comes early, it may be a set-up mistake."""

WITHOUT_CALLBACKS_S = (60, 60, 120, 300, 600, 900, 1800)
"""For apps registered with `callbacks: none`: about 30 calls for an approval that waits ten hours."""

UNREACHABLE_GRACE = timedelta(minutes=10)
"""How long after its timeout an approval still waits for the platform to answer the last question."""

REMIND_AGAIN_AFTER = timedelta(minutes=5)
"""How long approvers are left in peace after a reminder before somebody may ask for another one."""


def next_look(approval: Approval, now: datetime, *, callbacks: str, app_heard: bool, heard: bool) -> datetime:
    """
    Return when reconciliation should ask next; never after the approval's timeout.

    Args:
        callbacks: the app's, `http` or `none`.
        app_heard: a callback of the app has ever arrived.
        heard: one about this approval has.
    """
    if approval.suspected_at is not None:
        return min(now + timedelta(seconds=pause_s(approval.suspected_at, now)), approval.expires_at)
    pauses: tuple[int, ...]
    if callbacks == "none":
        pauses = WITHOUT_CALLBACKS_S
    elif heard:
        pauses = HEARD_S
    else:
        pauses = PROVEN_S if app_heard else UNPROVEN_S
    pause = pauses[min(approval.looks, len(pauses) - 1)]
    return min(now + timedelta(seconds=pause), approval.expires_at)


def reminder_due(approval: Approval) -> datetime | None:
    """Return when approvers are to be reminded next, None when they are not. Whoever asked for one moves the next."""
    reminders = approval.request.reminders
    if reminders is None or approval.reminders >= reminders.max:
        return None
    due = approval.created_at + timedelta(seconds=reminders.first_after_s)
    if approval.reminded_at is not None:
        due = max(due, approval.reminded_at + timedelta(seconds=reminders.repeat_every_s))
    return due if due < approval.expires_at else None


def escalation_due(approval: Approval) -> datetime | None:
    """Return when it is to be told that nobody decides, None when it was told or nobody asked for it."""
    escalation = approval.request.escalation
    if escalation is None or approval.escalated_at is not None:
        return None
    due = approval.created_at + timedelta(seconds=escalation.after_s)
    return due if due < approval.expires_at else None


def next_timer(approval: Approval) -> datetime:
    """Return when the next thing is due: a look, a reminder, the escalation or the timeout."""
    if approval.look_at is not None and approval.look_at > approval.expires_at:
        # The timeout has passed and the platform does not answer the last question: nothing else is due any more.
        return approval.look_at
    due = (approval.look_at, reminder_due(approval), escalation_due(approval), approval.expires_at)
    return min(moment for moment in due if moment is not None)


def pause_s(since: datetime, now: datetime) -> int:
    """Return a pause that grows with the time something has not worked: 5 s up to half an hour."""
    return int(min(max((now - since).total_seconds() / 4, 5), 1800))


def seconds_until(moment: datetime, now: datetime) -> int:
    """Return whole seconds until `moment`, at least one: a state machine cannot wait for nothing."""
    return max(1, ceil((moment - now).total_seconds()))


def poll_after_s(approval: Approval, now: datetime) -> int:
    """Return how long a polling client should wait: a tenth of the approval's age, 5 to 60 seconds."""
    return int(min(max((now - approval.created_at).total_seconds() / 10, 5), 60))
