"""Do what is due for a waiting approval, and say when to look again."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from approval_gate.domain.approval import Approval, HistoryEntry, Outcome, Source, Status
from approval_gate.domain.schedule import UNREACHABLE_GRACE, next_look, pause_s, seconds_until
from approval_gate.domain.truth import Truth
from approval_gate.errors import ConfigurationError, ProviderError, ProviderUnavailable
from approval_gate.ports import App, Ports
from approval_gate.services.decide import Decider, change_until_stored
from approval_gate.services.submit import TaskAnswer
from approval_gate.services.withdraw import Withdrawer

__all__ = ["Checker"]

_logger = logging.getLogger(__name__)


class Checker:
    """Reconcile and expire waiting approvals."""

    def __init__(self, ports: Ports, decider: Decider) -> None:
        self._approvals = ports.approvals
        self._apps = ports.apps
        self._senders = ports.senders
        self._decider = decider
        self._withdrawer = Withdrawer(ports)
        self._clock = ports.clock

    def check(self, approval_id: str) -> TaskAnswer:
        """
        Ask the platform, adopt what it says, and expire what is due.

        The last question before expiry has to be answered; if the platform cannot be reached for ten minutes more,
        the approval expires all the same: silence never opens the gate.
        """
        approval = self._begin(approval_id)
        if approval.outcome is not None:
            return TaskAnswer(approval.id, "decided")
        app = self._apps.get(approval.tenant, approval.request.app)
        source = Source.RECONCILIATION if approval.suspected_at is None else Source.CALLBACK
        truth = None
        if app is not None and approval.provider_ref:
            try:
                truth = self._senders.of(app).read_truth(approval.provider_ref)
                approval = self._decider.settle(approval, truth, source)
            except (ProviderError, ConfigurationError) as err:
                _logger.warning("check_unanswered", extra={"approval_id": approval.id, "error_code": err.code})
        if approval.outcome is not None:
            return TaskAnswer(approval.id, "decided")
        now = self._clock()
        answered = truth is not None
        if now >= approval.expires_at and (answered or now >= approval.expires_at + UNREACHABLE_GRACE):
            self._expire(approval, truth)
            return TaskAnswer(approval.id, "decided")
        return TaskAnswer(approval.id, "pending", self._wait_s(approval, app, now, answered=answered))

    def _begin(self, approval_id: str) -> Approval:
        """Count the look and take back a wish for one, before asking: a wish that comes later is for the next look."""

        def step(before: Approval) -> tuple[Approval, HistoryEntry] | None:
            if before.outcome is not None:
                return None
            number = before.looks + 1
            return replace(before, looks=number), HistoryEntry(0, self._clock(), "looked", detail={"look": str(number)})

        return change_until_stored(self._approvals, approval_id, step, wake=False)

    def _expire(self, approval: Approval, truth: Truth | None) -> None:
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
            return
        try:
            # With the answer of this moment at hand it costs one call less than in Conclude, which tries again.
            self._withdrawer.withdraw(expired, truth=truth)
        except ProviderUnavailable as err:
            _logger.warning("withdraw_later", extra={"approval_id": approval.id, "error_code": err.code})

    def _wait_s(self, approval: Approval, app: App | None, now: datetime, *, answered: bool) -> int:
        if now >= approval.expires_at:
            return max(5, pause_s(approval.expires_at, now))
        if not answered:
            since = approval.suspected_at or approval.opening_at or approval.created_at
            return min(max(pause_s(since, now), 15), seconds_until(approval.expires_at, now))
        callbacks = app.callbacks if app else "http"
        heard = bool(self._approvals.journal_of(approval))
        if callbacks == "http" and not heard:
            self._note_silence(approval)
        return seconds_until(next_look(approval, now, callbacks=callbacks, callback_seen=heard), now)

    def _note_silence(self, approval: Approval) -> None:
        """Say once that no callback came, though the platform sends one for every new approval: a set-up mistake."""
        _logger.warning("no_callback_heard", extra={"approval_id": approval.id, "provider": approval.provider})
        text = (
            "No callback about this approval has arrived. Its outcome is found by asking the platform, later than it "
            "needs to be: check the request address and the event subscription in the platform's console (WeCom: that "
            "the template is ticked)."
        )

        def step(before: Approval) -> tuple[Approval, HistoryEntry] | None:
            if before.outcome is not None or before.looks != 1:
                return None
            return before, HistoryEntry(0, self._clock(), "no_callback_heard", detail={"explanation": text})

        change_until_stored(self._approvals, approval.id, step)
