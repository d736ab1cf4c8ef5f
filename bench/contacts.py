"""
How long a synchronisation of 20,000 people takes, what it calls, keeps and writes; and a search among them.

The real services, stores and directories run against each platform's simulator in the same process, over a virtual
clock: waiting for the platform's pace costs nothing here and is counted. The table is in memory and counts units.
Each platform is measured in a process of its own, so that memory is the worker's and not the others'.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import multiprocessing
import random
import resource
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import httpx

from approval_gate.domain.contact_search import search
from approval_gate.domain.sync import RunState, Sync
from approval_gate.ports import App
from approval_gate.providers import registry
from approval_gate.services.sync_contacts import ContactSync, SyncPorts
from approval_gate.store import keys
from approval_gate.store.access_tokens import DynamoAccessTokens
from approval_gate.store.contact_writes import DynamoContactStore
from approval_gate.store.contacts import DynamoContacts, partition_of
from approval_gate.store.forms import DynamoForms
from approval_gate.store.syncs import DynamoSyncs
from bench.counted_table import CountedTable
from bench.report import Section
from local.simulators.frame.clock import Clock
from local.simulators.frame.demo import seed_demo
from local.simulators.frame.ids import Ids
from local.simulators.frame.platform import Simulation
from local.simulators.frame.server import build_server
from local.simulators.platforms import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from approval_gate.ports.directory import Directory

__all__ = ["measure_contacts"]

PEOPLE: Final = 20_000
DEPARTMENTS: Final = 500
TABLE: Final = "bench"
_START: Final = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
_BASE_URL: Final = "http://platform.test"
_QUERIES: Final = ("王", "wang", "wy", "c0199", "")
_IN_ONE_PROCESS: Final = (
    "Real services, stores and directories against the platform's simulator in one process, on a virtual clock; the "
    "table is in memory and counts the units that DynamoDB would charge. Its delays, some ms a request, come on top."
)
_TIMES: Final = (
    "A run takes about the sum of pace and work. Nothing changed before the second run: it makes the same calls, as no "
    "platform tells what changed, and writes only what it stages while it reads."
)
_CHANGED: Final = (
    "One changed person: what a callback about one of them costs, calls and table units; the index is written anew. "
    "WeCom's callbacks lead to a run."
)
_SIZES: Final = (
    "Own work holds the simulator's share and the comparison with all items. Memory is what the process grew by over "
    "both runs, with the table and the simulator's answers in it."
)
_SEARCH: Final = (
    "Items kept: one per person, department, group, chat and address, and the index (items, compressed size). A search "
    f"goes through everybody for each of {', '.join(map(repr, _QUERIES))}; cold reads the index first."
)


@dataclass(frozen=True, slots=True)
class _Run:
    """One run: calls, seconds of waiting for the platform's pace, seconds of work, items written, the table's units."""

    calls: int
    paced_s: float
    worked_s: float
    written: int
    read_units: float
    write_units: float
    requests: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What was measured of one platform."""

    first: _Run
    second: _Run
    changed: _Run | None
    grew_mb: float
    items: int
    index_items: int
    index_kb: float
    cold_search_ms: float
    warm_search_ms: float


def measure_contacts(*, people: int = PEOPLE, departments: int = DEPARTMENTS) -> Section:
    """Synchronise a made-up organisation on every platform, twice."""
    rows = [_row(provider, _in_a_process(provider, people, departments)) for provider in PLATFORMS]
    return Section(
        name="contacts",
        title=f"Synchronising {people:,} people in {departments} departments",
        header=(
            "platform",
            "calls",
            "at the platform's pace, s",
            "own work, first run, s",
            "items written, then again",
            "own work, second run, s",
            "table: requests, write / read units, first run",
            "the same, second run",
            "one changed person: calls, then the same",
            "memory, MB more",
            "items kept",
            "index of people",
            "search, cold / warm, ms",
        ),
        rows=rows,
        notes=(_IN_ONE_PROCESS, _TIMES, _CHANGED, _SIZES, _SEARCH),
        command="python -m bench contacts",
    )


