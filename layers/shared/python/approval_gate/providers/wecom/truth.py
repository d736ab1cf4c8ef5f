"""
Read an application as the platform's API tells it.

Source: WeCom developer docs, "Get approval details", read 2026-02-28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.providers.wecom.cards import form_text_of, title_of
from approval_gate.providers.wecom.process import applicant_of, tasks_of

if TYPE_CHECKING:
    from approval_gate.providers.wecom.documents import Element

__all__ = ["truth_of"]

_STATUSES = {
    "1": TruthStatus.PENDING,
    "2": TruthStatus.APPROVED,
    "3": TruthStatus.REJECTED,
    "4": TruthStatus.CANCELED,
    "6": TruthStatus.REVOKED,
    "7": TruthStatus.DELETED,
    "10": TruthStatus.APPROVED,  # paid, which follows an approval
}


def truth_of(ref: str, info: Element) -> Truth:
    """
    Translate `info` of getapprovaldetail. Never fails: what it does not know is UNKNOWN or undecided.

    Args:
        ref: the number that was asked for; the caller has compared it with the answer.
    """
    vendor_status = info.word("sp_status")
    status = _STATUSES.get(vendor_status, TruthStatus.UNKNOWN)
    is_open = status in {TruthStatus.PENDING, TruthStatus.UNKNOWN}
    tasks = tasks_of(info, is_open=is_open)
    # The platform tells no time of the end: it ended with the last decision.
    decided = [task.decided_at for task in tasks if task.decided_at is not None]
    return Truth(
        ref=ref,
        status=status,
        tasks=tasks,
        requester=applicant_of(info),
        decided_at=None if is_open else max(decided, default=None),
        vendor_status=vendor_status,
        handle=(("title", title_of(form_text_of(info))),),
    )
