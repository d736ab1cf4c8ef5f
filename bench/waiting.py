"""
How often a waiting approval asks its platform: the real services and store, on a virtual clock.

Nobody decides. The state machine's waiting is this loop: sleep as long as the last check said, check again.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import boto3

from approval_gate.domain.approval import (
    Identity,
    Mode,
    PersonKind,
    PersonRef,
    Request,
    RequestedStage,
    TaskProgress,
    TaskStatus,
)
from approval_gate.domain.schedule import Reconciliation
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.ports import App, CallbackEvent, EventKind, Ports, ProviderApproval, Withdrawal
from approval_gate.services.apply import Applier
from approval_gate.services.check import Checker
from approval_gate.services.create import Creator
from approval_gate.services.decide import Decider
from approval_gate.services.people import People
from approval_gate.services.submit import Submitter
from approval_gate.store.approvals import DynamoApprovals
from approval_gate.store.apps import DynamoApps
from approval_gate.store.contacts import DynamoContacts
from approval_gate.store.journal import Journal
from approval_gate.store.syncs import DynamoSyncs
from bench.report import Section
from bench.store import TABLE, Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from approval_gate.domain.approval import Approval
    from approval_gate.ports import Draft

__all__ = ["Surroundings", "calls_while_waiting", "measure_waiting"]

_START: Final = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
_LEAD: Final = Identity("lead", "Lead")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """
    What the gate hears while an approval waits.

    Args:
        callbacks: what the app was registered with: `http` or `none`.
        app_heard: callbacks of the app arrived before this approval.
        heard: the one about this approval's opening arrives.
        reconciliation: what asking may cost, for `none`.
    """

    callbacks: str = "http"
    app_heard: bool = True
    heard: bool = True
    reconciliation: Reconciliation = field(default_factory=Reconciliation)


_ROWS: Final = {
    "callbacks arrive": Surroundings(),
    "all callbacks lost, the app was heard before": Surroundings(heard=False),
    "all callbacks lost, the app was never heard": Surroundings(app_heard=False, heard=False),
    "registered with `callbacks: none`": Surroundings("none", app_heard=False, heard=False),
    "the same, `max_pause_s` 300 and no limit": Surroundings(
        "none", app_heard=False, heard=False, reconciliation=Reconciliation(300, None)
    ),
    "the same, `max_pause_s` 7200": Surroundings(
        "none", app_heard=False, heard=False, reconciliation=Reconciliation(7200)
    ),
    "the same, `calls_per_month` 100": Surroundings(
        "none", app_heard=False, heard=False, reconciliation=Reconciliation(calls_per_month=100)
    ),
}
_SPANS: Final = {"1 hour": timedelta(hours=1), "10 hours": timedelta(hours=10), "30 days": timedelta(days=30)}


def measure_waiting(work: Path) -> Section:
    """Count the calls of each case over each span; `work` is a folder for the table's own log."""
    logging.getLogger("approval_gate").setLevel(logging.ERROR)  # silence is what is measured here
    rows = []
    with Store(work / "waiting-store") as store:
        client = _client(store)
        for number, (name, surroundings) in enumerate(_ROWS.items()):
            counts = calls_while_waiting(client, f"t{number}", surroundings, list(_SPANS.values()))
            rows.append((name, *map(str, counts), f"{counts[-1] / 720:.2f}"))
    return Section(
        name="waiting",
        title="Calls to the platform while an approval waits",
        header=("", *_SPANS, "an hour, over 30 days"),
        rows=rows,
        notes=(
            "Calls between the opening and the end of the span, nobody deciding; opening and deciding are not in it.",
            "Real services and store on a virtual clock; the waits are those of `domain/schedule.py`.",
            "The last look at an approval's timeout is one call more, whatever was heard.",
        ),
    )


def calls_while_waiting(client: Any, tenant: str, surroundings: Surroundings, spans: Sequence[timedelta]) -> list[int]:
    """
    Return how many calls an approval that nobody decides makes within each of `spans` from its opening.

    Args:
        client: of DynamoDB, with the benchmarks' table.
        tenant: new; keeps this approval apart from the others'.
        spans: the shortest first.
    """
    return _Waiting(client, surroundings, tenant).calls_within(spans)


