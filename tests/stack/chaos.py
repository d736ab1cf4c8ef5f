"""
Chaos on a running stack: pipelines that ask, people who decide, and everything between them breaking at random.

What people do and what befalls callbacks is drawn from a seed. When a worker dies is drawn too, but what it was doing
then is the machine's affair: a run is repeated in kind, not step by step.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from local.engine.launcher import aws_session
from local.processes import descendants
from local.provision import APPROVER, APPROVER_USER_ID, REQUESTER
from local.running import Running
from local.stack import PROVIDERS, restart_simulator

__all__ = ["Case", "Pipeline", "Weather", "cases", "faults", "stormy", "take_through", "wait_for_ends"]

CLIENTS = 16
_POLL_S = 0.5
_DROPPED, _DOUBLED, _LATE = 0.3, 0.3, 0.1

type Json = dict[str, Any]


@dataclass(slots=True)
class Case:
    """
    One approval: what is asked, what the person will do, and what came of it.

    Args:
        decision: `approve`, `reject`, or nothing.
        after_s: how long the person takes.
        clicked_at: when the platform took the decision, at the latest; nothing when it took none.
    """

    number: int
    provider: str
    decision: str
    after_s: float
    timeout_s: int
    title: str
    approval_id: str = ""
    clicked_at: datetime | None = None
    seen: Json = field(default_factory=dict)


def cases(count: int, seed: int, *, hurry_s: float, timeout_s: int) -> list[Case]:
    """Draw what people will do: 45 % approve, 35 % reject, 20 % never answer."""
    drawn = random.Random(seed)  # noqa: S311  # a plan to repeat, no secret
    return [
        Case(
            number,
            PROVIDERS[number % len(PROVIDERS)],
            drawn.choices(("approve", "reject", ""), (45, 35, 20))[0],
            drawn.uniform(0, hurry_s),
            timeout_s,
            f"Chaos {seed}-{number:04d}.",
        )
        for number in range(count)
    ]


def faults(seed: int, late_s: float) -> list[Json]:
    """Return the faults of a simulator's callbacks: shares of all events, although each is drawn from what is left."""
    return [
        {"drop_callbacks": True, "share": _DROPPED, "seed": seed},
        {"duplicate_callbacks": True, "share": _DOUBLED / (1 - _DROPPED), "seed": seed + 1},
        {"delay_callbacks": True, "delay_s": late_s, "share": _LATE / (1 - _DROPPED - _DOUBLED), "seed": seed + 2},
    ]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline and its people: they try again until they are heard, as in life."""

    stack: Mapping[str, Any]
    http: httpx.Client
    refused: Counter[str] = field(default_factory=Counter)
    """Answers that had to be asked for again, by kind."""

    def gate(self, method: str, path: str, body: Json | None = None, **headers: str) -> Json:
        """Ask the gate until it answers."""
        headers["authorization"] = f"Bearer {self.stack['pipeline_token']}"
        return self._until_answered(method, f"{self.stack['api_url']}{path}", body, headers)

    def sim(self, provider: str, method: str, path: str, body: Any = None) -> Json:
        """Ask a simulator until it answers; a 409 is an answer."""
        return self._until_answered(method, f"{self.stack['simulators'][provider]['base_url']}/_sim{path}", body, {})

    def shown(self, case: Case) -> Json:
        """Return an approval as the platform shows it."""
        return self.sim(case.provider, "GET", f"/approvals/{case.seen['provider_ref']}")

    def _until_answered(self, method: str, url: str, body: Any, headers: Mapping[str, str]) -> Json:
        while True:
            with suppress(httpx.TransportError):
                answer = self.http.request(method, url, json=body, headers=dict(headers))
                if answer.is_success or answer.status_code == httpx.codes.CONFLICT:
                    read: Json = answer.json()
                    return read
                if answer.is_client_error:
                    raise AssertionError(f"{method} {url} answered {answer.status_code}: {answer.text}")
                self.refused[f"{method} {answer.status_code}"] += 1
            time.sleep(_POLL_S)


def take_through(pipeline: Pipeline, case: Case) -> None:
    """Ask, and let the person decide once the platform shows it; not after the approval's end."""
    request = {
        "app": pipeline.stack["apps"][case.provider],
        "title": case.title,
        "requester": REQUESTER[case.provider],
        "stages": [{"mode": "all", "approvers": [APPROVER[case.provider]]}],
        "timeout_s": case.timeout_s,
    }
    created = pipeline.gate("POST", "/v1/approvals", request, **{"idempotency-key": case.title})
    case.approval_id, case.seen = created["id"], created
    while not (case.seen["provider_ref"] or case.seen["outcome"]):
        time.sleep(_POLL_S)
        case.seen = pipeline.gate("GET", f"/v1/approvals/{case.approval_id}")
    if not case.decision or case.seen["outcome"]:
        return
    time.sleep(case.after_s)
    click = {"user_id": APPROVER_USER_ID, "decision": case.decision}
    pipeline.sim(case.provider, "POST", f"/approvals/{case.seen['provider_ref']}/decide", click)
    # Read it back: the click may have been refused, or taken by a simulator that died before it said so.
    if pipeline.shown(case)["status"] in {"approved", "rejected"}:
        case.clicked_at = datetime.now(UTC)


