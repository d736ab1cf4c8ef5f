"""
Store an outcome, once, and wake whoever waits for it.

All roads meet here: callback, reconciliation, timeout, cancel, failed submission. The loser of a race adopts the stored
outcome (invariant 1); whoever finds an outcome wakes the wait again, since the winner may have died in between.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from approval_gate.domain.approval import Approval, HistoryEntry, Outcome, Source, Status, TaskProgress
from approval_gate.domain.notification import Notification
from approval_gate.domain.quorum import Verdict, judge
from approval_gate.domain.truth import Truth, with_short_comments
from approval_gate.errors import ApprovalNotFound, ProviderRejected, StoreError, VersionConflict
from approval_gate.ports import Approvals, Workflow
from approval_gate.services.announce import about_outcome

__all__ = ["Decider", "change_until_stored", "entry_of_outcome"]

_TRIES = 10

_logger = logging.getLogger(__name__)


def change_until_stored(
    approvals: Approvals,
    approval_id: str,
    step: Callable[[Approval], tuple[Approval, HistoryEntry] | None],
    *,
    wake: bool | None = None,
    notices: Callable[[Approval], Sequence[Notification]] = lambda _: (),
) -> Approval:
    """
    Load, compute, store; again from the start when somebody else was faster.

    Args:
        step: computes the change and its history entry from what is stored, or None when nothing has to change.
        wake: see `Approvals.change`.
        notices: whom to tell of the changed approval, stored in the same step.

    Raises:
        ApprovalNotFound: no such approval.
        StoreError: too many others were faster, or the table did not answer: try again.
    """
    for _ in range(_TRIES):
        before = approvals.get(approval_id)
        if before is None:
            raise ApprovalNotFound(f"There is no approval {approval_id}.")
        change = step(before)
        if change is None:
            return before
        try:
            return approvals.change(before, change[0], change[1], wake=wake, notices=notices(change[0]))
        except VersionConflict:
            continue
    raise StoreError("too many concurrent changes of one approval; try again")


class Decider:
    """Turn verdicts into stored outcomes."""

    def __init__(self, approvals: Approvals, workflow: Workflow, clock: Callable[[], datetime]) -> None:
        self._approvals = approvals
        self._workflow = workflow
        self._clock = clock

    def decide(
        self, approval_id: str, outcome: Outcome, *, by: str = "", truth: Truth | None = None
    ) -> tuple[Approval, bool]:
        """
        Store `outcome` unless there is one, and wake the wait.

        Args:
            by: who or what decided, for the history.
            truth: what the platform said, to be stored with the outcome as the approval's tasks.

        Returns: the approval with the outcome that counts, and whether that is this one (False: an earlier one).
        """
        is_ours = False

        def step(before: Approval) -> tuple[Approval, HistoryEntry] | None:
            nonlocal is_ours
            is_ours = before.outcome is None
            if not is_ours:
                return None
            after = replace(before, outcome=outcome, suspected_at=None)
            if truth is not None:
                after = replace(after, tasks=truth.tasks)
            return after, entry_of_outcome(outcome, self._clock(), by, truth)

        approval = change_until_stored(
            self._approvals, approval_id, step, notices=lambda after: about_outcome(after, self._clock())
        )
        self.wake(approval)
        return approval, is_ours

    def settle(self, approval: Approval, truth: Truth, source: Source) -> Approval:
        """
        Do what the platform's own answer says: store an outcome, or the progress so far.

        Raises:
            ProviderRejected: the answer is about another approval (invariant 2).
        """
        if not truth.is_about(approval):
            raise ProviderRejected(
                "The platform answered about another approval than the one asked for.", operation="read_truth"
            )
        truth = replace(truth, tasks=with_short_comments([_named(task, approval) for task in truth.tasks]))
        verdict = judge(approval, truth)
        if verdict.status is Status.PENDING:
            return self._record_progress(approval, truth)
        outcome = self._outcome_of(verdict, truth, source)
        decided, _ = self.decide(approval.id, outcome, by=source.value, truth=truth)
        return decided

    def wake(self, approval: Approval) -> None:
        """Wake the execution that waits for an approval which has an outcome; already awake is fine."""
        if approval.outcome is None:
            return
        # Read again: the state machine may have left its token between our read and our write. It leaves none
        # once there is an outcome, so what this read shows is final.
        stored = self._approvals.get(approval.id)
        if stored is not None and stored.outcome is not None and stored.task_token:
            self._workflow.resume(stored.task_token, {"look": False})

    def _record_progress(self, approval: Approval, truth: Truth) -> Approval:
        def step(before: Approval) -> tuple[Approval, HistoryEntry] | None:
            if before.outcome is not None or (before.tasks == truth.tasks and before.suspected_at is None):
                return None
            after = replace(before, tasks=truth.tasks, suspected_at=None)
            detail = {"vendor_status": truth.vendor_status, "tasks": str(len(truth.tasks))}
            return after, HistoryEntry(0, self._clock(), "read_from_provider", detail=detail)

        return change_until_stored(self._approvals, approval.id, step)

    def _outcome_of(self, verdict: Verdict, truth: Truth, source: Source) -> Outcome:
        return Outcome(
            status=verdict.status,
            decided_at=truth.decided_at or self._clock(),
            source=source,
            decided_by=verdict.decided_by,
            comment=verdict.comment,
            reason=verdict.reason,
            detail=verdict.detail,
        )


def entry_of_outcome(outcome: Outcome, at: datetime, by: str, truth: Truth | None = None) -> HistoryEntry:
    """Return the history entry that explains an outcome."""
    detail = {"status": outcome.status.value, "source": outcome.source.value, "reason": outcome.reason}
    if outcome.decided_by:
        detail["decided_by"] = ", ".join(person.user_id for person in outcome.decided_by)
        detail["names"] = ", ".join(person.label for person in outcome.decided_by)
    if outcome.comment:
        detail["comment"] = outcome.comment
    if outcome.detail:
        detail["explanation"] = outcome.detail.get("en", "")
    if truth is not None:
        detail["vendor_status"] = truth.vendor_status
        detail["provider_ref"] = truth.ref
        detail["decided_at"] = outcome.decided_at.isoformat()
    return HistoryEntry(0, at, "decided", by, detail)


def _named(task: TaskProgress, approval: Approval) -> TaskProgress:
    """Give a task's person the name that the request or the look-up told; platforms answer with ids only."""
    if task.person is None or task.person.name:
        return task
    known = [person for stage in approval.stages for person in stage.approvers]
    known += [approval.requester] if approval.requester else []
    name = next((person.name for person in known if person.is_same_person(task.person)), "")
    return replace(task, person=replace(task.person, name=name)) if name else task