class _Waiting:
    """One approval that waits, and what surrounds it."""

    def __init__(self, client: Any, surroundings: Surroundings, tenant: str) -> None:
        self._now, self._tenant = _START, tenant
        self._platform = _Platform()
        self._surroundings = surroundings
        approvals, apps = DynamoApprovals(client, TABLE, self._clock), DynamoApps(client, TABLE, self._clock)
        contacts, syncs = DynamoContacts(client, TABLE), DynamoSyncs(client, TABLE)
        people = People(contacts, syncs, self._platform, self._clock)
        self._ports = Ports(approvals, apps, self._platform, _Executions(), self._clock, people)
        self._decider = Decider(approvals, self._ports.workflow, self._clock)
        self._journal = Journal(client, TABLE, self._clock)
        requester = PersonRef(PersonKind.USER_ID, "dev", "default_requester.user_id")
        app = App(
            tenant,
            "prod",
            "fake",
            vendor_identity=tenant,
            default_requester=requester,
            callbacks=surroundings.callbacks,
            reconciliation=surroundings.reconciliation,
        )
        apps.claim(app)
        if surroundings.app_heard:
            apps.saw_callback(app, _START)

    def _clock(self) -> datetime:
        return self._now

    def _entropy(self, count: int) -> bytes:
        """Each tenant's one approval has an id of its own."""
        return hashlib.sha256(self._tenant.encode()).digest()[:count]

    def calls_within(self, spans: Sequence[timedelta]) -> list[int]:
        lead = PersonRef(PersonKind.USER_ID, "lead", "stages[0].approvers[0].user_id")
        request = Request("prod", "Deploy", stages=(RequestedStage(Mode.ALL, (lead,)),), timeout_s=40 * 86_400)
        creator = Creator(
            self._ports.approvals,
            self._ports.apps,
            self._ports.workflow,
            self._clock,
            self._entropy,
            None,
        )
        approval, _ = creator.create(self._tenant, "bench", request, None)
        applier = Applier(self._ports, self._decider)
        answer = Submitter(self._ports, self._decider, applier).submit(approval)
        opening, began = self._platform.calls, self._now
        if self._surroundings.heard:
            stored = self._ports.approvals.get(approval.id)
            event = _event(stored.provider_ref if stored else "")
            self._journal.add("fake", self._tenant, "prod", event, b"")
            applier.apply("fake", self._tenant, "prod", event)
        counts = []
        for span in spans:
            while self._now + timedelta(seconds=answer.wait_s) <= began + span:
                self._now += timedelta(seconds=answer.wait_s)
                answer = Checker(self._ports, self._decider).check(approval.id)
            counts.append(self._platform.calls - opening)
        return counts


@dataclass
class _Platform:
    """A platform on which nobody decides."""

    calls: int = 0
    truth: Truth = field(default_factory=lambda: Truth("", TruthStatus.PENDING, (), None))

    def of(self, _app: App) -> _Platform:
        return self

    def find_people(self, refs: Sequence[PersonRef]) -> tuple[Identity, ...]:
        self.calls += 1
        return tuple(Identity(ref.value) for ref in refs)

    def open_approval(self, draft: Draft, *, may_exist: bool) -> ProviderApproval:  # noqa: ARG002  # the port's signature
        self.calls += 1
        task = TaskProgress("t0", 0, TaskStatus.PENDING, _LEAD)
        self.truth = replace(self.truth, ref="REF-1", tasks=(task,), requester=draft.requester)
        return ProviderApproval("REF-1", "https://platform.test/REF-1")

    def find_approval(self, draft: Draft) -> ProviderApproval | None:  # noqa: ARG002  # the port's signature
        self.calls += 1
        return None

    def read_truth(self, ref: str) -> Truth:  # noqa: ARG002  # the port's signature
        self.calls += 1
        return self.truth

    def withdraw(self, truth: Truth, reason: str) -> Withdrawal:  # noqa: ARG002  # the port's signature
        self.calls += 1
        return Withdrawal.DONE


class _Executions:
    """The waiting itself is the loop above."""

    def start(self, approval: Approval) -> None:
        """Nothing to do."""

    def start_closing(self, approval: Approval) -> None:
        """Nothing to do."""

    def resume(self, task_token: str, output: Mapping[str, object]) -> None:
        """Nothing to do."""

    def fail(self, task_token: str, error: str, cause: str) -> None:
        """Nothing to do."""


def _event(ref: str) -> CallbackEvent:
    """The platform says that the approval was opened, which decides nothing."""
    return CallbackEvent(ref, "opened", EventKind.OPENED, "approval_instance", "PENDING", _START)


def _client(store: Store) -> Any:
    environ = store.environ
    return boto3.Session(
        environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], region_name=environ["AWS_REGION"]
    ).client("dynamodb", endpoint_url=environ["AWS_ENDPOINT_URL"])
