"""
Ids of people: 1 to 64 bytes, set by the company, equal without regard to case.

Source: WeCom developer docs, "Create member", read 2026-02-28.
"""

from __future__ import annotations

import re

from approval_gate.domain.approval import Identity

__all__ = ["identity_of", "is_userid"]

# Without the separator of message receivers and without `@all`, which would name everybody.
_USERID = re.compile(r"(?!@)[!-{}~]{1,64}")


def is_userid(text: str) -> bool:
    """Tell whether a text can be a userid."""
    return _USERID.fullmatch(text) is not None


def identity_of(userid: str, name: str = "") -> Identity | None:
    """
    Return a person by userid as it was spelt; None without a usable one.

    The lower-case spelling stands beside it, so that two spellings compare as one person.
    """
    return Identity(userid, name=name, other_id=userid.lower()) if is_userid(userid) else None
