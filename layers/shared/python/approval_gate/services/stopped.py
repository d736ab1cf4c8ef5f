"""Executions that ended without concluding, stopped from outside or broken: nobody waits for their approvals now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from approval_gate.domain.approval import Outcome, Source, Status
from approval_gate.ports import Approvals, Workflow
from approval_gate.services.decide import Decider

__all__ = ["Stopped"]


class Stopped:
    """End the approvals of such executions, so that none stays pending for ever, nor open on the platform."""

    def __init__(self, approvals: Approvals, workflow: Workflow, clock: Callable[[], datetime]) -> None:
        self._approvals = approvals
        self._workflow = workflow
        self._decider = Decider(approvals, workflow, clock)
        self._clock = clock

    def close(self, approval_id: str, *, is_broken: bool) -> None:
        """
        Store an outcome unless there is one, and have another execution conclude the approval. Again changes nothing.

        Args:
            is_broken: it failed. One that failed with an outcome did so because it was asked to.
        """
        approval = self._approvals.get(approval_id)
        if approval is None or (is_broken and approval.outcome is not None):
            return
        approval, _ = self._decider.decide(approval_id, self._failed() if is_broken else self._canceled(), by="states")
        self._workflow.start_closing(approval)

    def _canceled(self) -> Outcome:
        return Outcome(
            Status.CANCELED,
            self._clock(),
            Source.CANCEL,
            reason="execution_stopped",
            detail={"en": "The execution that waited for it was stopped.", "zh": "等待该审批结果的流程已被终止。"},
        )

    def _failed(self) -> Outcome:
        return Outcome(
            Status.FAILED,
            self._clock(),
            Source.RECONCILIATION,
            reason="internal: The execution that waited for it failed. Step Functions tells why; ask again afterwards.",
            detail={
                "en": "The execution that waited for it failed. Step Functions tells why; ask again afterwards.",
                "zh": "等待该审批结果的流程执行失败，请联系管理员后重新发起。",
            },
        )
