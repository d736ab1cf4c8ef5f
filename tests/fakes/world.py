"""A gate over moto, a platform in memory and a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from approval_gate.domain.approval import (
    Approval,
    Identity,
    Mode,
    PersonKind,
    PersonRef,
    Policy,
    Request,
    RequestedStage,
    TaskProgress,
    TaskStatus,
)
from approval_gate.domain.notification import Notification
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.errors import GateError, PeopleNotFound, PersonProblem, ProviderRejected
from approval_gate.ports import App, CallbackEvent, Draft, EventKind, Ports, ProviderApproval, Withdrawal
from approval_gate.services.apply import Applier
from approval_gate.services.cancel import Canceler
from approval_gate.services.check import Checker
from approval_gate.services.conclude import Concluder
from approval_gate.services.create import Creator
from approval_gate.services.decide import Decider
from approval_gate.services.people import People
from approval_gate.services.remind import Reminder
from approval_gate.services.submit import Submitter
from approval_gate.store.approvals import DynamoApprovals
from approval_gate.store.apps import DynamoApps
from approval_gate.store.contacts import DynamoContacts
from approval_gate.store.documents import read_notification
from approval_gate.store.syncs import DynamoSyncs
from tests.fakes.aws import TABLE

START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
LEAD, QA, DEV, OPS = (Identity(f"ou_{n}", n.capitalize()) for n in ("lead", "qa", "dev", "ops"))
PEOPLE = {f"{p.name.lower()}@example.com": p for p in (LEAD, QA, DEV, OPS)}


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class AnyCallback:
    """A check of callback addresses that accepts them all."""

    def check(self, tenant: str, url: str) -> None:
        pass


class FakeWorkflow:
    """Step Functions as far as tokens go: each can be answered once."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.closing: list[str] = []
        self.answers: list[tuple[str, Mapping[str, object]]] = []
        self.failures: list[tuple[str, str]] = []
        self.spent: set[str] = set()

    def start(self, approval: Approval) -> None:
        if approval.id not in self.started:
            self.started.append(approval.id)

    def start_closing(self, approval: Approval) -> None:
        if approval.id not in self.closing:
            self.closing.append(approval.id)

    def resume(self, task_token: str, output: Mapping[str, object]) -> None:
        if task_token not in self.spent:
            self.spent.add(task_token)
            self.answers.append((task_token, output))

    def fail(self, task_token: str, error: str, cause: str) -> None:
        if task_token not in self.spent:
            self.spent.add(task_token)
            self.failures.append((task_token, error))


@dataclass
class FakePlatform:
    """A platform as a sender shows it. `failures` maps a method to errors raised by its next calls, in order."""

    calls: list[str] = field(default_factory=list)
    failures: dict[str, list[GateError]] = field(default_factory=dict)
    truths: dict[str, Truth] = field(default_factory=dict)
    opened: dict[str, str] = field(default_factory=dict)
    lose_answer_of_open: int = 0
    before_open_answers: Callable[[str], None] | None = None
    before_truth_is_told: Callable[[], None] | None = None
    withdrawal: Withdrawal = Withdrawal.DONE

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.failures.get(name):
            raise self.failures[name].pop(0)

    def find_people(self, refs: Sequence[PersonRef]) -> tuple[Identity, ...]:
        self._called("find_people")
        problems = [
            PersonProblem(ref.field, ref.value, "is unknown", "Correct the address.")
            for ref in refs
            if ref.kind is not PersonKind.USER_ID and ref.value not in PEOPLE
        ]
        if problems:
            raise PeopleNotFound(tuple(problems))
        return tuple(PEOPLE[r.value] if r.value in PEOPLE else Identity(r.value) for r in refs)

    def open_approval(self, draft: Draft, *, may_exist: bool) -> ProviderApproval:
        self._called("open_approval")
        if may_exist and draft.approval_id in self.opened:
            return ProviderApproval(self.opened[draft.approval_id], "https://open")
        if draft.approval_id in self.opened:
            raise AssertionError("opened twice")
        ref = f"REF-{len(self.opened) + 1}"
        self.opened[draft.approval_id] = ref
        tasks = tuple(
            TaskProgress(f"t{number}{index}", number, TaskStatus.PENDING, person)
            for number, stage in enumerate(draft.stages)
            for index, person in enumerate(stage.approvers)
        )
        self.truths[ref] = Truth(ref, TruthStatus.PENDING, tasks, draft.requester)
        if self.before_open_answers is not None:
            self.before_open_answers(ref)
        if self.lose_answer_of_open:
            self.lose_answer_of_open -= 1
            raise ConnectionError("the answer was lost")
        return ProviderApproval(ref, "https://open")

    def find_approval(self, draft: Draft) -> ProviderApproval | None:
        self._called("find_approval")
        ref = self.opened.get(draft.approval_id)
        return ProviderApproval(ref) if ref else None

    def read_truth(self, ref: str) -> Truth:
        self._called("read_truth")
        if self.before_truth_is_told:
            self.before_truth_is_told()
        if ref not in self.truths:
            raise ProviderRejected("unknown instance")
        return self.truths[ref]

    def withdraw(self, truth: Truth, reason: str) -> Withdrawal:
        self._called("withdraw")
        self.truths[truth.ref] = replace(truth, status=TruthStatus.CANCELED)
        return self.withdrawal

    def approve(self, ref: str, *people: Identity, at: datetime = START) -> None:
        """Let people approve their tasks; everybody when none are named."""
        truth = self.truths[ref]
        tasks = tuple(
            replace(task, status=TaskStatus.APPROVED, comment="ok", decided_at=at)
            if not people or (task.person and any(task.person.is_same_person(p) for p in people))
            else task
            for task in truth.tasks
        )
        done = all(task.status is TaskStatus.APPROVED for task in tasks)
        self.truths[ref] = replace(truth, tasks=tasks, status=TruthStatus.APPROVED if done else TruthStatus.PENDING)

    def of(self, app: App) -> FakePlatform:
        return self


