"""
Apply one journaled callback to its approval.

A callback is a hint: whoever may have ended is read back from the platform before anything is stored (invariant 2).
Progress of single tasks is taken from the event alone and costs no call.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

from approval_gate.domain.approval import Approval, HistoryEntry, Source, Status, TaskProgress
from approval_gate.domain.schedule import earliest_look
from approval_gate.domain.truth import Truth, TruthStatus, with_short_comments
from approval_gate.errors import ConfigurationError, GateError, ProviderError, ProviderRejected, ProviderUnavailable
from approval_gate.ports import App, CallbackEvent, EventKind, Ports
from approval_gate.services.announce import about_revocation
from approval_gate.services.decide import Decider, change_until_stored

__all__ = ["Applier"]

_logger = logging.getLogger(__name__)

_TAKEN_BACK = {TruthStatus.REVOKED, TruthStatus.CANCELED, TruthStatus.DELETED}

_NOT_CONFIRMED = (
    "A callback said that the approval may have ended, and the platform's own answer does not say so yet. The callback "
    "alone decides nothing."
)


class Applier:
    """
    Apply journaled callbacks.

    One applier serves one batch. A platform that did not answer in it is not asked again: what else is about that app
    goes to the approvals' own executions, so that others' callbacks in the batch do not wait for it time and again. So
    does everything once the platforms' answers have taken `PATIENCE` together: a batch that the function's time does
    not suffice for would be tried, and fail, as a whole.
    """

    PATIENCE = timedelta(seconds=60)

    def __init__(self, ports: Ports, decider: Decider) -> None:
        self._approvals = ports.approvals
        self._apps = ports.apps
        self._senders = ports.senders
        self._workflow = ports.workflow
        self._decider = decider
        self._clock = ports.clock
        self._unreachable: dict[tuple[str, str], ProviderUnavailable] = {}
        self._waited = timedelta()

    def apply(self, provider: str, tenant: str, app_id: str, event: CallbackEvent, took_ms: int | None = None) -> None:
        """
        Find the approval of an event and apply it.

        An event of an approval that is not ours is dropped. One whose reference is not stored yet stays in the
        journal: `submit_approval` applies what it finds there after storing the reference.
        """
        app = self._apps.get(tenant, app_id)
        if app is None:
            return
        self._apps.saw_callback(app, self._clock(), took_ms)
        approval_id = self._approvals.find_by_ref(provider, tenant, app_id, event.provider_ref)
        approval = self._approvals.get(approval_id) if approval_id else None
        if approval is None:
            _logger.info("event_without_approval", extra={"provider": provider, "provider_ref": event.provider_ref})
            return
        self.apply_to(approval, app, event)

    def apply_to(self, approval: Approval, app: App, event: CallbackEvent) -> Approval:
        """Apply one event to its approval; a second time changes nothing."""
        if event.kind is EventKind.TASK and event.task is not None:
            return self._record_task(approval, event, event.task)
        if event.kind is not EventKind.DECIDED:
            return approval
        if approval.outcome is not None:
            self._decider.wake(approval)
            return self._note_late_event(approval, app, event)
        return self._confirm(approval, app, event)

    def _confirm(self, approval: Approval, app: App, event: CallbackEvent) -> Approval:
        """Read the approval back and do what that says; what cannot be confirmed now is for its own execution."""
        if not self._may_ask(app):
            return self._ask_for_a_look(approval, event, self._unreachable.get((app.tenant, app.id)))
        try:
            truth = self._read_truth(approval, app)
            approval = self._decider.settle(approval, truth, Source.CALLBACK)
        except ProviderUnavailable as err:
            self._unreachable[app.tenant, app.id] = err
            return self._ask_for_a_look(approval, event, err)
        except (ProviderRejected, ConfigurationError) as err:
            return self._ask_for_a_look(approval, event, err)
        if approval.outcome is None:
            # The platform's API does not say so (yet): a forgery, or an answer older than its own event.
            return self._ask_for_a_look(approval, event, None)
        if truth.status in _TAKEN_BACK and approval.status is Status.APPROVED:
            # It was stored while we read that it is taken back: callbacks of one approval come side by side.
            return self._note_late_event(approval, app, event, truth.status)
        return approval

    def _record_task(self, approval: Approval, event: CallbackEvent, heard: TaskProgress) -> Approval:
        def step(before: Approval) -> tuple[Approval, HistoryEntry] | None:
            known = next((task for task in before.tasks if task.id == heard.id), None)
            if before.outcome is not None or (known is not None and not _is_news(heard, known)):
                return None
            task = heard if known is None else _merged(known, heard)
            tasks = with_short_comments((*(t for t in before.tasks if t.id != heard.id), task))
            by = heard.person.user_id if heard.person else ""
            return replace(before, tasks=tasks), HistoryEntry(0, self._clock(), "task", by, _told(task, event))

        return change_until_stored(self._approvals, approval.id, step)

    def _ask_for_a_look(self, approval: Approval, event: CallbackEvent, err: GateError | None) -> Approval:
        """
        Hand the question over to the approval's own execution.

        It asks again with growing pauses, and not before the platform wants to be asked. Waiting here would hold up the
        callbacks of every other approval.
        """
        extra = {
            "approval_id": approval.id,
            "error_code": err.code if err else "",
            "vendor_status": event.vendor_status,
        }
        _logger.warning("event_not_confirmed", extra=extra)
        now = self._clock()

        def step(before: Approval) -> tuple[Approval, HistoryEntry] | None:
            if before.outcome is not None:
                return None
            look = earliest_look(before, now, err)
            detail = {
                "vendor_status": event.vendor_status,
                "dedupe_key": event.dedupe_key,
                "next_look": look.isoformat(),
                "explanation": err.message if err else _NOT_CONFIRMED,
            }
            if err is not None:
                detail["error_code"] = err.code
            after = replace(before, suspected_at=now, look_at=look)
            return after, HistoryEntry(0, now, "event_not_confirmed", detail=detail)

        approval = change_until_stored(self._approvals, approval.id, step, wake=True)
        stored = self._approvals.get(approval.id)
        if stored is not None and stored.task_token:
            self._workflow.resume(stored.task_token, {"look": stored.outcome is None})
        return approval

    def _note_late_event(
        self, approval: Approval, app: App, event: CallbackEvent, status: TruthStatus | None = None
    ) -> Approval:
        """
        Record what the platform says after the outcome, and announce that an approval was taken back.

        The outcome stands. Unless its word is at hand, the platform is asked, once; where it does not answer, its
        signed event is believed: no gate depends on it.
        """
        outcome = approval.outcome
        if outcome is None or event.occurred_at <= outcome.decided_at or outcome.status is not Status.APPROVED:
            return approval
        key = event.dedupe_key
        if any(entry.detail.get("dedupe_key") == key for entry in self._approvals.history(approval.id)):
            return approval
        status = status or self._status_now(approval, app)
        is_revoked = status is not TruthStatus.APPROVED and approval.revoked_at is None
        said = status.value.lower() if status else "unreachable"
        now = self._clock()

        def step(before: Approval) -> tuple[Approval, HistoryEntry] | None:
            if any(entry.detail.get("dedupe_key") == key for entry in self._approvals.history(before.id)):
                return None
            detail = {"vendor_status": event.vendor_status, "dedupe_key": key, "provider_says": said}
            if not is_revoked or before.revoked_at is not None:
                return before, HistoryEntry(0, now, "event_after_outcome", detail=detail)
            detail["explanation"] = (
                "The approval was taken back on the platform after it had been given. The outcome stands: "
                "what it released is released."
            )
            return replace(before, revoked_at=event.occurred_at), HistoryEntry(0, now, "revoked", detail=detail)

        return change_until_stored(
            self._approvals,
            approval.id,
            step,
            notices=lambda after: about_revocation(after, now) if is_revoked and after.revoked_at else (),
        )

    def _status_now(self, approval: Approval, app: App) -> TruthStatus | None:
        """Ask the platform; None when it does not answer."""
        if not self._may_ask(app):
            return None
        try:
            truth = self._read_truth(approval, app)
        except (ProviderError, ConfigurationError) as err:
            _logger.warning("late_event_unconfirmed", extra={"approval_id": approval.id, "error_code": err.code})
            return None
        return truth.status if truth.is_about(approval) else None

    def _may_ask(self, app: App) -> bool:
        return (app.tenant, app.id) not in self._unreachable and self._waited < self.PATIENCE

    def _read_truth(self, approval: Approval, app: App) -> Truth:
        asked_at = self._clock()
        try:
            return self._senders.of(app).read_truth(approval.provider_ref)
        finally:
            self._waited += self._clock() - asked_at


def _told(task: TaskProgress, event: CallbackEvent) -> dict[str, str]:
    """Tell what became of a task, as far as its callback says: whose, what, when there, in which words."""
    detail = {"task": task.id, "status": task.status.value, "vendor_status": event.vendor_status, "source": "callback"}
    if task.person:
        detail["whose"] = task.person.label
    if task.stage is not None:
        detail["stage"] = str(task.stage + 1)
    if task.decided_at:
        detail["decided_at"] = task.decided_at.isoformat()
    if task.comment:
        detail["comment"] = task.comment
    if task.transferred_to:
        detail["transferred_to"] = task.transferred_to.label
    return detail


def _is_news(heard: TaskProgress, known: TaskProgress) -> bool:
    """Tell whether an event says more than is known. One that is older than what is known says nothing."""
    if known.decided_at and heard.decided_at and heard.decided_at < known.decided_at:
        return False
    return (heard.status, heard.person) != (known.status, known.person)


def _merged(known: TaskProgress, heard: TaskProgress) -> TaskProgress:
    """Keep what an event does not tell: the comment, the stage, the name."""
    person = heard.person
    if person and known.person and person.is_same_person(known.person):
        person = known.person
    return replace(
        heard,
        stage=known.stage if heard.stage is None else heard.stage,
        comment=heard.comment or known.comment,
        person=person or known.person,
    )
