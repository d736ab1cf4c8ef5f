"""
Stages, policy and transfers against a brute-force oracle.

A platform is played move by move: people approve, reject and hand on their tasks, the platform passes some by itself.
After every move, whatever it may say now, honestly or not, the gate judges as the oracle does. The oracle is written
from the public contract alone (`tests/simulation/oracle.py`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from approval_gate.domain.approval import (
    Approval,
    Identity,
    Mode,
    Policy,
    Request,
    Stage,
    Status,
    TaskProgress,
    TaskStatus,
)
from approval_gate.domain.quorum import judge
from approval_gate.domain.truth import Truth, TruthStatus
from tests.simulation.oracle import verdict

NOW = datetime(2026, 1, 15, tzinfo=UTC)
PEOPLE = tuple(Identity(name) for name in ("a", "b", "c", "dev"))
DEV = PEOPLE[-1]

stages = st.lists(
    st.builds(
        Stage,
        st.sampled_from(Mode),
        st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3, unique=True).map(tuple),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
policies = st.builds(Policy, st.booleans(), st.booleans(), st.booleans())


class Platform(RuleBasedStateMachine):
    """A platform with one approval, as honest people use it; `says` is what it would tell."""

    @initialize(stages=stages, policy=policies)
    def open(self, stages: tuple[Stage, ...], policy: Policy) -> None:
        self.approval = Approval(
            id="apr_1",
            tenant="acme",
            provider="any",
            request=Request(app="prod", title="Deploy", stages=(), timeout_s=60, policy=policy),
            created_at=NOW,
            expires_at=NOW + timedelta(hours=1),
            requester=DEV,
            stages=stages,
            provider_ref="R",
        )
        self.tasks: list[TaskProgress] = []
        self.stage = 0
        self.status = TruthStatus.PENDING
        self._begin()

    # -- moves

    @property
    def is_open(self) -> bool:
        return self.status is TruthStatus.PENDING

    @precondition(lambda self: self.is_open)
    @rule(which=st.integers(0, 9))
    def approve(self, which: int) -> None:
        self._change(which, status=TaskStatus.APPROVED)

    @precondition(lambda self: self.is_open)
    @rule(which=st.integers(0, 9), to=st.sampled_from((*PEOPLE, Identity("temp"))))
    def hand_on(self, which: int, to: Identity) -> None:
        self._hand_on(which, to)

    @precondition(lambda self: self.is_open)
    @rule(which=st.integers(0, 9))
    def pass_by_nobody(self, which: int) -> None:
        self._change(which, status=TaskStatus.APPROVED, is_automatic=True, person=None)

    @precondition(lambda self: self.is_open)
    @rule(which=st.integers(0, 9), is_told=st.booleans())
    def pass_because_decided_before(self, which: int, is_told: bool) -> None:
        """The platform does so for a person who has approved in this approval; it may not tell for whom."""
        task = self._open_tasks()[which % len(self._open_tasks())]
        if any(t.person == task.person and t.status is TaskStatus.APPROVED and not t.is_automatic for t in self.tasks):
            person = task.person if is_told else None
            self._change(which, status=TaskStatus.APPROVED, is_automatic=True, repeats_decision=True, person=person)

    @precondition(lambda self: self.is_open)
    @rule(which=st.integers(0, 9))
    def claim_to_repeat_what_was_never_decided(self, which: int) -> None:
        self._change(which, status=TaskStatus.APPROVED, is_automatic=True, repeats_decision=True)

    @precondition(lambda self: self.is_open)
    @rule(which=st.integers(0, 9))
    def reject(self, which: int) -> None:
        self._change(which, advance=False, status=TaskStatus.REJECTED)
        self.status = TruthStatus.REJECTED

    @precondition(lambda self: self.status is TruthStatus.APPROVED)
    @rule()
    def revoke(self) -> None:
        self.status = TruthStatus.REVOKED

    @precondition(lambda self: self.is_open)
    @rule(status=st.sampled_from((TruthStatus.CANCELED, TruthStatus.DELETED, TruthStatus.UNKNOWN)))
    def end(self, status: TruthStatus) -> None:
        self.status = status

    @rule()
    def nothing_happens(self) -> None:
        """An approval that has ended stays as it is."""

    # -- what must hold

    @invariant()
    def the_gate_judges_as_the_oracle_does(self) -> None:
        for status in (self.status, TruthStatus.APPROVED):
            truth = Truth("R", status, tuple(self.tasks), DEV)
            assert judge(self.approval, truth).status is verdict(self.approval, truth), (truth, self.approval.stages)

    @invariant()
    def nothing_but_approved_approves(self) -> None:
        for status in set(TruthStatus) - {TruthStatus.APPROVED}:
            assert judge(self.approval, Truth("R", status, tuple(self.tasks), DEV)).status is not Status.APPROVED

    # -- the platform's own rules

    def _begin(self) -> None:
        stage = self.approval.stages[self.stage]
        for number, person in enumerate(stage.approvers):
            waits = stage.mode is Mode.SEQUENCE and number
            status = TaskStatus.WAITING if waits else TaskStatus.PENDING
            self.tasks.append(TaskProgress(f"t{self.stage}.{number}", self.stage, status, person))

    def _open_tasks(self) -> list[TaskProgress]:
        return [task for task in self.tasks if task.status is TaskStatus.PENDING]

    def _change(self, which: int, *, advance: bool = True, **changes: object) -> None:
        task = self._open_tasks()[which % len(self._open_tasks())]
        self.tasks[self.tasks.index(task)] = replace(task, **changes)  # type: ignore[arg-type] # fields by name
        if advance:
            self._advance()

    def _hand_on(self, which: int, to: Identity) -> None:
        task = self._open_tasks()[which % len(self._open_tasks())]
        if task.person == to:
            return
        self._change(which, advance=False, status=TaskStatus.TRANSFERRED, transferred_to=to)
        self.tasks.append(TaskProgress(f"{task.id}+{len(self.tasks)}", task.stage, TaskStatus.PENDING, to))

    def _advance(self) -> None:
        mine = [task for task in self.tasks if task.stage == self.stage]
        if self.approval.stages[self.stage].mode is Mode.ANY:
            self.tasks = [
                replace(t, status=TaskStatus.DONE) if t in mine and t.status is TaskStatus.PENDING else t
                for t in self.tasks
            ]
        elif any(task.status is TaskStatus.PENDING for task in mine):
            return
        elif waiting := [task for task in mine if task.status is TaskStatus.WAITING]:
            self.tasks[self.tasks.index(waiting[0])] = replace(waiting[0], status=TaskStatus.PENDING)
            return
        if self.stage + 1 < len(self.approval.stages):
            self.stage += 1
            self._begin()
        else:
            self.status = TruthStatus.APPROVED


Platform.TestCase.settings = settings(
    max_examples=400,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
TestStageModel = Platform.TestCase


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("decided", [(), ("a",), ("b",), ("a", "b")], ids="+".join)
def test_the_oracle_itself_says_what_the_contract_says(mode: Mode, decided: tuple[str, ...]) -> None:
    request = Request(app="prod", title="Deploy", stages=(), timeout_s=60)
    approval = Approval("apr_1", "acme", "any", request, NOW, NOW, requester=DEV, stages=(Stage(mode, PEOPLE[:2]),))
    tasks = tuple(TaskProgress(f"t-{name}", 0, TaskStatus.APPROVED, Identity(name)) for name in decided)

    opens = bool(decided) if mode is Mode.ANY else decided == ("a", "b")

    expected = Status.APPROVED if opens else Status.REJECTED
    assert verdict(approval, Truth("R", TruthStatus.APPROVED, tasks)) is expected
