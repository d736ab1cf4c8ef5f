"""
A platform with approvals: people's tasks, its own settings, its API's truth, and callbacks that it sends about them.

One object serves the apps of every tenant; what each app's side of it is like stands in `Traits`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from approval_gate.domain.approval import Identity, Mode, Stage, TaskProgress, TaskStatus
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.errors import ProviderRejected, ProviderUnavailable
from approval_gate.ports import CallbackEvent, Draft, EventKind
from tests.simulation.loop import Loop

__all__ = ["Instance", "Platform", "TokenRefused", "Traits"]

type Clock = Callable[[], datetime]

_ENDED = {TaskStatus.APPROVED, TaskStatus.REJECTED, TaskStatus.TRANSFERRED, TaskStatus.DONE}
_OUTAGE = "the platform is out of order"


class TokenRefused(Exception):
    """The access token has expired on the platform."""


@dataclass(frozen=True, slots=True)
class Traits:
    """
    What one app's platform is like.

    Args:
        is_keyed: a creation takes our id and is refused the second time; otherwise what exists can only be listed.
        list_lag_s: how long what was created is missing from lists.
        truth_lag_s: how long its API tells the old status after it has sent the callback.
        withdraws: `yes`, `late` (not in the first 15 s) or `no`.
        callbacks: whether it can reach us at all.
        calls_per_month: its app's budget of looks while callbacks cannot reach us.
        token_life_s: how long an access token is good; `forgets_tokens` is how likely a good one is refused.
    """

    is_keyed: bool
    list_lag_s: float = 0.0
    truth_lag_s: float = 0.0
    withdraws: str = "yes"
    callbacks: bool = True
    calls_per_month: int | None = 2000
    token_life_s: float = 1800
    forgets_tokens: float = 0.0


@dataclass
class Instance:
    """One approval on the platform."""

    ref: str
    app: tuple[str, str]
    approval_id: str
    reference: str
    requester: Identity
    stages: tuple[Stage, ...]
    created_at: datetime
    tasks: list[TaskProgress] = field(default_factory=list)
    status: TruthStatus = TruthStatus.PENDING
    decided_at: datetime | None = None
    opened_at_s: float = 0.0
    changed_at_s: float = 0.0
    closed_at_s: float = 0.0
    stage: int = 0
    reads: list[tuple[datetime, Truth]] = field(default_factory=list)

    def open_tasks(self) -> list[TaskProgress]:
        """Return the tasks that somebody may decide now."""
        return [task for task in self.tasks if task.status is TaskStatus.PENDING]


class Platform:
    """
    Everything on the platform.

    Args:
        send: takes each callback on its way: app and event.
    """

    def __init__(self, loop: Loop, send: Callable[[tuple[str, str], CallbackEvent], None]) -> None:
        self.instances: dict[str, Instance] = {}
        self.traits: dict[tuple[str, str], Traits] = {}
        self.calls: dict[str, Counter[str]] = {}
        self.out_of_order_until: dict[tuple[str, str], float] = {}
        self.auto_pass: set[str] = set()
        self.is_cut_off = False
        self.misuses: list[str] = []
        self.unanswered: dict[str, list[datetime]] = {}
        self._loop = loop
        self._send = send
        self._tokens: dict[tuple[str, str], tuple[str, float]] = {}
        self._number = 0

    @property
    def now_s(self) -> float:
        """Seconds since the start."""
        return self._loop.now

    # -- the API

    def serve(self, app: tuple[str, str], token: str, operation: str, approval_id: str) -> None:
        """
        Count a call, and refuse it in an outage or for an old token.

        Raises:
            ProviderUnavailable, TokenRefused
        """
        self.calls.setdefault(approval_id, Counter())[operation] += 1
        if self._loop.now < self.out_of_order_until.get(app, 0):
            raise ProviderUnavailable(_OUTAGE)
        good, until = self._tokens.get(app, ("", 0))
        if token != good or self._loop.now >= until:
            raise TokenRefused

    def token(self, app: tuple[str, str], life_s: float) -> tuple[str, float]:
        """Give out an access token and its life: the one there is, as long as it is good."""
        if self._loop.now < self.out_of_order_until.get(app, 0):
            raise ProviderUnavailable(_OUTAGE)
        token, until = self._tokens.get(app, ("", 0.0))
        if self._loop.now >= until:
            self._number += 1
            token, until = f"secret-access-{self._number}", self._loop.now + life_s
            self._tokens[app] = (token, until)
        return token, until - self._loop.now

    def token_left_s(self, app: tuple[str, str]) -> float:
        """Return how long the app's access token is still good."""
        return self._tokens.get(app, ("", 0.0))[1] - self._loop.now

    def expire_tokens(self, app: tuple[str, str]) -> None:
        """Let the app's token end before its time."""
        self._tokens.pop(app, None)

    def create(self, app: tuple[str, str], draft: Draft, reference: str = "") -> str:
        """Open an approval. A keyed platform refuses an id that it has."""
        if self.traits[app].is_keyed and self.by_id(app, draft.approval_id):
            raise ProviderRejected("this uuid exists", vendor_code="repeated")
        self._number += 1
        ref = f"REF-{app[0]}-{self._number}"
        instance = Instance(ref, app, draft.approval_id, reference, draft.requester, draft.stages, self._loop.clock())
        instance.opened_at_s = self._loop.now
        self.instances[ref] = instance
        self._tell(instance, EventKind.OPENED, "opened")
        self._begin_stage(instance)
        return ref

    def by_id(self, app: tuple[str, str], approval_id: str) -> Instance | None:
        """Find by the id that came with the creation."""
        return next((i for i in self.instances.values() if (i.app, i.approval_id) == (app, approval_id)), None)

    def listed(self, app: tuple[str, str], user_id: str) -> list[str]:
        """List the requester's approvals, as far as the list has caught up."""
        seen_before = self._loop.clock() - timedelta(seconds=self.traits[app].list_lag_s)
        return [
            i.ref
            for i in self.instances.values()
            if i.app == app and i.requester.user_id == user_id and i.created_at <= seen_before
        ]

    def truth(self, app: tuple[str, str], ref: str) -> Truth:
        """Tell an approval as the API does: a moment behind."""
        instance = self.instances.get(ref)
        if instance is None or instance.app != app:
            raise ProviderRejected("unknown instance", vendor_code="unknown")
        tasks, status, decided_at = tuple(instance.tasks), instance.status, instance.decided_at
        if status is not TruthStatus.PENDING and self._loop.now < instance.changed_at_s + self.traits[app].truth_lag_s:
            status, decided_at = TruthStatus.PENDING, None
        truth = Truth(ref, status, tasks, instance.requester, decided_at, vendor_status=status.value)
        instance.reads.append((self._loop.clock(), truth))
        return truth

    def close(self, app: tuple[str, str], ref: str) -> bool:
        """Withdraw; False when it has ended."""
        instance = self.instances[ref]
        if instance.app != app or instance.status is not TruthStatus.PENDING:
            return False
        self._end(instance, TruthStatus.CANCELED)
        return True

    def is_heard(self, app: tuple[str, str]) -> bool:
        """Tell whether callbacks of an app arrive at all."""
        return self.traits[app].callbacks and not self.is_cut_off

    # -- what people do

    def decide(self, ref: str, task_id: str, verb: str, to: Identity | None = None) -> bool:
        """Approve, reject or transfer a task; False when it is nobody's turn there any more."""
        instance = self.instances[ref]
        index = next((n for n, t in enumerate(instance.tasks) if t.id == task_id), None)
        if index is None or instance.tasks[index].status is not TaskStatus.PENDING:
            return False
        status = {"approve": TaskStatus.APPROVED, "reject": TaskStatus.REJECTED, "transfer": TaskStatus.TRANSFERRED}
        task = replace(
            instance.tasks[index],
            status=status[verb],
            comment="ok" if verb == "approve" else "",
            decided_at=self._loop.clock(),
            transferred_to=to if verb == "transfer" else None,
        )
        instance.tasks[index] = task
        self._tell(instance, EventKind.TASK, verb, task)
        if verb == "transfer":
            instance.tasks.append(TaskProgress(f"{task.id}+", task.stage, TaskStatus.PENDING, to))
        elif verb == "reject":
            self._end(instance, TruthStatus.REJECTED)
        else:
            self._advance(instance)
        return True

    def end(self, ref: str, status: TruthStatus) -> bool:
        """Withdraw or delete a pending one as its requester, or revoke an approved one."""
        instance = self.instances[ref]
        needed = TruthStatus.APPROVED if status is TruthStatus.REVOKED else TruthStatus.PENDING
        if instance.status is not needed:
            return False
        self._end(instance, status)
        return True

    def _begin_stage(self, instance: Instance) -> None:
        stage = instance.stages[instance.stage]
        first_only = stage.mode is Mode.SEQUENCE
        for number, person in enumerate(stage.approvers):
            status = TaskStatus.WAITING if first_only and number else TaskStatus.PENDING
            instance.tasks.append(TaskProgress(f"t{instance.stage}.{number}", instance.stage, status, person))
        if instance.approval_id in self.auto_pass and instance.stage == len(instance.stages) - 1:
            for index, task in enumerate(instance.tasks):
                if task.stage == instance.stage:
                    passed = TaskProgress(
                        task.id, task.stage, TaskStatus.APPROVED, None, is_automatic=True, decided_at=self._loop.clock()
                    )
                    instance.tasks[index] = passed
            self._advance(instance)

    def _advance(self, instance: Instance) -> None:
        """Go on after an approval: the next in the sequence, the next stage, or the end."""
        mode = instance.stages[instance.stage].mode
        tasks = [(n, t) for n, t in enumerate(instance.tasks) if t.stage == instance.stage]
        if mode is Mode.ANY:
            for index, task in tasks:
                if task.status not in _ENDED:
                    instance.tasks[index] = replace(task, status=TaskStatus.DONE)
        elif any(task.status is TaskStatus.PENDING for _, task in tasks):
            return
        elif waiting := [(n, t) for n, t in tasks if t.status is TaskStatus.WAITING]:
            index, task = waiting[0]
            instance.tasks[index] = replace(task, status=TaskStatus.PENDING)
            return
        if instance.stage + 1 < len(instance.stages):
            instance.stage += 1
            self._begin_stage(instance)
        else:
            self._end(instance, TruthStatus.APPROVED)

    def _end(self, instance: Instance, status: TruthStatus) -> None:
        instance.status = status
        instance.decided_at = self._loop.clock()
        instance.changed_at_s = self._loop.now
        instance.closed_at_s = instance.closed_at_s or self._loop.now
        self._tell(instance, EventKind.DECIDED, status.value)

    def _tell(self, instance: Instance, kind: EventKind, status: str, task: TaskProgress | None = None) -> None:
        if not self.traits[instance.app].callbacks:
            return
        self._number += 1
        key = f"{kind.value}-{self._number}"
        self._send(instance.app, CallbackEvent(instance.ref, key, kind, "approval", status, self._loop.clock(), task))