def wait_for_ends(pipeline: Pipeline, every: list[Case], patience_s: float) -> None:
    """Wait until no execution of these approvals runs, and read how they ended."""
    states = aws_session().client("stepfunctions", endpoint_url=pipeline.stack["aws_endpoint"])
    deadline = time.monotonic() + patience_s
    ours = {case.approval_id for case in every}
    while time.monotonic() < deadline:
        pages = states.get_paginator("list_executions").paginate(
            stateMachineArn=pipeline.stack["state_machine_arn"], statusFilter="RUNNING"
        )
        if not ours & {execution["name"] for page in pages for execution in page["executions"]}:
            break
        time.sleep(1)
    machine = pipeline.stack["state_machine_arn"].replace(":stateMachine:", ":execution:")
    for case in every:
        case.seen = pipeline.gate("GET", f"/v1/approvals/{case.approval_id}")
        case.seen["history"] = pipeline.gate("GET", f"/v1/approvals/{case.approval_id}/history")["entries"]
        execution = states.describe_execution(executionArn=f"{machine}:{case.approval_id}")
        case.seen["execution"] = execution["status"]


@dataclass(slots=True)
class Weather:
    """What was broken."""

    workers_killed: int = 0
    simulators_crashed: list[str] = field(default_factory=list)


@contextmanager
def stormy(folder: Path, seed: int, *, every_s: float, crashes_at_s: tuple[float, ...]) -> Iterator[Weather]:
    """
    Kill one of the engine's Lambda workers about every `every_s`, and crash a simulator at each of the given moments.

    Args:
        folder: of the running stack.
    """
    drawn = random.Random(seed)  # noqa: S311  # as above
    weather, over = Weather(), threading.Event()
    engine = Running(folder).named("engine")
    platforms = drawn.sample(PROVIDERS, len(crashes_at_s))

    def kill_workers() -> None:
        while not over.wait(drawn.uniform(0.5, 1.5) * every_s):
            workers = descendants(engine.pid)
            if workers:
                with suppress(ProcessLookupError):
                    os.kill(drawn.choice(sorted(workers)), signal.SIGKILL)
                    weather.workers_killed += 1

    def crash_simulators() -> None:
        began = time.monotonic()
        for at_s, platform in zip(crashes_at_s, platforms, strict=True):
            if over.wait(max(0.0, began + at_s - time.monotonic())):
                return
            restart_simulator(platform, folder)
            weather.simulators_crashed.append(platform)

    with ThreadPoolExecutor(2) as pool:
        storms = [pool.submit(kill_workers), pool.submit(crash_simulators)]
        try:
            yield weather
        finally:
            over.set()
            for storm in storms:
                storm.result()
