"""
Read an instance as the platform tells it.

Decision reasons are in `timeline`, not in `comment_list`; tasks carry `custom_node_id`, timeline entries only the
system's node id, so the two are joined by task id. `custom_node_id` is optional in the documentation: where a task
lacks it, other tasks of the same node tell the stage, and where none does, the definition.

Source: Feishu developer docs, "Obtain a single approval instance", read 2026-02-28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from approval_gate.domain.approval import Identity, TaskProgress, TaskStatus
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.providers.feishu.events import TASK_STATUSES
from approval_gate.providers.feishu.identities import identity_of, is_open_id, is_union_id
from approval_gate.providers.feishu.nodes import stage_of
from approval_gate.providers.feishu.reading import moment
from approval_gate.untrusted import items, json_object, prose, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["stages_by_node", "truth_of"]

_STATUSES = {
    "PENDING": TruthStatus.PENDING,
    "APPROVED": TruthStatus.APPROVED,
    "REJECTED": TruthStatus.REJECTED,
    "CANCELED": TruthStatus.CANCELED,
    "DELETED": TruthStatus.DELETED,
}
_AUTOMATIC = {"AUTO_PASS", "AUTO_REJECT"}
_ENDINGS = {
    TruthStatus.APPROVED: "PASS",
    TruthStatus.REJECTED: "REJECT",
    TruthStatus.CANCELED: "CANCEL",
    TruthStatus.REVOKED: "CANCEL",
    TruthStatus.DELETED: "DELETE",
}

type _Entry = Mapping[str, Any]


def truth_of(ref: str, data: Mapping[str, Any], nodes: Mapping[str, int | None] | None = None) -> Truth:
    """
    Translate `data` of GET instance (`wire.Instance`). Never fails: what it does not know is UNKNOWN or undecided.

    Args:
        ref: the instance_code or uuid that was asked for; the caller has compared it with the answer.
        nodes: which stage a system node stands for, from the definition, when it had to be asked.
    """
    status = _status(data)
    timeline = items(data, "timeline")
    tasks = items(data, "task_list")
    stages = {**(nodes or {}), **stages_by_node(tasks)}
    return Truth(
        ref=ref,
        status=status,
        tasks=tuple(_task(task, _of_task(timeline, task), timeline, stages) for task in tasks),
        requester=identity_of(word(data, "open_id"), word(data, "user_id")),
        decided_at=None if status is TruthStatus.PENDING else moment(data.get("end_time")),
        comment=_last_comment(timeline, _ENDINGS[status]) if status in _ENDINGS else "",
        vendor_status=word(data, "status"),
        handle=(("approval_code", word(data, "approval_code")), ("instance_code", word(data, "instance_code"))),
    )


def _status(data: Mapping[str, Any]) -> TruthStatus:
    # Before `status`: a revoked approval reads CANCELED there, but what else it may read was not seen.
    reverted = data.get("reverted")
    if reverted is True:
        return TruthStatus.REVOKED
    if reverted is not None and reverted is not False:
        return TruthStatus.UNKNOWN
    return _STATUSES.get(word(data, "status"), TruthStatus.UNKNOWN)


def _task(
    task: _Entry, history: Sequence[_Entry], timeline: Sequence[_Entry], stages: Mapping[str, int | None]
) -> TaskProgress:
    person = identity_of(word(task, "open_id"), word(task, "user_id"))
    # An unknown word is no decision.
    status = TASK_STATUSES.get(word(task, "status"), TaskStatus.PENDING)
    decision = next((each for each in reversed(history) if word(each, "type") in {"PASS", "REJECT"}), {})
    repetition = _repetition(task, history, timeline)
    if repetition is not None:
        person = identity_of(word(repetition, "open_id"), word(repetition, "user_id")) or person
        # Whether such a task reads APPROVED or DONE was not seen; whose decision it repeats is checked by the core.
        status = TaskStatus.APPROVED if status is TaskStatus.DONE else status
    is_decided = status in {TaskStatus.APPROVED, TaskStatus.REJECTED}
    stage = stage_of(word(task, "custom_node_id"))
    return TaskProgress(
        id=word(task, "id"),
        stage=stages.get(word(task, "node_id")) if stage is None else stage,
        status=status,
        person=person,
        comment=prose(decision, "comment"),
        decided_at=(moment(task.get("end_time")) or moment(decision.get("create_time"))) if is_decided else None,
        is_automatic=is_decided and (repetition is not None or person is None or word(task, "type") in _AUTOMATIC),
        repeats_decision=repetition is not None,
        transferred_to=_transferred_to(history) if status is TaskStatus.TRANSFERRED else None,
    )


def _of_task(timeline: Iterable[_Entry], task: _Entry) -> list[_Entry]:
    task_id = word(task, "id")
    return [entry for entry in timeline if task_id and word(entry, "task_id") == task_id]


def _repetition(task: _Entry, history: Sequence[_Entry], timeline: Sequence[_Entry]) -> _Entry | None:
    """
    Return the entry that says the task was passed because its person had decided already in this instance.

    Entries of this type were not seen; where one has no task id, it is joined by node and person.
    """
    named = next((entry for entry in history if word(entry, "type") == "REMOVE_REPEAT"), None)
    if named is not None:
        return named
    person = identity_of(word(task, "open_id"), word(task, "user_id"))
    for entry in timeline:
        other = identity_of(word(entry, "open_id"), word(entry, "user_id"))
        is_here = word(entry, "node_key") == word(task, "node_id") != "" and not word(entry, "task_id")
        if word(entry, "type") == "REMOVE_REPEAT" and is_here and person and other and person.is_same_person(other):
            return entry
    return None


def _transferred_to(history: Sequence[_Entry]) -> Identity | None:
    """Return to whom the task was given; None when the entry names nobody or several people."""
    entry = next((each for each in reversed(history) if word(each, "type") == "TRANSFER"), None)
    if entry is None:
        return None
    try:
        ext = json_object(prose(entry, "ext").encode())
    except ValueError:
        ext = {}
    # Both lists may hold either kind of id, and both the entry and its `ext` may carry them.
    ids = {
        each: None
        for source in (entry, ext)
        for name in ("open_id_list", "user_id_list")
        for each in _words(source.get(name))
    }
    open_ids = [each for each in ids if is_open_id(each)]
    user_ids = [each for each in ids if not is_open_id(each) and not is_union_id(each)]
    if len(open_ids) > 1 or len(user_ids) > 1:
        return None
    return identity_of(next(iter(open_ids), ""), next(iter(user_ids), ""))


def _words(value: object) -> list[str]:
    return [text for each in value if (text := word({"": each}, ""))] if isinstance(value, list) else []


def stages_by_node(entries: Iterable[_Entry]) -> dict[str, int | None]:
    """
    Return which stage a system node stands for; None where the entries disagree.

    Args:
        entries: tasks of an instance or nodes of a definition: both carry `node_id` and `custom_node_id`.
    """
    stages: dict[str, int | None] = {}
    for entry in entries:
        node, stage = word(entry, "node_id"), stage_of(word(entry, "custom_node_id"))
        if node and stage is not None:
            stages[node] = stage if stages.get(node, stage) == stage else None
    return stages


def _last_comment(timeline: Sequence[_Entry], entry_type: str) -> str:
    comments = (prose(entry, "comment") for entry in reversed(timeline) if word(entry, "type") == entry_type)
    return next((comment for comment in comments if comment), "")