def _row(provider: str, found: _Found) -> tuple[str, ...]:
    return (
        provider,
        f"{found.first.calls:,}",
        f"{found.first.paced_s:.0f}",
        f"{found.first.worked_s:.1f}",
        f"{found.first.written:,}, {found.second.written:,}",
        f"{found.second.worked_s:.1f}",
        _units(found.first),
        _units(found.second),
        f"{found.changed.calls}, {_units(found.changed)}" if found.changed else "a run",
        f"{found.grew_mb:.0f}",
        f"{found.items:,}",
        f"{found.index_items} items, {found.index_kb:,.0f} KB",
        f"{found.cold_search_ms:.0f} / {found.warm_search_ms:.0f}",
    )


def _units(run: _Run) -> str:
    return f"{run.requests:,}, {run.write_units:,.0f} / {run.read_units:,.0f}"


def _in_a_process(provider: str, people: int, departments: int) -> _Found:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        found: _Found = pool.apply(_measure, (provider, people, departments))
    return found


def _measure(provider: str, people: int, departments: int) -> _Found:
    site = _Site(provider)
    site.simulation.people.add({"generate": {"people": people, "departments": departments}})
    site.simulation.people.members("0")  # what the simulator itself keeps of them
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    first, second = site.run(), site.run()
    changed = site.change() if provider != "wecom" else None
    grew_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
    names, index_bytes = site.kept()
    cold_ms, warm_ms = site.search_ms()
    return _Found(
        first=first,
        second=second,
        changed=changed,
        grew_mb=grew_mb,
        items=len(names),
        index_items=len(index_bytes),
        index_kb=sum(index_bytes) / 1024,
        cold_search_ms=cold_ms,
        warm_search_ms=warm_ms,
    )


