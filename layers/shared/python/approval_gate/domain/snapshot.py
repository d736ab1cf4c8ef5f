"""What a run has read so far, what it still has to read, and what follows from it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from approval_gate.domain.contacts import Chat, Contact, Department, Group
from approval_gate.domain.sync import Reading, Unread

__all__ = ["Changes", "Snapshot", "changes_among", "changes_of"]

_FEW = 20


def _first_units() -> dict[str, deque[str]]:
    """Return what every run reads, in the order of reading."""
    return {"roots": deque(["roots"]), "tree": deque(), "people": deque(), "rest": deque(["groups", "chats"])}


@dataclass(slots=True)
class Snapshot:
    """The readings of one run, put together."""

    departments: dict[str, Department] = field(default_factory=dict)
    people: dict[str, Contact] = field(default_factory=dict)
    groups: tuple[Group, ...] | None = None
    chats: tuple[Chat, ...] | None = None
    unread: list[Unread] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _members: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _waiting: dict[str, deque[str]] = field(default_factory=_first_units)
    _done: set[str] = field(default_factory=set)

    def add(self, reading: Reading) -> None:
        """Take one reading; the same one again changes nothing."""
        kind, _, of = reading.unit.partition(":")
        if reading.unit in self._done:
            return
        self.people |= {each.id: each for each in reading.people}
        self.notes += reading.notes
        for each in reading.departments:
            self.departments.setdefault(each.id, each)
            self._waiting["people"].append(f"people:{each.id}")
            if not reading.is_deep and each.id != of:
                self._waiting["tree"].append(f"tree:{each.id}")
        if kind == "people":
            self._members[of].update(each.id for each in reading.people)
        if reading.unread:
            self.unread.append(Unread(reading.unit, reading.unread))
        elif kind == "groups":
            self.groups = (self.groups or ()) + reading.groups
        elif kind == "chats":
            self.chats = (self.chats or ()) + reading.chats
        if reading.is_last:
            self._done.add(reading.unit)

    def next_unit(self) -> str | None:
        """Return what to read next, None when everything was."""
        for units in self._waiting.values():
            while units and units[0] in self._done:
                units.popleft()
            if units:
                return units[0]
        return None

    @property
    def is_partial(self) -> bool:
        """Tell whether people may be missing: who was not seen has not necessarily left."""
        return any(each.what.partition(":")[0] in {"roots", "tree", "people"} for each in self.unread)

    def known_departments(self) -> tuple[Department, ...]:
        """Return the departments; one whose parent is out of sight stands at the top."""
        return tuple(
            each if each.parent in self.departments else replace(each, parent="") for each in self.departments.values()
        )

    def departments_of(self) -> dict[str, tuple[str, ...]]:
        """Return the departments that list each person."""
        found: dict[str, list[str]] = defaultdict(list)
        for department, people in self._members.items():
            for person in people:
                found[person].append(department)
        return {person: tuple(sorted(departments)) for person, departments in found.items()}


@dataclass(frozen=True, slots=True)
class Changes:
    """
    What a reading means for what was known before.

    Args:
        present, left: everybody afterwards.
        is_suspicious: so many were missing that the reading itself is doubted: nobody may be marked as left for it.
        missing: how many known people were not read.
    """

    present: dict[str, Contact]
    left: dict[str, Contact]
    created: int
    updated: int
    returned: int
    newly_left: int
    is_suspicious: bool
    missing: int


def changes_of(
    snapshot: Snapshot, present: Mapping[str, Contact], left: Mapping[str, Contact], *, confirm_leavers: bool
) -> Changes:
    """
    Compare a finished reading with what was known.

    Only a complete reading says that somebody left. When it lacks more than half of everybody, the range of the app was
    probably narrowed by mistake (some platforms leave people out without a word), so that has to be confirmed.
    """
    seen = snapshot.people
    missing = present.keys() - seen.keys()
    is_suspicious = not snapshot.is_partial and not confirm_leavers and _are_most(missing, present)
    keep = snapshot.is_partial or is_suspicious
    after = {**present, **seen} if keep else dict(seen)
    gone = {} if keep else {each: present[each] for each in missing}
    return Changes(
        present=after,
        left={each: contact for each, contact in {**left, **gone}.items() if each not in after},
        created=sum(each not in present and each not in left for each in seen),
        updated=sum(each in present and present[each] != contact for each, contact in seen.items()),
        returned=sum(each in left for each in seen),
        newly_left=len(gone),
        is_suspicious=is_suspicious,
        missing=len(missing),
    )


def changes_among(
    people: Mapping[str, Contact | None], present: Mapping[str, Contact], left: Mapping[str, Contact]
) -> Changes:
    """
    Compare single people that were read with what was known; all others stay as they are.

    Args:
        people: by the id that was asked for; None: not there for the app any more.
    """
    seen = {contact.id: contact for contact in people.values() if contact is not None}
    gone = {each: present[each] for each, contact in people.items() if contact is None and each in present}
    is_suspicious = _are_most(gone, present)
    after = {each: contact for each, contact in {**present, **seen}.items() if each not in gone}
    return Changes(
        present=after,
        left={each: contact for each, contact in {**left, **gone}.items() if each not in after},
        created=sum(each not in present and each not in left for each in seen),
        updated=sum(each in present and present[each] != contact for each, contact in seen.items()),
        returned=sum(each in left for each in seen),
        newly_left=len(gone),
        is_suspicious=is_suspicious,
        missing=len(gone),
    )


def _are_most(missing: Collection[str], known: Collection[str]) -> bool:
    return len(missing) > max(_FEW, len(known) // 2)
