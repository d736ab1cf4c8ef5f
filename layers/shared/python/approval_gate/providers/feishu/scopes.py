"""
Which permissions the gate needs, and which of them an app lacks. Pure.

Source: Feishu developer docs, the pages of each call, "Query tenant authorization status", read 2026-02-28. Whether the
finer scopes of approvals exist on Lark is not confirmed, so `approval:approval` is what we ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from approval_gate.untrusted import items, word

__all__ = [
    "APPROVALS",
    "FIND_PEOPLE",
    "READ_CONTACTS",
    "SEND",
    "advised_for_contacts",
    "advised_for_messages",
    "granted_scopes",
    "lacking_for_approvals",
    "lacking_for_messages",
]

APPROVALS = "approval:approval"
SEND = "im:message:send_as_bot"
FIND_PEOPLE = "contact:user.id:readonly"
READ_CONTACTS = "contact:contact.base:readonly"
_SEND_TO_DEPARTMENTS = "im:message:send_multi_depts"
_SENDS = frozenset({"im:message", SEND})
_ALL_CONTACTS = frozenset({"contact:contact:readonly_as_app", "contact:contact:readonly"})
_CONTACT_FIELDS = (
    "contact:user.base:readonly",
    "contact:user.employee_id:readonly",
    "contact:department.base:readonly",
    "contact:department.organize:readonly",
)
_GRANTED = 1


def granted_scopes(data: Mapping[str, Any]) -> frozenset[str]:
    """Return the permissions an app has, from the answer of `GET /application/v6/scopes`."""
    return frozenset(
        word(each, "scope_name") for each in items(data, "scopes") if each.get("grant_status") == _GRANTED
    ) - {""}


def lacking_for_approvals(granted: frozenset[str]) -> tuple[str, ...]:
    """Return what is lacking to create, read and withdraw approvals."""
    is_enough = APPROVALS in granted or {"approval:definition", "approval:instance"} <= granted
    return () if is_enough else (APPROVALS,)


def lacking_for_messages(granted: frozenset[str]) -> tuple[str, ...]:
    """Return what is lacking to write to people and groups, and to replace what was written."""
    return () if _SENDS & granted else (SEND,)


def advised_for_messages(granted: frozenset[str]) -> tuple[str, ...]:
    """Return what is lacking to write to departments and to everybody."""
    return _without(granted, (_SEND_TO_DEPARTMENTS,))


def advised_for_contacts(granted: frozenset[str]) -> tuple[str, ...]:
    """Return what is lacking to see names, tenant user ids and the tree of departments."""
    return () if _ALL_CONTACTS & granted else _without(granted, _CONTACT_FIELDS)


def _without(granted: frozenset[str], wanted: Iterable[str]) -> tuple[str, ...]:
    return tuple(each for each in wanted if each not in granted)
