"""What a provider must be to tell its contacts, and what is kept of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from approval_gate.domain.contact_search import SearchLine
from approval_gate.domain.contacts import Chat, Contact, Department, Group
from approval_gate.domain.sync import Changed, Reading, Report, Sync
from approval_gate.ports.provider import App

__all__ = [
    "ContactIndex",
    "ContactStore",
    "Contacts",
    "Desired",
    "Directories",
    "Directory",
    "Page",
    "Person",
    "Roots",
    "SyncQueue",
    "Syncs",
]


@dataclass(frozen=True, slots=True)
class Page[T]:
    """
    What one call told.

    Args:
        next_cursor: for the rest; empty: there is none.
        is_deep: departments: those further below are in it too.
        unread: why this could not be read, one sentence with what to do; empty: it was.
        is_gone: the department does not exist any more, so there is nothing to read.
    """

    items: tuple[T, ...] = ()
    next_cursor: str = ""
    is_deep: bool = False
    unread: str = ""
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Roots:
    """
    Where an app's range begins: departments, and people who are in it by themselves.

    Args:
        is_deep: all departments are in it, none of them needs a reading of what is below.
        notes: what the platform does not let be listed, and what follows from that; one sentence each.
    """

    departments: tuple[Department, ...]
    people: tuple[Contact, ...] = ()
    is_deep: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """
    One person as read by id.

    Args:
        departments: those that list the person; None: the platform does not tell.
    """

    contact: Contact
    departments: tuple[str, ...] | None = None


class Directory(Protocol):
    """
    The contacts half of a provider, for one app. It only reads.

    It lives in `providers/<name>/directory.py` under this name and is built from the same things as a `Sender`. Every
    method makes as few calls as its answer needs, tells each to `before_call`, and may raise ProviderUnavailable
    (later) or ProviderRejected (a permission, an address, the credentials: nothing can be read).
    """

    calls_per_s: float
    """How many calls a second stay clear of the platform's limits."""

    before_call: Callable[[], None]
    """Called before each call; whoever reads much counts and slows down here."""

    field_notes: Mapping[str, str]
    """What to do when nobody's `mobile` or `emails` can be seen, one sentence each."""

    def roots(self) -> Roots:
        """Return where the app's range begins."""
        ...

    def departments(self, parent: str, cursor: str) -> Page[Department]:
        """Return departments below one, with their parents: all of them or one level."""
        ...

    def people(self, department: str, cursor: str) -> Page[Contact]:
        """Return people that are directly in a department and have not left."""
        ...

    def person(self, user_id: str) -> Person | None:
        """Return one person, None when unknown, outside the app's range or not able to decide any more."""
        ...

    def department(self, department_id: str) -> Department | None:
        """Return one department, None when unknown or outside the app's range."""
        ...

    def groups(self) -> Page[Group]:
        """Return the organisation's groups with their members; `unread` where the platform has none to tell."""
        ...

    def chats(self) -> Page[Chat]:
        """Return the group chats that the app can write to; `unread` where the platform does not list them."""
        ...


class Directories(Protocol):
    """Directories by app."""

    def of(self, app: App) -> Directory:
        """
        Return the directory of an app.

        Raises:
            ConfigurationError: its credentials are missing or unreadable.
        """
        ...


class Contacts(Protocol):
    """Synchronised people, to be looked up."""

    def by_id(self, app: App, ids: Iterable[str]) -> Mapping[str, tuple[Contact, bool]]:
        """Return known people by id, and whether each has left."""
        ...

    def by_address(self, app: App, keys: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """Return the ids of who has an address (kind, normal value); more than one: it is ambiguous."""
        ...

    def departments(self, app: App) -> tuple[Department, ...]:
        """Return every department."""
        ...

    def group(self, app: App, group_id: str) -> Group | None:
        """Return one group."""
        ...


class ContactIndex(Contacts, Protocol):
    """Synchronised contacts, to be searched."""

    def chats(self, app: App) -> tuple[Chat, ...]:
        """Return every chat that the app can write to."""
        ...

    def search_lines(self, app: App) -> Sequence[SearchLine]:
        """Return the whole index of people; empty before the first synchronisation."""
        ...

    def report(self, app: App) -> Report | None:
        """Return the report of the last run that ended well."""
        ...


@dataclass(frozen=True, slots=True)
class Desired:
    """
    What the table shall hold of one app after a run.

    Args:
        is_partial: departments that are not listed stay as they are.
        groups, chats: None when they could not be read: they stay as they are.
        addresses: who has which address.
        lines: the index of people.
    """

    present: Mapping[str, Contact]
    left: Mapping[str, Contact]
    departments: Iterable[Department]
    is_partial: bool
    groups: Iterable[Group] | None
    chats: Iterable[Chat] | None
    addresses: Mapping[tuple[str, str], tuple[str, ...]]
    lines: Sequence[SearchLine]


class ContactStore(Protocol):
    """The table's side of a synchronisation."""

    def stage(self, app: App, run_id: str, number: int, readings: Sequence[Reading]) -> int:
        """Keep what was read under this and the next numbers; returns the next free one."""
        ...

    def staged(self, app: App, run_id: str) -> tuple[int, Sequence[Reading]]:
        """Return what earlier workers of this run read, and the next free number."""
        ...

    def people(self, app: App) -> tuple[dict[str, Contact], dict[str, Contact]]:
        """Return everyone known: those who are there, and those who left."""
        ...

    def search_lines(self, app: App) -> Sequence[SearchLine]:
        """Return the index of people as it is."""
        ...

    def write(self, app: App, desired: Desired, at: datetime, still_mine: Callable[[], None]) -> int:
        """
        Make the table hold what is desired, writing only what differs.

        Args:
            at: when whoever is newly among `left` was found gone.
            still_mine: called before each batch; raises when another worker has taken over.

        Returns: how many items were written or removed.
        """
        ...

    def drop_staged(self, app: App, run_id: str) -> None:
        """Remove what `stage` kept."""
        ...

    def save_report(self, app: App, report: Report) -> None:
        """Keep the report of a run, in place of the one before."""
        ...

    def forget(self, tenant: str, app_id: str, identity: str) -> None:
        """Remove everything known of an app that does not exist any more."""
        ...


class Syncs(Protocol):
    """Which apps are synchronised, and how far each is. Every change is conditional on the version it came from."""

    def get(self, tenant: str, app_id: str) -> Sync | None:
        """Read one, consistently."""
        ...

    def all(self) -> tuple[Sync, ...]:
        """Return every app that was ever synchronised."""
        ...

    def change(self, before: Sync | None, after: Sync) -> Sync:
        """
        Replace `before` by `after`.

        Raises:
            VersionConflict: `before` is not what is stored any more.
        """
        ...

    def remove(self, sync: Sync) -> None:
        """Forget an app."""
        ...

    def changed(self, provider: str, tenant: str, app_id: str) -> Changed | None:
        """Return what callbacks said of changed contacts since `take_change`, None when nothing."""
        ...

    def take_change(self, provider: str, tenant: str, app_id: str, seen: Changed) -> None:
        """Take back what callbacks said, unless they said more since."""
        ...

    def widen_change(self, provider: str, tenant: str, app_id: str, seen: Changed) -> None:
        """Let it mean that anything may have changed, unless they said more since."""
        ...


class SyncQueue(Protocol):
    """How a worker is called. A lost call is made up for by the schedule."""

    def send(self, tenant: str, app_id: str, delay_s: int = 0) -> None:
        """Ask for one worker on one app, in 0 to 900 seconds."""
        ...
