"""Everything that delivers, over an outbox in memory or on moto, and a clock that tests move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from approval_gate.api.webhooks import webhook_body
from approval_gate.domain.approval import Approval, Identity, Outcome, Source, Status
from approval_gate.domain.delivery import Delivery
from approval_gate.domain.message import Destination, DestinationKind, Message
from approval_gate.domain.notification import ApprovalEvent, Notification
from approval_gate.domain.people import PersonRef
from approval_gate.errors import PeopleNotFound, PersonProblem
from approval_gate.ports import App
from approval_gate.ports.messages import Messengers
from approval_gate.ports.outbox import Errand, Outbox, OutboxPorts
from approval_gate.services.carriers import Carriers
from approval_gate.services.carry import MachineCarrier
from approval_gate.services.carry_messages import MessageCarrier
from approval_gate.services.close_cards import CardCloser
from approval_gate.services.deliver import Deliverer
from tests.fakes.outbox import FakeBus, FakeMessenger, FakePoster, MemoryOutbox, VirtualQueue
from tests.fakes.world import START, Clock, request

__all__ = ["PostOffice", "told"]


@dataclass
class PostOffice:
    """The deliver service and all it needs; `outbox` may be the table, `messengers` may be real ones."""

    clock: Clock = field(default_factory=Clock)
    outbox: Outbox = field(default_factory=MemoryOutbox)
    approvals: dict[str, Approval] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=lambda: {"prod": App("acme", "prod", "fake", vendor_identity="v1")})
    messengers: Messengers | None = None
    looked_up: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue = VirtualQueue(self.clock)
        self.messenger = FakeMessenger(self.clock)
        self.poster, self.bus = FakePoster(self.clock), FakeBus()
        if isinstance(self.outbox, MemoryOutbox):
            self.outbox.told = lambda notification: self.queue.put(Errand(notification.id))
        stores = _Stores(self.approvals, self.apps)
        self.ports = OutboxPorts(self.outbox, self.queue, stores, self.clock)  # type: ignore[arg-type] # reads only
        messages = MessageCarrier(self.outbox, stores, stores, self.messengers or self.messenger, self.find, self.clock)  # type: ignore[arg-type] # the same
        machines = MachineCarrier(self.outbox, self.poster, self.bus, self.clock)
        self.closer = CardCloser(self.ports, messages)
        self.deliverer = Deliverer(self.ports, Carriers(machines, messages), self.closer, webhook_body)

    def find(self, app: App, refs: Sequence[PersonRef]) -> tuple[Identity, ...]:
        """Find people, but nobody whose name begins with `nobody`."""
        self.looked_up.append(tuple(ref.value for ref in refs))
        unknown = [ref for ref in refs if ref.value.startswith("nobody")]
        if unknown:
            problems = tuple(PersonProblem(ref.field, ref.value, "is unknown", "Correct it.") for ref in unknown)
            raise PeopleNotFound(problems)
        return tuple(Identity(ref.value.split("@")[0]) for ref in refs)

    def ask(self, notification: Notification) -> str:
        """Store a notification as the API or a change of an approval does; the stream tells the queue."""
        assert isinstance(self.outbox, MemoryOutbox)
        self.outbox.add(notification)
        return notification.id

    def run(self, until_s: float = 0.0) -> None:
        """Do what is due, and what becomes due in so many seconds."""
        ends = self.clock() + timedelta(seconds=until_s)
        while self.queue.due and self.queue.due[0][0] <= ends:
            self.deliverer.look(self.queue.take())
        self.clock.now = max(self.clock.now, ends)

    def delivery(self, notification_id: str, number: int = 0) -> Delivery:
        return self.outbox.deliveries(notification_id)[number]

    def statuses(self, notification_id: str) -> list[str]:
        return [each.status.value for each in self.outbox.deliveries(notification_id)]

    def approval(self, **changes: object) -> Approval:
        given = {
            "id": f"apr_{len(self.approvals)}",
            "tenant": "acme",
            "provider": "fake",
            "request": request(),
            "created_at": START,
            "expires_at": START + timedelta(hours=1),
        }
        approval = Approval(**{**given, **changes})  # type: ignore[arg-type] # test data
        self.approvals[approval.id] = approval
        return approval

    def decide(self, approval: Approval, status: Status = Status.APPROVED) -> Approval:
        self.approvals[approval.id] = replace(approval, outcome=Outcome(status, self.clock(), Source.CALLBACK))
        return self.approvals[approval.id]


class _Stores:
    """Approvals and apps, for reading."""

    def __init__(self, approvals: dict[str, Approval], apps: dict[str, App]) -> None:
        self._approvals = approvals
        self._apps = apps

    def get(self, *names: str) -> Approval | App | None:
        return self._approvals.get(names[0]) if len(names) == 1 else self._apps.get(names[1])


def told(
    notification_id: str,
    *to: tuple[DestinationKind, str],
    text: str = "**web** is live",
    at: datetime = START,
    approval: Approval | None = None,
    event: ApprovalEvent | None = None,
    mentions: tuple[PersonRef, ...] = (),
) -> Notification:
    """Return a notification of words, or of an event of an approval."""
    is_machine = all(kind in {DestinationKind.WEBHOOK, DestinationKind.EVENT_BUS} for kind, _ in to)
    return Notification(
        id=notification_id,
        tenant="acme",
        app="" if is_machine else "prod",
        to=tuple(Destination(kind, value) for kind, value in to),
        created_at=at,
        message=None if event else Message(f"Title of {notification_id}", text, mentions=mentions),
        event=event,
        approval_id=approval.id if approval else "",
    )
