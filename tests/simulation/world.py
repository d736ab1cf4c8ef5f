"""One schedule: the gate, a platform, its people and some pipelines, from one seed to the end of everything."""

from __future__ import annotations

import copy
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, cast

from botocore.exceptions import ReadTimeoutError

from approval_gate.domain.approval import Approval
from approval_gate.domain.schedule import Reconciliation
from approval_gate.entrypoints.task import Tasks
from approval_gate.outbox_queue import SqsQueue, errand_of
from approval_gate.ports import App, CallbackEvent, Ports
from approval_gate.ports.outbox import Errand
from approval_gate.services.people import People
from approval_gate.store.access_tokens import DynamoAccessTokens
from approval_gate.store.approvals import DynamoApprovals
from approval_gate.store.apps import DynamoApps
from approval_gate.store.contacts import DynamoContacts
from approval_gate.store.forms import DynamoForms
from approval_gate.store.syncs import DynamoSyncs
from approval_gate.workflow import StepFunctions
from tests.fakes.aws import TABLE, template
from tests.fakes.expressions import Unsupported
from tests.fakes.table import Change, MemoryTable, client_error
from tests.simulation.actors import Actors
from tests.simulation.boundary import Boundary, Coverage, SimulatedDynamoDB
from tests.simulation.invariants import Watch
from tests.simulation.loop import Loop, Process, TooLong
from tests.simulation.machine import Machine, SimulatedStepFunctions, definition
from tests.simulation.platform import Platform
from tests.simulation.scenario import TENANTS, Profile, draw
from tests.simulation.sender import SimulatedSender, SimulatedSenders
from tests.simulation.streams import Consumer, consumers

__all__ = ["FUNCTIONS", "NOT_SIMULATED", "Run", "World", "run"]

PROVIDER = "simulated"
FUNCTIONS: dict[str, Callable[[Tasks, Mapping[str, Any]], Any]] = {
    "submit_approval": Tasks.submit,
    "check_approval": Tasks.check,
    "conclude_approval": Tasks.conclude,
    "apply_callback": Tasks.apply,
    "drive_workflow": Tasks.drive,
}
"""The functions that the state machine and the stream call, by folder, and what their handlers call."""

NOT_SIMULATED: frozenset[str] = frozenset()
"""Functions at the stream that only work on what is stored already, and have tests of their own."""


@dataclass
class Run:
    """What one schedule came to."""

    seed: int
    violations: list[str]
    coverage: Coverage
    injected: dict[str, int]
    outcomes: list[str]
    calls: list[dict[str, int]]
    events: int
    ended_s: float
    trace: list[str] = field(default_factory=list)


@cache
def _definition() -> dict[str, Any]:
    return definition()


@cache
def _consumers() -> tuple[Any, ...]:
    return tuple(each for each in consumers() if each.function not in NOT_SIMULATED)


@cache
def _functions() -> dict[str, tuple[str, float]]:
    """Return, for each placeholder of the definition, its function's folder; and for each folder its time-out."""
    resources = template()["Resources"]
    found: dict[str, tuple[str, float]] = {}
    machine = next(r for r in resources.values() if r["Type"] == "AWS::Serverless::StateMachine")
    default_s = template()["Globals"]["Function"]["Timeout"]
    by_name = {
        name: (r["Properties"]["CodeUri"].removeprefix("functions/"), float(r["Properties"].get("Timeout", default_s)))
        for name, r in resources.items()
        if r["Type"] == "AWS::Serverless::Function"
    }
    for placeholder, value in machine["Properties"]["DefinitionSubstitutions"].items():
        logical = value.removesuffix(".Arn")
        if logical in by_name:
            found[f"${{{placeholder}}}"] = by_name[logical]
    for folder, timeout_s in by_name.values():
        found[folder] = (folder, timeout_s)
    return found


