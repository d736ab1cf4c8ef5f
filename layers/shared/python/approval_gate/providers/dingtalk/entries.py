"""
Read an instance's two lists, tasks and records of operations, each oldest first.

Times are cut off to the minute, and within one the order of the list decides.

Source: DingTalk developer docs, "Obtain the details of a single approval instance", read 2026-02-28. Whether a list
begins with the oldest or the newest entry was not seen, so its own times tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from approval_gate.domain.approval import TaskStatus
from approval_gate.providers.dingtalk.reading import minute
from approval_gate.untrusted import items, word

__all__ = ["RESULTS", "Entry", "Task", "records_in_order", "tasks_in_order"]

type Entry = Mapping[str, Any]
"""An object of the platform's JSON."""

RESULTS = {"AGREE": TaskStatus.APPROVED, "REFUSE": TaskStatus.REJECTED}
"""What the platform's words for a decision mean; in lists they are in upper case."""

_STATUSES = {
    "NEW": TaskStatus.WAITING,
    "PAUSED": TaskStatus.WAITING,
    "RUNNING": TaskStatus.PENDING,
    "CANCELED": TaskStatus.DONE,
    "TERMINATED": TaskStatus.DONE,
    "COMPLETED": TaskStatus.DONE,  # unless `result` says more
}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Task:
    """One task as the platform tells it."""

    id: str
    user_id: str
    node: str
    status: TaskStatus
    created_at: datetime
    finished_at: datetime | None


def tasks_in_order(instance: Entry) -> list[Task]:
    """Return the tasks of `result` of GET instance (`wire.Instance`), oldest first."""
    return _oldest_first((_task(entry) for entry in items(instance, "tasks")), lambda task: task.created_at)


def records_in_order(instance: Entry) -> list[Entry]:
    """Return the records of operations of `result` of GET instance (`wire.Instance`), oldest first."""
    return _oldest_first(items(instance, "operationRecords"), lambda record: minute(record, "date") or _LONG_AGO)


def _oldest_first[T](entries: Iterable[T], time_of: Callable[[T], datetime]) -> list[T]:
    listed = list(entries)
    times = [time_of(each) for each in listed]
    if times != sorted(times) and times == sorted(times, reverse=True):
        listed.reverse()
    return sorted(listed, key=time_of)


def _task(entry: Entry) -> Task:
    result = word(entry, "result").upper()
    # An unknown word is no decision.
    status = _STATUSES.get(word(entry, "status").upper(), TaskStatus.PENDING)
    if result == "REDIRECTED":
        status = TaskStatus.TRANSFERRED
    elif status is TaskStatus.DONE and word(entry, "status").upper() == "COMPLETED":
        status = RESULTS.get(result, TaskStatus.DONE)
    return Task(
        id=word(entry, "taskId"),
        user_id=word(entry, "userId"),
        node=word(entry, "activityId"),
        status=status,
        created_at=minute(entry, "createTime") or _LONG_AGO,
        finished_at=minute(entry, "finishTime"),
    )
