"""
Two thousand notifications in ten minutes, while everything that can go wrong does.

Platforms refuse, throttle, ban, time out before and after the effect, and answer garbage; receivers of webhooks do the
same; the queue gives errands out twice and late; workers die; the table fails before and after a write; a second worker
comes while the first is sending. Time is virtual, chance is seeded.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from approval_gate.domain.delivery import Card, Delivery, DeliveryStatus
from approval_gate.domain.lane import Lane, LaneKey
from approval_gate.domain.message import DestinationKind
from approval_gate.domain.notification import ApprovalEvent, Notification
from approval_gate.errors import (
    EndpointUnavailable,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
    StoreError,
)
from approval_gate.ports.messages import Pace, Parcel, Robot
from approval_gate.ports.outbox import Errand
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.post_office import PostOffice, told
from tests.fakes.world import START

ASKED = 2_000
STORM = timedelta(minutes=10)
REDELIVERED_AFTER_S = 360
TIMEOUT_S = 1.0
"""A tenth of the real one: ten workers wait at the same time, and here one after the other."""
PACE = Pace(messages=20, per_s=60, ban_s=600)
ROBOTS = [f"robot-{number}" for number in range(5)]
CHATS = [f"oc_{number}" for number in range(10)]
PEOPLE = [f"user-{number}" for number in range(40)]
INVISIBLE = PEOPLE[0]
"""A person whom the app may not write to: the platform takes a message for several, and says so."""
RECEIVERS = [f"https://receiver-{number}.example.com/hook" for number in range(3)]

type Told = tuple[str, str]
"""A notification and a destination of it."""


class Died(BaseException):
    """The worker's process ended."""


@dataclass
class Storm:
    """What the world does to the outbox, and what really arrived."""

    office: PostOffice
    chance: random.Random
    arrived: Counter[Told] = field(default_factory=Counter)
    unknown: Counter[Told] = field(default_factory=Counter)
    banned_until: dict[str, datetime] = field(default_factory=dict)
    bans: int = 0
    broke_in: list[tuple[str, datetime]] = field(default_factory=list)
    accepted: dict[str, list[datetime]] = field(default_factory=dict)
    depth: int = 0
    happened: Counter[str] = field(default_factory=Counter)

    @property
    def rages(self) -> bool:
        return self.office.clock() < START + STORM

    def lot(self, **chances: float) -> str:
        """Draw one of several things that may happen; usually none."""
        drawn, below = self.chance.random(), 0.0
        for name, share in chances.items():
            below += share
            if drawn < below and self.rages:
                self.happened[name] += 1
                return name
        return ""

    def before(self, parcel: Parcel) -> None:
        """Do what happens before a platform acts on a message."""
        self.office.clock.advance(self.chance.uniform(0.0, 0.04))
        to = parcel.to[0].destination
        if to.kind is DestinationKind.ROBOT:
            self._guard(to.value)
        self._another_worker()
        ban = 0.05 if to.kind is DestinationKind.ROBOT else 0
        match self.lot(refuse=0.02, throttle=0.04, away=0.05, silent=0.04, garbage=0.03, dead=0.02, ban=ban):
            case "refuse":
                raise ProviderRejected("refused", vendor_code="40003")
            case "throttle":
                raise ProviderThrottled("slow down", retry_after_s=self.chance.choice([None, 1.0, 30.0, 120.0]))
            case "away":
                self.office.clock.advance(TIMEOUT_S)
                raise ProviderUnavailable("no connection")
            case "silent":
                self._arrives(parcel)
                self.office.clock.advance(TIMEOUT_S)
                self._is_unknown(parcel)
                raise ProviderUnavailable("no answer")
            case "garbage":
                if self.chance.random() < 0.5:
                    self._arrives(parcel)
                    self._is_unknown(parcel)
                raise ProviderUnavailable("not JSON")
            case "dead":
                raise Died
            case "ban":
                self._ban(to.value)
        self._arrives(parcel)

    def after(self, parcel: Parcel) -> None:
        """Let a worker die with the answer in its hand."""
        if self.lot(dead_after=0.01):
            self._is_unknown(parcel)
            raise Died

    def webhook(self, message_id: str) -> None:
        """Do what happens to a webhook."""
        self.office.clock.advance(self.chance.uniform(0.0, 0.04))
        self._another_worker()
        if self.lot(webhook_away=0.2):
            raise EndpointUnavailable("503", retry_after_s=self.chance.choice([None, 20.0]))

    def _guard(self, robot: str) -> None:
        """Be the platform: too many in a minute, or any during a ban, and it is closed for ten minutes."""
        now = self.office.clock()
        if now < self.banned_until.get(robot, START):
            self.broke_in.append((robot, now))
        recent = [at for at in self.accepted.get(robot, []) if now - at < timedelta(seconds=PACE.per_s)]
        if len(recent) >= PACE.messages:
            self.happened["pace broken"] += 1
            self._ban(robot)
        self.accepted[robot] = [*recent, now]

    def _ban(self, robot: str) -> None:
        self.bans += 1
        self.banned_until[robot] = self.office.clock() + timedelta(seconds=PACE.ban_s)
        raise ProviderThrottled("banned", vendor_code="130101")

    def _another_worker(self) -> None:
        """Let other workers come while this one is sending."""
        due = self.office.queue.due
        if self.depth < 2 and due and due[0][0] <= self.office.clock() and self.chance.random() < 0.3:
            self.depth += 1
            try:
                work(self, self.office.queue.take())
            finally:
                self.depth -= 1

    def _arrives(self, parcel: Parcel) -> None:
        self.arrived.update(_told_by(parcel))

    def _is_unknown(self, parcel: Parcel) -> None:
        self.unknown.update(_told_by(parcel))


