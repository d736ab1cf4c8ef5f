"""
Webhooks through the outbox to a receiver that is not always there.

The receiver is a real TLS server, the table is moto's, time is virtual. The queue does what SQS does: what is put
comes, at its time, and comes again when the worker dies.
"""

from __future__ import annotations

import heapq
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from approval_gate.api.webhooks import webhook_body
from approval_gate.domain.approval import Approval
from approval_gate.domain.delivery import Delivery, DeliveryStatus
from approval_gate.domain.message import DestinationKind
from approval_gate.ports.outbox import Errand, OutboxPorts
from approval_gate.services.carriers import Carriers
from approval_gate.services.carry import MachineCarrier
from approval_gate.services.deliver import Deliverer
from approval_gate.store.endpoints import DynamoEndpoints
from approval_gate.store.outbox import DynamoOutbox
from approval_gate.webhooks.poster import SignedPoster
from approval_gate.webhooks.transport import PublicPoster, Reply
from tests.fakes.aws import TABLE, aws
from tests.fakes.receiver import OK, PUBLIC, Detour, Receiver, answer, client_context, receiver
from tests.fakes.world import Clock, World

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Died(Exception):
    """The worker is gone, as when its machine is."""


@dataclass
class FakeQueue:
    clock: Clock
    waiting: list[tuple[datetime, int, Errand]] = field(default_factory=list)
    dead: list[Errand] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def put(self, errand: Errand, at: datetime | None = None) -> None:
        latest = self.clock.now + timedelta(seconds=900)
        heapq.heappush(self.waiting, (min(at or self.clock.now, latest), next(self._numbers), errand))

    def dead_letter(self, errand: Errand) -> None:
        self.dead.append(errand)

    def run(self, look: Callable[[Errand], None], until: datetime) -> None:
        """Hand out errands in order of time; what a worker did not finish comes again after its visibility."""
        while self.waiting and self.waiting[0][0] <= until:
            at, _, errand = heapq.heappop(self.waiting)
            self.clock.now = max(self.clock.now, at)
            try:
                look(errand)
            except Died:
                self.put(errand, self.clock.now + timedelta(seconds=180))
        self.clock.now = max(self.clock.now, until)


@dataclass
class Line:
    """The way to the receiver, remembering each attempt; `cut` ends the worker after the next one arrived."""

    way: PublicPoster
    clock: Clock
    attempts: list[tuple[datetime, str, bytes, Mapping[str, str]]] = field(default_factory=list)
    is_cut: bool = False

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        self.attempts.append((self.clock.now, headers["webhook-id"], body, headers))
        reply = self.way.post(url, headers, body)
        if self.is_cut:
            self.is_cut = False
            raise Died
        return reply


class Keys:
    def of(self, tenant: str) -> tuple[str, ...]:
        return (SECRET,)


@dataclass
class Bus:
    events: list[tuple[str, str]] = field(default_factory=list)

    def put(self, event_type: str, message_id: str, body: bytes) -> None:
        self.events.append((event_type, message_id))


class Nobody:
    """Messages to people, of which there are none in these tests."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nothing goes to people here: {name}")


class Site:
    def __init__(self, client: Any, server: Receiver) -> None:
        self.world, self.server, self.internet, self.bus = World(client), server, Detour(), Bus()
        clock = self.clock = self.world.clock
        way = PublicPoster(client_context(), resolve=lambda *_: (PUBLIC,), sockets=self.internet)
        self.line, self.queue = Line(way, clock), FakeQueue(clock)
        self.outbox = DynamoOutbox(client, TABLE, clock)
        poster = SignedPoster(self.line, Keys(), DynamoEndpoints(client, TABLE), self.bus, clock)
        machines = MachineCarrier(self.outbox, poster, self.bus, clock)
        ports = OutboxPorts(self.outbox, self.queue, self.world.approvals, clock)
        self.deliverer = Deliverer(ports, Carriers(machines, Nobody()), Nobody(), webhook_body)

    def down(self) -> None:
        self.internet.refused = {PUBLIC}

    def up(self) -> None:
        self.internet.refused = set()

    def decided(self) -> Approval:
        """Return an approval that was just decided; the table's stream has told the queue of its notifications."""
        approval = self.world.requested(callback_url=self.server.url)
        self.world.canceler.cancel("acme", "ci", approval.id, "")
        for item in self.world.client.scan(TableName=TABLE)["Items"]:
            if item["SK"]["S"] == "NOTIFICATION" and approval.id in str(item):
                self.queue.put(Errand(notification_id=item["PK"]["S"].partition("#")[2]))
        return self.world.stored(approval.id)

    def run(self, **time: float) -> None:
        self.queue.run(self.deliverer.look, self.clock.now + timedelta(**time))

    def deliveries(self) -> list[Delivery]:
        """Return every delivery of a webhook, in the order they were asked for."""
        keys = {
            item["PK"]["S"].partition("#")[2]
            for item in self.world.client.scan(TableName=TABLE)["Items"]
            if item["SK"]["S"].startswith("DELIVERY#")
        }
        found = [each for key in keys for each in self.outbox.deliveries(key)]
        webhooks = [each for each in found if each.destination.kind is DestinationKind.WEBHOOK]
        return sorted(webhooks, key=lambda each: each.created_at)


