"""
Whom to tell what became of an approval.

What is returned here is stored in the same step as the change it tells of, so an outcome without its notifications
cannot exist. The ids follow from what is told: the same fact is told once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from approval_gate.domain.approval import Approval, Source, Status
from approval_gate.domain.message import Destination, DestinationKind
from approval_gate.domain.notification import ApprovalEvent, Notification, notification_id
from approval_gate.domain.people import Identity, PersonRef
from approval_gate.domain.waiting import waiting_for

__all__ = ["about_escalation", "about_opening", "about_outcome", "about_release", "about_reminder", "about_revocation"]


def about_opening(approval: Approval, now: datetime) -> tuple[Notification, ...]:
    """Tell subscribers that an approval waits for its approvers."""
    return _to_subscribers(approval, ApprovalEvent.PENDING, now)


def about_outcome(approval: Approval, now: datetime) -> tuple[Notification, ...]:
    """
    Tell everyone who wants the outcome: the caller's webhook, the event bus, subscribers.

    The requester and the people on cc hear of an outcome that was not made on the platform, or reads otherwise there;
    of its own decisions the platform tells them itself.
    """
    event = ApprovalEvent(approval.status.value.lower())
    notices = [*_to_machines(approval, event, now), *_to_subscribers(approval, event, now)]
    if approval.outcome is not None and not _is_told_by_platform(approval):
        people = [person for person in (approval.requester, *approval.cc) if person]
        notices += _to_people(approval, event, people, now)
    return tuple(notices)


def about_reminder(approval: Approval, now: datetime) -> tuple[Notification, ...]:
    """Remind those whose turn it is; before they are resolved, those whom the request names first."""
    waiting = _as_destinations(waiting_for(approval))
    if not waiting and not approval.stages:
        waiting = _as_named(approval.request.stages[0].approvers)
    return _one(approval, ApprovalEvent.REMINDER, waiting, now, now.isoformat())


def about_escalation(approval: Approval, now: datetime) -> tuple[Notification, ...]:
    """Tell the people named for it that nobody has decided."""
    escalation = approval.request.escalation
    return _one(approval, ApprovalEvent.ESCALATION, _as_named(escalation.notify) if escalation else (), now)


def about_release(before: Approval, now: datetime) -> tuple[Notification, ...]:
    """
    Tell approvers that they need not answer any more.

    Args:
        before: the approval as it was while they were asked, with its outcome taken off.
    """
    return _to_people(before, ApprovalEvent.RELEASED, waiting_for(before), now)


def about_revocation(approval: Approval, now: datetime) -> tuple[Notification, ...]:
    """Tell everyone who heard "approved" that the platform took it back; the outcome stands."""
    event = ApprovalEvent.REVOKED
    heard = _to_subscribers(approval, ApprovalEvent.APPROVED, now, told=event)
    people = [approval.requester] if approval.requester else []
    return (*_to_machines(approval, event, now), *heard, *_to_people(approval, event, people, now))


def _is_told_by_platform(approval: Approval) -> bool:
    outcome = approval.outcome
    return (
        outcome is not None
        and outcome.source in (Source.CALLBACK, Source.RECONCILIATION)
        and outcome.status is not Status.FAILED
        and outcome.reason != "policy_violation"
    )


def _to_machines(approval: Approval, event: ApprovalEvent, now: datetime) -> tuple[Notification, ...]:
    to = [Destination(DestinationKind.EVENT_BUS)]
    if approval.request.callback_url:
        to.append(Destination(DestinationKind.WEBHOOK, approval.request.callback_url, "callback.url"))
    return _one(approval, event, to, now, "machines", app="")


def _to_subscribers(
    approval: Approval, event: ApprovalEvent, now: datetime, *, told: ApprovalEvent | None = None
) -> tuple[Notification, ...]:
    notices: list[Notification] = []
    for number, each in enumerate(approval.request.notify):
        if event.value in each.on:
            notices += _one(approval, told or event, each.to, now, f"notify {number}", app=each.app)
    return tuple(notices)


def _to_people(
    approval: Approval, event: ApprovalEvent, people: Iterable[Identity], now: datetime
) -> tuple[Notification, ...]:
    return _one(approval, event, _as_destinations(people), now, "people")


def _one(
    approval: Approval,
    event: ApprovalEvent,
    to: Iterable[Destination],
    now: datetime,
    which: str = "",
    *,
    app: str | None = None,
) -> tuple[Notification, ...]:
    destinations = tuple(dict.fromkeys(to))
    if not destinations:
        return ()
    return (
        Notification(
            id=notification_id(approval.id, event.value, which),
            tenant=approval.tenant,
            app=approval.request.app if app is None else app,
            to=destinations,
            created_at=now,
            event=event,
            approval_id=approval.id,
        ),
    )


def _as_destinations(people: Iterable[Identity]) -> tuple[Destination, ...]:
    return tuple(Destination(DestinationKind.USER_ID, person.user_id) for person in people if person.user_id)


def _as_named(people: Iterable[PersonRef]) -> tuple[Destination, ...]:
    return tuple(Destination(DestinationKind(ref.kind.value), ref.value, ref.field) for ref in people)
