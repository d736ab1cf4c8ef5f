"""
Contacts of one app: the people, departments, groups and chats that it may see, as read from its platform.

An address (e-mail, mobile and so on) is compared in its normal form. One that fits several people names nobody.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from approval_gate.domain.people import Identity

__all__ = [
    "MOST_KEPT_OF_A_GROUP",
    "Chat",
    "Conflict",
    "Contact",
    "Department",
    "Group",
    "address_keys",
    "below",
    "conflicts_of",
    "normal_email",
    "normal_mobile",
    "owners_by_address",
]

_SEPARATORS = re.compile(r"[\s().-]")
_MAINLAND = re.compile(r"(?:86)?(1[3-9][0-9]{9})")


MOST_KEPT_OF_A_GROUP = 200
"""Members of a group that are kept. One that large can name no approvers, so who it leaves out does not matter."""


@dataclass(frozen=True, slots=True)
class Contact:
    """
    One person.

    Args:
        id: the platform's id that approvals name and compare by; `Identity.user_id`.
        other_id: a second id of the same person, where the platform has two kinds of ids.
        emails: business and personal ones, as the platform spells them.
        mobile: as `+<country><number>`; empty where the app may not see it.
        job_number: the organisation's number of the person.
        other_names: further names to search by, such as an English one.
    """

    id: str
    name: str = ""
    other_id: str = ""
    emails: tuple[str, ...] = ()
    mobile: str = ""
    job_number: str = ""
    title: str = ""
    other_names: tuple[str, ...] = ()

    def identity(self) -> Identity:
        """Return the person as approvals know them."""
        return Identity(self.id, name=self.name or self.id, other_id=self.other_id)


@dataclass(frozen=True, slots=True)
class Department:
    """One department. `parent` is empty for one that stands at the top of what the app may see."""

    id: str
    name: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A named set of people and whole departments, kept by the organisation: user group, tag."""

    id: str
    name: str
    people: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()

    def kept(self) -> Group:
        """Return the group as it is stored."""
        most = MOST_KEPT_OF_A_GROUP
        return replace(self, people=self.people[:most], departments=self.departments[:most])

    @property
    def may_be_cut(self) -> bool:
        """Tell whether members may be missing from what is stored."""
        return max(len(self.people), len(self.departments)) >= MOST_KEPT_OF_A_GROUP


@dataclass(frozen=True, slots=True)
class Chat:
    """A group chat that the app can write to."""

    id: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One address that several people have."""

    kind: str
    value: str
    people: tuple[str, ...]


def normal_email(address: str) -> str:
    """Return what two spellings of one e-mail address share."""
    return address.strip().casefold()


def normal_mobile(number: str) -> str:
    """
    Return what spellings of one mobile number share: `+<country><number>`.

    A number without a country is one of mainland China if it looks like one; any other stays without.
    """
    plain = _SEPARATORS.sub("", number)
    plain = "+" + plain[2:] if plain.startswith("00") else plain
    mainland = _MAINLAND.fullmatch(plain.removeprefix("+86") if plain.startswith("+86") else plain)
    return f"+86{mainland[1]}" if mainland else plain


def address_keys(contact: Contact) -> frozenset[tuple[str, str]]:
    """Return everything but the id by which a person can be named: kind and normal value."""
    found = {("email", normal_email(each)) for each in contact.emails}
    found |= {("mobile", normal_mobile(contact.mobile)), ("job_number", contact.job_number.strip())}
    if contact.other_id != contact.id:
        found.add(("user_id", contact.other_id))
    return frozenset((kind, value) for kind, value in found if value)


def owners_by_address(
    present: Mapping[str, Contact], left: Mapping[str, Contact]
) -> dict[tuple[str, str], tuple[str, ...]]:
    """
    Return who has which address, ids in order. Who left has it only while nobody else does.

    An address with more than one owner is kept with all of them, so that it is known to be ambiguous.
    """
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    for contact in present.values():
        for key in address_keys(contact):
            owners[key].add(contact.id)
    former: dict[tuple[str, str], set[str]] = defaultdict(set)
    for contact in left.values():
        for key in address_keys(contact) - owners.keys():
            former[key].add(contact.id)
    return {key: tuple(sorted(ids)) for key, ids in (*former.items(), *owners.items())}


def conflicts_of(present: Mapping[str, Contact]) -> tuple[Conflict, ...]:
    """Return every address that several people have, in order."""
    owners = owners_by_address(present, {})
    return tuple(Conflict(kind, value, people) for (kind, value), people in sorted(owners.items()) if len(people) > 1)


def below(departments: Iterable[Department], top: str) -> frozenset[str]:
    """Return a department and all below it; empty when it is not among them. A circle ends where it began."""
    known = tuple(departments)
    children: dict[str, list[str]] = defaultdict(list)
    for each in known:
        children[each.parent].append(each.id)
    if not any(each.id == top for each in known):
        return frozenset()
    found: set[str] = set()
    waiting = [top]
    while waiting:
        department = waiting.pop()
        if department not in found:
            found.add(department)
            waiting += children[department]
    return frozenset(found)
