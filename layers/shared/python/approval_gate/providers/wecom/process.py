"""
Who had to decide, and who did: read from an application, as an event or the API tells it.

`process_list` tells the nodes as they were submitted; older forms have only `sp_record`. Their enumerations of a node's
mode are opposite (`apv_rel` 1 all, 2 any, 3 one after another; `approverattr` 1 any, 2 all). An application is judged
by the modes that were asked for, so of the two only `apv_rel` 3 is read here: it tells whose turn it is.

Not documented: how nodes look after a return or an added approver, and what an OR member who was not needed shows. So
only what the platform calls agreed or rejected is a decision, with the time at which a person made it. Stages are
counted along the approver nodes: an added person is one more task in a stage; an added node moves the stages behind it,
and what was asked for is then not found in its place. Either way the request's own people decide or nothing opens.

Source: WeCom developer docs, "Get approval details", "Approval status change event", read 2026-02-28.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING

from approval_gate.domain.approval import Identity, TaskProgress, TaskStatus
from approval_gate.providers.wecom.identities import identity_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from approval_gate.providers.wecom.documents import Element

__all__ = ["applicant_of", "tasks_of"]

_CLOSED = {"2", "3", "14"}  # agreed, rejected, handled; any other word means that somebody is still asked
_APPROVER_NODE = "1"
_COPY_NODE = "2"
_ONE_AFTER_ANOTHER = "3"

_STATUSES = {
    "2": TaskStatus.APPROVED,
    "3": TaskStatus.REJECTED,
    "4": TaskStatus.TRANSFERRED,
    "11": TaskStatus.WAITING,  # sent back: this person is asked again when it comes round
    "13": TaskStatus.APPROVED,  # agreed, and asked one more person
    "14": TaskStatus.DONE,  # handled, which is no consent
    "15": TaskStatus.TRANSFERRED,
}
_DECIDED = {TaskStatus.APPROVED, TaskStatus.REJECTED}


@dataclass(frozen=True, slots=True)
class _Entry:
    """One person in one node."""

    person: Identity | None
    status: str
    comment: str
    acted_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Node:
    """One node; `stage` is None for those that are no stage of ours."""

    stage: int | None
    is_open: bool
    is_sequence: bool
    entries: tuple[_Entry, ...]


def applicant_of(info: Element) -> Identity | None:
    """Return in whose name the application was made."""
    return identity_of(info.first("applyer").word("userid"))


def tasks_of(info: Element, *, is_open: bool) -> tuple[TaskProgress, ...]:
    """
    Return every person's task.

    The platform has no task ids; ours are stage and userid, equal in events and answers.

    Args:
        info: `info` of an answer or `ApprovalInfo` of an event.
        is_open: the application as a whole is in review.
    """
    nodes = _nodes(info)
    current = next((node for node in nodes if node.is_open), None) if is_open else None
    applicant = applicant_of(info)
    repeats: Counter[str] = Counter()
    tasks: list[TaskProgress] = []
    for node in nodes:
        undecided = _undecided(node, current, has_ended=not is_open)
        for number, entry in enumerate(node.entries):
            status = _STATUSES.get(entry.status) or next(undecided, TaskStatus.PENDING)
            tasks.append(
                TaskProgress(
                    id=_task_id(node, entry, repeats),
                    stage=node.stage,
                    status=status,
                    person=entry.person,
                    comment=entry.comment,
                    decided_at=entry.acted_at if status in _DECIDED else None,
                    # Agreed at no time: nobody acted, a setting of the platform did.
                    is_automatic=status in _DECIDED and (entry.person is None or entry.acted_at is None),
                    transferred_to=(
                        _receiver(node.entries, number, applicant) if status is TaskStatus.TRANSFERRED else None
                    ),
                )
            )
    return tuple(tasks)


def _nodes(info: Element) -> list[_Node]:
    nodes = [node for process in info.all("process_list") for node in process.all("node_list")]
    if not nodes:
        return [
            _Node(number, record.word("sp_status") not in _CLOSED, is_sequence=False, entries=_legacy_entries(record))
            for number, record in enumerate(info.all("sp_record"))
        ]
    read: list[_Node] = []
    stages = 0
    for node in nodes:
        if node.word("node_type") == _COPY_NODE:
            continue
        is_stage = node.word("node_type") == _APPROVER_NODE
        read.append(
            _Node(
                stage=stages if is_stage else None,
                is_open=node.word("sp_status") not in _CLOSED,
                is_sequence=node.word("apv_rel") == _ONE_AFTER_ANOTHER,
                entries=_entries(node),
            )
        )
        stages += is_stage
    return read


def _entries(node: Element) -> tuple[_Entry, ...]:
    return tuple(
        _Entry(
            person=identity_of(each.word("userid") or each.first("user_info").word("userid")),
            status=each.word("sp_yj"),
            comment=each.prose("speech"),
            acted_at=each.moment("sptime"),
        )
        for each in node.all("sub_node_list")
    )


def _legacy_entries(record: Element) -> tuple[_Entry, ...]:
    return tuple(
        _Entry(
            person=identity_of(each.first("approver").word("userid")),
            status=each.word("sp_status"),
            comment=each.prose("speech"),
            acted_at=each.moment("sptime"),
        )
        for each in record.all("details")
    )


def _undecided(node: _Node, current: _Node | None, *, has_ended: bool) -> Iterator[TaskStatus]:
    """Yield where each of a node's people stands who has not decided, in their order."""
    if has_ended or not node.is_open:
        return repeat(TaskStatus.DONE)
    if node is not current:
        return repeat(TaskStatus.WAITING)
    return chain([TaskStatus.PENDING], repeat(TaskStatus.WAITING if node.is_sequence else TaskStatus.PENDING))


def _receiver(entries: Sequence[_Entry], number: int, applicant: Identity | None) -> Identity | None:
    """
    Return to whom the task of entry `number` was given: whoever stands after it in its node.

    The platform does not say it, and this order was constructed, not seen. So where the applicant stands after it too,
    the applicant is taken: a wrong guess must not hide that somebody approved his own application.
    """
    others = [each.person for each in entries if each.person is not None and each is not entries[number]]
    after = [each.person for each in entries[number + 1 :] if each.person is not None]
    candidates = after or (others if len(others) == 1 else [])
    if applicant is not None and any(person.is_same_person(applicant) for person in candidates):
        return applicant
    return candidates[0] if candidates else None


def _task_id(node: _Node, entry: _Entry, repeats: Counter[str]) -> str:
    place = "handler" if node.stage is None else str(node.stage + 1)
    name = f"{place}.{entry.person.other_id if entry.person else '-'}"
    repeats[name] += 1
    return name if repeats[name] == 1 else f"{name}.{repeats[name]}"
