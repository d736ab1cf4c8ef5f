"""Who acts on the gate from outside: pipelines, approvers, the platform's callbacks on their way, and forgers."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, cast

from approval_gate.api.views import approval_view
from approval_gate.domain.approval import Approval, Identity, TaskStatus
from approval_gate.domain.truth import TruthStatus
from approval_gate.errors import ApprovalAlreadyDecided, ApprovalNotFound, RemindedAlready, StoreError
from approval_gate.ports import CallbackEvent, EventKind, Idempotency
from approval_gate.services.cancel import Canceler
from approval_gate.services.create import Creator
from approval_gate.services.decide import Decider
from approval_gate.services.remind import Reminder
from approval_gate.store.journal import Journal
from tests.fakes.aws import TABLE
from tests.fakes.table import client_error
from tests.simulation.loop import Crash
from tests.simulation.scenario import Intent
from tests.simulation.sender import UNKNOWN

if TYPE_CHECKING:
    from tests.simulation.world import World

__all__ = ["Actors"]

_API_TIMEOUT_S = 15
_TRIES = 5
_AGAIN_S = (1.0, 5.0, 60.0, 600.0)
_CALLBACK_TIMEOUT_S = 15


class Actors:
    """Everyone outside, of one schedule."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self._world = world
        self._rng = rng
        self._loop = world.loop
        self._network = world.scenario.network
        self._drawn = 0
        self._seen: dict[tuple[str, str], str] = {}

    def begin(self) -> None:
        """Put everything that is intended on the heap."""
        scenario = self._world.scenario
        for intent in scenario.intents:
            self._expect(intent)
            self._loop.at(intent.at, lambda intent=intent: self._ask(intent))
            if intent.twice:
                self._loop.at(intent.at + self._rng.random() * 0.5, lambda intent=intent: self._ask(intent))
        for tenant, at, lasts_s in scenario.outages:
            self._loop.at(at, lambda tenant=tenant, lasts_s=lasts_s: self._break(tenant, lasts_s))
        for at, seconds in scenario.jumps:
            self._loop.at(at, lambda seconds=seconds: self._loop.jump(seconds))
        for at in scenario.token_ends:
            self._loop.at(at, self._end_tokens)

    def _expect(self, intent: Intent) -> None:
        """Say which failures a request may meet by its own fault."""
        expected = set()
        if any(ref.value == UNKNOWN for stage in intent.request.stages for ref in stage.approvers):
            expected.add("people_not_found")
        self._world.watch.expected_failures[intent.request.title] = expected

    def _break(self, tenant: str, lasts_s: float) -> None:
        self._world.tell(f"the platform of {tenant} is out of order for {lasts_s:.0f} s")
        self._world.platform.out_of_order_until[tenant, "prod"] = self._loop.now + lasts_s

    def _end_tokens(self) -> None:
        for app in self._world.platform.traits:
            self._world.platform.expire_tokens(app)

    # -- pipelines

    def _ask(self, intent: Intent, tries: int = 1) -> None:
        if intent.by_execution:
            self._ask_by_execution(intent)
            return
        world = self._world
        key = Idempotency(intent.key, "digest") if intent.key else None

        def create() -> str:
            ports = world.ports()
            creator = Creator(ports.approvals, ports.apps, ports.workflow, ports.clock, self._entropy, ports.callbacks)
            approval, _ = creator.create(intent.tenant, "ci", intent.request, key)
            return approval.id

        def ended(approval_id: Any, raised: BaseException | None) -> None:
            if raised is None:
                world.tell(f"{intent.tenant}'s pipeline has {approval_id}")
                name = (intent.tenant, intent.key)
                if key is not None and self._seen.setdefault(name, approval_id) != approval_id:
                    world.watch.violate(1, f"the key {name} gave {self._seen[name]} and {approval_id}")
                return
            if not isinstance(raised, (Crash, StoreError)):
                world.watch.violate(3, f"the API failed with {raised!r}")
            if key is not None and tries < _TRIES:
                self._loop.after(self._rng.uniform(0.1, 5), lambda: self._ask(intent, tries + 1))

        self._start("approvals_api", create, ended, intent.tenant)

    def _ask_by_execution(self, intent: Intent) -> None:
        body = _body_of(intent)
        text = {"tenant": intent.tenant, "request": body}
        if f"own-{intent.request.title}" not in self._world.machine.executions:
            self._world.machine.start(f"own-{intent.request.title}", json.dumps(text))

    def created(self, approval: Approval) -> None:
        """Let the intent behind an approval go on, now that it is stored."""
        approval_id, tenant = approval.id, approval.tenant
        intents = self._world.scenario.intents
        intent = next(each for each in intents if each.request.title == approval.request.title)
        if intent.auto_pass:
            self._world.platform.auto_pass.add(approval_id)
        for at in intent.looks_at:
            self._loop.after(at, lambda: self._look(tenant, approval_id))
        if intent.cancel_at is not None:
            self._loop.after(intent.cancel_at, lambda: self._cancel(intent.cancel_by, tenant, approval_id))
        if intent.remind_at is not None:
            self._loop.after(intent.remind_at, lambda: self._remind(tenant, approval_id))
        for at, verb in zip(intent.decide_at, intent.verbs, strict=True):
            self._loop.after(at, lambda verb=verb: self._decide(approval_id, verb, 3))
        if intent.end_at is not None:
            self._loop.after(intent.end_at, lambda: self._end(approval_id))
        if intent.revoke_after_s is not None:
            for at in intent.decide_at:
                self._loop.after(at + intent.revoke_after_s, lambda: self._revoke(approval_id))

    def _look(self, tenant: str, approval_id: str) -> None:
        world = self._world

        def get() -> Any:
            approval = world.approvals.get(approval_id)
            return approval and approval_view(approval, self._loop.clock()).model_dump(mode="json")

        def ended(view: Any, raised: BaseException | None) -> None:
            if raised is not None:
                return
            stored = world.watch.outcomes.get(approval_id)
            if view["outcome"] is not None and (stored is None or view["outcome"]["status"] != stored.status.value):
                world.watch.violate(1, f"GET showed {view['outcome']} of {approval_id}, and it is {stored}")

        self._start("approvals_api", get, ended, tenant)

    def _cancel(self, by: str, tenant: str, approval_id: str) -> None:
        world = self._world
        if by == tenant:
            world.watch.cancels.add(approval_id)

        def cancel() -> bool:
            ports = world.ports()
            decider = Decider(ports.approvals, ports.workflow, ports.clock)
            return Canceler(ports.approvals, decider, ports.clock).cancel(by, "ci", approval_id, "")[1]

        def ended(canceled: Any, raised: BaseException | None) -> None:
            world.tell(f"{by} cancels {approval_id}: {raised!r} {canceled}")
            if by != tenant and raised is None:
                world.watch.violate(4, f"{by} could cancel {approval_id} of {tenant}")
            if isinstance(raised, Exception) and not isinstance(raised, (StoreError, ApprovalNotFound)):
                world.watch.violate(3, f"the API failed with {raised!r}")

        self._start("approvals_api", cancel, ended, by)

    def _remind(self, tenant: str, approval_id: str) -> None:
        world = self._world

        def ended(result: Any, raised: BaseException | None) -> None:
            del result
            expected = (StoreError, ApprovalAlreadyDecided, RemindedAlready, Crash)
            if raised is not None and not isinstance(raised, expected):
                world.watch.violate(3, f"the API failed with {raised!r}")

        self._start(
            "approvals_api",
            lambda: Reminder(world.approvals, self._loop.clock).remind(tenant, "ci", approval_id),
            ended,
            tenant,
        )

    def _start(self, kind: str, run: Callable[[], Any], ended: Callable[..., None], tenant: str) -> None:
        process = self._loop.start(kind, run, ended, _API_TIMEOUT_S)
        process.notes["tenant"] = tenant

    def _entropy(self, count: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(count, "big")

    def refuse_spent_token(self, first: str, answer: str, token: str) -> None:
        """A caller's token works once; a second answer must say the same."""
        if first != answer:
            self._world.watch.violate(3, f"the caller of {token} heard {first} and then {answer}")
        raise client_error("TaskTimedOut", "SendTaskSuccess")

    # -- people

    def _decide(self, approval_id: str, verb: str, tries: int) -> None:
        """Let somebody do something about it, if it is there to be decided."""
        platform = self._world.platform
        instance = next((each for each in platform.instances.values() if each.approval_id == approval_id), None)
        if instance is None:
            if tries:  # it has not arrived yet
                self._loop.after(self._rng.uniform(1, 20), lambda: self._decide(approval_id, verb, tries - 1))
            return
        tasks = [task for task in instance.tasks if task.status is TaskStatus.PENDING and task.person]
        if instance.status is not TruthStatus.PENDING or not tasks:
            return
        task = self._rng.choice(tasks)
        to = Identity(self._rng.choice(("ops", "lead", "temp", "dev")))
        if to == task.person:
            to = Identity("temp")
        self._world.tell(f"{task.person.user_id if task.person else '-'} does {verb} on {approval_id} {task.id}")
        platform.decide(instance.ref, task.id, verb, to if verb == "transfer" else None)

    def _end(self, approval_id: str) -> None:
        self._on_instance(approval_id, self._rng.choice((TruthStatus.CANCELED, TruthStatus.DELETED)))

    def _revoke(self, approval_id: str) -> None:
        self._on_instance(approval_id, TruthStatus.REVOKED)

    def _on_instance(self, approval_id: str, status: TruthStatus) -> None:
        for instance in list(self._world.platform.instances.values()):
            if instance.approval_id == approval_id and self._world.platform.end(instance.ref, status):
                self._world.tell(f"{approval_id} is {status.value} on the platform")

    # -- callbacks

    def callback(self, app: tuple[str, str], event: CallbackEvent) -> None:
        """Take a callback of the platform on its way: lost, doubled, late, or just so."""
        network, rng = self._network, self._rng
        copies = 0 if rng.random() < network.drop else 2 if rng.random() < network.double else 1
        for _ in range(copies):
            delay_s = rng.uniform(0, network.latest_s) if rng.random() < network.late else rng.random() * 0.4
            self._loop.after(delay_s, lambda: self._deliver(app, event, 0))
        if event.kind is EventKind.OPENED and rng.random() < network.forged:
            self._forge(app, event)

    def _forge(self, app: tuple[str, str], event: CallbackEvent) -> None:
        """Somebody who has the keys of one tenant says that an approval was given, of that tenant or another's."""
        tenant = self._rng.choice([each for each, _ in self._world.platform.traits])
        forged = replace(
            event, kind=EventKind.DECIDED, dedupe_key=f"forged-{event.dedupe_key}", vendor_status="APPROVED"
        )
        self._loop.after(self._rng.uniform(0, 30), lambda: self._deliver((tenant, app[1]), forged, 0))

    def _deliver(self, app: tuple[str, str], event: CallbackEvent, tries: int) -> None:
        tenant, app_id = app
        world = self._world

        def journal() -> bool:
            return Journal(world.dynamodb, TABLE, self._loop.clock).add("simulated", tenant, app_id, event, b"body")

        def ended(result: Any, raised: BaseException | None) -> None:
            world.tell(
                f"callback {event.kind.value} {event.vendor_status} of {event.provider_ref}: {raised!r} {result}"
            )
            if raised is not None and tries < len(_AGAIN_S):
                self._loop.after(_AGAIN_S[tries], lambda: self._deliver(app, event, tries + 1))

        process = self._loop.start("callback", journal, ended, _CALLBACK_TIMEOUT_S)
        process.notes["tenant"] = tenant


def _body_of(intent: Intent) -> dict[str, Any]:
    """Return the request as a pipeline would write it."""
    request = intent.request
    body: dict[str, Any] = {
        "app": request.app,
        "title": request.title,
        "stages": [
            {"mode": stage.mode.value, "approvers": [{"email": ref.value} for ref in stage.approvers]}
            for stage in request.stages
        ],
        "requester": {"email": request.requester.value} if request.requester else None,
        "policy": asdict(request.policy),
        "timeout_s": request.timeout_s,
        "fail_unless_approved": request.fail_unless_approved,
    }
    if request.task_token:
        body["task_token"] = request.task_token
    if request.supersede_key:
        body["supersede_key"] = request.supersede_key
    return cast("dict[str, Any]", body)
