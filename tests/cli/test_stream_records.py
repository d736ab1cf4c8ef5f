"""Reading dead letters, and the records they name."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cli.stream_records import matches, read_batch, records_of_stream, records_of_table

STREAM = "arn:aws:dynamodb:eu-central-1:123456789012:table/gate/stream/2026-02-28T00:00:00.000"
JOURNAL = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"SK": {"S": [{"prefix": "EVENT#"}]}}}}
DECIDED = {"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"outcome": {"S": [{"exists": True}]}}}}

LETTER: dict[str, Any] = {
    "requestContext": {
        "functionArn": "arn:aws:lambda:eu-central-1:123456789012:function:apply",
        "condition": "RetryAttemptsExhausted",
    },
    "DDBStreamBatchInfo": {
        "shardId": "shardId-00000001",
        "startSequenceNumber": "100000000000000000001",
        "endSequenceNumber": "100000000000000000003",
        "approximateArrivalOfFirstRecord": "2026-02-28T12:00:00Z",
        "approximateArrivalOfLastRecord": "2026-02-28T12:00:05Z",
        "batchSize": 2,
        "streamArn": STREAM,
    },
}


def record(number: int, sk: str, name: str = "INSERT") -> dict[str, Any]:
    keys = {"PK": {"S": "REF#feishu#acme#prod#1"}, "SK": {"S": sk}}
    at = datetime(2026, 2, 28, 12, tzinfo=UTC)
    told = {"Keys": keys, "SequenceNumber": f"{10**20 + number}", "ApproximateCreationDateTime": at}
    return {"eventName": name, "dynamodb": told}


class Stream:
    """A shard that holds these records, or has forgotten them."""

    def __init__(self, *records: dict[str, Any]) -> None:
        self.records = list(records)

    def get_shard_iterator(self, **_: str) -> dict[str, str]:
        if not self.records:
            raise ClientError({"Error": {"Code": "TrimmedDataAccessException", "Message": ""}}, "GetShardIterator")
        return {"ShardIterator": "i"}

    def get_records(self, **_: Any) -> dict[str, Any]:
        page, self.records = self.records[:2], self.records[2:]
        return {"Records": page, "NextShardIterator": "i"}


def test_a_letter_tells_its_records_its_function_and_its_time():
    batch = read_batch(json.dumps(LETTER))

    assert (batch.table, batch.size, batch.condition) == ("gate", 2, "RetryAttemptsExhausted")
    assert batch.since == datetime(2026, 2, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize("body", ["hello", "[]", "null", "{}", '{"requestContext": {}, "DDBStreamBatchInfo": 1}'])
def test_a_message_that_is_no_letter_is_said_to_be_none(body: str):
    with pytest.raises(ValueError, match="no dead letter"):
        read_batch(body)


def test_only_the_consumers_records_up_to_the_last_number_are_read():
    stream = Stream(
        record(1, "EVENT#a"), record(2, "APPROVAL"), record(3, "EVENT#b"), record(4, "EVENT#of another letter")
    )

    found = records_of_stream(stream, read_batch(json.dumps(LETTER)), [JOURNAL])

    assert [one["dynamodb"]["Keys"]["SK"]["S"] for one in found or []] == ["EVENT#a", "EVENT#b"]
    json.dumps(found)  # as a payload


@pytest.mark.parametrize("stream", [Stream(), Stream(record(3, "EVENT#b"))])
def test_a_stream_that_forgot_some_of_them_is_not_believed(stream: Stream):
    assert records_of_stream(stream, read_batch(json.dumps(LETTER)), [JOURNAL]) is None


@mock_aws
def test_the_table_gives_what_was_written_in_the_letters_time_and_what_still_waits():
    dynamodb = boto3.client("dynamodb", region_name="eu-central-1")
    dynamodb.create_table(
        TableName="gate",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
    )
    for pk, sk, more in (
        ("REF#1", "EVENT#in time", {"received_at": "2026-02-28T12:00:03+00:00"}),
        ("REF#1", "EVENT#another day", {"received_at": "2026-02-27T12:00:03+00:00"}),
        ("APPROVAL#waits", "APPROVAL", {"outcome": "{}"}),
        ("APPROVAL#ended", "APPROVAL", {"outcome": '{"decided_at": "2026-02-20T12:00:00Z"}'}),
        ("APPROVAL#decided then", "APPROVAL", {"outcome": '{"decided_at": "2026-02-28T12:00:02Z"}'}),
        ("APPROVAL#of a caller", "APPROVAL", {"outcome": "{}", "execution": "arn:aws:states:x:1:execution:m:theirs"}),
        ("APPROVAL#pending", "APPROVAL", {}),
    ):
        item = {"PK": {"S": pk}, "SK": {"S": sk}} | {name: {"S": value} for name, value in more.items()}
        dynamodb.put_item(TableName="gate", Item=item)

    batch = read_batch(json.dumps(LETTER))
    found = records_of_table(dynamodb, batch, [JOURNAL, DECIDED], {"waits", "theirs", "pending"})

    told = {(one["eventName"], one["dynamodb"]["Keys"]["PK"]["S"]) for one in found}
    decided = {("MODIFY", f"APPROVAL#{name}") for name in ("waits", "of a caller", "decided then")}
    assert told == {("INSERT", "REF#1")} | decided


def test_an_operator_that_is_not_known_is_no_match_by_chance():
    with pytest.raises(ValueError, match="numeric"):
        matches({"size": 3}, {"size": [{"numeric": [">", 1]}]})
