"""
Translate a proven event into ours. Nothing here fails: what is not understood is no event.

The platform holds back every later event of an approval until one is acknowledged, so an error for a field we did
not expect would silence the approval.

Source: Feishu developer docs, "Approval instance status changed", "Approval task status changed", "Approval events:
function introduction", read 2026-02-28.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from approval_gate.domain.approval import TaskProgress, TaskStatus
from approval_gate.ports import CallbackEvent, EventKind
from approval_gate.providers.feishu.identities import identity_of
from approval_gate.providers.feishu.nodes import stage_of
from approval_gate.providers.feishu.reading import moment
from approval_gate.untrusted import mapping, word

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["TASK_STATUSES", "Envelope", "read_event"]

TASK_STATUSES = {
    "PENDING": TaskStatus.PENDING,
    "APPROVED": TaskStatus.APPROVED,
    "REJECTED": TaskStatus.REJECTED,
    "TRANSFERRED": TaskStatus.TRANSFERRED,
    "DONE": TaskStatus.DONE,
    # The flow went back to an earlier step: this task waits until it comes round again.
    "ROLLBACK": TaskStatus.WAITING,
    # A decision was taken back: the person is asked again.
    "REVERTED": TaskStatus.PENDING,
}
_DECIDED = {TaskStatus.APPROVED, TaskStatus.REJECTED}


@dataclass(frozen=True, slots=True)
class Envelope:
    """
    What both envelope versions say, empty where they do not.

    Args:
        token: the verification token, to be compared by the receiver; "" when absent.
        event_id: equal for redeliveries.
        sent_at: by the platform's clock.
    """

    token: str
    app_id: str
    event_id: str
    type: str
    event: Mapping[str, Any]
    sent_at: datetime | None

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Read envelope 2.0 if the body says `schema`, else 1.0."""
        event = mapping(body, "event")
        if "schema" in body:
            header = mapping(body, "header")
            return cls(
                token=word(header, "token"),
                app_id=word(header, "app_id"),
                event_id=word(header, "event_id"),
                type=word(header, "event_type"),
                event=event,
                sent_at=moment(header.get("create_time")),
            )
        return cls(
            token=word(body, "token"),
            app_id=word(event, "app_id"),
            event_id=word(body, "uuid"),
            type=word(event, "type"),
            event=event,
            sent_at=moment(body.get("ts")),
        )


def read_event(envelope: Envelope, now: datetime) -> CallbackEvent | None:
    """
    Return what the envelope means for an approval; None when it means nothing or is not readable.

    Args:
        now: stands in where the platform told no readable time.
    """
    status = word(envelope.event, "status")
    instance_code = word(envelope.event, "instance_code")
    if not (envelope.event_id and status and instance_code):
        return None
    occurred_at = moment(envelope.event.get("operate_time")) or envelope.sent_at or now
    if envelope.type == "approval_instance":
        # CANCELED (one L), DELETED, REVERTED, OVERTIME_CLOSE, OVERTIME_RECOVER and words to come: the truth decides.
        kind, task = (EventKind.OPENED if status == "PENDING" else EventKind.DECIDED), None
    elif envelope.type == "approval_task":
        task = _task(envelope.event, status, occurred_at)
        kind = EventKind.TASK if task else EventKind.DECIDED
    else:
        return None
    return CallbackEvent(
        provider_ref=instance_code,
        dedupe_key=envelope.event_id,
        kind=kind,
        vendor_type=envelope.type,
        vendor_status=status,
        occurred_at=occurred_at,
        task=task,
    )


def _task(event: Mapping[str, Any], vendor_status: str, occurred_at: datetime) -> TaskProgress | None:
    """Return the progress of one task; None when only the truth can tell what happened."""
    status = TASK_STATUSES.get(vendor_status)
    task_id = word(event, "task_id")
    if status is None or not task_id:
        return None
    person = identity_of(word(event, "open_id"), word(event, "user_id"))
    return TaskProgress(
        id=task_id,
        stage=stage_of(word(event, "custom_key")),
        status=status,
        person=person,
        decided_at=occurred_at if status in _DECIDED else None,
        is_automatic=person is None and status in _DECIDED,
    )
