"""
When to do something about a waiting approval: ask the platform, remind, escalate, expire. One timer serves them all.

Calls to platforms are a budget (free tenants have 5,000 to 10,000 a month for the whole company), so reconciliation is
sparse: it exists for lost callbacks, not instead of them. Apps that get no callbacks say what it may cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from approval_gate.domain.approval import Approval
from approval_gate.errors import ProviderQuotaUsedUp, ProviderUnavailable

__all__ = [
    "BUDGET_PERIOD",
    "LEAST_SHARE",
    "REMIND_AGAIN_AFTER",
    "UNREACHABLE_GRACE",
    "Reconciliation",
    "after_silence",
    "earliest_look",
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

WITHOUT_CALLBACKS_S = (60, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
"""For apps registered with `callbacks: none`, as far as their longest pause allows."""

LEAST_SHARE = 200
"""
No pause is shorter than this part of the approval's age: a wait of 30 days takes some 1,300 looks at most, however
short the pauses are that an app asks for.

A look costs an execution about 13 of the 25,000 events that it may have.
Source: AWS Step Functions Developer Guide, "Service quotas", read 2026-02-28.
"""

BUDGET_PERIOD = timedelta(days=31)
"""What `calls_per_month` is counted over: any 31 days, so that no calendar month has more."""

QUOTA_USED_UP_S = 21_600
"""Pause after a platform said that the company's calls of this month are used up: more may be bought any day."""

UNREACHABLE_GRACE = timedelta(minutes=10)
"""How long after its timeout an approval still waits for the platform to answer the last question."""

REMIND_AGAIN_AFTER = timedelta(minutes=5)
"""How long approvers are left in peace after a reminder before somebody may ask for another one."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """
    What asking may cost an app that gets no callbacks.

    Args:
        max_pause_s: the longest pause between two looks at one approval. Pauses grow up to it: an answer is found so
            late at most, as long as the budget lasts.
        calls_per_month: how many looks all approvals of the app may take in any 31 days; None for no limit. The look at
            an approval's timeout is made in any case.
    """

    max_pause_s: int = 1800
    calls_per_month: int | None = 2000

    @property
    def at_once(self) -> int:
        """How much of the budget may be used at once; the rest comes back evenly over the month."""
        return max(1, (self.calls_per_month or 0) // 4)

    @property
    def interval(self) -> timedelta:
        """How long it takes until the budget has room for one more look."""
        return BUDGET_PERIOD / max(1, (self.calls_per_month or 0) - self.at_once)

    def room_at(self, used_until: datetime, now: datetime) -> datetime:
        """
        Return when there is room for one more look.

        Args:
            used_until: when everything used so far will have come back; each look moves it by `interval`.
        """
        return max(now, used_until - self.interval * (self.at_once - 1))


def next_look(
    approval: Approval,
    now: datetime,
    *,
    callbacks: str,
    app_heard: bool,
    heard: bool,
    reconciliation: Reconciliation | None = None,
) -> datetime:
    """
    Return when reconciliation should ask next; never after the approval's timeout.

    Args:
        callbacks: the app's, `http` or `none`.
        app_heard: a callback of the app has ever arrived.
        heard: one about this approval has.
        reconciliation: the app's, where `callbacks` is `none`.
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
    pause: float = pauses[min(approval.looks, len(pauses) - 1)]
    if callbacks == "none":
        pause = min(pause, (reconciliation or Reconciliation()).max_pause_s)
    return min(now + timedelta(seconds=max(pause, _least_s(approval, now))), approval.expires_at)


def _rest_s(err: Exception, approval: Approval, now: datetime) -> float:
    """
    Return for how long a platform wants to be left alone, by what it answered; 0 when it did not say.

    A used-up quota does not put the last question before the timeout off: that costs one refused call.
    """
    if isinstance(err, ProviderQuotaUsedUp):
        left_s = (approval.expires_at - now).total_seconds()
        return min(QUOTA_USED_UP_S, left_s) if left_s > 0 else QUOTA_USED_UP_S
    return err.retry_after_s or 0.0 if isinstance(err, ProviderUnavailable) else 0.0


def earliest_look(approval: Approval, now: datetime, err: Exception | None) -> datetime:
    """Return when the platform may be asked again at the earliest; never later than the wait for it may last."""
    if err is None:
        return now
    last_moment = max(approval.expires_at + UNREACHABLE_GRACE, now + timedelta(seconds=1))
    return min(now + timedelta(seconds=_rest_s(err, approval, now)), last_moment)


def after_silence(approval: Approval, now: datetime, err: Exception | None) -> datetime:
    """
    Return when to ask a platform again that did not answer: 15 s after, growing; up to the last moment.

    Where it wants to be left alone beyond the approval's timeout, the last question waits for that.
    """
    if now >= approval.expires_at:
        last_moment = max(approval.expires_at + UNREACHABLE_GRACE, now + timedelta(seconds=1))
        later = min(now + timedelta(seconds=max(5, pause_s(approval.expires_at, now))), last_moment)
    else:
        since = approval.suspected_at or approval.opening_at or approval.created_at
        pause = max(pause_s(since, now), 15, _least_s(approval, now))
        later = min(now + timedelta(seconds=pause), approval.expires_at)
    return max(later, earliest_look(approval, now, err))


def _least_s(approval: Approval, now: datetime) -> float:
    """Return the shortest pause at the approval's age."""
    return (now - (approval.opening_at or approval.created_at)).total_seconds() / LEAST_SHARE


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
    ends = approval.expires_at
    if approval.look_at is not None and approval.look_at > ends:
        # The platform does not answer the last question, or does not want to be asked it yet.
        ends = approval.look_at
    due = (approval.look_at, reminder_due(approval), escalation_due(approval), ends)
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
