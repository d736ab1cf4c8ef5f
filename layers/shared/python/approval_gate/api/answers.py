"""What the public API answers: approvals, their history, problems."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from pydantic import BaseModel, Field

from approval_gate.api.models import FieldBody, LinkBody, PolicyBody

__all__ = [
    "ApprovalBody",
    "ApprovalListBody",
    "FieldProblemBody",
    "HistoryBody",
    "HistoryEntryBody",
    "NamedPerson",
    "OutcomeBody",
    "ProblemBody",
    "StageStateBody",
    "TaskBody",
]


class NamedPerson(TypedDict, total=False):
    """A person as the platform names them (`user_id`, `name`) or, before submission, as the request did."""

    user_id: str
    name: str | None
    email: str
    mobile: str
    account: str
    department: str
    group: str


class TaskBody(BaseModel):
    """One approver's task."""

    approver: NamedPerson
    status: str
    comment: str
    decided_at: datetime | None
    transferred_to: NamedPerson | None = None


class StageStateBody(BaseModel):
    """One stage and how far it is."""

    mode: str
    status: str
    tasks: list[TaskBody]


class OutcomeBody(BaseModel):
    """How it ended."""

    status: str
    decided_at: datetime
    decided_by: list[NamedPerson]
    comment: str
    source: str
    reason: str
    detail: dict[str, str]
    still_open_at_provider: bool
    revoked_at: datetime | None = Field(
        default=None, description="When the platform took it back after it was approved. The outcome stands."
    )


class ApprovalBody(BaseModel):
    """One approval as its tenant sees it."""

    id: str
    status: str
    app: str
    provider: str
    provider_ref: str | None
    title: str
    description: str
    fields: list[FieldBody]
    links: list[LinkBody]
    metadata: dict[str, str]
    requester: NamedPerson | None
    stages: list[StageStateBody]
    policy: PolicyBody
    outcome: OutcomeBody | None
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    reminded_at: datetime | None
    escalated_at: datetime | None
    poll_after_s: int | None
    open_url: str | None


class ApprovalListBody(BaseModel):
    """A page of approvals, newest first. Ask again with `next_cursor` as `cursor` for the next; null ends the list."""

    approvals: list[ApprovalBody]
    next_cursor: str | None


class HistoryEntryBody(BaseModel):
    """One recorded fact."""

    seq: int
    at: datetime
    kind: str
    by: str
    detail: dict[str, str]


class HistoryBody(BaseModel):
    """Everything that is on record about one approval, in order."""

    entries: list[HistoryEntryBody]


class FieldProblemBody(BaseModel):
    """One thing to change."""

    field: str
    problem: str


class ProblemBody(BaseModel):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblemBody] | None = None
    approval: ApprovalBody | None = None
