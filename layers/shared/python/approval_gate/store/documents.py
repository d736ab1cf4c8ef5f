"""
Domain objects as JSON in the table, and back.

pydantic reads and writes our dataclasses as they are, so there is no second description of them to keep in step.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from approval_gate.domain.approval import Approval, HistoryEntry, Outcome
from approval_gate.domain.notification import KEPT_FOR, Notification
from approval_gate.ports import CallbackEvent

__all__ = [
    "approval_item",
    "history_item",
    "notification_item",
    "read_approval",
    "read_event",
    "read_history",
    "read_notification",
]


@cache
def _approval() -> TypeAdapter[Approval]:
    return TypeAdapter(Approval)


@cache
def _outcome() -> TypeAdapter[Outcome]:
    return TypeAdapter(Outcome)


@cache
def _entry() -> TypeAdapter[HistoryEntry]:
    return TypeAdapter(HistoryEntry)


@cache
def _event() -> TypeAdapter[CallbackEvent]:
    return TypeAdapter(CallbackEvent)


@cache
def _notification() -> TypeAdapter[Notification]:
    return TypeAdapter(Notification)


def approval_item(approval: Approval) -> dict[str, Any]:
    """
    Return the attributes of an approval's item, typed for DynamoDB, without its key.

    `document` is the whole approval but for the outcome, the task token and the wish for a look: conditions and the
    state machine name those, so they are attributes of their own. The others are for people, the index and filters.
    """
    without = replace(approval, outcome=None, task_token="", look_wanted=False)
    item: dict[str, Any] = {
        "document": {"S": _approval().dump_json(without).decode()},
        "version": {"N": str(approval.version)},
        "tenant": {"S": approval.tenant},
        "app": {"S": approval.request.app},
        "status": {"S": approval.status.value},
        "tenant_status": {"S": f"{approval.tenant}#{approval.status.value}"},
        "created_at": {"S": approval.created_at.isoformat()},
        "execution": {"S": approval.execution},
    }
    if approval.outcome is not None:
        item["outcome"] = {"S": _outcome().dump_json(approval.outcome).decode()}
    return item


def read_approval(item: dict[str, Any]) -> Approval:
    """Read an approval's item."""
    approval = _approval().validate_json(item["document"]["S"])
    if "outcome" in item:
        approval = replace(approval, outcome=_outcome().validate_json(item["outcome"]["S"]))
    return replace(
        approval,
        version=int(item["version"]["N"]),
        task_token=item.get("task_token", {}).get("S", ""),
        look_wanted="look_now" in item,
    )


def history_item(entry: HistoryEntry) -> dict[str, Any]:
    """Return the attributes of a history entry's item without its key."""
    return {"entry": {"S": _entry().dump_json(entry).decode()}}


def read_history(item: dict[str, Any]) -> HistoryEntry:
    """Read a history entry's item."""
    return _entry().validate_json(item["entry"]["S"])


def notification_item(notification: Notification) -> dict[str, Any]:
    """Return the attributes of a notification's item without its key."""
    return {
        "notification": {"S": _notification().dump_json(notification).decode()},
        "tenant": {"S": notification.tenant},
        "expires_at_epoch_s": {"N": str(int((notification.created_at + KEPT_FOR).timestamp()))},
    }


def read_notification(item: dict[str, Any]) -> Notification:
    """Read a notification's item."""
    return _notification().validate_json(item["notification"]["S"])


def read_event(document: str) -> CallbackEvent:
    """Read what `journal.event_document` wrote."""
    return _event().validate_json(document)
