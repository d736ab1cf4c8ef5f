"""
The engine holds roles to their permissions as AWS does: our corrections, and that the engine does not do so itself yet.

When a test of the second kind fails, the engine has caught up: delete the correction.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.engine.launcher import REGION, Engine

pytestmark = pytest.mark.stack

type Client = Callable[[Engine, str], Any]
type Json = dict[str, Any]

ALLOWED_KEYS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["MINE#*"]}}


@pytest.fixture
def as_role(client: Client, make_role: Callable[..., str]):
    """Speak as a role that holds one statement."""

    def assume(engine: Engine, service: str, statement: Json) -> Any:
        role = make_role(engine, statement)
        assumed = client(engine, "sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return boto3.client(
            service,
            endpoint_url=engine.endpoint,
            region_name=REGION,
            aws_access_key_id=assumed["AccessKeyId"],
            aws_secret_access_key=assumed["SecretAccessKey"],
            aws_session_token=assumed["SessionToken"],
        )

    return assume


@pytest.fixture
def limited(as_role: Callable[..., Any], make_table: Callable[[Engine, str], str]):
    """Return a table's name, and a client that may only reach `MINE#...` in it."""

    def make(engine: Engine) -> tuple[str, Any]:
        table = make_table(engine, f"t-{uuid.uuid4().hex[:8]}")
        resource = f"arn:aws:dynamodb:*:*:table/{table}"
        return table, as_role(
            engine, "dynamodb", {"Action": "dynamodb:*", "Resource": resource, "Condition": ALLOWED_KEYS}
        )

    return make


def is_allowed(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as err:
        if "AccessDenied" not in err.response["Error"]["Code"]:
            raise
        return False
    return True


def writes_and_reads(dynamodb: Any, table: str, key: str) -> list[Callable[[], object]]:
    item = {"PK": {"S": key}}
    values = {":pk": {"S": key}}
    return [
        lambda: dynamodb.put_item(TableName=table, Item=item),
        lambda: dynamodb.get_item(TableName=table, Key=item),
        lambda: dynamodb.update_item(TableName=table, Key=item, UpdateExpression="SET a = PK"),
        lambda: dynamodb.query(TableName=table, KeyConditionExpression="PK = :pk", ExpressionAttributeValues=values),
        lambda: dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": item}}]),
        lambda: dynamodb.delete_item(TableName=table, Key=item),
    ]


def test_a_role_limited_by_partition_key_reaches_its_own_and_no_other(
    engine: Engine, limited: Callable[[Engine], tuple[str, Any]]
):
    table, dynamodb = limited(engine)

    assert [is_allowed(call) for call in writes_and_reads(dynamodb, table, "MINE#1")] == [True] * 6
    assert [is_allowed(call) for call in writes_and_reads(dynamodb, table, "OTHER#1")] == [False] * 6


def test_the_engine_itself_still_ignores_limits_by_partition_key(
    bare_engine: Engine, limited: Callable[[Engine], tuple[str, Any]]
):
    table, dynamodb = limited(bare_engine)

    assert is_allowed(lambda: dynamodb.put_item(TableName=table, Item={"PK": {"S": "OTHER#1"}}))


@pytest.fixture
def waiting_token(client: Client, eventually: Callable[..., Any], waiting_machine: Callable[[Engine], str]):
    def start(engine: Engine) -> tuple[str, str]:
        machine, name = waiting_machine(engine), uuid.uuid4().hex
        client(engine, "stepfunctions").start_execution(
            stateMachineArn=machine, name=name, input=json.dumps({"wait_s": 60})
        )
        dynamodb, key = client(engine, "dynamodb"), {"PK": {"S": name}}
        item = eventually(lambda: dynamodb.get_item(TableName="waiting", Key=key).get("Item"), bool)
        return machine, item["token"]["S"]

    return start


def test_a_token_is_answered_by_who_may_answer_its_state_machine(
    engine: Engine, as_role: Callable[..., Any], waiting_token: Callable[[Engine], tuple[str, str]]
):
    machine, token = waiting_token(engine)
    stranger = as_role(engine, "stepfunctions", {"Action": "states:*", "Resource": f"{machine}-other"})
    friend = as_role(engine, "stepfunctions", {"Action": "states:SendTaskSuccess", "Resource": machine})

    assert not is_allowed(lambda: stranger.send_task_success(taskToken=token, output="{}"))
    assert is_allowed(lambda: friend.send_task_success(taskToken=token, output="{}"))


def test_the_engine_itself_still_wants_the_right_to_answer_every_token(
    bare_engine: Engine, as_role: Callable[..., Any], waiting_token: Callable[[Engine], tuple[str, str]]
):
    machine, token = waiting_token(bare_engine)
    friend = as_role(bare_engine, "stepfunctions", {"Action": "states:SendTaskSuccess", "Resource": machine})

    assert not is_allowed(lambda: friend.send_task_success(taskToken=token, output="{}"))
