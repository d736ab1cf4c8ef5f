"""
The records that a dead letter of a table stream names, read back.

A dead letter holds no record, only the stream's shard and a range of sequence numbers; and it waits for two weeks,
while a stream keeps its records for a day. So the records are read from the stream while they are there. Later they are
rebuilt from the table's items: whatever the consumer's own filters take and was written in the letter's time. That may
be more than what failed, which is harmless: consumers of this stream do nothing the second time.

Source: Amazon DynamoDB Developer Guide, "Change data capture for DynamoDB Streams" (24 hours); AWS Lambda Developer
Guide, "Using AWS Lambda with Amazon DynamoDB" (form of the message) and "Lambda event filtering"; read 2026-02-28.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ParamValidationError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["Batch", "matches", "read_batch", "records_of_stream", "records_of_table"]

type Record = dict[str, Any]
"""One record as a consumer of the stream gets it."""

_NO_LONGER_THERE = {"TrimmedDataAccessException", "ResourceNotFoundException"}
_EMPTY_PAGES = 5
_SLACK = timedelta(minutes=1)
"""Arrival times in a dead letter are approximate, and whole seconds."""


@dataclass(frozen=True, slots=True)
class Batch:
    """
    What one dead letter says.

    Args:
        function: ARN of the consumer.
        condition: why the batch was given up, in Lambda's words (`RetryAttemptsExhausted`, ...).
        first, last: sequence numbers, both included.
        since, until: when the first and the last record arrived; aware.
        size: how many of the records between were the consumer's.
    """

    function: str
    condition: str
    stream: str
    shard: str
    first: str
    last: str
    since: datetime
    until: datetime
    size: int

    @property
    def table(self) -> str:
        """Return the name of the stream's table: `arn:...:table/<name>/stream/<label>`."""
        return self.stream.split("/")[1]


def read_batch(body: str) -> Batch:
    """
    Read the body of a dead letter.

    Raises:
        ValueError: it is no dead letter of a table's stream.
    """
    try:
        letter = json.loads(body)
        int(letter["DDBStreamBatchInfo"]["endSequenceNumber"])  # compared as numbers
        context, batch = letter["requestContext"], letter["DDBStreamBatchInfo"]
        return Batch(
            function=str(context["functionArn"]),
            condition=str(context["condition"]),
            stream=str(batch["streamArn"]),
            shard=str(batch["shardId"]),
            first=str(batch["startSequenceNumber"]),
            last=str(batch["endSequenceNumber"]),
            since=datetime.fromisoformat(batch["approximateArrivalOfFirstRecord"]),
            until=datetime.fromisoformat(batch["approximateArrivalOfLastRecord"]),
            size=int(batch["batchSize"]),
        )
    except (KeyError, TypeError, ValueError) as err:
        raise ValueError("this message is no dead letter of a table's stream") from err


def records_of_stream(streams: Any, batch: Batch, patterns: Sequence[Mapping[str, Any]]) -> list[Record] | None:
    """Read a batch's records from the stream, in order; None when the stream does not hold all of them any more."""
    try:
        iterator: str | None = streams.get_shard_iterator(
            StreamArn=batch.stream,
            ShardId=batch.shard,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=batch.first,
        )["ShardIterator"]
        found: list[Record] = []
        empty = 0
        while iterator and empty < _EMPTY_PAGES:
            page = streams.get_records(ShardIterator=iterator, Limit=1000)
            for record in page["Records"]:
                if int(record["dynamodb"]["SequenceNumber"]) > int(batch.last):
                    return found if len(found) >= batch.size else None
                if any(matches(record, pattern) for pattern in patterns):
                    found.append(_as_lambda_gets_it(record, batch.stream))
            empty = 0 if page["Records"] else empty + 1
            iterator = page.get("NextShardIterator")
    except ParamValidationError:
        return None  # no number that any stream could have given
    except ClientError as err:
        if err.response["Error"]["Code"] in _NO_LONGER_THERE:
            return None
        raise
    return found if len(found) >= batch.size else None


def records_of_table(
    dynamodb: DynamoDBClient, batch: Batch, patterns: Sequence[Mapping[str, Any]], running: Collection[str]
) -> Iterator[Record]:
    """
    Rebuild the records that may have been in a batch from what the table holds now. Scans the table.

    Args:
        patterns: the consumer's filters.
        running: names of the running executions. When an item was changed, no time of the table tells: those of
            approvals that were decided in the letter's time are taken, and those whose execution still waits.
    """
    for page in dynamodb.get_paginator("scan").paginate(TableName=batch.table, ConsistentRead=True):
        for item in page["Items"]:
            for name in ("INSERT", "MODIFY"):
                record = _rebuilt(name, item, batch)
                if any(matches(record, pattern) for pattern in patterns) and _may_concern(name, item, batch, running):
                    yield record
                    break


def matches(record: object, pattern: Mapping[str, Any]) -> bool:
    """
    Tell whether a filter takes a record.

    Raises:
        ValueError: the filter uses an operator that is not known here.
    """
    if not isinstance(record, Mapping):
        return False
    return all(
        matches(record.get(key), wanted)
        if isinstance(wanted, Mapping)
        else any(_is(record.get(key), one) for one in wanted)
        for key, wanted in pattern.items()
    )


def _is(value: object, wanted: object) -> bool:
    if not isinstance(wanted, Mapping):
        return value == wanted
    ((operator, operand),) = wanted.items()
    if operator == "prefix":
        return isinstance(value, str) and value.startswith(operand)
    if operator == "exists":
        return (value is not None) is operand
    raise ValueError(f"the consumer's filter uses {operator!r}, which this command cannot read yet: teach it")


def _as_lambda_gets_it(record: Mapping[str, Any], stream: str) -> Record:
    told = {**record["dynamodb"]}
    if isinstance(told.get("ApproximateCreationDateTime"), datetime):
        told["ApproximateCreationDateTime"] = told["ApproximateCreationDateTime"].timestamp()
    return {**record, "dynamodb": told, "eventSourceARN": stream}


def _rebuilt(name: str, item: Mapping[str, Any], batch: Batch) -> Record:
    keys = {key: item[key] for key in ("PK", "SK")}
    return {
        "eventID": f"replay {keys['PK']['S']} {keys['SK']['S']}",
        "eventName": name,
        "eventSource": "aws:dynamodb",
        "eventSourceARN": batch.stream,
        "dynamodb": {"Keys": keys, "NewImage": dict(item), "SequenceNumber": batch.first},
    }


def _may_concern(name: str, item: Mapping[str, Any], batch: Batch, running: Collection[str]) -> bool:
    if name == "MODIFY":
        decided_at = json.loads(item.get("outcome", {}).get("S", "{}")).get("decided_at")
        return _execution_of(item) in running or (decided_at is not None and _is_in_time_of(batch, decided_at))
    written = item.get("received_at") or item.get("created_at")
    return written is None or _is_in_time_of(batch, written["S"])


def _is_in_time_of(batch: Batch, moment: str) -> bool:
    return batch.since - _SLACK <= datetime.fromisoformat(moment) <= batch.until + _SLACK


def _execution_of(item: Mapping[str, Any]) -> str:
    """Return the name of an approval's execution: the approval's id, unless somebody else started it."""
    own = str(item.get("execution", {}).get("S", ""))
    return own.rpartition(":")[2] if own else str(item["PK"]["S"]).removeprefix("APPROVAL#")
