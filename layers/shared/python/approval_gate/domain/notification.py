"""A notification: one order to tell somebody something. What becomes of it at each destination is a delivery."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from approval_gate.domain.message import Destination, Message

__all__ = ["KEPT_FOR", "REDRIVEN_FOR", "ApprovalEvent", "Notification", "notification_id"]

KEPT_FOR = timedelta(days=400)
"""
How long a notification is stored, with what became of it; counted from when it was asked for, so that all of it goes
together, however it ended.
"""
REDRIVEN_FOR = timedelta(days=365)
"""For so long it can be sent again: what is queued on the last day has ended long before it is forgotten."""


class ApprovalEvent(StrEnum):
    """
    What happened to an approval that somebody wants to hear of. The first six may be subscribed to (`notify[].on`).

    REMINDER: approvers have not answered. ESCALATION: nobody has, for too long. RELEASED: it ended without the
    approvers, who need not answer any more. REVOKED: taken back on the platform after it was approved; the outcome
    stands.
    """

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELED = "canceled"
    FAILED = "failed"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    RELEASED = "released"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Notification:
    """
    One notification, stored once and never changed.

    It either brings its `message`, or tells an `event` of an approval: then the words are found when it is sent, in
    the language of the platform, from the approval as it stands at that moment.

    Args:
        id: derived from what it tells (`notification_id`), so that telling it twice is one notification.
        app: whose platform carries it; empty for webhooks and the event bus.
        locale: empty: the platform's usual one.
    """

    id: str
    tenant: str
    app: str
    to: tuple[Destination, ...]
    created_at: datetime
    message: Message | None = None
    event: ApprovalEvent | None = None
    approval_id: str = ""
    locale: str = ""
    created_by: str = ""


def notification_id(*facts: str) -> str:
    """Return the id of what these facts tell, such as approval id, event and number; equal facts, equal id."""
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()
    return f"ntf_{digest[:32]}"
