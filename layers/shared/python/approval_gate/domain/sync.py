"""
One synchronisation of an app's contacts: how far it is, what was read so far, what came of it.

A run reads units: where the range begins, the departments below one, the people in one, groups, chats. A unit is read
whole or again, so that a run can stop after any of them and another worker goes on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from approval_gate.domain.contacts import Chat, Conflict, Contact, Department, Group

__all__ = [
    "CHANGE_PAUSE",
    "DAY",
    "LEASE",
    "MAX_AGE",
    "Changed",
    "Due",
    "Reading",
    "Report",
    "RunState",
    "Sync",
    "Unread",
    "next_run",
    "what_is_due",
]

LEASE = timedelta(minutes=3)
"""How long a worker holds an app without saying that it is still there."""

DAY = timedelta(days=1)
CHANGE_PAUSE = timedelta(minutes=30)
"""Between two runs that callbacks ask for: an import of a thousand people is one run, not a thousand."""

MAX_AGE = timedelta(days=3)
"""Contacts that were not confirmed for so long are not believed any more: the platform is asked instead."""


class RunState(StrEnum):
    """Where a run stands. WANTED: nobody has begun. FAILED: it ended without a complete reading."""

    WANTED = "WANTED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class Due(StrEnum):
    """What a worker has to do. RUN: read everything, or go on with it. PEOPLE: read those whom callbacks named."""

    NOTHING = "NOTHING"
    RUN = "RUN"
    PEOPLE = "PEOPLE"


@dataclass(frozen=True, slots=True)
class Changed:
    """
    What callbacks said of changed contacts.

    Args:
        at: when they last did.
        people: ids of whom alone it is about; empty: anything may have changed.
    """

    at: datetime
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sync:
    """
    One app's synchronisation.

    Args:
        identity: the vendor identity it belongs to; an app registered anew under another one starts from nothing.
        worker, leased_until: who works on it.
        not_before: a pause that the platform asked for.
        setbacks: failures in a row without anything read in between.
        departments, people, calls: progress of this run.
        problem: why the run waits or failed, and what to do.
        completed_at: when a run last ended well. `is_partial`: something could not be read in it.
        is_daily: whether a run is followed by one a day later, at `next_at`, and changes are read when callbacks tell.
        confirm_leavers: believe a reading that lacks most of the known people.
        former_identity: what is known under this one is to be removed first.
    """

    tenant: str
    app: str
    provider: str
    identity: str
    run_id: str
    state: RunState
    wanted_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    worker: str = ""
    leased_until: datetime | None = None
    not_before: datetime | None = None
    setbacks: int = 0
    departments: int = 0
    people: int = 0
    calls: int = 0
    problem: str = ""
    completed_at: datetime | None = None
    is_partial: bool = False
    is_daily: bool = True
    next_at: datetime | None = None
    confirm_leavers: bool = False
    former_identity: str = ""
    version: int = 0

    @property
    def is_open(self) -> bool:
        """Tell whether a run is wanted or under way."""
        return self.state in {RunState.WANTED, RunState.RUNNING}

    def is_leased(self, now: datetime) -> bool:
        """Tell whether a worker holds it."""
        return self.leased_until is not None and self.leased_until > now

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether its contacts may be believed."""
        return self.completed_at is not None and now - self.completed_at < MAX_AGE


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be read (the unit's name), and what to do."""

    what: str
    problem: str


@dataclass(frozen=True, slots=True)
class Reading:
    """
    One unit as read.

    Args:
        unit: `roots`, `tree:<department>`, `people:<department>`, `groups`, `chats`.
        is_last: the unit is complete with this.
        is_deep: the departments are complete, none of them needs a reading of what is below it.
        unread: why it could not be read.
    """

    unit: str
    is_last: bool = True
    is_deep: bool = False
    departments: tuple[Department, ...] = ()
    people: tuple[Contact, ...] = ()
    groups: tuple[Group, ...] = ()
    chats: tuple[Chat, ...] = ()
    notes: tuple[str, ...] = ()
    unread: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """
    What came of a run.

    Args:
        is_partial: something was not read, so nobody was marked as left.
        people: who is there now. `created`, `updated`, `returned` and `left` count changes against the run before.
        conflicts: addresses of several people; `conflict_count` counts those cut off too.
        notes: what else an administrator should know, one sentence each.
    """

    run_id: str
    started_at: datetime
    finished_at: datetime
    is_partial: bool
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
    conflicts: tuple[Conflict, ...] = ()
    conflict_count: int = 0
    unread: tuple[Unread, ...] = ()
    notes: tuple[str, ...] = ()


def next_run(sync: Sync, now: datetime) -> datetime | None:
    """Return a moment about a day away, up to two hours earlier or later, so that apps do not all run at one time."""
    if not sync.is_daily:
        return None
    digest = hashlib.sha256(f"{sync.tenant}/{sync.app}/{sync.run_id}".encode()).digest()
    share = int.from_bytes(digest[:4]) / 2**32
    return now + DAY + timedelta(hours=4 * share - 2)


def what_is_due(sync: Sync, now: datetime, changed: Changed | None) -> Due:
    """
    Return what a worker should be called for.

    A run when one waits, its worker is gone, its day has come or anything may have changed. Single people when only
    they changed and the others are known.
    """
    if sync.is_leased(now) or (sync.not_before is not None and sync.not_before > now):
        return Due.NOTHING
    if sync.is_open:
        return Due.RUN
    if not sync.is_daily:
        return Due.NOTHING
    if sync.next_at is not None and sync.next_at <= now:
        return Due.RUN
    if changed is not None and changed.people and sync.is_fresh(now):
        return Due.PEOPLE
    has_paused = sync.started_at is None or now - sync.started_at >= CHANGE_PAUSE
    return Due.RUN if changed is not None and has_paused else Due.NOTHING
