"""
Find out to whom tasks were handed on.

The platform tells of a task that it was handed on, not to whom; the receiver gets a new task in the same node, and the
hand-over a record that names who gave and when. None of these carries the id of another. A node begins with one task
for each of its people, so the tasks after these are the receivers', in the order of the hand-overs. That is the order
of their records, since times are cut off to the minute.

Source: DingTalk developer docs, "Obtain the details of a single approval instance", read 2026-02-28. It does not say
how receivers get their tasks; what contradicts the above counts as a transfer to nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from approval_gate.domain.approval import TaskStatus
from approval_gate.providers.dingtalk.reading import minute
from approval_gate.untrusted import word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from approval_gate.providers.dingtalk.entries import Entry, Task

__all__ = ["TRANSFER", "received_tasks"]

TRANSFER = "REDIRECT_TASK"
"""The type of a record of a hand-over."""


def received_tasks(tasks: Sequence[Task], records: Sequence[Entry], sizes: Mapping[str, int]) -> dict[str, Task]:
    """
    Return for each task that was handed on, by its id, the task that its receiver got; none where that is uncertain.

    Args:
        tasks, records: of one instance, oldest first.
        sizes: how many people each node asks, as far as known; else one.
    """
    received: dict[str, Task] = {}
    for node in {task.node for task in tasks}:
        here = [task for task in tasks if task.node == node]
        later = here[sizes.get(node, 1) :]
        handed = [task for task in here if task.status is TaskStatus.TRANSFERRED]
        given = _as_recorded(handed, records) or _by_minute(handed)
        if len(given) == len(later):
            pairs: Iterable[tuple[Task, Task]] = zip(given, later, strict=True)
        else:
            pairs = _in_the_same_minute(handed, later)
        received |= {
            task.id: new
            for task, new in pairs
            if task.id
            and new.user_id
            and here.index(task) < here.index(new)
            and (task.finished_at or task.created_at) <= new.created_at
        }
    return received


def _as_recorded(handed: Sequence[Task], records: Sequence[Entry]) -> list[Task]:
    """
    Return tasks in the order in which the records say they were handed on; nothing unless that tells of each.

    If somebody hands on two tasks in one minute, no record tells which of them came first: then it is the older one.
    """
    for node in ({task.node for task in handed}, {""}):  # whether every record names its node was not seen
        given: list[Task] = []
        for record in records:
            if word(record, "type") == TRANSFER and word(record, "activityId") in node:
                told = (word(record, "userId"), minute(record, "date"))
                given += [task for task in handed if task not in given and (task.user_id, task.finished_at) == told][:1]
        if len(given) == len(handed):
            return given
    return []


def _by_minute(handed: Sequence[Task]) -> list[Task]:
    """Return tasks in the order in which they ended; nothing if two ended in the same minute."""
    times = [task.finished_at or task.created_at for task in handed]
    if len(set(times)) < len(times):
        return []
    return sorted(handed, key=lambda task: task.finished_at or task.created_at)


def _in_the_same_minute(handed: Sequence[Task], later: Sequence[Task]) -> Iterable[tuple[Task, Task]]:
    """
    Return pairs although something else made tasks too, such as a flow that was sent back, or a record is missing.

    Only a task counts that began in the very minute of the transfer, and is the only one that did.
    """
    for task in handed:
        same = [each for each in later if each.created_at == task.finished_at]
        if len(same) == 1:
            yield task, same[0]
