"""
A correction of the engine: a stream's record that its consumer did not take is tried again, and at last dead-lettered.

The engine reads a batch whose function answered as done, also when the answer names records that failed
(`ReportBatchItemFailures`): what AWS would bring again, the engine would lose. It also tries a batch whose function
raised for ever. With this correction, as on AWS:

- records before the first failed one are done, the others come again, at most `MaximumRetryAttempts` times;
- a batch whose function raised or died is halved, where the mapping says `BisectBatchOnFunctionError`;
- then a message that names the records goes to the destination of `OnFailure`, and the stream goes on. Records behind a
  failed one in the same batch share its fate: they are in the message too, tried or not.

Source: AWS Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB" (batch item failures, error handling,
on-failure destinations), read 2026-02-28; the engine's behaviour learnt by trying ministack 1.5.33. Rules of use: see
`corrections`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from ministack.services import lambda_svc

__all__ = ["Held", "retry_stream_records"]

_FOR_EVER = -1
"""`MaximumRetryAttempts` of a mapping that does not bound them."""

type _Json = Mapping[str, Any]
type _Invoke = Callable[[_Json, _Json], dict[str, Any]]


@dataclass(slots=True)
class Held:
    """
    How far one mapping has come with the batch that the engine shows it again and again.

    Args:
        done: sequence numbers of the batch's records that were taken or dead-lettered.
        tries: how often the first of the others failed.
        size: how many records go into the next invocation; None for all that are left.
    """

    done: set[str] = field(default_factory=set)
    tries: int = 0
    size: int | None = None

    def next_part(self, batch: Sequence[_Json]) -> list[_Json]:
        """Return the records for the next invocation."""
        left = [record for record in batch if _number(record) not in self.done]
        return left[: self.size or len(left)]

    def finish(self, records: Sequence[_Json]) -> None:
        """Leave records behind."""
        self.done.update(map(_number, records))
        self.tries, self.size = 0, None


def retry_stream_records() -> None:
    """Let the poller of table streams keep what failed, until its retries are used up."""
    polling: ContextVar[bool] = ContextVar("polling", default=False)
    held: dict[str, Held] = {}  # by the mapping's id; only the poller's thread comes here
    poll = lambda_svc._poll_dynamodb_streams  # noqa: SLF001  # the engine's only reader of table streams
    execute: _Invoke = lambda_svc._execute_function  # noqa: SLF001  # what it calls for each batch

    @wraps(poll)
    def poll_with_care() -> Any:
        token = polling.set(True)
        try:
            return poll()
        finally:
            polling.reset(token)

    @wraps(execute)
    def execute_with_care(function: _Json, event: _Json) -> dict[str, Any]:
        if not polling.get():
            return execute(function, event)
        # What the function itself causes on this thread is no batch of the poller.
        token = polling.set(False)
        try:
            mapping = _mapping_of(function, event["Records"])
            return _go_on(execute, function, mapping, event["Records"], held.setdefault(mapping["UUID"], Held()))
        finally:
            polling.reset(token)

    lambda_svc._poll_dynamodb_streams = poll_with_care  # noqa: SLF001  # as above
    lambda_svc._execute_function = execute_with_care  # noqa: SLF001  # as above


def _go_on(execute: _Invoke, function: _Json, mapping: _Json, batch: Sequence[_Json], held: Held) -> dict[str, Any]:
    """Work through a batch until all of it is done, or a record has to come again: then the answer is an error."""
    while part := held.next_part(batch):
        answer = execute(function, {"Records": part})
        failed = _first_failed(answer, part, mapping)
        if failed is None:
            held.finish(part)
            continue
        if failed:
            held.finish(part[:failed])
        held.tries += 1
        retries = int(mapping.get("MaximumRetryAttempts", _FOR_EVER))
        if retries == _FOR_EVER or held.tries <= retries:
            if answer.get("error") and len(part) > 1 and mapping.get("BisectBatchOnFunctionError"):
                held.size = len(part) // 2
            return {**answer, "error": True, "body": answer.get("body") or {}}
        lambda_svc._send_ddb_stream_failure_record(  # noqa: SLF001  # the engine's own message
            mapping, function, part[failed:], mapping["EventSourceArn"], answer, "RetryAttemptsExhausted"
        )
        held.finish(part)
    held.done.clear()
    return {"body": {}}


def _first_failed(answer: _Json, records: Sequence[_Json], mapping: _Json) -> int | None:
    """Return the place of the first failed record; nothing when all were taken."""
    if answer.get("error"):
        return 0
    body = answer.get("body")
    if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", ()) or not isinstance(body, dict):
        return None
    named = {one.get("itemIdentifier") for one in body.get("batchItemFailures") or ()}
    if not named:
        return None
    # A name that stands for no record of the batch fails all of it.
    return min((place for place, record in enumerate(records) if _number(record) in named), default=0)


def _mapping_of(function: _Json, records: Sequence[_Json]) -> _Json:
    name, stream = (function.get("config") or function)["FunctionName"], records[0]["eventSourceARN"]
    return next(
        mapping
        for _, _, mapping in lambda_svc._iter_all_esms()  # noqa: SLF001  # the engine's own list
        if mapping["FunctionName"] == name and mapping["EventSourceArn"] == stream
    )


def _number(record: _Json) -> str:
    return str(record["dynamodb"]["SequenceNumber"])
