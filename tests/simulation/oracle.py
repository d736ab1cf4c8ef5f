"""
What the contract says about stages and policy, written a second time and in another way than `domain/quorum.py`.

From the public contract: `all` is everyone, `any` is one, `sequence` is one after another; stages run in order. The
policy says whether a decision counts that was made by someone to whom a task was transferred, by the requester, or by
nobody. A task that was passed because the same person had decided before counts as that person's decision.

It tries every way in which tasks may stand for the people who were asked, and opens the gate if one of them is allowed.
"""

from __future__ import annotations

from collections.abc import Iterator

from approval_gate.domain.approval import Approval, Identity, Mode, Stage, Status, TaskProgress, TaskStatus
from approval_gate.domain.truth import Truth, TruthStatus

__all__ = ["verdict"]

_AS_IT_IS = {
    TruthStatus.REJECTED: Status.REJECTED,
    TruthStatus.CANCELED: Status.CANCELED,
    TruthStatus.DELETED: Status.CANCELED,
    TruthStatus.REVOKED: Status.CANCELED,
}


def verdict(approval: Approval, truth: Truth) -> Status:
    """Return what the gate must say when the platform says `truth`."""
    if truth.status is not TruthStatus.APPROVED:
        return _AS_IT_IS.get(truth.status, Status.PENDING)
    opens = bool(approval.stages) and all(
        _is_carried(approval, truth, number, stage) for number, stage in enumerate(approval.stages)
    )
    return Status.APPROVED if opens else Status.REJECTED


def _is_carried(approval: Approval, truth: Truth, number: int, stage: Stage) -> bool:
    policy = approval.request.policy
    tasks = [task for task in truth.tasks if task.stage == number]
    passed = [task for task in tasks if task.is_automatic]
    by_nobody = [task for task in passed if not list(_repeated(task, truth, stage))]
    if by_nobody:
        return policy.allow_auto_pass and bool(stage.approvers)
    requesters = {each.user_id for each in (approval.requester, truth.requester) if each}
    if stage.mode is not Mode.ANY and not policy.allow_self_approval:
        own = [task for task in tasks if _is_approved(task) and task.person and task.person.user_id in requesters]
        if own:
            return False
    carried = [_is_answered(approval, truth, tasks, stage, who, requesters) for who in stage.approvers]
    return bool(carried) and (any(carried) if stage.mode is Mode.ANY else all(carried))


def _is_answered(
    approval: Approval, truth: Truth, tasks: list[TaskProgress], stage: Stage, who: Identity, requesters: set[str]
) -> bool:
    """Tell whether some chain of hand-overs leads from a person to a decision that counts."""
    policy = approval.request.policy
    for holder in _holders(tasks, who.user_id, (), allow_transfer=policy.allow_transfer):
        if not policy.allow_self_approval and holder in requesters:
            continue
        for task in tasks:
            deciders = (
                set(_repeated(task, truth, stage))
                if task.is_automatic
                else {task.person.user_id}
                if task.person
                else set()
            )
            if _is_approved(task) and holder in deciders:
                return True
    return False


def _holders(tasks: list[TaskProgress], who: str, seen: tuple[str, ...], *, allow_transfer: bool) -> Iterator[str]:
    """Yield a person and, where it is allowed, everyone to whom their task was handed on."""
    if who in seen:
        return
    yield who
    for task in tasks:
        handed = task.status is TaskStatus.TRANSFERRED and task.person and task.person.user_id == who
        if handed and task.transferred_to and allow_transfer:
            yield from _holders(tasks, task.transferred_to.user_id, (*seen, who), allow_transfer=True)


def _repeated(task: TaskProgress, truth: Truth, stage: Stage) -> Iterator[str]:
    """Yield whose decision, made by hand anywhere in this approval, an automatic task may repeat."""
    if not task.repeats_decision:
        return
    asked = {task.person.user_id} if task.person else {person.user_id for person in stage.approvers}
    for other in truth.tasks:
        if _is_approved(other) and other.person and not other.is_automatic and other.person.user_id in asked:
            yield other.person.user_id


def _is_approved(task: TaskProgress) -> bool:
    return task.status is TaskStatus.APPROVED
