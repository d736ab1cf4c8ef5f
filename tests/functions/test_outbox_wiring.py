"""The deliver function as it is wired, and the messengers of apps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
import httpx
import pytest
from aws_lambda_powertools import Logger

from approval_gate.domain.message import DestinationKind
from approval_gate.entrypoints.messengers import AppMessengers
from approval_gate.entrypoints.outbox_wiring import wire_consumer
from approval_gate.errors import ConfigurationError
from approval_gate.outbox_queue import message_of
from approval_gate.ports import App
from approval_gate.ports.messages import Robot
from approval_gate.ports.outbox import Errand
from approval_gate.ports.secrets import AppSecret
from approval_gate.store.outbox import DynamoOutbox
from approval_gate.store.secrets import SecretStore
from tests.fakes.aws import TABLE, aws
from tests.fakes.post_office import told
from tests.fakes.world import START, Clock

APP = App("acme", "prod", "feishu", vendor_identity="cli_a1b2c3d4e5f60718", robots=("ops",))
CREDENTIALS = {"app_id": "cli_a1b2c3d4e5f60718", "app_secret": "s3cret-app-secret-value-0123456789"}


@pytest.fixture
def table() -> Iterator[Any]:
    with aws() as client:
        yield client


@pytest.fixture
def secrets(table: Any) -> SecretStore:
    store = SecretStore(boto3.client("secretsmanager"), "gate")
    robots = {"ops": Robot("ops", "https://open.feishu.cn/open-apis/bot/v2/hook/x", "robot-secret")}
    store.write("feishu", "acme", "prod", AppSecret(CREDENTIALS, START, robots=robots))
    return store


def messengers(table: Any, secrets: SecretStore) -> AppMessengers:
    clock = iter(float(second) for second in range(0, 10_000, 40))
    return AppMessengers(secrets, table, TABLE, httpx.Client(trust_env=False), lambda: next(clock))


def test_an_app_has_its_platforms_messenger_and_its_robots(table: Any, secrets: SecretStore) -> None:
    known = messengers(table, secrets)

    assert known.of(APP).recipients_per_call(DestinationKind.USER_ID) > 0
    assert known.robots_of(APP)["ops"].url.startswith("https://open.feishu.cn/")
    assert "robot-secret" not in repr(known.robots_of(APP))


def test_robots_that_were_changed_are_known_within_a_minute(table: Any, secrets: SecretStore) -> None:
    known = messengers(table, secrets)
    known.robots_of(APP)
    secrets.write("feishu", "acme", "prod", AppSecret(CREDENTIALS, START))

    seen = [dict(known.robots_of(APP)) for _ in range(3)]

    assert seen[-1] == {}


def test_an_app_without_credentials_is_a_mistake_of_configuration(table: Any, secrets: SecretStore) -> None:
    with pytest.raises(ConfigurationError, match="register it again"):
        messengers(table, secrets).of(App("acme", "other", "feishu"))


def test_what_the_function_wires_fails_a_delivery_of_an_unknown_app(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = boto3.client("sqs", region_name="us-east-1")
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("outbox", "dead")]
    environ = {
        "TABLE_NAME": TABLE,
        "SECRET_PREFIX": "gate",
        "OUTBOX_URL": urls[0],
        "OUTBOX_DEAD_LETTERS_URL": urls[1],
    }
    outbox = DynamoOutbox(table, TABLE, Clock())
    outbox.add(told("ntf_1", (DestinationKind.CHAT, "oc_1"), at=datetime.now(START.tzinfo)), None)

    body = message_of(Errand("ntf_1"))
    answer = wire_consumer(Logger(), environ).consume({"Records": [{"messageId": "m", "body": body}]})

    assert answer == {"batchItemFailures": []}
    assert [each.error_code for each in outbox.deliveries("ntf_1")] == ["app_not_found"]
    (letter,) = sqs.receive_message(QueueUrl=urls[1])["Messages"]
    assert letter["Body"] == message_of(Errand("ntf_1", 0))
    assert "Messages" not in sqs.receive_message(QueueUrl=urls[0])