@pytest.fixture
def site() -> Iterator[Site]:
    with aws() as client, receiver() as server:
        yield Site(client, server)


def test_an_outcome_reaches_the_receiver_signed_and_once(site: Site) -> None:
    approval = site.decided()

    site.run(hours=25)

    (received,) = site.server.received
    assert approval.id.encode() in received.body
    assert (
        Webhook(SECRET).sign(
            received.headers["webhook-id"],
            datetime.fromtimestamp(int(received.headers["webhook-timestamp"]), UTC),
            received.body.decode(),
        )
        == received.headers["webhook-signature"]
    )
    assert [each.status for each in site.deliveries()] == [DeliveryStatus.SENT]
    assert site.bus.events == [("approval.decided", site.bus.events[0][1])]


def test_a_receiver_that_was_down_for_hours_gets_every_webhook_once_in_order_of_age(site: Site) -> None:
    site.down()
    approvals = []
    for _ in range(6):
        approvals.append(site.decided().id)
        site.run(hours=1)
    assert site.server.received == []

    site.up()
    site.run(hours=1)

    assert [json.loads(received.body)["data"]["id"] for received in site.server.received] == approvals
    assert {each.status for each in site.deliveries()} == {DeliveryStatus.SENT}
    assert site.queue.dead == []


def test_every_attempt_has_the_same_id_and_body_and_a_time_of_its_own(site: Site) -> None:
    site.down()
    site.decided()
    site.run(hours=6)
    site.up()
    site.run(hours=1)

    assert len({message_id for _, message_id, _, _ in site.line.attempts}) == 1
    assert len({body for _, _, body, _ in site.line.attempts}) == 1
    for at, _, _, headers in site.line.attempts:
        assert int(headers["webhook-timestamp"]) == int(at.timestamp())
    assert len(site.server.received) == 1


def test_while_it_is_down_the_pauses_grow_and_the_attempts_are_few(site: Site) -> None:
    site.down()
    for _ in range(8):
        site.decided()

    site.run(hours=10)

    moments = [at for at, *_ in site.line.attempts]
    pauses = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(moments)]
    assert max(pauses[:3]) < 60
    assert min(pauses[-10:]) > 300
    assert len(moments) < 150  # eight webhooks, ten hours: the oldest asks for all of them


def test_a_receiver_that_took_it_but_said_so_too_late_sees_the_same_id_again(site: Site) -> None:
    site.server.behaviours = [answer(500), answer(504), OK]
    site.decided()

    site.run(hours=1)

    assert len(site.server.received) == 3
    assert len({received.headers["webhook-id"] for received in site.server.received}) == 1
    assert site.deliveries()[0].status is DeliveryStatus.SENT


def test_a_worker_that_dies_after_sending_sends_the_same_again_and_only_then(site: Site) -> None:
    site.line.is_cut = True
    site.decided()

    site.run(hours=1)

    first, second = site.server.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert site.deliveries()[0].status is DeliveryStatus.SENT


def test_the_pause_a_receiver_asks_for_is_kept(site: Site) -> None:
    site.server.behaviours = [answer(503, Retry_After="3600"), OK]
    site.decided()

    site.run(hours=3)

    (first, *_), (second, *_) = site.line.attempts
    assert second - first >= timedelta(seconds=3600)
    assert site.deliveries()[0].status is DeliveryStatus.SENT


def test_after_a_day_it_is_given_up_where_an_operator_sees_it_and_nothing_arrives_later(site: Site) -> None:
    site.down()
    site.decided()

    site.run(hours=26)
    site.up()
    site.run(hours=26)

    (delivery,) = site.deliveries()
    assert (delivery.status, delivery.error_code) == (DeliveryStatus.FAILED, "endpoint_unreachable")
    assert site.queue.dead == [Errand.of(delivery.key)]
    assert site.server.received == []
    first, last = site.line.attempts[0][0], site.line.attempts[-1][0]
    assert timedelta(hours=23, minutes=30) <= last - first <= timedelta(hours=24, minutes=30)


def test_a_receiver_that_is_gone_is_left_alone_at_once(site: Site) -> None:
    site.server.behaviours = [answer(410)]
    for _ in range(3):
        site.decided()

    site.run(hours=25)

    assert len(site.line.attempts) == 1
    assert sorted(each.error_code for each in site.deliveries()) == [
        "endpoint_disabled",
        "endpoint_disabled",
        "endpoint_gone",
    ]
    assert len(site.queue.dead) == 3
    assert [kind for kind, _ in site.bus.events].count("webhook_endpoint.disabled") == 1


def test_an_address_that_turned_inward_is_refused_at_once(site: Site) -> None:
    site.line.way = PublicPoster(client_context(), resolve=lambda *_: ("10.0.0.1",), sockets=site.internet)
    site.decided()

    site.run(hours=25)

    (delivery,) = site.deliveries()
    assert (delivery.status, delivery.error_code, delivery.attempts) == (
        DeliveryStatus.FAILED,
        "endpoint_address_blocked",
        1,
    )
    assert site.internet.connected == []


def test_one_receiver_that_is_down_holds_up_no_other(site: Site) -> None:
    with receiver() as other:
        site.server.behaviours = [answer(503)]
        site.decided()
        site.server, failing = other, site.server
        site.decided()

        site.run(minutes=1)

        assert len(other.received) == 1
        assert len(failing.received) >= 1
