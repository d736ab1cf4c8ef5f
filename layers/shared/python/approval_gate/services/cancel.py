"""Cancel an approval: the pipeline does not want the answer any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from approval_gate.domain.approval import Approval, Outcome, Source, Status
from approval_gate.errors import ApprovalNotFound
from approval_gate.ports import Approvals
from approval_gate.services.decide import Decider

__all__ = ["Canceler"]


class Canceler:
    """Cancel approvals."""

    def __init__(self, approvals: Approvals, decider: Decider, clock: Callable[[], datetime]) -> None:
        self._approvals = approvals
        self._decider = decider
        self._clock = clock

    def cancel(self, tenant: str, principal: str, approval_id: str, reason: str) -> tuple[Approval, bool]:
        """
        Store the outcome CANCELED unless there is one; the state machine then withdraws it from the platform.

        Returns: the approval, and whether this call canceled it (False: it was decided before, or in this moment).

        Raises:
            ApprovalNotFound: not in this tenant.
        """
        approval = self._approvals.get(approval_id)
        if approval is None or approval.tenant != tenant:
            raise ApprovalNotFound(f"There is no approval {approval_id}.")
        outcome = Outcome(
            Status.CANCELED,
            self._clock(),
            Source.CANCEL,
            comment=reason,
            reason="canceled",
            detail={
                "en": reason or "Canceled by the requesting system.",
                "zh": reason or "请求方已取消。",
            },
        )
        return self._decider.decide(approval_id, outcome, by=principal)
