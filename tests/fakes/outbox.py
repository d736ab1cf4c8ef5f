"""The outbox in memory, and whoever it reaches; `tests/contract/test_outbox_stores.py` holds it to the table."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from approval_gate.domain.delivery import Card, Delivery, DeliveryKey
from approval_gate.domain.lane import Lane, LaneKey
from approval_gate.domain.message import DestinationKind, Message
from approval_gate.domain.notification import Notification
from approval_gate.errors import ConfigurationError, GateError, VersionConflict
from approval_gate.ports import App
from approval_gate.ports.messages import Pace, Parcel, Receipt, Robot
from approval_gate.ports.outbox import Errand
from tests.fakes.world import Clock

__all__ = ["FakeBus", "FakeMessenger", "FakePoster", "MemoryOutbox", "VirtualQueue"]


class MemoryOutbox:
    """The `Outbox` port."""

    def __init__(self) -> None:
        self.notifications: dict[str, Notification] = {}
        self.items: dict[object, Delivery | Lane | Card] = {}
        self.lists: dict[LaneKey, dict[tuple[datetime, DeliveryKey], DeliveryKey]] = {}
        self.told: Callable[[Notification], None] = lambda _: None

    def add(self, notification: Notification) -> None:
        if notification.id not in self.notifications:
            self.notifications[notification.id] = notification
            self.told(notification)

    def notification(self, notification_id: str) -> Notification | None:
        return self.notifications.get(notification_id)

    def deliveries(self, notification_id: str) -> tuple[Delivery, ...]:
        found = (self.delivery(DeliveryKey(notification_id, number)) for number in itertools.count())
        return tuple(each for each in itertools.takewhile(lambda each: each is not None, found) if each)

    def delivery(self, key: DeliveryKey) -> Delivery | None:
        found = self.items.get(("delivery", key))
        assert found is None or isinstance(found, Delivery)
        return found

    def lane(self, key: LaneKey) -> Lane:
        found = self.items.get(("lane", key), Lane(key))
        assert isinstance(found, Lane)
        return found

    def wait(self, key: LaneKey, delivery: Delivery) -> None:
        self.lists.setdefault(key, {})[(delivery.created_at, delivery.key)] = delivery.key

    def leave(self, key: LaneKey, delivery: Delivery) -> None:
        self.lists.get(key, {}).pop((delivery.created_at, delivery.key), None)

    def waiting(self, key: LaneKey, limit: int) -> tuple[DeliveryKey, ...]:
        waiting = self.lists.get(key, {})
        return tuple(waiting[place] for place in sorted(waiting)[:limit])

    def open_cards(self, approval_id: str) -> tuple[Card, ...]:
        return tuple(
            each
            for each in self.items.values()
            if isinstance(each, Card) and each.approval_id == approval_id and not each.closed_as
        )

    def commit(
        self,
        *changed: Delivery | Lane | Card,
        off: tuple[LaneKey, Sequence[Delivery]] | None = None,
        notices: Sequence[Notification] = (),
    ) -> None:
        assert len(changed) + (len(off[1]) if off else 0) + len(notices) <= 100, "too much for one transaction"
        for one in changed:
            stored = self.items.get(_name(one))
            if (stored.version if stored else 0) != one.version:
                raise VersionConflict("change outbox: changed meanwhile")
        for one in changed:
            self.items[_name(one)] = replace(one, version=one.version + 1)
        for each in off[1] if off else ():
            self.leave(off[0], each) if off else None
        for notice in notices:
            self.add(notice)


def _name(one: Delivery | Lane | Card) -> object:
    return (type(one).__name__.lower(), one.key)


@dataclass
class VirtualQueue:
    """The `Queue` port on a virtual clock: what is due comes, in the order of its time."""

    clock: Clock
    due: list[tuple[datetime, int, Errand]] = field(default_factory=list)
    dead: list[Errand] = field(default_factory=list)
    _count: itertools.count[int] = field(default_factory=itertools.count)

    def put(self, errand: Errand, at: datetime | None = None) -> None:
        heapq.heappush(self.due, (max(at or self.clock(), self.clock()), next(self._count), errand))

    def dead_letter(self, errand: Errand) -> None:
        self.dead.append(errand)

    def take(self) -> Errand:
        """Return the next errand, moving the clock to its time."""
        at, _, errand = heapq.heappop(self.due)
        self.clock.now = max(self.clock.now, at)
        return errand


@dataclass
class FakeMessenger:
    """A platform that carries messages; `before` and `after` are called around every send and may raise."""

    clock: Clock
    locale: str = "en"
    together: int = 20
    paces: Mapping[DestinationKind, Pace] = field(default_factory=dict)
    robots: Mapping[str, Robot] = field(default_factory=dict)
    before: Callable[[Parcel], None] = lambda _: None
    after: Callable[[Parcel], None] = lambda _: None
    refuses: Mapping[str, str] = field(default_factory=dict)
    can_update: bool = True
    failures: list[GateError] = field(default_factory=list)
    sent: list[tuple[datetime, Parcel]] = field(default_factory=list)
    updated: list[tuple[str, Message]] = field(default_factory=list)

    def of(self, app: App) -> FakeMessenger:
        if app.vendor_identity == "broken":
            raise ConfigurationError("The app has no credentials stored: register it again.")
        return self

    def robots_of(self, app: App) -> Mapping[str, Robot]:
        return self.robots

    def recipients_per_call(self, kind: DestinationKind) -> int:
        if kind.is_person or kind is DestinationKind.DEPARTMENT:
            return self.together
        return 0 if kind is DestinationKind.EVERYONE else 1

    def pace(self, kind: DestinationKind) -> Pace | None:
        return self.paces.get(kind)

    def send(self, parcel: Parcel) -> tuple[Receipt, ...]:
        if self.failures:
            raise self.failures.pop(0)
        self.before(parcel)
        self.sent.append((self.clock(), parcel))
        self.after(parcel)
        return tuple(self._receipt(parcel, each.destination.value, place) for place, each in enumerate(parcel.to))

    def update(self, message_id: str, message: Message) -> bool:
        if self.failures:
            raise self.failures.pop(0)
        if self.can_update:
            self.updated.append((message_id, message))
        return self.can_update

    def _receipt(self, parcel: Parcel, value: str, place: int) -> Receipt:
        to = parcel.to[place].destination
        if value in self.refuses:
            return Receipt(to, error_code=self.refuses[value], problem="Not in the app's visible range.")
        return Receipt(to, f"m-{parcel.id[:8]}-{place}")


@dataclass
class FakePoster:
    """Receivers of webhooks. `failures` are raised by the next posts, in order."""

    clock: Clock
    failures: list[GateError] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None
    attempts: list[tuple[datetime, str, str, bytes]] = field(default_factory=list)
    taken: list[tuple[datetime, str, str, bytes]] = field(default_factory=list)

    def post(self, tenant: str, url: str, message_id: str, body: bytes) -> None:
        seen = (self.clock(), url, message_id, body)
        self.attempts.append(seen)
        self.before(message_id)
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(seen)


@dataclass
class FakeBus:
    """An event bus. `failures` are raised by the next puts, in order."""

    failures: list[GateError] = field(default_factory=list)
    events: list[tuple[str, str, bytes]] = field(default_factory=list)

    def put(self, event_type: str, message_id: str, body: bytes) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.events.append((event_type, message_id, body))
