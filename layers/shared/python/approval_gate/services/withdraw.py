"""Close on the platform what ended here: expired, canceled or failed, but still open in front of its approvers."""

from __future__ import annotations

import logging
from dataclasses import replace

from approval_gate.domain.approval import Approval, HistoryEntry, Source, Status
from approval_gate.domain.notification import Notification
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.errors import ConfigurationError, GateError, ProviderRejected, ProviderUnavailable
from approval_gate.ports import Ports, Sender, Withdrawal
from approval_gate.services.announce import about_release
from approval_gate.services.decide import change_until_stored
from approval_gate.services.drafts import draft_of

__all__ = ["Withdrawer"]

_logger = logging.getLogger(__name__)

_BECAME = {
    Withdrawal.DONE: "It was closed on the platform; its approvers are not asked any more.",
    Withdrawal.ALREADY_CLOSED: "It was not open on the platform any more; nothing had to be closed.",
    Withdrawal.REFUSED: "It could not be closed on the platform and stays open there. A later click changes nothing.",
    Withdrawal.UNSUPPORTED: "The platform cannot close it, so it stays open there. A later click changes nothing.",
}


class Withdrawer:
    """Withdraw approvals."""

    def __init__(self, ports: Ports) -> None:
        self._approvals = ports.approvals
        self._apps = ports.apps
        self._senders = ports.senders
        self._clock = ports.clock

    def withdraw(self, approval: Approval, *, truth: Truth | None = None, last_attempt: bool = False) -> Approval:
        """
        Withdraw what may still be open, once, and record what became of it.

        Args:
            truth: the platform's answer of this moment; without it the platform is asked first.
            last_attempt: do not raise any more: record that it stays open there.

        Raises:
            ProviderUnavailable: not withdrawn yet, try again.
        """
        if not _may_be_open(approval) or approval.withdrawal:
            return approval
        refusal: GateError | None = None
        try:
            result = self._try(approval, truth)
        except ProviderUnavailable as err:
            if not last_attempt:
                raise
            result, refusal = Withdrawal.REFUSED, err
        except (ProviderRejected, ConfigurationError) as err:
            _logger.warning("withdraw_refused", extra={"approval_id": approval.id, "error_code": err.code})
            result, refusal = Withdrawal.REFUSED, err
        return self._record(approval, result, refusal)

    def _try(self, approval: Approval, truth: Truth | None) -> Withdrawal:
        app = self._apps.get(approval.tenant, approval.request.app)
        if app is None:
            return Withdrawal.REFUSED
        sender = self._senders.of(app)
        if truth is None:
            truth = self._ask(approval, sender)
        if truth is None or truth.status is not TruthStatus.PENDING:
            return Withdrawal.ALREADY_CLOSED
        return sender.withdraw(truth, approval.outcome.detail.get("en", "") if approval.outcome else "")

    def _ask(self, approval: Approval, sender: Sender) -> Truth | None:
        ref = approval.provider_ref
        if not ref:
            # The call that opened it was never answered: it may exist there without our knowing its reference.
            found = sender.find_approval(draft_of(approval))
            if found is None:
                return None
            ref = found.ref
        return sender.read_truth(ref)

    def _record(self, approval: Approval, result: Withdrawal, refusal: GateError | None) -> Approval:
        still_open = result in (Withdrawal.REFUSED, Withdrawal.UNSUPPORTED)

        def step(before: Approval) -> tuple[Approval, HistoryEntry] | None:
            if before.withdrawal:
                return None
            after = replace(before, withdrawal=result.value, still_open_at_provider=still_open)
            detail = {"result": result.value, "explanation": _BECAME[result]}
            if refusal is not None:
                detail |= {"error_code": refusal.code, "said": refusal.message}
            return after, HistoryEntry(0, self._clock(), "withdrawal", detail=detail)

        def told(after: Approval) -> tuple[Notification, ...]:
            # Where it could be closed, the platform takes the task away from its approvers by itself.
            return about_release(replace(after, outcome=None), self._clock()) if result is Withdrawal.REFUSED else ()

        return change_until_stored(self._approvals, approval.id, step, notices=told)


def _may_be_open(approval: Approval) -> bool:
    """Tell whether the platform may still show the approval as open: we ended it, not the platform."""
    if approval.outcome is None or approval.opening_at is None:
        return False
    return approval.outcome.source not in (Source.CALLBACK, Source.RECONCILIATION) or (
        approval.outcome.status is Status.FAILED
    )
