"""
Approvals that wait at once and are then decided in a burst, on the whole stack: how it grows from 10 to 1,000.

The click is the moment in which the simulator was asked to take the decision; the release is when the engine says that
the execution stopped. Both are this machine's clock.
"""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx

from bench.report import Section, percentile
from local.engine.launcher import aws_session
from local.processes import descendants
from local.provision import APPROVER, APPROVER_USER_ID, REQUESTER
from local.running import Running
from local.stack import bring_down, bring_up, use_local_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["measure_load"]

_CLIENTS: Final = 32
_SIZES: Final = (10, 100, 1000)
_PATIENCE_S: Final = 600

type Json = dict[str, Any]


def measure_load(folder: Path, sizes: Sequence[int] = _SIZES) -> Section:
    """
    Bring up a stack of its own and measure each size after another.

    Raises:
        RuntimeError: an approval did not end as its click said, or a request was refused.
    """
    use_local_credentials()
    stack = bring_up(folder, say=print)
    try:
        limits = httpx.Limits(max_connections=_CLIENTS)
        with httpx.Client(timeout=60, trust_env=False, limits=limits) as http, ThreadPoolExecutor(_CLIENTS) as pool:
            gate = _Gate(stack, http, pool, Running(folder).named("engine").pid)
            gate.run(len(stack["simulators"]))  # the first of each platform fetches the token and makes the form
            rows = [_row(size, gate.run(size)) for size in sizes]
    finally:
        bring_down(folder)
    return Section(
        name="load",
        title="Approvals waiting at once, decided in a burst",
        header=(
            "waiting",
            "errors",
            "created a s",
            "opened a s",
            "decided a s",
            "p50 s",
            "p95 s",
            "p99 s",
            "engine MB",
            "calls each",
        ),
        rows=rows,
        notes=(
            f"{_CLIENTS} clients, four platforms in turn, one approver each; all are open before the first click.",
            "Created: POSTs answered. Opened: counted from the first POST until all stand on their platforms.",
            "Decided: counted from the first click until the last execution stopped.",
            "p50, p95, p99: from a click to the stop of its execution, queueing behind others of the burst included.",
            "Engine: the largest sum of resident memory of the engine and its Lambda workers, six at most a function.",
            "Calls: what the simulators received, without the first approval of each, divided by the approvals.",
            "Engine, simulators, functions and clients share this machine's cores: these are the ceiling here.",
            "The engine reads a stream with one thread; Lambda reads each shard with ten batches at once.",
        ),
    )


@dataclass(slots=True)
class _Run:
    """What one size showed. Times in seconds."""

    posted_s: float = 0.0
    opened_s: float = 0.0
    decided_s: float = 0.0
    waits_s: list[float] = field(default_factory=list)
    peak_kib: int = 0
    calls: int = 0
    errors: int = 0


def _row(size: int, run: _Run) -> tuple[str, ...]:
    waits = [f"{percentile(run.waits_s, share):.1f}" for share in (0.5, 0.95, 0.99)]
    rates = [f"{size / seconds:.1f}" for seconds in (run.posted_s, run.opened_s, run.decided_s)]
    return (f"{size:,}", str(run.errors), *rates, *waits, f"{run.peak_kib / 1024:.0f}", f"{run.calls / size:.2f}")


@dataclass(frozen=True, slots=True)
class _Gate:
    """The running stack, seen by many pipelines and their approvers."""

    stack: Mapping[str, Any]
    http: httpx.Client
    pool: ThreadPoolExecutor
    engine_pid: int

    def run(self, size: int) -> _Run:
        """Open `size` approvals, decide all of them, and wait until every execution stopped."""
        run, calls = _Run(), self._calls()
        with self._memory_of(run):
            began = time.monotonic()
            providers = itertools.islice(itertools.cycle(self.stack["simulators"]), size)
            created = list(self.pool.map(self._create, providers))
            run.posted_s = time.monotonic() - began
            opened = dict(self.pool.map(self._opened, created))
            run.opened_s = time.monotonic() - began
            clicked = time.monotonic()
            clicks = dict(self.pool.map(self._click, [(provider, one, opened[one]) for provider, one in created]))
            stopped = self._stopped({approval_id for _, approval_id in created})
            run.decided_s = time.monotonic() - clicked
        run.waits_s = [stopped[approval_id] - at for approval_id, at in clicks.items()]
        run.errors = sum(status != "APPROVED" for status in self.pool.map(self._status, stopped))
        run.calls = self._calls() - calls
        if run.errors:
            raise RuntimeError(f"{run.errors} of {size} approvals did not end as their click said")
        print(f"{size} approvals: opened in {run.opened_s:.0f} s, decided in {run.decided_s:.0f} s", flush=True)
        return run

    def _create(self, provider: str) -> tuple[str, str]:
        request = {
            "app": self.stack["apps"][provider],
            "title": "Deploy web 1.42.0",
            "requester": REQUESTER[provider],
            "stages": [{"mode": "all", "approvers": [APPROVER[provider]]}],
        }
        return provider, str(self._ask("POST", "/v1/approvals", request)["id"])

    def _opened(self, created: tuple[str, str]) -> tuple[str, str]:
        _, approval_id = created
        deadline = time.monotonic() + _PATIENCE_S
        while not (ref := self._ask("GET", f"/v1/approvals/{approval_id}")["provider_ref"]):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{approval_id} was not opened within {_PATIENCE_S} s")
            time.sleep(1)
        return approval_id, str(ref)

    def _click(self, one: tuple[str, str, str]) -> tuple[str, float]:
        provider, approval_id, ref = one
        url = f"{self.stack['simulators'][provider]['base_url']}/_sim/approvals/{ref}/decide"
        at = time.time()
        self.http.post(url, json={"user_id": APPROVER_USER_ID, "decision": "approve"}).raise_for_status()
        return approval_id, at

    def _stopped(self, wanted: set[str]) -> dict[str, float]:
        """Wait until all these executions stopped, and return when each did, in seconds since the epoch."""
        states = aws_session().client("stepfunctions", endpoint_url=self.stack["aws_endpoint"])
        machine, deadline = self.stack["state_machine_arn"], time.monotonic() + _PATIENCE_S
        while True:
            pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="RUNNING")
            running = {execution["name"] for page in pages for execution in page["executions"]}
            if not running & wanted:
                break
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(running & wanted)} executions still wait after {_PATIENCE_S} s")
            time.sleep(0.5)
        arn = machine.replace(":stateMachine:", ":execution:")
        return {one: states.describe_execution(executionArn=f"{arn}:{one}")["stopDate"].timestamp() for one in wanted}

    def _status(self, approval_id: str) -> str:
        return str(self._ask("GET", f"/v1/approvals/{approval_id}")["status"])

    def _ask(self, method: str, path: str, body: Json | None = None) -> Json:
        headers = {"authorization": f"Bearer {self.stack['pipeline_token']}"}
        answer = self.http.request(method, f"{self.stack['api_url']}{path}", json=body, headers=headers)
        if not answer.is_success:
            raise RuntimeError(f"{method} {path} answered {answer.status_code}: {answer.text}")
        read: Json = answer.json()
        return read

    def _calls(self) -> int:
        urls = [f"{one['base_url']}/_sim/calls" for one in self.stack["simulators"].values()]
        return sum(len(self.http.get(url).json()["calls"]) for url in urls)

    @contextmanager
    def _memory_of(self, run: _Run) -> Iterator[None]:
        """Look at the memory of the engine and its workers once a second."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(1):
                run.peak_kib = max(run.peak_kib, sum(descendants(self.engine_pid, itself=True).values()))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
