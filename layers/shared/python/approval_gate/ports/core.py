"""What the core needs from the table, the senders and the state machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from approval_gate.domain.approval import Approval, HistoryEntry, Status
from approval_gate.domain.notification import Notification
from approval_gate.domain.people import Identity, PersonRef
from approval_gate.ports.provider import App, CallbackEvent, Clock, Sender
from approval_gate.ports.webhooks import CallbackCheck

__all__ = ["Approvals", "Apps", "Idempotency", "People", "Ports", "Senders", "Superseding", "Wanted", "Workflow"]


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The caller's Idempotency-Key and a digest of the body that came with it."""

    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Which approvals to list.

    Args:
        status, app: None for all.
        created_after: not including that moment.
        before: only what stands behind this approval (creation time and id) in the list, for the next page.
    """

    status: Status | None = None
    app: str | None = None
    created_after: datetime | None = None
    before: tuple[datetime, str] | None = None


@dataclass(frozen=True, slots=True)
class Superseding:
    """
    How a new approval takes over its supersede key.

    Args:
        held_by: the approval that holds the key now, empty for none.
        before, after, entry, notices: how that one ends; absent when it has ended already.
    """

    held_by: str
    before: Approval | None = None
    after: Approval | None = None
    entry: HistoryEntry | None = None
    notices: Sequence[Notification] = ()


class Approvals(Protocol):
    """The approvals in the table. Every change is conditional on the version it was computed from."""

    def create(
        self,
        approval: Approval,
        entry: HistoryEntry,
        idempotency: Idempotency | None,
        superseding: Superseding | None = None,
    ) -> Approval:
        """
        Store a new approval and, in the same step, end the one it supersedes.

        Returns: `approval`, or the one that the same idempotency key or the same id created before.

        Raises:
            IdempotencyMismatch: the key was used with another body.
            VersionConflict: what it supersedes is not as `superseding` says any more; look again.
            StoreError: not stored, try again.
        """
        ...

    def get(self, approval_id: str) -> Approval | None:
        """Read one approval, consistently."""
        ...

    def change(
        self,
        before: Approval,
        after: Approval,
        entry: HistoryEntry,
        *,
        wake: bool | None = None,
        notices: Sequence[Notification] = (),
    ) -> Approval:
        """
        Replace `before` by `after` together with the history entry that explains it, and claim a new provider ref.

        Args:
            wake: True asks the state machine not to go to sleep before it has looked; False takes that back.
            notices: whom to tell of it; stored in the same step, delivered from there.

        Returns: `after` with its new version.

        Raises:
            VersionConflict: `before` is not the stored version any more.
            StoreError: not stored, try again.
        """
        ...

    def holder_of(self, tenant: str, supersede_key: str) -> str:
        """Return the id of the latest approval with this supersede key, empty when there is none."""
        ...

    def find_by_ref(self, provider: str, tenant: str, app: str, ref: str) -> str | None:
        """Return the id of the approval that holds this provider ref."""
        ...

    def journal_of(self, approval: Approval) -> tuple[CallbackEvent, ...]:
        """Return every journaled callback about this approval, oldest first."""
        ...

    def find(self, tenant: str, wanted: Wanted, limit: int) -> tuple[Approval, ...]:
        """Return up to `limit` approvals of a tenant, newest first; a moment behind the truth."""
        ...

    def has_pending(self, tenant: str, app: str) -> bool:
        """Tell whether an app has approvals that wait; a moment behind the truth."""
        ...

    def history(self, approval_id: str) -> tuple[HistoryEntry, ...]:
        """Return every recorded fact in order."""
        ...


class Apps(Protocol):
    """The registered apps."""

    def get(self, tenant: str, app_id: str) -> App | None:
        """Read one app of a tenant."""
        ...

    def saw_callback(self, app: App, at: datetime, took_ms: int | None = None) -> None:
        """Remember that callbacks of this app arrive, and how fast the last one was taken."""
        ...

    def take_look(self, app: App, now: datetime, before: datetime | None) -> datetime | None:
        """
        Take a look out of an app's budget.

        Args:
            before: it is of no use later than that; None for one that is made now, whatever the budget says.

        Returns: when it may be made, or None when there is no room in time; then nothing was taken.
        """
        ...


class Senders(Protocol):
    """Senders by app; wired once per execution environment."""

    def of(self, app: App) -> Sender:
        """
        Return the sender of an app.

        Raises:
            ConfigurationError: its credentials are missing or unreadable.
        """
        ...


class People(Protocol):
    """Who is meant by the people that a request names; see `services.people`."""

    def expand(
        self, app: App, lists: Sequence[Sequence[PersonRef]], *, but: PersonRef | None = None
    ) -> tuple[tuple[Identity, ...], ...]:
        """
        Return the people of several lists, departments and groups as their members.

        Args:
            but: one of the lists' people, who is left out of departments and groups.

        Raises:
            PeopleNotFound: everybody who cannot be named exactly, with field and remedy.
        """
        ...


class Workflow(Protocol):
    """The waiting executions."""

    def start(self, approval: Approval) -> None:
        """Start the execution of an approval; already started is success."""
        ...

    def start_closing(self, approval: Approval) -> None:
        """Start one more, to conclude an approval whose own execution is gone; already started is success."""
        ...

    def resume(self, task_token: str, output: Mapping[str, object]) -> None:
        """Answer a task token; a token that is gone is success."""
        ...

    def fail(self, task_token: str, error: str, cause: str) -> None:
        """Answer a caller's task token with an error; a token that is gone is success."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a use case may need, wired once per execution environment."""

    approvals: Approvals
    apps: Apps
    senders: Senders
    workflow: Workflow
    clock: Clock
    people: People
    callbacks: CallbackCheck | None = None
