"""The command for deliveries that failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from approval_gate.domain.delivery import Delivery, DeliveryStatus, spread
from approval_gate.domain.message import DestinationKind
from approval_gate.domain.notification import REDRIVEN_FOR
from approval_gate.outbox_queue import message_of
from approval_gate.ports.outbox import Errand
from approval_gate.services.redrive import Redriven
from approval_gate.store.outbox import DynamoOutbox
from cli.outbox import Operator, main
from tests.fakes.aws import TABLE, aws
from tests.fakes.post_office import told
from tests.fakes.world import START


@pytest.fixture
def operator() -> Iterator[Operator]:
    with aws() as client:
        sqs = boto3.client("sqs", region_name="us-east-1")
        urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("outbox", "dead")]
        yield Operator(client, sqs, TABLE, *urls)


def failed(operator: Operator, name: str, tenant: str = "acme") -> Delivery:
    """Store a delivery that failed, and its dead letter."""
    outbox = DynamoOutbox(operator.dynamodb, TABLE, lambda: datetime.now(UTC))
    asked = replace(told(name, (DestinationKind.CHAT, "oc_1"), at=datetime.now(UTC)), tenant=tenant)
    (one,) = spread(asked, asked.created_at, lambda _: 1)
    outbox.commit(replace(one.failed("230002", "Add the bot to the chat.", START), attempts=1, is_dead_lettered=True))
    operator.sqs.send_message(QueueUrl=operator.dead_letters_url, MessageBody=message_of(Errand.of(one.key)))
    return one


def bodies(operator: Operator, url: str) -> list[str]:
    got: list[dict[str, Any]] = operator.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [each["Body"] for each in got]


def stored(operator: Operator, one: Delivery) -> Delivery:
    found = DynamoOutbox(operator.dynamodb, TABLE, lambda: datetime.now(UTC)).delivery(one.key)
    assert found is not None
    return found


def test_what_failed_is_listed_for_its_tenant_only(operator: Operator) -> None:
    failed(operator, "one")
    failed(operator, "other", tenant="other")

    assert [(each.key.notification_id, each.problem) for each in operator.failed("acme")] == [
        ("one", "Add the bot to the chat.")
    ]


def test_a_redrive_queues_again_and_empties_the_dead_letters(operator: Operator) -> None:
    one = failed(operator, "one")

    done = operator.redrive_dead_letters()

    assert done == {Redriven.QUEUED: 1}
    again = stored(operator, one)
    assert (again.status, again.attempts, again.error_code) == (DeliveryStatus.QUEUED, 0, "230002")
    assert bodies(operator, operator.outbox_url) == [message_of(Errand.of(one.key))]
    assert bodies(operator, operator.dead_letters_url) == []
    assert list(operator.failed("acme")) == []


def test_a_redrive_after_the_delivery_was_sent_sends_nothing(operator: Operator) -> None:
    one = failed(operator, "one")
    outbox = DynamoOutbox(operator.dynamodb, TABLE, lambda: datetime.now(UTC))
    outbox.commit(replace(stored(operator, one), status=DeliveryStatus.SENT))

    assert operator.redrive_dead_letters() == {Redriven.DONE_ALREADY: 1}
    assert bodies(operator, operator.outbox_url) == []


def test_a_redrive_that_died_on_the_way_is_finished_by_the_next(operator: Operator) -> None:
    one = failed(operator, "one")
    outbox = DynamoOutbox(operator.dynamodb, TABLE, lambda: datetime.now(UTC))
    outbox.commit(stored(operator, one).queued_again(START))  # and then it died

    assert operator.redrive_dead_letters() == {Redriven.QUEUED: 1}
    assert bodies(operator, operator.outbox_url) == [message_of(Errand.of(one.key))]


def test_one_tenant_or_one_notification_can_be_redriven_when_the_queue_has_forgotten(operator: Operator) -> None:
    one, other, foreign = failed(operator, "one"), failed(operator, "two"), failed(operator, "x", tenant="other")

    assert operator.redrive_notification("one") == {Redriven.QUEUED: 1}
    assert operator.redrive_tenant("acme") == {Redriven.QUEUED: 1}
    assert operator.redrive_tenant("acme") == {}
    assert [stored(operator, each).status.value for each in (one, other, foreign)] == ["QUEUED", "QUEUED", "FAILED"]


def test_what_the_queue_has_lost_is_looked_at_again(operator: Operator) -> None:
    outbox = DynamoOutbox(operator.dynamodb, TABLE, lambda: datetime.now(UTC))
    spread_one, unspread = (
        told(name, (DestinationKind.CHAT, "oc_1"), at=datetime.now(UTC)) for name in ("spread", "unspread")
    )
    outbox.add(spread_one, None)
    outbox.add(unspread, None)
    (one,) = spread(spread_one, START, lambda _: 1)
    outbox.commit(one)

    assert operator.redrive_notification("spread") == {Redriven.QUEUED: 1}
    assert operator.redrive_notification("unspread") == {Redriven.QUEUED: 1}
    assert operator.redrive_notification("nothing") == {}
    assert bodies(operator, operator.outbox_url) == [message_of(Errand.of(one.key)), message_of(Errand("unspread"))]


def test_what_is_about_to_be_forgotten_is_not_queued_again(operator: Operator) -> None:
    one = failed(operator, "one")
    outbox = DynamoOutbox(operator.dynamodb, TABLE, lambda: datetime.now(UTC))
    long_ago = datetime.now(UTC) - REDRIVEN_FOR - timedelta(hours=1)
    outbox.commit(replace(stored(operator, one), created_at=long_ago))

    assert operator.redrive_dead_letters() == {Redriven.TOO_OLD: 1}
    assert bodies(operator, operator.outbox_url) == []


@pytest.mark.parametrize(
    "letter", ["", "[]", '{"notification_id": null}', '{"approval_id": "a", "notification_id": "n"}']
)
def test_what_is_no_letter_of_ours_is_taken_out_of_the_way(operator: Operator, letter: str) -> None:
    operator.sqs.send_message(QueueUrl=operator.dead_letters_url, MessageBody=letter or "x")

    assert operator.redrive_dead_letters() == {Redriven.UNKNOWN: 1}
    assert bodies(operator, operator.dead_letters_url) == []


def test_a_letter_about_a_notification_that_was_never_spread_is_looked_at_again(operator: Operator) -> None:
    letter = message_of(Errand("ntf_1"))
    operator.sqs.send_message(QueueUrl=operator.dead_letters_url, MessageBody=letter)

    assert operator.redrive_dead_letters() == {Redriven.QUEUED: 1}
    assert bodies(operator, operator.outbox_url) == [letter]


def test_a_list_needs_a_tenant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 64
    assert "--tenant" in capsys.readouterr().err
