"""The approval as the platform's API tells it. Callbacks are hints; outcomes come from here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from approval_gate.domain.approval import Approval, Identity, TaskProgress

__all__ = ["Truth", "TruthStatus", "with_short_comments"]

COMMENTS_BYTES = 40_000
"""For what people wrote at their tasks, all together, as UTF-8; their approval's item must stay below 400 KB."""


class TruthStatus(StrEnum):
    """What the platform says. UNKNOWN is anything the sheet does not list: never a decision."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    CANCELED = "CANCELED"
    DELETED = "DELETED"
    REVOKED = "REVOKED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Truth:
    """
    One read of the platform.

    Args:
        ref: the platform's id of the approval that was read; must equal the approval's own.
        approval_id: our id, as what was read holds it; must equal the approval's own where it is told at all.
        status: REVOKED means approved once and taken back since.
        requester: in whose name the platform holds the approval, with every id it told.
        tasks: all tasks of all stages.
        decided_at: when the platform closed it.
        handle: what the platform wants back to withdraw it, opaque to the core.
    """

    ref: str
    status: TruthStatus
    tasks: tuple[TaskProgress, ...] = ()
    requester: Identity | None = None
    decided_at: datetime | None = None
    comment: str = ""
    vendor_status: str = ""
    handle: tuple[tuple[str, str], ...] = ()
    approval_id: str = ""

    def is_about(self, approval: Approval) -> bool:
        """Tell whether this was read of that approval and of no other (invariant 2)."""
        return self.ref == approval.provider_ref and self.approval_id in {"", approval.id}


def with_short_comments(tasks: Sequence[TaskProgress]) -> tuple[TaskProgress, ...]:
    """Return the tasks with comments cut so that all of them together can be stored; each has the same share."""
    if sum(len(task.comment.encode()) for task in tasks) <= COMMENTS_BYTES:
        return tuple(tasks)
    share = COMMENTS_BYTES // len(tasks)
    return tuple(replace(task, comment=_cut(task.comment, share)) for task in tasks)


def _cut(text: str, most_bytes: int) -> str:
    encoded = text.encode()
    if len(encoded) <= most_bytes:
        return text
    return encoded[: most_bytes - len("…".encode())].decode(errors="ignore") + "…"
