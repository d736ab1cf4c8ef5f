"""Remind approvers because somebody asks for it. The message goes out behind the caller's back, like every other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from approval_gate.domain.approval import Approval, HistoryEntry
from approval_gate.domain.schedule import REMIND_AGAIN_AFTER
from approval_gate.domain.waiting import waiting_for
from approval_gate.errors import ApprovalAlreadyDecided, ApprovalNotFound, RemindedAlready
from approval_gate.ports import Approvals
from approval_gate.services.announce import about_reminder
from approval_gate.services.decide import change_until_stored

__all__ = ["Reminder"]


class Reminder:
    """Remind approvers on demand."""

    def __init__(self, approvals: Approvals, clock: Callable[[], datetime]) -> None:
        self._approvals = approvals
        self._clock = clock

    def remind(self, tenant: str, principal: str, approval_id: str) -> Approval:
        """
        Order a reminder to everyone whose decision is awaited.

        Raises:
            ApprovalNotFound: not in this tenant.
            ApprovalAlreadyDecided: nobody needs to answer any more.
            RemindedAlready: too soon after the last one.
        """
        approval = self._approvals.get(approval_id)
        if approval is None or approval.tenant != tenant:
            raise ApprovalNotFound(f"There is no approval {approval_id!r} in this tenant.")
        now = self._clock()

        def step(before: Approval) -> tuple[Approval, HistoryEntry]:
            if before.outcome is not None:
                raise ApprovalAlreadyDecided(
                    f"The approval was decided before: {before.status.value}. Nobody needs to be reminded."
                )
            if before.reminded_at is not None and now < before.reminded_at + REMIND_AGAIN_AFTER:
                again = before.reminded_at + REMIND_AGAIN_AFTER
                raise RemindedAlready(
                    f"The approvers were reminded at {before.reminded_at:%H:%M:%S} UTC. "
                    f"Ask again from {again:%H:%M:%S} UTC on.",
                    retry_after_s=(again - now).total_seconds(),
                )
            told = [person.label for person in waiting_for(before)]
            if not before.stages:  # not resolved yet: as the request names them
                told = [ref.value for ref in before.request.stages[0].approvers]
            detail = {"told": ", ".join(told)}
            return replace(before, reminded_at=now), HistoryEntry(0, now, "reminded", principal, detail)

        return change_until_stored(self._approvals, approval_id, step, notices=lambda after: about_reminder(after, now))
