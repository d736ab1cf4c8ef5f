"""
People in the vendor's two id kinds.

`open_id` (`ou_…`) is per application, `user_id` per tenant and chosen by the customer; `union_id` (`on_…`) is not
accepted by the approval calls. Our `Identity.user_id` is the open_id where it is known, `other_id` the user_id.

Source: Feishu developer docs, "User identity: introduction", read 2026-02-28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from approval_gate.domain.approval import Identity

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["has_both_kinds", "identity_of", "is_open_id", "is_union_id", "open_id_of", "split_by_kind", "user_id_of"]


def is_open_id(value: str) -> bool:
    """Tell an open_id from a user_id."""
    return value.startswith("ou_")


def is_union_id(value: str) -> bool:
    """Tell a union_id from a user_id."""
    return value.startswith("on_")


def identity_of(open_id: str, user_id: str) -> Identity | None:
    """Return whom the platform means; None when it means nobody, as for automatic tasks."""
    if open_id:
        return Identity(open_id, other_id=user_id)
    return Identity(user_id) if user_id else None


def open_id_of(person: Identity) -> str:
    """Return the person's open_id, or nothing."""
    return next((each for each in (person.user_id, person.other_id) if is_open_id(each)), "")


def user_id_of(person: Identity) -> str:
    """Return the person's tenant-wide user_id, or nothing."""
    return next((each for each in (person.user_id, person.other_id) if each and not is_open_id(each)), "")


def split_by_kind(people: Iterable[Identity]) -> tuple[list[str], list[str]]:
    """Return open_ids, and user_ids of those without an open_id; everyone once, in order."""
    everyone = tuple(people)
    open_ids = [open_id_of(person) for person in everyone if open_id_of(person)]
    user_ids = [user_id_of(person) for person in everyone if not open_id_of(person) and user_id_of(person)]
    return list(dict.fromkeys(open_ids)), list(dict.fromkeys(user_ids))


def has_both_kinds(people: Iterable[Identity]) -> bool:
    """Tell whether some people are known by user_id only and others by open_id: two lists, without a common order."""
    open_ids, user_ids = split_by_kind(people)
    return bool(open_ids and user_ids)
