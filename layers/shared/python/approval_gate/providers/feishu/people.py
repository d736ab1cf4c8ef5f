"""
Find people by what a request says of them.

Source: Feishu developer docs, "Obtain user ID via email or mobile number", read 2026-02-28.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from approval_gate.domain.approval import Identity, PersonKind, PersonRef
from approval_gate.errors import PeopleNotFound, PersonProblem
from approval_gate.providers.feishu.identities import is_union_id
from approval_gate.untrusted import items, mapping, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from approval_gate.providers.feishu.client import Client
    from approval_gate.providers.feishu.edition import Edition
    from approval_gate.providers.feishu.wire import BatchGetIdRequest

__all__ = ["find_people"]

_PATH = "/open-apis/contact/v3/users/batch_get_id"
_MOST_PER_CALL = 50
_USER_ID = re.compile(r"[!-~]{1,128}")
_EMAIL = re.compile(r"[^@\s]{1,128}@[^@\s]{1,255}")
_MOBILE = re.compile(r"\+?[0-9]{5,20}")
_SEPARATORS = re.compile(r"[\s().-]")

# Flags of `status` with which a person cannot decide, and what to do about each.
_HINDRANCES = {
    "is_resigned": ("has resigned", "Name somebody who still works here."),
    "is_exited": ("has left the tenant", "Name somebody who still works here."),
    "is_frozen": ("is suspended", "Have an administrator reactivate the account or name somebody else."),
    "is_unjoin": ("has not joined the tenant yet", "Ask them to accept the invitation or name somebody else."),
}

type _Found = dict[str, list[dict[str, Any]]]


def find_people(client: Client, edition: Edition, refs: Sequence[PersonRef]) -> tuple[Identity, ...]:
    """
    Return one identity per ref, in order. One call per 50 addresses of a kind; none when only ids are given.

    The platform tells no names here: `name` is what the request said.

    Raises:
        PeopleNotFound: names everyone who is unknown, unable to decide or not the only one of an address.
    """
    found = _look_up(client, refs)
    answers = [_resolve(edition, ref, found) for ref in refs]
    problems = tuple(answer for answer in answers if isinstance(answer, PersonProblem))
    if problems:
        raise PeopleNotFound(problems, provider=edition.provider)
    return tuple(answer for answer in answers if isinstance(answer, Identity))


def _resolve(edition: Edition, ref: PersonRef, found: _Found) -> Identity | PersonProblem:
    match ref.kind:
        case PersonKind.USER_ID:
            return _given_id(edition, ref)
        case PersonKind.EMAIL | PersonKind.MOBILE:
            return _addressed(edition, ref, found)
        case _:
            return _problem(
                ref,
                f"is a kind ({ref.kind}) not supported for this app yet",
                "Name people by user_id, email or mobile.",
            )


def _given_id(edition: Edition, ref: PersonRef) -> Identity | PersonProblem:
    if is_union_id(ref.value):
        remedy = f"{edition.name} approvals take open_id (ou_…) or user_id: give one of these, an e-mail or a mobile."
        return _problem(ref, "is a union_id", remedy)
    if not _USER_ID.fullmatch(ref.value):
        return _problem(ref, "is no user id", "Copy the id from the admin console, or give an e-mail or a mobile.")
    return Identity(ref.value, name=ref.value)


def _addressed(edition: Edition, ref: PersonRef, found: _Found) -> Identity | PersonProblem:
    if not _is_address(ref):
        return _problem(
            ref, f"is no {ref.kind}", "Correct it; a mobile outside mainland China starts with + and country."
        )
    people = found.get(_key(ref.kind, ref.value), [])
    hindered = [hindrance for person in people if (hindrance := _hindrance(person))]
    ids = {word(person, "user_id") for person in people if not _hindrance(person)} - {""}
    if len(ids) == 1:
        return Identity(ids.pop(), name=ref.value)
    if ids:
        return _problem(ref, f"fits {len(ids)} people", "Name the one you mean by user_id.")
    if hindered:
        return _problem(ref, *hindered[0])
    return _problem(
        ref,
        "is unknown or outside what the app may see",
        "Check the address (aliases do not count), that the person has not left, and the contact range of the app at "
        f"{edition.console_url}.",
    )


def _look_up(client: Client, refs: Sequence[PersonRef]) -> _Found:
    """Return the platform's entries by address; people without an id and addresses nobody has are left out."""
    emails = _unique(ref.value.strip() for ref in refs if ref.kind is PersonKind.EMAIL and _is_address(ref))
    mobiles = _unique(_SEPARATORS.sub("", r.value) for r in refs if r.kind is PersonKind.MOBILE and _is_address(r))
    found: _Found = defaultdict(list)
    for some_emails, some_mobiles in _chunks(emails, mobiles):
        body: BatchGetIdRequest = {"emails": some_emails, "mobiles": some_mobiles, "include_resigned": False}
        data = client.call("find_people", "POST", _PATH, body={**body}, query={"user_id_type": "open_id"})
        for entry in items(data, "user_list"):
            if not word(entry, "user_id") and not _hindrance(entry):
                continue
            for kind in (PersonKind.EMAIL, PersonKind.MOBILE):
                address = entry.get(kind.value)
                if isinstance(address, str) and address:
                    found[_key(kind, address)].append(entry)
    return found


def _chunks(emails: list[str], mobiles: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    for start in range(0, max(len(emails), len(mobiles)), _MOST_PER_CALL):
        yield emails[start : start + _MOST_PER_CALL], mobiles[start : start + _MOST_PER_CALL]


def _is_address(ref: PersonRef) -> bool:
    if ref.kind is PersonKind.EMAIL:
        return _EMAIL.fullmatch(ref.value.strip()) is not None
    return _MOBILE.fullmatch(_SEPARATORS.sub("", ref.value)) is not None


def _key(kind: PersonKind, address: str) -> str:
    """Return what two spellings of one address share: case, separators and mainland China's country code."""
    if kind is PersonKind.EMAIL:
        return f"{kind}:{address.strip().casefold()}"
    return f"{kind}:{_SEPARATORS.sub('', address).removeprefix('+86')}"


def _hindrance(person: Mapping[str, Any]) -> tuple[str, str] | None:
    status = mapping(person, "status")
    return next((text for flag, text in _HINDRANCES.items() if status.get(flag) is True), None)


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _problem(ref: PersonRef, problem: str, remedy: str) -> PersonProblem:
    return PersonProblem(field=ref.field, given=ref.value, problem=problem, remedy=remedy)