class FailingOutbox(MemoryOutbox):
    """A table that sometimes fails, before or after it has written."""

    storm: Storm | None = None

    def commit(
        self,
        *changed: Delivery | Lane | Card,
        off: tuple[LaneKey, Sequence[Delivery]] | None = None,
        notices: Sequence[Notification] = (),
    ) -> None:
        failure = self.storm.lot(not_written=0.005, written=0.005) if self.storm else ""
        if failure == "not_written":
            self._lose(changed)
            raise StoreError("the table did not answer")
        super().commit(*changed, off=off, notices=notices)
        if failure == "written":
            raise StoreError("the table's answer was lost")

    def _lose(self, changed: Sequence[Delivery | Lane | Card]) -> None:
        for each in changed:
            if self.storm and isinstance(each, Delivery) and each.status is DeliveryStatus.SENT:
                self.storm.unknown[(each.key.notification_id, each.destination.value)] += 1


def _told_by(parcel: Parcel) -> list[Told]:
    names = set(re.findall(r"n-\d{4}", parcel.message.title + parcel.message.text))
    reached = [to.destination.value for to in parcel.to if to.destination.value != INVISIBLE]
    return [(name, each) for name in names for each in reached]


def work(storm: Storm, errand: Errand) -> None:
    """Be a worker: the queue gives an errand out again when it fails, and sometimes without a reason."""
    if storm.lot(twice=0.05):
        storm.office.queue.put(errand, storm.office.clock() + timedelta(seconds=storm.chance.uniform(0, 30)))
    try:
        storm.office.deliverer.look(errand)
    except (Died, StoreError):
        storm.office.queue.put(errand, storm.office.clock() + timedelta(seconds=REDELIVERED_AFTER_S))


def asked_for(storm: Storm, number: int, at: datetime) -> Notification:
    """Return a notification to somebody."""
    name = f"n-{number:04d}"
    kind = storm.chance.choices(["robot", "chat", "people", "webhook"], [40, 25, 25, 10])[0]
    if kind == "robot":
        # A fifth of all to one robot: several times what it takes.
        robot = ROBOTS[0] if storm.chance.random() < 0.5 else storm.chance.choice(ROBOTS)
        return told(name, (DestinationKind.ROBOT, robot), at=at)
    if kind == "chat":
        return told(name, (DestinationKind.CHAT, storm.chance.choice(CHATS)), at=at)
    if kind == "people":
        people = storm.chance.sample(PEOPLE, storm.chance.randint(1, 5))
        return told(name, *((DestinationKind.USER_ID, each) for each in people), at=at)
    approval = storm.office.decide(storm.office.approval())
    to = (DestinationKind.WEBHOOK, storm.chance.choice(RECEIVERS))
    return told(name, to, at=at, approval=approval, event=ApprovalEvent.APPROVED)


