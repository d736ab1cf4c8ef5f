"""
A shell with `approval-gate` in it: the real command against the real API functions, in one process.

Requests go through the template's routes, the real authorizer and the real handlers over moto; time is virtual, and a
test can put trouble on the line.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from click.testing import CliRunner

from approval_gate.domain.access import SCOPES
from approval_gate.domain.approval import TaskStatus
from approval_gate.domain.truth import TruthStatus
from approval_gate.errors import ProviderRejected
from cli.bootstrap import issue_token
from cli.gate import TOKEN, URL
from cli.main import root
from cli.outside import Outside
from cli.run import Run
from tests.fakes.aws import TABLE
from tests.fakes.gateway import Gateway
from tests.fakes.world import LEAD, START, World, event

GATE = "https://gate.example.com"

type Trouble = Callable[[httpx.Request], httpx.Response | None]


@dataclass
class Time:
    """Seconds since the shell was opened. `then` is called in every pause, with its number from 1."""

    now_s: float = 0.0
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    pauses: list[float] = field(default_factory=list)
    then: Callable[[int], object] = lambda _: None

    def pause(self, seconds: float) -> None:
        self.now_s += seconds
        self.pauses.append(seconds)
        self.then(len(self.pauses))


class Line(httpx.BaseTransport):
    """The way to the gate. The next requests meet the next troubles; one that returns nothing lets its request by."""

    def __init__(self, gateway: Gateway, time: Time) -> None:
        self._gateway = gateway
        self._time = time
        self.troubles: deque[Trouble] = deque()
        self.away_until_s = 0.0
        self.asked: list[tuple[str, str]] = []
        self.bodies: list[Any] = []
        self.keys: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._time.now_s < self.away_until_s:
            raise httpx.ConnectError("connection refused", request=request)
        trouble = self.troubles.popleft() if self.troubles else None
        answer = trouble(request) if trouble else None
        return answer if answer is not None else self.carry(request)

    def carry(self, request: httpx.Request) -> httpx.Response:
        body = request.read().decode()
        self.asked.append((request.method, request.url.path))
        self.bodies.append(json.loads(body) if body else None)
        self.keys.append(request.headers.get("idempotency-key", ""))
        answer = self._gateway.send(
            request.method,
            request.url.path,
            token=request.headers["authorization"].removeprefix("Bearer "),
            body=body or None,
            query=request.url.query.decode(),
            headers={k: v for k, v in request.headers.items() if k in {"idempotency-key", "content-type"}},
        )
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body.encode(), request=request)


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one document it must be."""
        return json.loads(self.out)


class Shell:
    """One person or pipeline with a token of tenant acme."""

    def __init__(self, gateway: Gateway) -> None:
        self.time = Time()
        self.gateway = gateway
        self.line = Line(gateway, self.time)
        self.world = World(gateway.table)
        self.world.clock.now = datetime.now(UTC)
        self.token = self.new_token(*SCOPES)
        self._keys = iter(f"key-{number}" for number in range(1000))

    def new_token(self, *scopes: str) -> str:
        return issue_token(
            self.gateway.table, TABLE, tenant="acme", scopes=scopes, principal="ci", now=datetime.now(UTC)
        )

    def __call__(
        self, *arguments: str, typed: str | None = None, person: bool = False, env: Mapping[str, str] | None = None
    ) -> Done:
        """Run the command; with `person`, `typed` is what somebody answers to its questions."""
        outside = Outside(
            env={URL: GATE, TOKEN: self.token} if env is None else env,
            transport=self.line,
            pause=self.time.pause,
            monotonic_s=lambda: self.time.now_s,
            now=lambda: self.time.began + timedelta(seconds=self.time.now_s),
            chance=lambda: 1.0,
            new_key=lambda: next(self._keys),
            is_person=person,
        )
        ran = CliRunner(mix_stderr=False).invoke(root, arguments, input=typed, obj=Run(outside))
        return Done(ran.exit_code, ran.stdout, ran.stderr)

    # -- what happens elsewhere meanwhile

    def approvals(self) -> list[str]:
        """Return the ids of all approvals."""
        items = self.gateway.table.scan(TableName=TABLE)["Items"]
        return [i["PK"]["S"].removeprefix("APPROVAL#") for i in items if i["SK"]["S"] == "APPROVAL" and "version" in i]

    def submit(self) -> str:
        """Let the state machine open the one approval on the platform; return its id."""
        (approval_id,) = self.approvals()
        self.world.submitter.submit(self.world.stored(approval_id))
        return approval_id

    def status(self) -> str:
        (approval_id,) = self.approvals()
        return self.world.stored(approval_id).status.value

    def approve(self) -> None:
        """Let Lead approve, and the callback be applied."""
        self._decide(lambda ref: self.world.platform.approve(ref, LEAD))

    def reject(self, comment: str = "Not on a Friday") -> None:
        def rejected(ref: str) -> None:
            truth = self.world.platform.truths[ref]
            (task,) = truth.tasks
            done = replace(task, status=TaskStatus.REJECTED, comment=comment, decided_at=START)
            self.world.platform.truths[ref] = replace(truth, status=TruthStatus.REJECTED, tasks=(done,))

        self._decide(rejected)

    def expire(self) -> None:
        approval_id = self.submit()
        self.world.clock.advance(3700)
        self.world.checker.check(approval_id)

    def cancel_elsewhere(self) -> None:
        self.world.canceler.cancel("acme", "somebody", self.submit(), "Not needed")

    def fail(self) -> None:
        self.world.platform.failures["find_people"] = [ProviderRejected("The platform refuses this app.")]
        self.submit()

    def _decide(self, decided: Callable[[str], None]) -> None:
        ref = self.world.stored(self.submit()).provider_ref
        decided(ref)
        self.world.applier.apply("fake", "acme", "prod", event(ref))