class World:
    """One schedule, ready to run."""

    def __init__(self, seed: int, profile: Profile, *, traced: bool = False) -> None:
        rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.seed = seed
        self.profile = profile
        self.trace: list[str] = []
        self.scenario = draw(rng, profile)
        self.loop = Loop(rng)
        tell = self._tell if traced else None
        self.boundary = Boundary(self.loop, rng, self.scenario.faults, tell)
        self.platform = Platform(self.loop, self._callback)
        self.platform.is_cut_off = profile.drops_all
        self.watch = Watch(self.loop.clock, self.platform, self._created)
        self.table = MemoryTable(self._on_write)
        self.machine = Machine(_definition(), self.loop, rng, self.table, self.boundary, self.invoke)
        if traced:
            self.machine.tell = self._tell
        self.consumers = [Consumer(each, self.loop, self.boundary, self.invoke) for each in _consumers()]
        self._dynamodb = SimulatedDynamoDB(self.table, self.boundary)
        self.outbox: list[Errand] = []
        self._states = SimulatedStepFunctions(self.machine, self._caller_hears, self.boundary)
        self.approvals = DynamoApprovals(cast("Any", self._dynamodb), TABLE, self.loop.clock)
        self._apps = _apps(self._dynamodb, self.loop)
        self._outbox = SqsQueue(
            cast("Any", SimulatedSqs(self.outbox, self.boundary)), "outbox", "dead", self.loop.clock
        )
        self._idle: dict[str, list[SimulatedSenders]] = {}
        self._tell_on = traced
        self._register()
        self.actors = Actors(self, rng)

    # -- running

    def run(self) -> Run:
        """Let everything happen; then everything must have come right."""
        self.actors.begin()
        with self.loop.own_time():
            try:
                self.loop.run(lambda: bool(self.watch.violations))
                if not self.watch.violations:
                    dead = sum(len(consumer.dead) for consumer in self.consumers)
                    self.watch.at_the_end(self.table, self.machine, self.outbox, dead)
                if self.profile.calm and not self.watch.violations:
                    self.watch.in_calm(self.machine)
            except TooLong as err:
                self.watch.violate(5, str(err))
        return Run(
            self.seed,
            self.watch.violations,
            self.boundary.coverage,
            self.boundary.injected,
            [each.status.value for each in self.watch.stored.values()],
            [dict(self.platform.calls.get(approval_id, {})) for approval_id in self.watch.stored],
            self.loop.events,
            self.loop.now,
            self.trace,
        )

    def invoke(self, function: str, payload: Any, on_end: Callable[[Any, BaseException | None], None]) -> None:
        """Run one of the gate's functions, named by its folder or as the definition names it."""
        folder, timeout_s = _functions()[function]
        if folder not in FUNCTIONS:
            raise Unsupported(f"the function {folder}")
        idle = self._idle.setdefault(folder, [])
        # One environment serves one invocation at a time, and what it keeps in memory dies with it.
        senders = idle.pop() if idle else SimulatedSenders(self._sender)
        logger = cast("Any", logging.getLogger("simulation"))
        tasks = Tasks.over(self.ports(senders), logger, self._outbox)

        def ended(result: Any, raised: BaseException | None) -> None:
            if raised is None:
                idle.append(senders)
            on_end(result, raised)

        process = self.loop.start(folder, lambda: FUNCTIONS[folder](tasks, payload), ended, timeout_s)
        process.notes["tenant"] = self._tenant_of(payload)

    def ports(self, senders: SimulatedSenders | None = None) -> Ports:
        """Return the ports of one invocation; the API has no senders."""
        return Ports(
            approvals=self.approvals,
            apps=self._apps,
            senders=cast("Any", senders),
            workflow=StepFunctions(cast("Any", self._states), "arn"),
            clock=self.loop.clock,
            people=self._people(senders),
        )

    def _people(self, senders: SimulatedSenders | None) -> People:
        client = cast("Any", self._dynamodb)
        contacts, syncs = DynamoContacts(client, TABLE), DynamoSyncs(client, TABLE)
        return People(contacts, syncs, cast("Any", senders), self.loop.clock)

    @property
    def dynamodb(self) -> Any:
        return self._dynamodb

    def _sender(self, app: App) -> SimulatedSender:
        client = cast("Any", self._dynamodb)
        tokens = DynamoAccessTokens(client, TABLE, self.loop.clock, app)
        forms = DynamoForms(client, TABLE, self.loop.clock, app)
        return SimulatedSender(self.platform, app, self.boundary, tokens, forms, self.loop)

    # -- inside

    def _callback(self, app: tuple[str, str], event: CallbackEvent) -> None:
        self.actors.callback(app, event)

    def _created(self, approval: Approval) -> None:
        self.actors.created(approval)

    def _register(self) -> None:
        for tenant in TENANTS:
            traits = self.scenario.traits[tenant]
            callbacks = "http" if traits.callbacks else "none"
            asking = Reconciliation(calls_per_month=traits.calls_per_month)
            app = App(tenant, "prod", PROVIDER, callbacks=callbacks, reconciliation=asking)
            self._apps.claim(replace(app, vendor_identity=f"id-{tenant}"))
            self.platform.traits[tenant, "prod"] = traits

    def _on_write(self, changes: list[Change]) -> None:
        process: Process | None = self.loop.current
        self.watch.on_write(changes, process.notes.get("tenant", "") if process else "")
        for change in changes:
            if change.before != change.after:
                for consumer in self.consumers:
                    consumer.offer(change)

    def _caller_hears(self, token: str, output: Any, error: str) -> None:
        heard = self.watch.callers.setdefault(token, [])
        answer = error or str(output["status"])
        if heard:
            self.actors.refuse_spent_token(heard[0][0], answer, token)
        heard.append((answer, output))

    def _tenant_of(self, payload: Any) -> str:
        """Return whose work an invocation is; "" for a batch."""
        given = payload.get("input") or payload
        if given.get("tenant"):
            return str(given["tenant"])
        approval = self.watch.stored.get(str(given.get("approval_id", "")))
        return approval.tenant if approval else ""

    def tell(self, text: str) -> None:
        """Add a line to the trace."""
        if self._tell_on:
            self._tell(text)

    def _tell(self, text: str) -> None:
        self.trace.append(f"{self.loop.now:12.3f}  {text}")


class SimulatedSqs:
    """The outbox queue's client as a process sees it."""

    def __init__(self, sent: list[Errand], boundary: Boundary) -> None:
        self._sent = sent
        self._boundary = boundary

    def send_message(self, **given: Any) -> None:
        def send() -> None:
            self._sent.append(errand_of(given["MessageBody"]))

        refusals = (lambda: client_error("ThrottlingException", "SendMessage"),)
        losses = (lambda: ReadTimeoutError(endpoint_url="https://sqs.test"),)
        self._boundary.call("sqs send_message", send, refusals, losses, send)


@cache
def _apps_of_nobody() -> DynamoApps:
    return DynamoApps(cast("Any", None), TABLE, cast("Any", None))


def _apps(client: Any, loop: Loop) -> DynamoApps:
    """Make the store of apps of one schedule; a pydantic adapter for each would take most of the time."""
    apps = copy.copy(_apps_of_nobody())
    apps._client, apps._clock = client, loop.clock
    return apps


def run(seed: int, profile: Profile, *, traced: bool = False) -> Run:
    """Run one schedule."""
    return World(seed, profile, traced=traced).run()
