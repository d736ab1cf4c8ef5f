"""Bodies of the contacts routes."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from approval_gate.domain.contact_search import Found
from approval_gate.domain.contacts import Chat, Conflict, Department
from approval_gate.domain.sync import Report, Sync
from approval_gate.errors import FieldProblem, RequestError

__all__ = [
    "ChatListBody",
    "DepartmentListBody",
    "SyncBody",
    "SyncRequestBody",
    "UserListBody",
    "chat_list_view",
    "department_list_view",
    "place_of",
    "sync_view",
    "user_list_view",
]

_CURSOR_PARTS = 3
_CAUSE = {
    "email": "Several accounts on the platform have this e-mail address, so it names nobody until all but one are "
    "changed there. 平台上有多个账号使用该邮箱, 在平台上更正之前无法用它指定人员.",
    "mobile": "Several accounts on the platform have this mobile number, so it names nobody until all but one are "
    "changed there. 平台上有多个账号使用该手机号, 在平台上更正之前无法用它指定人员.",
    "job_number": "Several accounts on the platform have this job number, so it names nobody until all but one are "
    "changed there. 平台上有多个账号使用该工号, 在平台上更正之前无法用它指定人员.",
    "user_id": "Several accounts on the platform share this id; name people by another one. "
    "平台上有多个账号使用该 ID, 请改用其他方式指定人员.",
}


class SyncRequestBody(BaseModel):
    """What to synchronise and how it goes on."""

    model_config = ConfigDict(extra="forbid")

    daily: Annotated[bool, Field(strict=True)] = Field(
        default=True, description="Run again every day and when the platform says that contacts changed."
    )
    confirm_leavers: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="Believe a reading that lacks most of the people known before."
    )


class ConflictBody(BaseModel):
    """One address of several people."""

    kind: str
    value: str
    people: list[str]
    cause: str


class UnreadBody(BaseModel):
    """Something that could not be read."""

    what: str
    problem: str


class ReportBody(BaseModel):
    """What came of a run."""

    run_id: str
    started_at: datetime
    finished_at: datetime
    partial: bool
    departments: int
    people: int
    groups: int
    chats: int
    created: int
    updated: int
    returned: int
    left: int
    calls: int
    written_items: int
    conflicts: list[ConflictBody]
    conflict_count: int
    unread: list[UnreadBody]
    notes: list[str]


class SyncBody(BaseModel):
    """How far the synchronisation of an app's contacts is. `report` is of the last run that ended well."""

    run_id: str
    status: str
    daily: bool
    wanted_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    next_at: datetime | None
    departments: int
    people: int
    calls: int
    problem: str
    report: ReportBody | None = None


class DepartmentBody(BaseModel):
    """One department."""

    department_id: str
    name: str
    parent: str | None
    has_children: bool


class DepartmentListBody(BaseModel):
    """One level of the tree of departments."""

    departments: list[DepartmentBody]


class NamedDepartmentBody(BaseModel):
    """A department that lists a person."""

    department_id: str
    name: str


class UserBody(BaseModel):
    """One person, as far as a picker needs to tell people apart."""

    user_id: str
    name: str
    email: str | None
    title: str
    departments: list[NamedDepartmentBody]


class UserListBody(BaseModel):
    """One page of people, the best answers first."""

    users: list[UserBody]
    next_cursor: str | None


class ChatBody(BaseModel):
    """One group chat."""

    chat_id: str
    name: str
    description: str


class ChatListBody(BaseModel):
    """Group chats; `problem` says why there may be none to list."""

    chats: list[ChatBody]
    problem: str


def sync_view(sync: Sync, report: Report | None) -> SyncBody:
    """Return a synchronisation as the API shows it."""
    return SyncBody(
        run_id=sync.run_id,
        status=sync.state.value,
        daily=sync.is_daily,
        wanted_at=sync.wanted_at,
        started_at=sync.started_at,
        finished_at=sync.finished_at,
        next_at=sync.next_at,
        departments=sync.departments,
        people=sync.people,
        calls=sync.calls,
        problem=sync.problem,
        report=_report(report) if report else None,
    )


def user_list_view(found: list[Found], departments: Mapping[str, Department], *, has_more: bool) -> UserListBody:
    """Return one page of people."""
    users = [
        UserBody(
            user_id=each.line.id,
            name=each.line.name or each.line.id,
            email=each.line.email or None,
            title=each.line.title,
            departments=[
                NamedDepartmentBody(department_id=one, name=departments[one].name)
                for one in each.line.departments
                if one in departments
            ],
        )
        for each in found
    ]
    return UserListBody(users=users, next_cursor=_cursor(found[-1]) if has_more else None)


def department_list_view(level: tuple[tuple[Department, bool], ...]) -> DepartmentListBody:
    """Return one level of departments."""
    return DepartmentListBody(
        departments=[
            DepartmentBody(department_id=each.id, name=each.name, parent=each.parent or None, has_children=has_children)
            for each, has_children in level
        ]
    )


def chat_list_view(chats: tuple[Chat, ...], problem: str) -> ChatListBody:
    """Return chats."""
    shown = [ChatBody(chat_id=each.id, name=each.name, description=each.description) for each in chats]
    return ChatListBody(chats=shown, problem=problem)


def place_of(cursor: str) -> tuple[int, str, str] | None:
    """
    Return the place that a `next_cursor` of ours holds.

    Raises:
        RequestError: it is none of ours.
    """
    if not cursor:
        return None
    try:
        place: Any = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except ValueError:
        place = None
    if isinstance(place, list) and len(place) == _CURSOR_PARTS:
        rank, word, identity = place
        if type(rank) is int and isinstance(word, str) and isinstance(identity, str):
            return rank, word, identity
    raise RequestError(
        "The request must change.", problems=(FieldProblem("cursor", "is none of ours; send next_cursor as it came"),)
    )


def _cursor(found: Found) -> str:
    return base64.urlsafe_b64encode(json.dumps(found.place).encode()).decode().rstrip("=")


def _report(report: Report) -> ReportBody:
    return ReportBody(
        run_id=report.run_id,
        started_at=report.started_at,
        finished_at=report.finished_at,
        partial=report.is_partial,
        departments=report.departments,
        people=report.people,
        groups=report.groups,
        chats=report.chats,
        created=report.created,
        updated=report.updated,
        returned=report.returned,
        left=report.left,
        calls=report.calls,
        written_items=report.written_items,
        conflicts=[_conflict(each) for each in report.conflicts],
        conflict_count=report.conflict_count,
        unread=[UnreadBody(what=each.what, problem=each.problem) for each in report.unread],
        notes=list(report.notes),
    )


def _conflict(conflict: Conflict) -> ConflictBody:
    value = conflict.value if conflict.kind != "mobile" else f"{conflict.value[:-8]}****{conflict.value[-4:]}"
    return ConflictBody(kind=conflict.kind, value=value, people=list(conflict.people), cause=_CAUSE[conflict.kind])
