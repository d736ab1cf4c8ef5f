"""Do what is due for a waiting approval, and say when to look again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from approval_gate.domain.approval import Approval, HistoryEntry, Outcome, Source, Status
from approval_gate.domain.schedule import (
    UNREACHABLE_GRACE,
    Reconciliation,
    after_silence,
    escalation_due,
    next_look,
    next_timer,
    reminder_due,
    seconds_until,
)
from approval_gate.domain.truth import Truth
from approval_gate.domain.waiting import waiting_for
from approval_gate.errors import (
    ApprovalNotFound,
    ConfigurationError,
    GateError,
    ProviderError,
    ProviderUnavailable,
)
from approval_gate.ports import App, Ports
from approval_gate.services.announce import about_escalation, about_reminder
from approval_gate.services.decide import Decider, change_until_stored
from approval_gate.services.submit import TaskAnswer
from approval_gate.services.withdraw import Withdrawer

__all__ = ["Checker"]

_logger = logging.getLogger(__name__)

_APP_GONE = ConfigurationError("The app was deleted: nobody can ask its platform any more.", code="app_gone")
_ARRIVE = "A callback about this approval has come, so its outcome will too; the platform need not be asked yet."
_AT_REST = "The platform asked to be left alone until then."


class Checker:
    """Reconcile, remind, escalate and expire waiting approvals."""

    def __init__(self, ports: Ports, decider: Decider) -> None:
        self._approvals = ports.approvals
        self._apps = ports.apps
        self._senders = ports.senders
        self._decider = decider
        self._withdrawer = Withdrawer(ports)
        self._clock = ports.clock

    def check(self, approval_id: str) -> TaskAnswer:
        """
        Do what is due: ask the platform and adopt what it says, expire, remind, escalate.

        The last question before expiry has to be answered; if the platform cannot be reached for ten minutes more,
        the approval expires all the same: silence never opens the gate.
        """
        approval = self._begin(approval_id)
        if approval.outcome is None and self._is_look_due(approval):
            approval = self._look(approval)
        if approval.outcome is None:
            approval = self._remind(approval)
        if approval.outcome is None:
            approval = self._escalate(approval)
        if approval.outcome is not None:
            return TaskAnswer(approval.id, "decided")
        return TaskAnswer(approval.id, "pending", seconds_until(next_timer(approval), self._clock()))

    # -- asking the platform

    def _begin(self, approval_id: str) -> Approval:
        """Take back the wish for a look before looking: a wish that comes later is for the next time."""
        approval = self._approvals.get(approval_id)
        if approval is None:
            raise ApprovalNotFound(f"There is no approval {approval_id}.")
        if approval.outcome is not None or not (self._is_look_due(approval) or approval.look_wanted):
            return approval
        app = self._apps.get(approval.tenant, approval.request.app)
        now = self._clock()
        place = self._place(approval, app, now)

        def step(before: Approval) -> tuple[Approval, HistoryEntry] | None:
            if before.outcome is not None:
                return None
            if before.look_at is not None and before.look_at > now:
                # A callback could not be confirmed, and the platform wants to be left alone for a while.
                return (before, _postponed(now, before.look_at, _AT_REST)) if before.look_wanted else None
            if not self._must_ask(before, app, now):
                look = self._next_look(before, app, now, heard=True)
                detail = {"next_look": look.isoformat(), "explanation": _ARRIVE}
                return replace(before, look_at=look), HistoryEntry(0, now, "callbacks_arrive", detail=detail)
            if place > now:
                has_place = place < before.expires_at
                return replace(before, look_at=place, has_place=has_place), _postponed(now, place, _budget_of(app))
            number = before.looks + 1
            after = replace(before, looks=number, has_place=False)
            return after, HistoryEntry(0, now, "looked", detail={"look": str(number), "because": _reason(before, now)})

        return change_until_stored(self._approvals, approval_id, step, wake=False)

    def _is_look_due(self, approval: Approval) -> bool:
        return approval.look_at is None or approval.look_at <= self._clock()

    def _place(self, approval: Approval, app: App | None, now: datetime) -> datetime:
        """Return when the app's budget has room for this look; it was taken from it then."""
        if app is None or app.callbacks != "none" or approval.has_place or not self._is_look_due(approval):
            return now
        is_due = approval.look_wanted or approval.suspected_at is not None or now >= approval.expires_at
        return self._apps.take_look(app, now, None if is_due else approval.expires_at) or approval.expires_at

    def _must_ask(self, approval: Approval, app: App | None, now: datetime) -> bool:
        """Tell whether the first look has to be made: it is needless when a callback has come meanwhile."""
        if approval.looks or approval.look_wanted or approval.suspected_at is not None or now >= approval.expires_at:
            return True
        if app is None or app.callbacks == "none" or not self._approvals.journal_of(approval):
            return True
        return self._next_look(approval, app, approval.opening_at or approval.created_at, heard=True) <= now

    def _look(self, approval: Approval) -> Approval:
        app = self._apps.get(approval.tenant, approval.request.app)
        source = Source.RECONCILIATION if approval.suspected_at is None else Source.CALLBACK
        truth: Truth | None = None
        problem: GateError = _APP_GONE
        asked_at = self._clock()
        if app is not None and approval.provider_ref:
            try:
                truth = self._senders.of(app).read_truth(approval.provider_ref)
                approval = self._decider.settle(approval, truth, source)
            except (ProviderError, ConfigurationError) as err:
                problem = err
                _logger.warning("check_unanswered", extra={"approval_id": approval.id, "error_code": err.code})
        now = self._clock()
        if approval.outcome is not None:
            return approval
        if now >= approval.expires_at and (
            (truth is not None and asked_at >= approval.expires_at) or now >= approval.expires_at + UNREACHABLE_GRACE
        ):
            return self._expire(approval, truth)
        if truth is None:
            return self._look_again(approval, now, after_silence(approval, now, problem), "unanswered", problem)
        heard = bool(self._approvals.journal_of(approval))
        if app is not None and app.callbacks == "http" and not heard:
            self._note_silence(approval)
        return self._look_again(approval, now, self._next_look(approval, app, now, heard=heard), "still_pending")

    @staticmethod
    def _next_look(approval: Approval, app: App | None, now: datetime, *, heard: bool) -> datetime:
        callbacks = app.callbacks if app else "http"
        app_heard = app is not None and app.callback_seen_at is not None
        reconciliation = app.reconciliation if app else Reconciliation()
        return next_look(
            approval, now, callbacks=callbacks, app_heard=app_heard, heard=heard, reconciliation=reconciliation
        )

    def _look_again(
        self, approval: Approval, now: datetime, look: datetime, kind: str, problem: GateError | None = None
    ) -> Approval:
        def change(before: Approval) -> tuple[Approval, HistoryEntry]:
            detail = {"next_look": look.isoformat()}
            if problem is not None:
                detail |= {"error_code": problem.code, "explanation": problem.message}
            return replace(before, look_at=look), HistoryEntry(0, now, kind, detail=detail)

        return self._unless_decided(approval, change)

    def _expire(self, approval: Approval, truth: Truth | None) -> Approval:
        if truth is not None:
            reason = "timeout"
            detail = {"en": "Nobody decided in time.", "zh": "审批超时，无人处理。"}
        else:
            reason = "timeout_unconfirmed"
            detail = {
                "en": "The timeout passed and the platform could not be asked for its last word.",
                "zh": "审批超时，且无法向审批平台确认最终状态。",
            }
        outcome = Outcome(Status.EXPIRED, self._clock(), Source.TIMEOUT, reason=reason, detail=detail)
        expired, _ = self._decider.decide(approval.id, outcome, by="timeout")
        if truth is None:
            return expired
        try:
            # With the answer of this moment at hand it costs one call less than in Conclude, which tries again.
            return self._withdrawer.withdraw(expired, truth=truth)
        except ProviderUnavailable as err:
            _logger.warning("withdraw_later", extra={"approval_id": approval.id, "error_code": err.code})
            return expired

    def _note_silence(self, approval: Approval) -> None:
        """Say once that no callback came, though the platform sends one for every new approval: a set-up mistake."""
        if approval.looks != 1:
            return
        _logger.warning("no_callback_heard", extra={"approval_id": approval.id, "provider": approval.provider})
        text = (
            "No callback about this approval has arrived. Its outcome is found by asking the platform, later than it "
            "needs to be: check the request address and the event subscription in the platform's console (WeCom: that "
            "the template is ticked)."
        )
        entry = HistoryEntry(0, self._clock(), "no_callback_heard", detail={"explanation": text})
        self._unless_decided(approval, lambda before: (before, entry))

    # -- telling people

    def _remind(self, approval: Approval) -> Approval:
        now = self._clock()

        def step(before: Approval) -> tuple[Approval, HistoryEntry] | None:
            due = reminder_due(before)
            if before.outcome is not None or due is None or due > now:
                return None
            number = before.reminders + 1
            after = replace(before, reminders=number, reminded_at=now)
            detail = {"number": str(number), "told": ", ".join(person.label for person in waiting_for(before))}
            return after, HistoryEntry(0, now, "reminded", "schedule", detail)

        return change_until_stored(self._approvals, approval.id, step, notices=lambda after: about_reminder(after, now))

    def _escalate(self, approval: Approval) -> Approval:
        now = self._clock()

        def step(before: Approval) -> tuple[Approval, HistoryEntry] | None:
            due = escalation_due(before)
            if before.outcome is not None or due is None or due > now:
                return None
            told = before.request.escalation.notify if before.request.escalation else ()
            detail = {"told": ", ".join(ref.value for ref in told)}
            return replace(before, escalated_at=now), HistoryEntry(0, now, "escalated", "schedule", detail)

        return change_until_stored(
            self._approvals, approval.id, step, notices=lambda after: about_escalation(after, now)
        )

    def _unless_decided(
        self, approval: Approval, change: Callable[[Approval], tuple[Approval, HistoryEntry]]
    ) -> Approval:
        return change_until_stored(
            self._approvals, approval.id, lambda before: None if before.outcome is not None else change(before)
        )


def _reason(approval: Approval, now: datetime) -> str:
    """Say why the platform is asked now."""
    if now >= approval.expires_at:
        return "the timeout has come"
    if approval.suspected_at is not None or approval.look_wanted:
        return "a callback is to be confirmed"
    return "no outcome was heard of so far"


def _postponed(now: datetime, until: datetime, explanation: str) -> HistoryEntry:
    return HistoryEntry(0, now, "look_postponed", detail={"next_look": until.isoformat(), "explanation": explanation})


def _budget_of(app: App | None) -> str:
    most = app.reconciliation.calls_per_month if app else None
    return (
        f"The app gets no callbacks and may be asked about its approvals {most} times a month, over all of them "
        "(reconciliation.calls_per_month). There is room for another look then."
    )
