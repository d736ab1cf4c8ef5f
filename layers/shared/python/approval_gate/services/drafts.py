"""What a platform needs to open an approval."""

from __future__ import annotations

from approval_gate.domain.approval import Approval, Identity
from approval_gate.ports import Draft

__all__ = ["draft_of"]


def draft_of(approval: Approval) -> Draft:
    """Return what a platform needs to open an approval whose people are resolved."""
    request = approval.request
    return Draft(
        approval_id=approval.id,
        title=request.title,
        description=request.description,
        fields=request.fields,
        links=request.links,
        requester=approval.requester or Identity(""),
        stages=approval.stages,
        cc=approval.cc,
        created_at=approval.created_at,
        expires_at=approval.expires_at,
    )
