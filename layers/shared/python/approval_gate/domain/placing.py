"""Where a task belongs that a platform told of without saying to which stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from approval_gate.domain.approval import Approval, Mode, Stage, TaskProgress, TaskStatus
from approval_gate.domain.people import Identity

__all__ = ["placed_tasks"]


def placed_tasks(approval: Approval) -> tuple[TaskProgress, ...]:
    """
    Return the tasks as last heard of, each with the stage where it most likely belongs.

    Events of DingTalk do not name the node. It is worked out from whose task it is and how far the stages before are:
    good enough to show, and to know whom to remind. It decides nothing: the quorum reads the platform's own answer.
    """
    tasks: list[list[TaskProgress]] = [
        [task for task in approval.tasks if task.stage == number] for number in range(len(approval.stages))
    ]
    # They stand in the order in which they changed last; what has ended came before what is open.
    unplaced = [task for task in approval.tasks if task.stage is None and task.person is not None]
    for task in sorted(unplaced, key=lambda each: each.status in {TaskStatus.PENDING, TaskStatus.WAITING}):
        number = _stage_of(task, approval.stages, tasks)
        if number is not None:
            tasks[number].append(replace(task, stage=number))
    return tuple(task for of_stage in tasks for task in of_stage)


def _stage_of(task: TaskProgress, stages: Sequence[Stage], tasks: Sequence[Sequence[TaskProgress]]) -> int | None:
    """Return the first stage that names the person and awaits them, else the current one: they were handed the task."""
    pairs = list(enumerate(zip(stages, tasks, strict=True)))
    current = next((number for number, (stage, own) in pairs if not _is_over(stage, own)), None)
    naming = [
        number
        for number, (stage, own) in pairs
        if _names(stage.approvers, task.person) and not any(_names([task.person], other.person) for other in own)
    ]
    if naming and (current is None or naming[0] <= current or not _is_handed_over(stages[current], tasks[current])):
        return naming[0]
    return current


def _is_over(stage: Stage, tasks: Sequence[TaskProgress]) -> bool:
    approved = sum(task.status is TaskStatus.APPROVED for task in tasks)
    return approved >= (1 if stage.mode is Mode.ANY else len(stage.approvers))


def _is_handed_over(stage: Stage, tasks: Sequence[TaskProgress]) -> bool:
    """Tell whether more tasks were transferred than others have received."""
    transferred = sum(task.status is TaskStatus.TRANSFERRED for task in tasks)
    return transferred > sum(not _names(stage.approvers, task.person) for task in tasks)


def _names(people: Sequence[Identity | None], person: Identity | None) -> bool:
    return person is not None and any(each is not None and each.is_same_person(person) for each in people)
