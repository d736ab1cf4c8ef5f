"""
Translate a proven event into ours. Nothing here fails: what is not understood is no event.

Source: DingTalk developer docs, "Approval events", "bpms_instance_change" and "bpms_task_change", read 2026-02-28. The
types `comment` and `audit` and the older form without `eventId` are not on these pages; they were seen in bodies that
others published.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from approval_gate.domain.approval import Identity, TaskProgress, TaskStatus
from approval_gate.ports import CallbackEvent, EventKind
from approval_gate.providers.dingtalk.reading import moment
from approval_gate.untrusted import prose, word

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["read_event"]

_TASK_STATUSES = {
    ("start", ""): TaskStatus.PENDING,
    ("finish", "agree"): TaskStatus.APPROVED,
    ("finish", "refuse"): TaskStatus.REJECTED,
    # Handed to somebody else, who gets a task of their own: no decision.
    ("finish", "redirect"): TaskStatus.TRANSFERRED,
    # A handler (办理人) has done their part: no decision of an approver.
    ("finish", "audit"): TaskStatus.DONE,
    # Somebody else of the stage decided, or the approval ended.
    ("cancel", ""): TaskStatus.DONE,
}
_DECIDED = {TaskStatus.APPROVED, TaskStatus.REJECTED}
# What tells two events of one approval apart when the platform sent no id with them.
_FACTS = (
    *("EventType", "processInstanceId", "taskId", "type", "result", "staffId"),
    *("finishTime", "createTime", "remark", "content"),
)


def read_event(body: Mapping[str, Any], sent_at: datetime) -> CallbackEvent | None:
    """
    Return what an event means for an approval; None when it means nothing or is not readable.

    A type or result that is not listed asks for the truth: it may have ended the approval.

    Args:
        sent_at: stands in where the body tells no readable time.
    """
    vendor_type, instance_id, kind_of_change = (word(body, name) for name in ("EventType", "processInstanceId", "type"))
    if not (instance_id and kind_of_change) or vendor_type not in {"bpms_instance_change", "bpms_task_change"}:
        return None
    result = word(body, "result")
    occurred_at = _occurred_at(body, kind_of_change) or sent_at
    task = None
    if vendor_type == "bpms_instance_change":
        kind = EventKind.OPENED if kind_of_change == "start" else EventKind.DECIDED
    elif kind_of_change == "comment":
        return None
    else:
        task = _task(body, kind_of_change, result, occurred_at)
        kind = EventKind.TASK if task else EventKind.DECIDED
    return CallbackEvent(
        provider_ref=instance_id,
        dedupe_key=word(body, "eventId") or _digest(body),
        kind=kind,
        vendor_type=vendor_type,
        vendor_status=f"{kind_of_change}/{result}" if result else kind_of_change,
        occurred_at=occurred_at,
        task=task,
    )


def _task(body: Mapping[str, Any], change: str, result: str, occurred_at: datetime) -> TaskProgress | None:
    """Return the progress of one task; None when only the truth can tell what happened."""
    status = _TASK_STATUSES.get((change, result if change == "finish" else ""))
    task_id, staff_id = word(body, "taskId"), word(body, "staffId")
    if status is None or not task_id or not staff_id:
        return None
    return TaskProgress(
        id=task_id,
        stage=None,  # events do not tell the node
        status=status,
        person=Identity(staff_id),
        comment=prose(body, "remark"),
        decided_at=occurred_at if status in _DECIDED else None,
    )


def _occurred_at(body: Mapping[str, Any], change: str) -> datetime | None:
    """Return when it happened: `createTime` is when the task or approval began, so it counts for starts only."""
    names = ("createTime", "EventTime") if change == "start" else ("finishTime", "EventTime")
    return next((at for name in names if (at := moment(body.get(name)))), None)


def _digest(body: Mapping[str, Any]) -> str:
    facts = [word(body, name) or prose(body, name) for name in _FACTS]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