class _Site:
    """One app of the gate on one simulated platform; sleeping moves the clock of both."""

    def __init__(self, provider: str) -> None:
        self._now = _START
        self._slept_s = 0.0
        self._counted = CountedTable()
        table: Any = self._counted  # the stores take a client
        self._table = table
        rules, make = PLATFORMS[provider]
        ids = Ids(random.Random(1))  # noqa: S311 - repeatable, not secret
        self.simulation = Simulation(rules, ":memory:", clock=Clock(wall=self._now_s), ids=ids)
        seed_demo(self.simulation)
        self._wire = _Wire(build_server(self.simulation, make(self.simulation)))
        self._http = httpx.Client(transport=self._wire)
        self._credentials = _credentials(provider, rules.demo_apps[0])
        self.app = App("acme", "main", provider, base_url=_BASE_URL, vendor_identity="bench")
        self._store = DynamoContactStore(table, TABLE, self.clock, self._sleep)
        self._syncs = DynamoSyncs(table, TABLE)
        names = itertools.count()
        self._worker = ContactSync(
            SyncPorts(self, self, self._store, self._syncs, self.clock, self._sleep, lambda: f"run{next(names)}")
        )

    def clock(self) -> datetime:
        return self._now

    def _now_s(self) -> float:
        return self._now.timestamp()

    def _sleep(self, seconds: float) -> None:
        self._slept_s += seconds
        self._now += timedelta(seconds=seconds)

    def get(self, tenant: str, app_id: str) -> App | None:
        return self.app if (tenant, app_id) == (self.app.tenant, self.app.id) else None

    def saw_callback(self, app: App, at: datetime, took_ms: int | None = None) -> None:
        raise NotImplementedError("no callback is involved")

    def take_look(self, app: App, now: datetime, before: datetime | None) -> datetime | None:
        raise NotImplementedError("no approval is involved")

    def of(self, app: App) -> Directory:
        directory: Directory = registry.directory_type(app.provider)(
            app=app,
            credentials=self._credentials,
            http=self._http,
            tokens=DynamoAccessTokens(self._table, TABLE, self.clock, app),
            forms=DynamoForms(self._table, TABLE, self.clock, app),
            clock=self.clock,
        )
        return directory

    def run(self) -> _Run:
        """Synchronise once."""
        wanted = Sync("acme", "main", self.app.provider, "bench", "asked", RunState.WANTED, self._now)
        self._syncs.change(self._syncs.get("acme", "main"), wanted)
        done = self._work()
        report = self._store.report(self.app)
        if report is None or report.is_partial:
            raise RuntimeError(f"{self.app.provider}: the run did not end well")
        return dataclasses.replace(done, calls=report.calls, written=report.written_items)

    def change(self) -> _Run:
        """Rename one person, and read them as after a callback that names them."""
        self.simulation.people.add({"people": [{"user_id": "c000100", "name": "王改名"}]})
        (person,) = (
            each for each in self._store.people(self.app)[0].values() if each.emails == ("c000100@example.com",)
        )
        named = {"at": {"S": self._now.isoformat()}, "people": {"SS": [person.id]}}
        self._table.put_item(TableName=TABLE, Item={**keys.changed(self.app.provider, "acme", "main"), **named})
        done = self._work()
        if self._store.people(self.app)[0][person.id].name != "王改名":
            raise RuntimeError(f"{self.app.provider}: the person was not read")
        return done

    def _work(self) -> _Run:
        """Let a worker do what is due, and count."""
        self._slept_s, started = 0.0, time.perf_counter()
        self._counted.units.clear()
        self._counted.requests.clear()
        calls = self._wire.calls
        if self._worker.work("acme", "main", self._now + timedelta(hours=1)) is not None:
            raise RuntimeError(f"{self.app.provider}: the worker did not end")
        worked_s = time.perf_counter() - started
        units, requests = self._counted.units, sum(self._counted.requests.values())
        made = self._wire.calls - calls
        return _Run(made, self._slept_s, worked_s, 0, units["read"], units["write"], requests)

    def kept(self) -> tuple[list[str], list[int]]:
        """Return the names of the items, and the sizes of the index's."""
        pages = self._table.get_paginator("query").paginate(
            TableName=TABLE,
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": partition_of(self.app)}},
        )
        items = [item for page in pages for item in page["Items"]]
        names = [item["SK"]["S"] for item in items]
        return names, [len(item["packed"]["B"]) for item in items if item["SK"]["S"].startswith("SEARCH#")]

    def search_ms(self) -> tuple[float, float]:
        """Return the time of a search that reads the index, and the mean of searches that have it."""
        contacts = DynamoContacts(self._table, TABLE)
        times = []
        for query in _QUERIES * 2:
            started = time.perf_counter()
            search(contacts.search_lines(self.app), query, limit=20)
            times.append((time.perf_counter() - started) * 1000)
        return times[0], sum(times[1:]) / len(times[1:])


class _Wire(httpx.BaseTransport):
    """Carries requests to an application in this process."""

    def __init__(self, application: Any) -> None:
        self._asgi = httpx.ASGITransport(application)
        self._runner = asyncio.Runner()
        self.calls = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.calls += 1
        return self._runner.run(self._carry(request))

    def close(self) -> None:
        """End the application's event loop."""
        self._runner.close()

    async def _carry(self, request: httpx.Request) -> httpx.Response:
        request.read()
        carried = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        answer = await self._asgi.handle_async_request(carried)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


def _credentials(provider: str, demo_app: Any) -> Any:
    """Return the demo app's credentials: what the simulator was told of it, as far as the provider takes it."""
    kind = registry.credentials_type(provider)
    names: Sequence[str] = [each.name for each in dataclasses.fields(kind)]  # type: ignore[arg-type] # all are dataclasses
    given = {**demo_app}
    aliases = {"app_id": given.get("app_id"), "app_secret": given.get("app_secret"), "secret": given.get("app_secret")}
    fields = {name: given.get(name) or aliases.get(name) for name in names}
    return kind.from_fields({name: str(value) for name, value in fields.items() if value})
