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
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from approval_gate.domain.approval import Identity, TaskProgress, TaskStatus
from approval_gate.providers.dingtalk.reading import items, minute, prose, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from approval_gate.providers.dingtalk.plan import Plan

__all__ = ["tasks_of"]

type _Entry = Mapping[str, Any]

_STATUSES = {
    "NEW": TaskStatus.WAITING,
    "PAUSED": TaskStatus.WAITING,
    "RUNNING": TaskStatus.PENDING,
    "CANCELED": TaskStatus.DONE,
    "TERMINATED": TaskStatus.DONE,
    "COMPLETED": TaskStatus.DONE,  # unless `result` says more
}
_RESULTS = {"AGREE": TaskStatus.APPROVED, "REFUSE": TaskStatus.REJECTED}
_DECIDED = set(_RESULTS.values())
_BY_HAND = "EXECUTE_TASK_NORMAL"
_BY_DEPUTY = "EXECUTE_TASK_AGENT"
_BY_SYSTEM = "EXECUTE_TASK_AUTO"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Task:
    """One task as the platform tells it."""

    id: str
    user_id: str
    node: str
    status: TaskStatus
    created_at: datetime
    finished_at: datetime | None


def tasks_of(instance: _Entry, plan: Plan | None) -> tuple[TaskProgress, ...]:
    """
    Return all tasks, in the order in which they began.

    Args:
        instance: `result` of GET instance (`wire.Instance`).
        plan: what the form's reference says; None when it is not ours, then no task has a stage.
    """
    tasks = _in_order(_read(entry) for entry in items(instance, "tasks"))
    nodes = [node for node in dict.fromkeys(task.node for task in tasks) if node]
    receivers = _receivers(tasks, dict(zip(nodes, plan.sizes, strict=False)) if plan else {})
    records = _Records(items(instance, "operationRecords"), tasks)
    progress = [
        each
        for task in tasks
        for each in records.tell(task, stage=_stage(task, nodes, plan), receiver=receivers.get(task.id))
    ]
    return tuple(_with_repetition(each, progress) for each in _without_superseded(tasks, progress))


def _read(entry: _Entry) -> _Task:
    result = word(entry, "result").upper()
    # An unknown word is no decision.
    status = _STATUSES.get(word(entry, "status").upper(), TaskStatus.PENDING)
    if result == "REDIRECTED":
        status = TaskStatus.TRANSFERRED
    elif status is TaskStatus.DONE and word(entry, "status").upper() == "COMPLETED":
        status = _RESULTS.get(result, TaskStatus.DONE)
    return _Task(
        id=word(entry, "taskId"),
        user_id=word(entry, "userId"),
        node=word(entry, "activityId"),
        status=status,
        created_at=minute(entry, "createTime") or _LONG_AGO,
        finished_at=minute(entry, "finishTime"),
    )


def _in_order(read: Iterable[_Task]) -> list[_Task]:
    """
    Return tasks oldest first. Times are cut off to the minute; within one, the platform's own order stands.

    Whether the platform lists the oldest or the newest first was not seen, so the list's own times tell.
    """
    tasks = list(read)
    times = [task.created_at for task in tasks]
    if times != sorted(times) and times == sorted(times, reverse=True):
        tasks.reverse()
    return sorted(tasks, key=lambda task: task.created_at)


def _stage(task: _Task, nodes: Sequence[str], plan: Plan | None) -> int | None:
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


def _receivers(tasks: Sequence[_Task], sizes: Mapping[str, int]) -> dict[str, Identity]:
    """
    Return to whom each transferred task went, by its id.

    The platform tells only that a task was handed on; its receiver gets a new task in the same node. A node begins with
    one task for each of its people, so the tasks after these are those of receivers, in the order of the transfers. If
    their numbers differ, something else made tasks too: then only a task that began in the very minute of a transfer,
    and is the only one that did, counts.
    """
    receivers: dict[str, Identity] = {}
    for node in {task.node for task in tasks}:
        here = [task for task in tasks if task.node == node]
        handed = sorted(
            (task for task in here if task.status is TaskStatus.TRANSFERRED),
            key=lambda task: task.finished_at or task.created_at,
        )
        later = here[sizes.get(node, 1) :]
        if len(later) == len(handed):
            pairs = list(zip(handed, later, strict=True))
        else:
            pairs = [
                (task, same[0])
                for task in handed
                if len(same := [each for each in later if each.created_at == task.finished_at]) == 1
            ]
        receivers |= {
            task.id: Identity(new.user_id)
            for task, new in pairs
            if new.user_id and new.created_at >= (task.finished_at or task.created_at)
        }
    return receivers


class _Records:
    """What the records of operations say about tasks."""

    def __init__(self, records: Sequence[_Entry], tasks: Sequence[_Task]) -> None:
        self._records = records
        self._by_person: defaultdict[tuple[str, str], list[_Task]] = defaultdict(list)
        for task in tasks:
            if task.status in _DECIDED:
                self._by_person[task.node, task.user_id].append(task)
        self._people = {(task.node, task.user_id) for task in tasks}

    def tell(self, task: _Task, *, stage: int | None, receiver: Identity | None) -> list[TaskProgress]:
        """Return the progress of a task; two entries when a deputy decided: handed on, then decided."""
        progress = TaskProgress(
            id=task.id,
            stage=stage,
            status=task.status,
            person=Identity(task.user_id) if task.user_id else None,
            decided_at=task.finished_at if task.status in _DECIDED else None,
        )
        if task.status is TaskStatus.TRANSFERRED:
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

    def _own(self, task: _Task) -> _Entry | None:
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
                and _RESULTS.get(word(each, "result").upper()) in _DECIDED
            ]
            if records:
                tasks = self._by_person[task.node, task.user_id]
                if len(records) == len(tasks):
                    return records[tasks.index(task)]
                return next((each for each in records if word(each, "type") != _BY_HAND), records[-1])
        return None

    def _of_deputy(self, task: _Task) -> _Entry | None:
        """Return the record of a deputy's decision: the only one in this node by somebody who has no task there."""
        records = [
            each
            for each in self._records
            if word(each, "type") == _BY_DEPUTY
            and word(each, "activityId") == task.node
            and (task.node, word(each, "userId")) not in self._people
            and _RESULTS.get(word(each, "result").upper()) is task.status
        ]
        return records[0] if len(records) == 1 and word(records[0], "userId") else None

    def _transfer_comment(self, task: _Task) -> str:
        remarks = [
            prose(each, "remark")
            for each in self._records
            if word(each, "type") == "REDIRECT_TASK"
            and word(each, "userId") == task.user_id
            and word(each, "activityId") in {task.node, ""}
        ]
        return remarks[-1] if remarks else ""


def _without_superseded(tasks: Sequence[_Task], progress: Sequence[TaskProgress]) -> list[TaskProgress]:
    """
    Take back approvals that did not last: the flow was sent back, and the person handed their new task on.

    Else a decision of the first round would count although the platform asked again and somebody else answered.
    """
    gone = {
        earlier.id
        for number, earlier in enumerate(tasks)
        for later in tasks[number + 1 :]
        if earlier.status is TaskStatus.APPROVED
        and later.status is TaskStatus.TRANSFERRED
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
