"""
Translate a proven callback into our events. Nothing here fails: what is not understood is no event.

An event carries the whole application after the change. What happened (`StatuChangeEvent`) is only noted: the status of
the application decides, and the platform's API is asked before anything is stored. Status is "after the change", as
recorded events show.

Nothing in an event but its whole text tells two of them apart: `FromUserName` is always `sys`, and two approvers can
agree to one form in the same second. A redelivery has the same text under a new seal.

Source: WeCom developer docs, "Approval status change event", "Approval process engine: event", read 2026-02-28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from approval_gate.domain.approval import TaskProgress, TaskStatus
from approval_gate.ports import CallbackEvent, EventKind
from approval_gate.providers.wecom.process import tasks_of

if TYPE_CHECKING:
    from datetime import datetime

    from approval_gate.providers.wecom.documents import Element

__all__ = ["read_events", "type_of"]

_IN_REVIEW = "1"
_APPROVAL = "sys_approval_change"
_PROCESS_ENGINE = "open_approval_change"
_NO_PROGRESS = {TaskStatus.PENDING, TaskStatus.WAITING, TaskStatus.DONE}


def type_of(document: Element) -> str:
    """Return the platform's name of what it sent: the event's, or the kind of message."""
    return document.word("Event") or document.word("MsgType") or "unknown"


def read_events(document: Element, digest: str, now: datetime) -> tuple[CallbackEvent, ...]:
    """
    Return what a document means for an approval: usually one event, none for what is not ours or not readable.

    Args:
        digest: of the document's bytes.
        now: stands in where the document tells no readable time.
    """
    info = document.first("ApprovalInfo")
    vendor_type = type_of(document)
    tasks: tuple[TaskProgress, ...] = ()
    if vendor_type == _APPROVAL:
        # SpNoStr since 2025-06; SpNo alone before, and nothing but SpNoStr for some forms. Never a number.
        ref, status = info.word("SpNoStr") or info.word("SpNo"), info.word("SpStatus")
        change = info.word("StatuChangeEvent")
        if status == _IN_REVIEW:
            tasks = _latest(tasks_of(info, is_open=True))
    elif vendor_type == _PROCESS_ENGINE:
        # Started by a person inside the client, under a number of the app's own: read, though none of ours.
        ref, status, change = info.word("ThirdNo"), info.word("OpenSpStatus"), ""
    else:
        return ()
    if not ref or not status:
        return ()
    in_review = EventKind.TASK if tasks else EventKind.OPENED
    kind = in_review if status == _IN_REVIEW else EventKind.DECIDED
    return tuple(
        CallbackEvent(
            provider_ref=ref,
            dedupe_key=digest if not number else f"{digest}.{number}",
            kind=kind,
            vendor_type=vendor_type,
            vendor_status=f"{status}/{change}" if change else status,
            occurred_at=document.moment("CreateTime") or now,
            task=task,
        )
        for number, task in enumerate(tasks or (None,))
    )


def _latest(tasks: tuple[TaskProgress, ...]) -> tuple[TaskProgress, ...]:
    """Return who acted last: usually one person, several when they did in the same second."""
    moved = [task for task in tasks if task.status not in _NO_PROGRESS]
    last = max((task.decided_at for task in moved if task.decided_at is not None), default=None)
    return tuple(task for task in moved if task.decided_at is None or task.decided_at == last)
