"""
Read an instance's tasks: whose, for which stage, decided by whom.

Tasks and records of operations are two lists without a common id. They are joined by node (`activityId`) and person.
What cannot be joined with certainty is told in the way that opens no gate: a stage of None, a transfer to nobody, a
task that passed without a person.

Source: DingTalk developer docs, "Obtain the details of a single approval instance", read 2026-02-28. Nothing there says
how nodes are ordered or to whom a task was handed; how both are found is written at the functions.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from approval_gate.domain.approval import Identity, TaskProgress, TaskStatus
from approval_gate.providers.dingtalk.entries import RESULTS, records_in_order, tasks_in_order
from approval_gate.providers.dingtalk.transfers import TRANSFER, received_tasks
from approval_gate.untrusted import prose, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from approval_gate.providers.dingtalk.entries import Entry, Task
    from approval_gate.providers.dingtalk.plan import Plan

__all__ = ["tasks_of"]

_DECIDED = set(RESULTS.values())
_BY_HAND = "EXECUTE_TASK_NORMAL"
_BY_DEPUTY = "EXECUTE_TASK_AGENT"
_BY_SYSTEM = "EXECUTE_TASK_AUTO"


def tasks_of(instance: Entry, plan: Plan | None) -> tuple[TaskProgress, ...]:
    """
    Return all tasks, in the order in which they began.

    Args:
        instance: `result` of GET instance (`wire.Instance`).
        plan: what the form's reference says; None when it is not ours, then no task has a stage.
    """
    tasks, records = tasks_in_order(instance), records_in_order(instance)
    nodes = [node for node in dict.fromkeys(task.node for task in tasks) if node]
    received = received_tasks(tasks, records, dict(zip(nodes, plan.sizes, strict=False)) if plan else {})
    said = _Records(records, tasks)
    progress = [
        each
        for task in tasks
        for each in said.tell(task, stage=_stage(task, nodes, plan), received=received.get(task.id))
    ]
    lasting = _without_superseded(tasks, progress, received.values())
    return tuple(_with_repetition(each, progress) for each in lasting)


def _stage(task: Task, nodes: Sequence[str], plan: Plan | None) -> int | None:
    """
    Return the stage: nodes run one after another, so the n-th node to have tasks is the n-th of the plan.

    A node that somebody inserted shifts the later ones; their tasks then fit no stage's people, and nothing opens.
    """
    if plan is None:
        return None
    if set(plan.stages) == {0}:
        return 0
    number = nodes.index(task.node) if task.node in nodes else len(plan.stages)
    return plan.stages[number] if number < len(plan.stages) else None


class _Records:
    """What the records of operations say about tasks."""

    def __init__(self, records: Sequence[Entry], tasks: Sequence[Task]) -> None:
        self._records = records
        self._by_person: defaultdict[tuple[str, str], list[Task]] = defaultdict(list)
        for task in tasks:
            if task.status in _DECIDED:
                self._by_person[task.node, task.user_id].append(task)
        self._people = {(task.node, task.user_id) for task in tasks}

    def tell(self, task: Task, *, stage: int | None, received: Task | None) -> list[TaskProgress]:
        """Return the progress of a task; two entries when a deputy decided: handed on, then decided."""
        progress = TaskProgress(
            id=task.id,
            stage=stage,
            status=task.status,
            person=Identity(task.user_id) if task.user_id else None,
            decided_at=task.finished_at if task.status in _DECIDED else None,
        )
        if task.status is TaskStatus.TRANSFERRED:
            receiver = Identity(received.user_id) if received else None
            return [replace(progress, transferred_to=receiver, comment=self._transfer_comment(task))]
        if task.status not in _DECIDED:
            return [progress]
        record = self._own(task)
        if record is None and (deputy := self._of_deputy(task)) is not None:
            person = Identity(word(deputy, "userId"))
            decided = replace(progress, id=f"{task.id}/deputy", person=person, comment=prose(deputy, "remark"))
            return [replace(progress, status=TaskStatus.TRANSFERRED, decided_at=None, transferred_to=person), decided]
        # Without the record of a person's own hand the platform may have passed it. A deputy's decision that is
        # recorded under the name of the person they stand for was not made by that person either.
        by_hand = record is not None and word(record, "type") == _BY_HAND
        return [
            replace(
                progress,
                comment=prose(record, "remark") if record else "",
                is_automatic=not by_hand or progress.person is None,
                repeats_decision=record is not None and word(record, "type") == _BY_SYSTEM,
            )
        ]

    def _own(self, task: Task) -> Entry | None:
        """
        Return the record of the task's decision by its own person.

        A person may have several tasks in one node; these and their records come in the same order. If their numbers
        differ, a record of another kind than "by hand" stands for all of them.
        """
        for node in (task.node, ""):  # whether every record names its node was not seen
            records = [
                each
                for each in self._records
                if word(each, "type").startswith("EXECUTE_TASK_")
                and word(each, "userId") == task.user_id
                and word(each, "activityId") == node
                and RESULTS.get(word(each, "result").upper()) in _DECIDED
            ]
            if records:
                tasks = self._by_person[task.node, task.user_id]
                if len(records) == len(tasks):
                    return records[tasks.index(task)]
                return next((each for each in records if word(each, "type") != _BY_HAND), records[-1])
        return None

    def _of_deputy(self, task: Task) -> Entry | None:
        """Return the record of a deputy's decision: the only one in this node by somebody who has no task there."""
        records = [
            each
            for each in self._records
            if word(each, "type") == _BY_DEPUTY
            and word(each, "activityId") == task.node
            and (task.node, word(each, "userId")) not in self._people
            and RESULTS.get(word(each, "result").upper()) is task.status
        ]
        return records[0] if len(records) == 1 and word(records[0], "userId") else None

    def _transfer_comment(self, task: Task) -> str:
        remarks = [
            prose(each, "remark")
            for each in self._records
            if word(each, "type") == TRANSFER
            and word(each, "userId") == task.user_id
            and word(each, "activityId") in {task.node, ""}
        ]
        return remarks[-1] if remarks else ""


def _without_superseded(
    tasks: Sequence[Task], progress: Sequence[TaskProgress], received: Iterable[Task]
) -> list[TaskProgress]:
    """
    Take back approvals that did not last: the flow was sent back, and the person handed their new task on.

    Else a decision of the first round would count although the platform asked again and somebody else answered. A task
    that the person received from a colleague asks for the colleague's decision, and takes nothing back.
    """
    of_others = {task.id for task in received}
    gone = {
        earlier.id
        for number, earlier in enumerate(tasks)
        for later in tasks[number + 1 :]
        if earlier.status is TaskStatus.APPROVED
        and later.status is TaskStatus.TRANSFERRED
        and later.id not in of_others
        and (earlier.node, earlier.user_id) == (later.node, later.user_id)
        and later.created_at >= (earlier.finished_at or earlier.created_at)
    }
    return [replace(each, status=TaskStatus.DONE) if each.id in gone else each for each in progress]


def _with_repetition(task: TaskProgress, tasks: Iterable[TaskProgress]) -> TaskProgress:
    """
    Keep `repeats_decision` of an automatically passed task only if its person decided by hand elsewhere.

    The platform does not say why it passed a task. That somebody who had agreed in an earlier node is not asked again
    is a setting of forms; whoever was passed for another reason has no decision of their own here.
    """
    if not task.repeats_decision:
        return task
    earlier = any(
        each.status is TaskStatus.APPROVED and not each.is_automatic and each.person == task.person for each in tasks
    )
    return replace(task, repeats_decision=task.status is TaskStatus.APPROVED and earlier)
