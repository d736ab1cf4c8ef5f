"""
Read an instance as the platform tells it.

Source: DingTalk developer docs, "Obtain the details of a single approval instance", read 2026-02-28.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from approval_gate.domain.approval import Identity
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.providers.dingtalk.cards import REFERENCE_LABEL
from approval_gate.providers.dingtalk.plan import Plan, read_reference
from approval_gate.providers.dingtalk.reading import minute
from approval_gate.providers.dingtalk.tasks import tasks_of
from approval_gate.untrusted import items, prose, word

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["reference_of", "truth_of"]

# NEW and CANCELED are words of the older call for the same states.
_OPEN = {"RUNNING", "NEW"}
_WITHDRAWN = {"TERMINATED", "CANCELED"}
_RESULTS = {"AGREE": TruthStatus.APPROVED, "REFUSE": TruthStatus.REJECTED}
_ALMOST_A_MINUTE = timedelta(seconds=59)


def truth_of(ref: str, instance: Mapping[str, Any], now: datetime) -> Truth:
    """
    Translate `result` of GET instance (`wire.Instance`). Never fails: what it does not know is UNKNOWN or undecided.

    Args:
        ref: the instance id that was asked for.
        now: bounds the time of the end, which the platform cuts off to the minute.
    """
    status = _status(instance)
    approval_id, plan = reference_of(instance)
    requester = word(instance, "originatorUserId")
    return Truth(
        ref=ref,
        status=status,
        tasks=tasks_of(instance, plan),
        requester=Identity(requester) if requester else None,
        decided_at=None if status in {TruthStatus.PENDING, TruthStatus.UNKNOWN} else _end(instance, now),
        comment=_last_comment(instance, status),
        vendor_status="/".join(each for each in (word(instance, "status"), word(instance, "result")) if each),
        # Only tasks name their instance, if at all: what a cache told of another one is found out by this.
        approval_id=approval_id,
        handle=(("approval_id", approval_id), ("created_at", word(instance, "createTime"))),
    )


def reference_of(instance: Mapping[str, Any]) -> tuple[str, Plan | None]:
    """Return the approval's id and plan from the form; nothing and None when the instance is none of ours."""
    values = [
        prose(each, "value") for each in items(instance, "formComponentValues") if each.get("name") == REFERENCE_LABEL
    ]
    return read_reference(values[0]) if len(values) == 1 else ("", None)


def _status(instance: Mapping[str, Any]) -> TruthStatus:
    status = word(instance, "status").upper()
    if status in _OPEN:
        return TruthStatus.PENDING
    if status in _WITHDRAWN:
        return TruthStatus.CANCELED
    if status != "COMPLETED":
        return TruthStatus.UNKNOWN
    # `result` means something for completed instances only; the vendor's own sample shows "agree" on a running one.
    result = _RESULTS.get(word(instance, "result").upper(), TruthStatus.UNKNOWN)
    action = word(instance, "bizAction").upper()
    if result is TruthStatus.APPROVED and action not in {"", "NONE"}:
        # A change or a revocation of an approval is an approval of its own there; agreeing to it opens nothing.
        return TruthStatus.REVOKED if action == "REVOKE" else TruthStatus.UNKNOWN
    return result


def _end(instance: Mapping[str, Any], now: datetime) -> datetime | None:
    """Return the last moment of the minute in which it ended, but none in the future."""
    finished_at = minute(instance, "finishTime")
    return None if finished_at is None else max(finished_at, min(finished_at + _ALMOST_A_MINUTE, now))


def _last_comment(instance: Mapping[str, Any], status: TruthStatus) -> str:
    record_types, result = {
        TruthStatus.APPROVED: ("EXECUTE_TASK_", "AGREE"),
        TruthStatus.REJECTED: ("EXECUTE_TASK_", "REFUSE"),
        TruthStatus.CANCELED: ("TERMINATE_PROCESS_INSTANCE", ""),
    }.get(status, ("-", ""))
    comments = (
        prose(record, "remark")
        for record in reversed(items(instance, "operationRecords"))
        if word(record, "type").startswith(record_types) and result in {"", word(record, "result").upper()}
    )
    return next((comment for comment in comments if comment), "")