@dataclass
class World:
    """Every use case over one table, one platform and one clock."""

    client: Any
    clock: Clock = field(default_factory=Clock)
    workflow: FakeWorkflow = field(default_factory=FakeWorkflow)
    platform: FakePlatform = field(default_factory=FakePlatform)

    def __post_init__(self) -> None:
        self.approvals = DynamoApprovals(self.client, TABLE, self.clock)
        self.apps = DynamoApps(self.client, TABLE, self.clock)
        contacts, syncs = DynamoContacts(self.client, TABLE), DynamoSyncs(self.client, TABLE)
        self.people = People(contacts, syncs, self.platform, self.clock)
        self.ports = Ports(
            self.approvals, self.apps, self.platform, self.workflow, self.clock, self.people, AnyCallback()
        )
        self.decider = Decider(self.approvals, self.workflow, self.clock)
        self.applier = Applier(self.ports, self.decider)
        self.submitter = Submitter(self.ports, self.decider, self.applier)
        self.checker = Checker(self.ports, self.decider)
        self.concluder = Concluder(self.ports, self.decider)
        self.canceler = Canceler(self.approvals, self.decider, self.clock)
        self.reminder = Reminder(self.approvals, self.clock)
        self._drawn = 0
        self.creator = Creator(self.approvals, self.apps, self.workflow, self.clock, self._entropy, AnyCallback())
        self.register("acme", "prod")

    def _entropy(self, count: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(count, "big")

    def register(self, tenant: str, app_id: str) -> App:
        app = App(
            tenant=tenant,
            id=app_id,
            provider="fake",
            vendor_identity=f"{tenant}-{app_id}",
            default_requester=PersonRef(PersonKind.EMAIL, "dev@example.com", "default_requester.email"),
        )
        self.apps.claim(app)
        return app

    def requested(self, **changes: Any) -> Approval:
        approval, _ = self.creator.create("acme", "ci", request(**changes), None)
        return approval

    def opened(self, **changes: Any) -> Approval:
        approval = self.requested(**changes)
        self.submitter.submit(approval)
        return self.stored(approval.id)

    def notifications(self) -> list[Notification]:
        """Return everything that was ordered to be told, oldest first."""
        pages = self.client.get_paginator("scan").paginate(TableName=TABLE)
        items = [item for page in pages for item in page["Items"] if item["SK"]["S"] == "NOTIFICATION"]
        return sorted(map(read_notification, items), key=lambda each: each.created_at)

    def stored(self, approval_id: str) -> Approval:
        approval = self.approvals.get(approval_id)
        assert approval is not None
        return approval

    def wait(self, approval: Approval, token: str) -> bool:
        """Do what the state machine's AwaitOutcome does; False when its condition fails."""
        try:
            self.client.update_item(
                TableName=TABLE,
                Key={"PK": {"S": f"APPROVAL#{approval.id}"}, "SK": {"S": "APPROVAL"}},
                UpdateExpression="SET task_token = :token",
                ConditionExpression=(
                    "attribute_exists(PK) AND attribute_not_exists(outcome) AND attribute_not_exists(look_now)"
                ),
                ExpressionAttributeValues={":token": {"S": token}},
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def request(**changes: Any) -> Request:
    given = {
        "app": "prod",
        "title": "Deploy web 1.42.0",
        "stages": (RequestedStage(Mode.ALL, (by_email("lead"),)),),
        "timeout_s": 3600,
    }
    return Request(**{**given, **changes})


def by_email(name: str) -> PersonRef:
    return PersonRef(PersonKind.EMAIL, f"{name}@example.com", f"stages[0].approvers[0].email/{name}")


def policy(**changes: bool) -> Policy:
    return Policy(**changes)


def event(ref: str, kind: EventKind = EventKind.DECIDED, **changes: Any) -> CallbackEvent:
    given: dict[str, Any] = {
        "provider_ref": ref,
        "dedupe_key": "e1",
        "kind": kind,
        "vendor_type": "approval_instance",
        "vendor_status": "APPROVED",
        "occurred_at": START,
    }
    return CallbackEvent(**{**given, **changes})
