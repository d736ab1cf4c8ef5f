"""From the table's stream through the outbox queue to a platform, on the events that the functions get."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from aws_lambda_powertools import Logger

from approval_gate.domain.approval import Outcome, Source, Status, Subscription
from approval_gate.domain.message import Destination, DestinationKind
from approval_gate.entrypoints.deliver import OutboxConsumer
from approval_gate.entrypoints.task import Tasks
from approval_gate.errors import StoreError
from approval_gate.outbox_queue import SqsQueue, errand_of, message_of
from approval_gate.ports.outbox import Errand
from approval_gate.store.outbox import DynamoOutbox
from tests.fakes.aws import TABLE, aws
from tests.fakes.outbox import VirtualQueue
from tests.fakes.post_office import PostOffice, told
from tests.fakes.world import START, Clock, World

CHAT = DestinationKind.CHAT


@pytest.fixture
def world() -> Iterator[World]:
    with aws() as client:
        yield World(client)


def stream(kind: str, pk: str, sk: str) -> dict[str, Any]:
    keys = {"PK": {"S": pk}, "SK": {"S": sk}}
    return {"Records": [{"eventName": kind, "eventID": "e1", "dynamodb": {"Keys": keys, "SequenceNumber": "1"}}]}


def batch(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]}


def test_a_stored_notification_goes_from_the_stream_to_the_queue(world: World) -> None:
    queue = VirtualQueue(world.clock)

    answer = Tasks.over(world.ports, Logger(), queue).drive(stream("INSERT", "NOTIFICATION#ntf_1", "NOTIFICATION"))

    assert answer == {"batchItemFailures": []}
    assert [errand for _, _, errand in queue.due] == [Errand("ntf_1")]


def test_a_stream_record_stays_when_the_queue_does_not_take_it(world: World) -> None:
    answer = Tasks.over(world.ports, Logger()).drive(stream("INSERT", "NOTIFICATION#ntf_1", "NOTIFICATION"))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}


@pytest.mark.parametrize("is_watched", [True, False])
def test_the_end_of_an_approval_closes_the_cards_that_may_be_there(world: World, is_watched: bool) -> None:
    watched = (Subscription("prod", (Destination(CHAT, "oc_1"),), frozenset({"pending"})),)
    approval = world.opened(notify=watched if is_watched else ())
    queue = VirtualQueue(world.clock)
    outcome = Outcome(Status.CANCELED, START, Source.CANCEL)
    world.decider.decide(approval.id, outcome, by="ci")

    Tasks.over(world.ports, Logger(), queue).drive(stream("MODIFY", f"APPROVAL#{approval.id}", "APPROVAL"))

    assert [errand for _, _, errand in queue.due] == ([Errand(approval_id=approval.id)] if is_watched else [])


def test_a_notification_is_delivered_over_the_real_table(world: World) -> None:
    outbox = DynamoOutbox(world.client, TABLE, world.clock)
    office = PostOffice(clock=world.clock, outbox=outbox)
    outbox.add(told("ntf_1", (CHAT, "oc_1"), (DestinationKind.EMAIL, "a@example.com")), None)

    consumer = OutboxConsumer(office.deliverer, office.queue, world.clock, Logger())
    answer = consumer.consume(batch(message_of(Errand("ntf_1"))))
    office.run()

    assert answer == {"batchItemFailures": []}
    assert office.statuses("ntf_1") == ["SENT", "SENT"]
    assert len(office.messenger.sent) == 2


def test_an_errand_that_fails_is_the_only_one_that_comes_again() -> None:
    office = PostOffice()
    office.ask(told("n", (CHAT, "oc_1")))
    consumer = OutboxConsumer(office.deliverer, office.queue, office.clock, Logger())

    answer = consumer.consume(batch("not ours", message_of(Errand("n"))))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert office.statuses("n") == ["SENT"]


def test_what_there_is_no_time_for_is_put_back() -> None:
    office = PostOffice()
    for name in ("slow", "next"):
        office.ask(told(name, (CHAT, "oc_1")))
    office.queue.due.clear()
    office.messenger.after = lambda _: office.clock.advance(61)
    consumer = OutboxConsumer(office.deliverer, office.queue, office.clock, Logger())

    answer = consumer.consume(batch(message_of(Errand("slow")), message_of(Errand("next"))))

    assert answer == {"batchItemFailures": []}
    assert [errand for _, _, errand in office.queue.due] == [Errand("next")]


# -- the queue itself -------------------------------------------------------------------------------------------------


@pytest.fixture
def sqs() -> Iterator[tuple[Any, SqsQueue]]:
    with aws():
        client = boto3.client("sqs", region_name="us-east-1")
        urls = [client.create_queue(QueueName=name)["QueueUrl"] for name in ("outbox", "dead")]
        yield client, SqsQueue(client, urls[0], urls[1], Clock())


@pytest.mark.parametrize(
    "errand", [Errand("ntf_1"), Errand("ntf_1", 0), Errand("ntf_1", 99), Errand(approval_id="apr_1")]
)
def test_an_errand_is_what_was_said(sqs: tuple[Any, SqsQueue], errand: Errand) -> None:
    client, queue = sqs
    queue.put(errand)

    (message,) = client.receive_message(QueueUrl=queue._url)["Messages"]

    assert errand_of(message["Body"]) == errand


@pytest.mark.parametrize(("wait_s", "delay"), [(-5, 0), (0.2, 1), (30, 30), (86_400, 900)])
def test_an_errand_waits_as_long_as_the_queue_can(sqs: tuple[Any, SqsQueue], wait_s: float, delay: int) -> None:
    client, queue = sqs
    seen: list[int] = []
    client.meta.events.register("provide-client-params.sqs.SendMessage", lambda params, **_: seen.append(params))

    queue.put(Errand("n", 1), START + timedelta(seconds=wait_s))

    assert [each["DelaySeconds"] for each in seen] == [delay]  # type: ignore[index] # the parameters


def test_a_queue_that_is_not_there_is_a_store_error(sqs: tuple[Any, SqsQueue]) -> None:
    client, queue = sqs
    client.delete_queue(QueueUrl=queue._url)

    with pytest.raises(StoreError):
        queue.put(Errand("n"))


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"number": 1}', '{"notification_id": "n", "number": "1"}', "{{"])
def test_a_message_of_somebody_else_is_no_errand(body: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        errand_of(body)


def test_a_message_holds_no_more_than_where_to_look() -> None:
    assert json.loads(message_of(replace(Errand("ntf_1"), number=2))) == {"notification_id": "ntf_1", "number": 2}
