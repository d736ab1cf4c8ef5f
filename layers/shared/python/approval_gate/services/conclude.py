"""After the outcome: tell whoever gave us a task token, and close what is still open on the platform."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from approval_gate.domain.approval import Approval, HistoryEntry, Outcome, Source, Status
from approval_gate.domain.truth import TruthStatus
from approval_gate.errors import ConfigurationError, ProviderRejected, ProviderUnavailable
from approval_gate.ports import Ports, Withdrawal
from approval_gate.services.decide import Decider, change_until_stored
from approval_gate.services.submit import draft_of

__all__ = ["Concluder"]

_logger = logging.getLogger(__name__)


class Concluder:
    """Conclude approvals."""

    def __init__(self, ports: Ports, decider: Decider) -> None:
        self._approvals = ports.approvals
        self._apps = ports.apps
        self._senders = ports.senders
        self._workflow = ports.workflow
        self._decider = decider
        self._clock = ports.clock

    def give_up(self, approval_id: str, where: str) -> Approval:
        """Record FAILED for an approval whose `submit` or `check` step failed for good, unless it has an outcome."""
        text = f"The gate's own {where} step failed repeatedly. Its log tells why; ask for a new approval afterwards."
        outcome = Outcome(
            Status.FAILED,
            self._clock(),
            Source.SUBMIT if where == "submit" else Source.RECONCILIATION,
            reason=f"internal: {text}",
            detail={"en": text, "zh": "审批网关内部处理多次失败，请联系管理员后重新发起。"},
        )
        approval, _ = self._decider.decide(approval_id, outcome, by=where)
        return approval

    def conclude(self, approval: Approval, view: Mapping[str, object], *, last_attempt: bool) -> Approval:
        """
        Answer the caller's task token, then withdraw.

        Args:
            view: the approval as the public API shows it; what the caller's task token is answered with.
            last_attempt: do not raise any more: record that it stays open there.

        Raises:
            ProviderUnavailable: not withdrawn yet, try again.
        """
        self._answer(approval, view)
        if not _may_be_open(approval) or approval.withdrawal:
            return approval
        try:
            withdrawal = self._withdraw(approval)
        except ProviderUnavailable:
            if not last_attempt:
                raise
            withdrawal = Withdrawal.REFUSED
        except (ProviderRejected, ConfigurationError) as err:
            _logger.warning("withdraw_refused", extra={"approval_id": approval.id, "error_code": err.code})
            withdrawal = Withdrawal.REFUSED
        return self._record(approval, withdrawal)

    def _answer(self, approval: Approval, view: Mapping[str, object]) -> None:
        token = approval.request.task_token
        if not token:
            return
        if approval.request.fail_unless_approved and approval.status is not Status.APPROVED:
            reason = approval.outcome.reason if approval.outcome else ""
            self._workflow.fail(token, f"Approval.{approval.status.value.capitalize()}", reason)
        else:
            self._workflow.resume(token, view)

    def _withdraw(self, approval: Approval) -> Withdrawal:
        app = self._apps.get(approval.tenant, approval.request.app)
        if app is None:
            return Withdrawal.REFUSED
        sender = self._senders.of(app)
        ref = approval.provider_ref
        if not ref:
            # The call that opened it was never answered: it may exist there without our knowing its reference.
            found = sender.find_approval(draft_of(approval))
            if found is None:
                return Withdrawal.ALREADY_CLOSED
            ref = found.ref
        truth = sender.read_truth(ref)
        if truth.status is not TruthStatus.PENDING:
            return Withdrawal.ALREADY_CLOSED
        reason = approval.outcome.detail.get("en", "") if approval.outcome else ""
        return sender.withdraw(truth, reason)

    def _record(self, approval: Approval, withdrawal: Withdrawal) -> Approval:
        still_open = withdrawal in (Withdrawal.REFUSED, Withdrawal.UNSUPPORTED)

        def step(before: Approval) -> tuple[Approval, HistoryEntry] | None:
            if before.withdrawal:
                return None
            after = replace(before, withdrawal=withdrawal.value, still_open_at_provider=still_open)
            return after, HistoryEntry(0, self._clock(), "withdrawal", detail={"result": withdrawal.value})

        return change_until_stored(self._approvals, approval.id, step)


def _may_be_open(approval: Approval) -> bool:
    """Tell whether the platform may still show the approval as open: we ended it, not the platform."""
    if approval.outcome is None or approval.opening_at is None:
        return False
    return approval.outcome.source not in (Source.CALLBACK, Source.RECONCILIATION) or (
        approval.outcome.status is Status.FAILED
    )
