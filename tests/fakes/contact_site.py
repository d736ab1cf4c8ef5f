"""Contacts of one app: a real directory on a simulated platform, the real store, and a worker on one clock."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

from approval_gate.domain.sync import Report, RunState, Sync
from approval_gate.ports import App
from approval_gate.ports.directory import Directory
from approval_gate.services.sync_contacts import ContactSync, SyncPorts
from approval_gate.store.contact_writes import DynamoContactStore
from approval_gate.store.syncs import DynamoSyncs
from tests.fakes.aws import TABLE
from tests.fakes.platform_site import PlatformSite
from tests.sender_kits import SenderKit

__all__ = ["ContactSite"]

_runs = itertools.count(1)


class ContactSite:
    """
    Synchronises one app of a `PlatformSite`; sleeping moves the clock of both sides.

    Args:
        table: a DynamoDB client.
    """

    def __init__(self, kit: SenderKit, table: Any) -> None:
        self.platform = PlatformSite(kit, table)
        self.app: App = replace(self.platform.app, vendor_identity=f"{kit.provider}-identity")
        self.registered: App | None = self.app
        self.slept_s = 0.0
        self.store = DynamoContactStore(table, TABLE, self.platform.clock, self._sleep)
        self.syncs = DynamoSyncs(table, TABLE)

    def close(self) -> None:
        self.platform.close()

    # -- what a synchronisation needs

    def get(self, tenant: str, app_id: str) -> App | None:
        return self.registered if (tenant, app_id) == (self.app.tenant, self.app.id) else None

    def saw_callback(self, app: App, at: object, took_ms: object = None) -> None:
        raise AssertionError("no callback is involved")

    def take_look(self, app: App, now: object, before: object) -> None:
        raise AssertionError("no approval is involved")

    def of(self, app: App) -> Directory:
        assert app.id == self.app.id
        return self.platform.directory()

    def _sleep(self, seconds: float) -> None:
        self.slept_s += seconds
        self.platform.later(seconds)

    def worker(self) -> ContactSync:
        """Return a worker as another function would be: it knows only what is in the table."""
        return ContactSync(
            SyncPorts(
                apps=self,
                directories=self,
                store=self.store,
                syncs=self.syncs,
                clock=self.platform.clock,
                sleep=self._sleep,
                draw=lambda: f"run-{next(_runs)}",
            )
        )

    # -- what tests do

    def wanted(self, **changes: Any) -> Sync:
        """Ask for a run."""
        before = self.syncs.get(self.app.tenant, self.app.id)
        wanted = Sync(
            tenant=self.app.tenant,
            app=self.app.id,
            provider=self.app.provider,
            identity=self.app.vendor_identity,
            run_id=f"asked-{next(_runs)}",
            state=RunState.WANTED,
            wanted_at=self.platform.now,
        )
        return self.syncs.change(before, replace(wanted, **changes))

    def work(self, seconds: float = 600) -> int | None:
        """Let a new worker do what is due."""
        return self.worker().work(self.app.tenant, self.app.id, self.platform.now + timedelta(seconds=seconds))

    def synchronise(self, **changes: Any) -> Report:
        """Ask for a run and let it end."""
        self.wanted(**changes)
        assert self.work() is None
        return self.report()

    def narrow(self, **contact_range: list[str]) -> None:
        """Let the app see only a part, as an administrator does in the platform's console."""
        fields = self.platform.kit.credentials
        of_an_app = (
            ("corp_id", "agent_id") if "corp_id" in fields and "app_key" not in fields else ("app_id", "app_key")
        )
        identity = {name: fields[name] for name in of_an_app if name in fields}
        self.platform.control("POST", "apps", {**identity, "contact_range": contact_range})

    def report(self) -> Report:
        report = self.store.report(self.app)
        assert report is not None
        return report

    def sync(self) -> Sync:
        sync = self.syncs.get(self.app.tenant, self.app.id)
        assert sync is not None
        return sync

    def people(self) -> set[str]:
        """Return the names of who is there."""
        return {each.name for each in self.store.people(self.app)[0].values()}

    def left(self) -> set[str]:
        return {each.name for each in self.store.people(self.app)[1].values()}
