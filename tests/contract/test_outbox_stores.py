"""The outbox on the table and the one in memory: the same promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from approval_gate.domain.delivery import Card, Delivery, DeliveryKey, DeliveryStatus, spread
from approval_gate.domain.lane import Lane, LaneKey, lane_of
from approval_gate.domain.message import Destination, DestinationKind
from approval_gate.domain.notification import REDRIVEN_FOR, Notification
from approval_gate.domain.people import Identity
from approval_gate.errors import VersionConflict
from approval_gate.ports.outbox import Outbox
from approval_gate.store.delivery_items import failed_partition
from approval_gate.store.outbox import DynamoOutbox
from tests.fakes.aws import TABLE, aws
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.post_office import told
from tests.fakes.world import START, Clock

USER, ROBOT = DestinationKind.USER_ID, DestinationKind.ROBOT
LANE = LaneKey("acme", "prod", "d1")


@pytest.fixture
def table() -> Iterator[Any]:
    with aws() as client:
        yield client


@pytest.fixture(params=["memory", "dynamodb"])
def outbox(request: pytest.FixtureRequest, table: Any) -> Outbox:
    return MemoryOutbox() if request.param == "memory" else DynamoOutbox(table, TABLE, Clock())


def deliveries(notification: Notification) -> tuple[Delivery, ...]:
    return spread(notification, START, lambda _: 20)


def test_a_delivery_comes_back_as_it_was_stored(outbox: Outbox) -> None:
    (one,) = deliveries(told("n", (USER, "u1")))
    full = replace(
        one,
        status=DeliveryStatus.FAILED,
        attempts=3,
        throttled=2,
        next_attempt_at=START,
        tried_at=START,
        finished_at=START + timedelta(milliseconds=1),
        carries=(DeliveryKey("n", 7),),
        carried_by=DeliveryKey("n", 8),
        person=Identity("ou_1", "Lead", "e1"),
        message_id="m1",
        error_code="40003",
        problem='says "why" in 中文',
        is_combined=True,
        is_dead_lettered=True,
        body='{"type":"approval.decided"}',
    )

    outbox.commit(full)

    assert outbox.delivery(full.key) == replace(full, version=1)


def test_deliveries_are_listed_in_order(outbox: Outbox) -> None:
    planned = deliveries(told("n", *((USER, f"u{number}") for number in range(12))))
    outbox.commit(*planned)

    assert [each.key.number for each in outbox.deliveries("n")] == list(range(12))
    assert outbox.deliveries("other") == ()
    assert outbox.delivery(DeliveryKey("n", 99)) is None


def test_what_was_stored_already_is_not_stored_again(outbox: Outbox) -> None:
    planned = deliveries(told("n", (USER, "u1"), (ROBOT, "ops")))
    outbox.commit(*planned)
    sent = replace(planned[0], status=DeliveryStatus.SENT, version=1)
    outbox.commit(sent)

    with pytest.raises(VersionConflict):
        outbox.commit(*planned)

    assert [each.status.value for each in outbox.deliveries("n")] == ["SENT", "QUEUED"]


def test_only_one_of_two_workers_takes_a_lane(outbox: Outbox) -> None:
    one, other = outbox.lane(LANE), outbox.lane(LANE)
    outbox.commit(one.taken(None, START))

    with pytest.raises(VersionConflict):
        outbox.commit(other.taken(None, START))

    assert outbox.lane(LANE).is_leased(START)


def test_a_step_that_meets_a_newer_version_changes_nothing(outbox: Outbox) -> None:
    (one,) = deliveries(told("n", (USER, "u1")))
    outbox.commit(one)
    stale = replace(outbox.lane(LANE), failures=1)
    outbox.commit(stale)

    with pytest.raises(VersionConflict):
        outbox.commit(replace(one, version=1, attempts=5), stale)

    stored = outbox.delivery(one.key)
    assert stored is not None
    assert stored.attempts == 0


def test_a_lane_comes_back_as_it_was_stored(outbox: Outbox) -> None:
    lane = Lane(LANE, sent_at=(START,), closed_until=START, leased_until=START, failures=4, recovered_at=START)
    outbox.commit(lane)

    assert outbox.lane(LANE) == replace(lane, version=1)
    assert outbox.lane(replace(LANE, tenant="other")) == Lane(replace(LANE, tenant="other"))


def test_who_waits_is_listed_oldest_first_and_once(outbox: Outbox) -> None:
    planned = [
        deliveries(told(name, (USER, "u1"), at=START + timedelta(microseconds=age)))[0]
        for name, age in [("young", 30), ("old", 0), ("middle", 1)]
    ]
    for each in [*planned, planned[0]]:
        outbox.wait(LANE, each)

    assert [key.notification_id for key in outbox.waiting(LANE, 10)] == ["old", "middle", "young"]
    assert [key.notification_id for key in outbox.waiting(LANE, 1)] == ["old"]
    outbox.leave(LANE, planned[2])
    outbox.commit(outbox.lane(LANE), off=(LANE, [planned[1]]))
    assert [key.notification_id for key in outbox.waiting(LANE, 10)] == ["young"]


def test_cards_are_open_until_they_are_closed(outbox: Outbox) -> None:
    to = Destination(USER, "u1")
    card = Card(DeliveryKey("n", 0), "apr_1", "acme", "prod", to, "m1", START, asks=True, locale="en")
    outbox.commit(card)
    (stored,) = outbox.open_cards("apr_1")

    assert stored == replace(card, version=1)
    outbox.commit(replace(stored, closed_as="replaced"))
    assert outbox.open_cards("apr_1") == ()
    assert outbox.open_cards("apr_2") == ()


def test_a_notice_is_stored_in_the_same_step(outbox: Outbox) -> None:
    notice = told("closing", (USER, "u1"))
    outbox.commit(outbox.lane(LANE), notices=[notice])

    assert outbox.notification("closing") == notice


def test_a_hundred_items_go_in_one_step(outbox: Outbox) -> None:
    planned = deliveries(told("n", *((USER, f"u{number}") for number in range(100))))

    outbox.commit(*planned)

    assert len(outbox.deliveries("n")) == 100


def test_failed_deliveries_of_a_tenant_can_be_found(table: Any) -> None:
    outbox = DynamoOutbox(table, TABLE, Clock())
    one, other = deliveries(told("n", (USER, "u1"), (ROBOT, "ops")))
    outbox.commit(one.failed("40003", "refused", START))
    outbox.commit(other)

    found = table.query(
        TableName=TABLE,
        IndexName="by_tenant_status",
        KeyConditionExpression="tenant_status = :failed",
        ExpressionAttributeValues={":failed": {"S": failed_partition("acme")}},
    )["Items"]

    assert [item["SK"]["S"] for item in found] == ["DELIVERY#0000"]


def test_a_notification_and_all_that_became_of_it_are_forgotten_together_and_after_the_last_redrive(table: Any) -> None:
    outbox = DynamoOutbox(table, TABLE, Clock())
    notification = told("n", (USER, "u1"), (ROBOT, "ops"), (DestinationKind.CHAT, "oc_1"))
    queued, failed, sent = deliveries(notification)
    late = START + timedelta(days=2)
    card = Card(sent.key, "apr_1", "acme", "prod", sent.destination, "m1", START, asks=True, closed_as="told")

    outbox.add(notification, None)
    outbox.commit(queued, failed.failed("40003", "refused", late), replace(sent, status=DeliveryStatus.SENT), card)

    items = table.scan(TableName=TABLE)["Items"]
    (forgotten_at,) = {int(item["expires_at_epoch_s"]["N"]) for item in items}
    assert len(items) == 5
    assert forgotten_at >= (START + REDRIVEN_FOR + timedelta(days=30)).timestamp()


def test_the_lane_of_a_secret_address_does_not_repeat_it() -> None:
    (one,) = deliveries(told("n", (DestinationKind.WEBHOOK, "https://example.com/?token=s3cret")))

    assert "s3cret" not in repr(lane_of(one))
