"""After the outcome: tell whoever gave us a task token, and close what is still open on the platform."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from math import ceil

from approval_gate.domain.approval import Approval, Outcome, Source, Status
from approval_gate.errors import ProviderUnavailable, StoreError
from approval_gate.ports import Ports
from approval_gate.services.decide import Decider
from approval_gate.services.withdraw import Withdrawer

__all__ = ["WITHDRAWN_WITHIN", "Concluder"]

WITHDRAWN_WITHIN = timedelta(minutes=5)
"""How long after the outcome it is tried to withdraw. One platform withdraws nothing in its first minute."""

_LEAST_PAUSE_S = 5


class Concluder:
    """Conclude approvals."""

    def __init__(self, ports: Ports, decider: Decider) -> None:
        self._workflow = ports.workflow
        self._withdrawer = Withdrawer(ports)
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
            last_attempt: do not wait for the platform any more: record that it stays open there.

        Raises:
            ProviderUnavailable: not withdrawn yet, try again.
            StoreError: the caller's task token could not be answered, try again.
        """
        try:
            self._answer(approval, view)
        except StoreError:
            # A token of another account is refused for ever: what is open on the platform is closed all the same.
            if last_attempt:
                self._withdrawer.withdraw(approval, last_attempt=True)
            raise
        return self._withdrawer.withdraw(approval, last_attempt=last_attempt)

    def again_in_s(self, approval: Approval, err: ProviderUnavailable) -> int:
        """
        Return when to try again to withdraw, in seconds: when the platform says, or ever later; 0 to give up.

        Whoever waits for the execution waits for this too, so it is a matter of minutes.
        """
        now = self._clock()
        since = approval.outcome.decided_at if approval.outcome else now
        left_s = (since + WITHDRAWN_WITHIN - now).total_seconds()
        if left_s <= 0:
            return 0
        pause_s = max((now - since).total_seconds(), _LEAST_PAUSE_S, err.retry_after_s or 0)
        return ceil(min(pause_s, left_s))

    def _answer(self, approval: Approval, view: Mapping[str, object]) -> None:
        token = approval.request.task_token
        if not token:
            return
        if approval.request.fail_unless_approved and approval.status is not Status.APPROVED:
            reason = approval.outcome.reason if approval.outcome else ""
            self._workflow.fail(token, f"Approval.{approval.status.value.capitalize()}", reason)
        else:
            self._workflow.resume(token, view)
