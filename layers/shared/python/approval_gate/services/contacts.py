"""What administrators and pickers ask of contacts: a synchronisation, its state, people, departments, chats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from approval_gate.domain.contact_search import Found, search
from approval_gate.domain.contacts import Chat, Department, below
from approval_gate.domain.sync import Report, RunState, Sync
from approval_gate.errors import NotFound, VersionConflict
from approval_gate.ports import App, Clock
from approval_gate.ports.directory import ContactIndex, SyncQueue, Syncs

__all__ = ["ContactBook", "PeoplePage"]

_TRIES = 5


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """One page of people, and the departments that they are listed in by id."""

    found: Sequence[Found]
    departments: dict[str, Department]
    has_more: bool


class ContactBook:
    """
    The contacts of apps, for people who pick and administrators.

    Args:
        draw: returns a new random name.
    """

    def __init__(
        self, contacts: ContactIndex, syncs: Syncs, queue: SyncQueue, clock: Clock, draw: Callable[[], str]
    ) -> None:
        self._contacts = contacts
        self._syncs = syncs
        self._queue = queue
        self._clock = clock
        self._draw = draw

    def request_sync(self, app: App, *, daily: bool, confirm_leavers: bool) -> Sync:
        """
        Ask for a run. One that waits or is under way is the answer, unless leavers are to be confirmed.

        Raises:
            StoreError: not asked for, try again.
        """
        for _ in range(_TRIES):
            before = self._of(app)
            after = self._wanted(app, before, daily=daily, confirm_leavers=confirm_leavers)
            try:
                # `before` may be of another identity: then it is replaced, with the order to forget what it knew.
                stored = self._syncs.change(self._syncs.get(app.tenant, app.id), after)
            except VersionConflict:
                continue
            # The schedule finds it too, a few minutes later, should this be the last thing that we do.
            self._queue.send(app.tenant, app.id)
            return stored
        raise VersionConflict("ask for a synchronisation: changed meanwhile")

    def sync(self, app: App) -> tuple[Sync, Report | None]:
        """
        Return how far the synchronisation is, and the report of the last run that ended well.

        Raises:
            NotFound: nobody asked for one yet.
        """
        found = self._of(app)
        if found is None:
            raise NotFound(
                f"The contacts of {app.id!r} were never synchronised. POST /v1/apps/{app.id}/contacts/sync begins.",
                code="never_synchronised",
            )
        return found, self._contacts.report(app)

    def people(
        self, app: App, query: str, *, department: str = "", after: tuple[int, str, str] | None, limit: int
    ) -> PeoplePage:
        """Return the best answers behind `after`; of one department: also those below it."""
        departments = {each.id: each for each in self._contacts.departments(app)}
        within = below(departments.values(), department) if department else None
        found = search(self._contacts.search_lines(app), query, departments=within, after=after, limit=limit + 1)
        return PeoplePage(found[:limit], departments, has_more=len(found) > limit)

    def departments(self, app: App, parent: str) -> tuple[tuple[Department, bool], ...]:
        """Return the departments directly below one ("" is the top) by name, and whether each has others below it."""
        every = self._contacts.departments(app)
        parents = {each.parent for each in every}
        level = sorted((each for each in every if each.parent == parent), key=lambda each: (each.name, each.id))
        return tuple((each, each.id in parents) for each in level)

    def chats(self, app: App, query: str) -> tuple[tuple[Chat, ...], str]:
        """Return the chats whose name contains the query, and why there may be none to list."""
        typed = query.strip().casefold()
        found = [each for each in self._contacts.chats(app) if typed in each.name.casefold()]
        report = self._contacts.report(app)
        unread = [each.problem for each in report.unread if each.what == "chats"] if report else []
        if report is None:
            unread = [f"Contacts were never read. POST /v1/apps/{app.id}/contacts/sync begins."]
        return tuple(sorted(found, key=lambda each: (each.name, each.id))), " ".join(unread)

    def _of(self, app: App) -> Sync | None:
        found = self._syncs.get(app.tenant, app.id)
        return found if found is not None and found.identity == app.vendor_identity else None

    def _wanted(self, app: App, before: Sync | None, *, daily: bool, confirm_leavers: bool) -> Sync:
        now = self._clock()
        if before is not None and before.is_open:
            return replace(
                before, is_daily=daily, confirm_leavers=before.confirm_leavers or confirm_leavers, not_before=None
            )
        if before is not None:
            return replace(
                before,
                run_id=self._draw(),
                state=RunState.WANTED,
                wanted_at=now,
                is_daily=daily,
                confirm_leavers=confirm_leavers,
                not_before=None,
                problem="",
            )
        stale = self._syncs.get(app.tenant, app.id)
        return Sync(
            tenant=app.tenant,
            app=app.id,
            provider=app.provider,
            identity=app.vendor_identity,
            run_id=self._draw(),
            state=RunState.WANTED,
            wanted_at=now,
            is_daily=daily,
            confirm_leavers=confirm_leavers,
            former_identity=stale.identity if stale else "",
        )
