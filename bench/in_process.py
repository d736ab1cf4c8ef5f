"""The real services over a table of ministack's, with a platform that answers at once: for what only our part costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3

from approval_gate.api.webhooks import webhook_body
from approval_gate.domain.approval import Identity, TaskProgress, TaskStatus
from approval_gate.domain.message import DestinationKind, Message
from approval_gate.domain.people import PersonKind
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.ports import App, Draft, ProviderApproval, Withdrawal
from approval_gate.ports.messages import Pace, Parcel, Receipt, Robot
from approval_gate.ports.outbox import Errand, OutboxPorts
from approval_gate.services.carriers import Carriers
from approval_gate.services.carry import MachineCarrier
from approval_gate.services.carry_messages import MessageCarrier
from approval_gate.services.close_cards import CardCloser
from approval_gate.services.deliver import Deliverer
from approval_gate.store.approvals import DynamoApprovals
from approval_gate.store.apps import DynamoApps
from approval_gate.store.outbox import DynamoOutbox
from bench.counted import Counted, count
from bench.store import TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from approval_gate.domain.people import PersonRef

__all__ = ["Errands", "Gate", "Instant"]

_START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)


@dataclass
class Instant:
    """A platform that approves and takes messages at once."""

    locale: str = "en"
    calls: int = 0
    messages: int = 0
    truths: dict[str, Truth] = field(default_factory=dict)

    def of(self, _: App) -> Any:
        return self

    def robots_of(self, _: App) -> Mapping[str, Robot]:
        return {"ops": Robot("ops", "https://robot.example.com")}

    def recipients_per_call(self, _: DestinationKind) -> int:
        return 20

    def pace(self, kind: DestinationKind) -> Pace | None:
        return Pace(20, 60, 600) if kind is DestinationKind.ROBOT else None

    def send(self, parcel: Parcel) -> tuple[Receipt, ...]:
        self.calls, self.messages = self.calls + 1, self.messages + 1
        return tuple(Receipt(each.destination, f"m{self.messages}") for each in parcel.to)

    def update(self, *_: str | Message) -> bool:
        self.calls += 1
        return True

    def find_people(self, refs: Sequence[PersonRef]) -> tuple[Identity, ...]:
        self.calls += any(ref.kind is not PersonKind.USER_ID for ref in refs)
        return tuple(Identity(ref.value) for ref in refs)

    def open_approval(self, draft: Draft, *, may_exist: bool) -> ProviderApproval:
        del may_exist
        self.calls += 1
        ref = f"REF{draft.approval_id}"
        tasks = tuple(
            TaskProgress(f"t{number}", number, TaskStatus.APPROVED, person, decided_at=draft.created_at)
            for number, stage in enumerate(draft.stages)
            for person in stage.approvers
        )
        self.truths[ref] = Truth(ref, TruthStatus.APPROVED, tasks, draft.requester, decided_at=draft.created_at)
        return ProviderApproval(ref)

    def find_approval(self, _: Draft) -> None:
        return None

    def read_truth(self, ref: str) -> Truth:
        self.calls += 1
        return self.truths[ref]

    def withdraw(self, *_: object) -> Withdrawal:
        return Withdrawal.ALREADY_CLOSED


@dataclass
class Errands:
    """The outbox queue, which is counted."""

    due: list[tuple[datetime, Errand]] = field(default_factory=list)
    taken: int = 0

    def put(self, errand: Errand, at: datetime | None = None) -> None:
        self.due.append((at or _START, errand))

    def dead_letter(self, errand: Errand) -> None:
        raise RuntimeError(f"nothing fails here: {errand}")

    def take(self) -> tuple[datetime, Errand]:
        self.taken += 1
        first = min(range(len(self.due)), key=lambda place: self.due[place][0])
        return self.due.pop(first)


class Gate:
    """One worker of everything."""

    def __init__(self, environ: Mapping[str, str], platform: Instant | None = None) -> None:
        session = boto3.Session("fictitious", "fictitious", region_name="eu-central-1")
        self.client = session.client("dynamodb", endpoint_url=environ["AWS_ENDPOINT_URL"])
        self.counted: Counted = count(self.client)
        self.platform = platform or Instant()
        self.errands, self.on_the_bus, self.now = Errands(), 0, _START
        self.approvals = DynamoApprovals(self.client, TABLE, self.clock)
        self.apps = DynamoApps(self.client, TABLE, self.clock)
        self.outbox = DynamoOutbox(self.client, TABLE, self.clock)
        ports = OutboxPorts(self.outbox, self.errands, self.approvals, self.clock)
        messages = MessageCarrier(
            self.outbox,
            self.approvals,
            self.apps,
            self.platform,
            lambda _, refs: self.platform.find_people(refs),
            self.clock,
        )
        machines = MachineCarrier(self.outbox, self, self, self.clock)
        self.deliverer = Deliverer(ports, Carriers(machines, messages), CardCloser(ports, messages), webhook_body)

    def clock(self) -> datetime:
        """Return the present, which errands move."""
        return self.now

    def post(self, *_: object) -> None:
        """Take a webhook."""
        self.on_the_bus += 1

    def put(self, *_: object) -> None:
        """Take an event."""
        self.on_the_bus += 1

    def deliver(self) -> timedelta:
        """Run all errands. Returns: how much virtual time passed."""
        began = self.now
        while self.errands.due:
            at, errand = self.errands.take()
            self.now = max(self.now, at)
            self.deliverer.look(errand)
        return self.now - began