@pytest.fixture(params=[1, 20260115])
def storm(request: pytest.FixtureRequest) -> Storm:
    outbox = FailingOutbox()
    storm = Storm(PostOffice(outbox=outbox), random.Random(request.param))  # noqa: S311 - chance that can be repeated
    office = storm.office
    office.messenger.paces = {DestinationKind.ROBOT: PACE}
    office.messenger.robots = {name: Robot(name, "https://robot") for name in ROBOTS}
    office.messenger.refuses = {INVISIBLE: "81013"}
    office.messenger.before, office.messenger.after, office.poster.before = storm.before, storm.after, storm.webhook
    moments = sorted(storm.chance.uniform(0, STORM.total_seconds()) for _ in range(ASKED))
    for number, seconds in enumerate(moments):
        at = START + timedelta(seconds=seconds)
        notification = asked_for(storm, number, at)
        outbox.notifications[notification.id] = notification
        office.queue.put(Errand(notification.id), at)
    outbox.storm = storm
    while office.queue.due:
        work(storm, office.queue.take())
    return storm


def test_a_storm_loses_nothing_doubles_nothing_and_breaks_no_ban(storm: Storm) -> None:
    office = storm.office
    assert isinstance(office.outbox, MemoryOutbox)
    deliveries = [each for name in office.outbox.notifications for each in office.outbox.deliveries(name)]
    asked = sum(len(each.to) for each in office.outbox.notifications.values())
    found = Counter(each.status for each in deliveries)

    # delivered + dead-lettered = asked, and what is told is what happened
    assert len(office.outbox.notifications) == ASKED
    assert found[DeliveryStatus.SENT] + found[DeliveryStatus.FAILED] == len(deliveries) == asked
    failed = {Errand.of(each.key) for each in deliveries if each.status is DeliveryStatus.FAILED}
    assert set(office.queue.dead) == failed
    hooks = {message_id for _, _, message_id, _ in office.poster.taken}
    for each in deliveries:
        name = (each.key.notification_id, each.destination.value)
        if each.status is DeliveryStatus.SENT and each.destination.kind is not DestinationKind.WEBHOOK:
            assert storm.arrived[name] >= 1, f"{name} is told to be sent, and is not there"
        if each.destination.kind is DestinationKind.WEBHOOK:
            assert (each.message_id in hooks) == (each.status is DeliveryStatus.SENT)

    # no duplicate but where an attempt's end was not known
    doubled = {name: count for name, count in storm.arrived.items() if count > 1 + storm.unknown[name]}
    assert doubled == {}

    # no message during a ban, and nobody of ours broke the pace
    assert storm.bans > 0
    assert storm.broke_in == []
    assert storm.happened["pace broken"] == 0

    # it was a storm
    wanted = {"refuse", "throttle", "away", "silent", "garbage", "dead", "dead_after", "ban", "webhook_away"}
    assert wanted | {"not_written", "written", "twice"} <= set(storm.happened)
    assert sum(each.is_combined for each in deliveries) > 100
    assert sum(count > 1 for count in storm.arrived.values()) > 0, "some attempts' ends were not known"


def test_a_bulk_send_of_the_storm_was_recorded_for_each_person(storm: Storm) -> None:
    assert isinstance(storm.office.outbox, MemoryOutbox)
    refused = [
        each
        for name in storm.office.outbox.notifications
        for each in storm.office.outbox.deliveries(name)
        if each.destination.value == INVISIBLE
    ]

    assert refused
    assert {each.status for each in refused} == {DeliveryStatus.FAILED}
