"""
Read an app's contacts from its platform into the table.

One worker at a time holds an app. It stops after any unit (time, a platform that does not answer, a crash), and the
next one goes on from what was staged. The table's people change only when everything was read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from approval_gate.domain.contacts import owners_by_address
from approval_gate.domain.snapshot import Snapshot, changes_of
from approval_gate.domain.sync import LEASE, Changed, Due, Reading, RunState, Sync, next_run, what_is_due
from approval_gate.errors import (
    ConfigurationError,
    GateError,
    ProviderRejected,
    ProviderUnavailable,
    VersionConflict,
)
from approval_gate.ports import App, Apps, Clock
from approval_gate.ports.directory import ContactStore, Desired, Directories, Directory, Syncs
from approval_gate.services.changed_people import read_changed_people
from approval_gate.services.held_sync import HeldSync, TakenOver
from approval_gate.services.read_contacts import Reader, TimeIsUp
from approval_gate.services.sync_report import report_of, search_lines_of

__all__ = ["ContactSync", "SyncPorts"]

_logger = logging.getLogger(__name__)
_PEOPLE_PER_STAGE = 2000
_STAGE_EVERY = timedelta(seconds=30)
_MOST_SETBACKS = 20
_SHORTEST_PAUSE_S = 60
_LONGEST_PAUSE_S = 900


@dataclass(frozen=True, slots=True)
class SyncPorts:
    """
    What a synchronisation needs.

    Args:
        sleep: waits so many seconds.
        draw: returns a new random name.
    """

    apps: Apps
    directories: Directories
    store: ContactStore
    syncs: Syncs
    clock: Clock
    sleep: Callable[[float], None]
    draw: Callable[[], str]


class ContactSync:
    """Synchronise apps."""

    def __init__(self, ports: SyncPorts) -> None:
        self._apps = ports.apps
        self._directories = ports.directories
        self._store = ports.store
        self._syncs = ports.syncs
        self._clock = ports.clock
        self._sleep = ports.sleep
        self._draw = ports.draw

    def due(self) -> tuple[Sync, ...]:
        """Return every app for which a worker should be called; deleted ones too, to forget them."""
        now = self._clock()
        return tuple(
            each
            for each in self._syncs.all()
            if what_is_due(each, now, self._syncs.changed(each.provider, each.tenant, each.app)) is not Due.NOTHING
            or (not each.is_leased(now) and self._app_of(each) is None)
        )

    def work(self, tenant: str, app_id: str, until: datetime) -> int | None:
        """
        Do what is due for one app, until it is done or time is up.

        Returns: after how many seconds another worker should go on; None when nothing is left to do.

        Raises:
            StoreError: the table did not answer. What was staged stays; the lease ends by itself.
        """
        sync = self._syncs.get(tenant, app_id)
        if sync is None:
            return None
        app = self._app_of(sync)
        if app is None:
            if sync.is_leased(self._clock()):
                return None  # its worker may still write; the schedule comes back
            self._store.forget(tenant, app_id, sync.identity)
            self._syncs.remove(sync)
            return None
        changed = self._syncs.changed(sync.provider, tenant, app_id)
        due = what_is_due(sync, self._clock(), changed)
        try:
            if due is Due.PEOPLE and changed is not None:
                return self._read_changed(sync, app, changed, until)
            held = self._begin(sync, changed) if due is Due.RUN else None
            return self._run(held, app, until) if held else None
        except TakenOver:
            _logger.warning("sync_taken_over", extra={"tenant": tenant, "app": app_id})
            return None

    def _app_of(self, sync: Sync) -> App | None:
        app = self._apps.get(sync.tenant, sync.app)
        return app if app is not None and app.vendor_identity == sync.identity else None

    def _begin(self, sync: Sync, changed: Changed | None) -> HeldSync | None:
        """Take the app for a run: a new one, or one that waits. None: another worker was first."""
        now = self._clock()
        begun = sync
        if not sync.is_open:
            begun = replace(sync, run_id=self._draw(), wanted_at=now, confirm_leavers=False)
        if begun.state is not RunState.RUNNING:
            begun = replace(
                begun,
                state=RunState.RUNNING,
                started_at=now,
                finished_at=None,
                setbacks=0,
                departments=0,
                people=0,
                calls=0,
            )
        held = self._take(sync, replace(begun, not_before=None))
        if held is None:
            return None
        if changed is not None and begun.started_at == now:
            # Before anything is read: a change from here on sets a new mark.
            self._syncs.take_change(sync.provider, sync.tenant, sync.app, changed)
        if held.sync.former_identity:
            self._store.forget(sync.tenant, sync.app, held.sync.former_identity)
            held.save(former_identity="")
        return held

    def _take(self, sync: Sync, begun: Sync) -> HeldSync | None:
        begun = replace(begun, worker=self._draw(), leased_until=self._clock() + LEASE)
        try:
            return HeldSync(self._syncs, self._clock, self._syncs.change(sync, begun))
        except VersionConflict:
            return None  # another worker was first

    def _read_changed(self, sync: Sync, app: App, changed: Changed, until: datetime) -> int | None:
        """
        Read only those whom callbacks named, one call each. What that cannot settle is left to a run.

        It is no run: its state, progress and report stay those of the last complete reading.
        """
        held = self._take(sync, sync)
        if held is None:
            return None
        pause_s, not_before = None, None
        try:
            reader = Reader(self._directories.of(app), self._clock, self._sleep, until)
            is_settled = read_changed_people(self._store, app, reader, changed.people, self._clock(), held.renew)
        except TimeIsUp:
            pause_s = 0
        except ProviderUnavailable as err:
            pause_s = int(min(max(err.retry_after_s or 0, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S))
            not_before = self._clock() + timedelta(seconds=pause_s)
        except (ProviderRejected, ConfigurationError):
            self._syncs.widen_change(sync.provider, sync.tenant, sync.app, changed)
        else:
            settle = self._syncs.take_change if is_settled else self._syncs.widen_change
            settle(sync.provider, sync.tenant, sync.app, changed)
        held.save(leased_until=None, worker="", not_before=not_before)
        return pause_s

    def _run(self, held: HeldSync, app: App, until: datetime) -> int | None:
        try:
            directory = self._directories.of(app)
            reader = Reader(directory, self._clock, self._sleep, until)
            snapshot = self._read(held, app, reader)
        except TimeIsUp:
            held.save(leased_until=None, worker="")
            return 0
        except ProviderUnavailable as err:
            return self._set_back(held, app, err)
        except (ProviderRejected, ConfigurationError) as err:
            self._fail(held, app, err)
        else:
            self._finish(held, app, directory, snapshot)
        return None

    def _read(self, held: HeldSync, app: App, reader: Reader) -> Snapshot:
        """Read unit after unit. Whatever stops it, what was read whole is staged first."""
        number, staged = self._store.staged(app, held.sync.run_id)
        snapshot = Snapshot()
        for reading in staged:
            snapshot.add(reading)
        waiting: list[Reading] = []
        staged_at = self._clock()
        calls_before = held.sync.calls

        def stage() -> None:
            nonlocal number, staged_at
            if waiting:
                number = self._store.stage(app, held.sync.run_id, number, waiting)
            staged_at = self._clock()
            held.save(
                departments=len(snapshot.departments),
                people=len(snapshot.people),
                calls=calls_before + reader.calls,
                setbacks=0 if waiting else held.sync.setbacks,
            )
            waiting.clear()

        try:
            while (unit := snapshot.next_unit()) is not None:
                reading = reader.read(unit)
                snapshot.add(reading)
                waiting.append(reading)
                if (
                    sum(len(each.people) for each in waiting) >= _PEOPLE_PER_STAGE
                    or self._clock() - staged_at >= _STAGE_EVERY
                ):
                    stage()
        finally:
            stage()
        return snapshot

    def _set_back(self, held: HeldSync, app: App, err: ProviderUnavailable) -> int | None:
        setbacks = held.sync.setbacks + 1
        if setbacks > _MOST_SETBACKS:
            self._fail(held, app, err)
            return None
        pause_s = int(min(max(err.retry_after_s or 0, 15 * 2 ** min(setbacks, 6)), _LONGEST_PAUSE_S))
        held.save(
            setbacks=setbacks,
            problem=err.message,
            leased_until=None,
            worker="",
            not_before=self._clock() + timedelta(seconds=pause_s),
        )
        return pause_s

    def _fail(self, held: HeldSync, app: App, err: GateError) -> None:
        _logger.warning(
            "sync_failed", extra={"tenant": app.tenant, "app": app.id, "error_code": err.code}, exc_info=err
        )
        self._store.drop_staged(app, held.sync.run_id)
        now = self._clock()
        held.save(
            state=RunState.FAILED,
            problem=err.message,
            finished_at=now,
            leased_until=None,
            worker="",
            next_at=next_run(held.sync, now),
        )

    def _finish(self, held: HeldSync, app: App, directory: Directory, snapshot: Snapshot) -> None:
        present, left = self._store.people(app)
        before = self._store.search_lines(app) if snapshot.is_partial or present.keys() - snapshot.people.keys() else ()
        changes = changes_of(snapshot, present, left, confirm_leavers=held.sync.confirm_leavers)
        desired = Desired(
            present=changes.present,
            left=changes.left,
            departments=snapshot.known_departments(),
            is_partial=snapshot.is_partial or changes.is_suspicious,
            groups=snapshot.groups,
            chats=snapshot.chats,
            addresses=owners_by_address(changes.present, changes.left),
            lines=search_lines_of(snapshot, changes, before),
        )
        now = self._clock()
        written = self._store.write(app, desired, now, held.renew)
        report = report_of(held.sync, snapshot, changes, directory, written, now)
        held.renew()
        self._store.save_report(app, report)
        held.save(
            state=RunState.DONE,
            problem="",
            setbacks=0,
            departments=len(snapshot.departments),
            people=len(snapshot.people),
            finished_at=now,
            completed_at=now,
            is_partial=report.is_partial,
            leased_until=None,
            worker="",
            next_at=next_run(held.sync, now),
        )
        self._store.drop_staged(app, held.sync.run_id)
        _logger.info(
            "sync_done",
            extra={
                "tenant": app.tenant,
                "app": app.id,
                "provider": app.provider,
                "people": report.people,
                "calls": report.calls,
                "written_items": written,
                "partial": report.is_partial,
            },
        )
