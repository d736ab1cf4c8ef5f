"""
The table's stream, and the functions that read it as the template says: filter, batches, order, attempts, dead letters.

A shard holds every record of its partitions, in order. A consumer takes a batch, and again from the first record that
failed, until its attempts or the records' age are used up: then the record stands in the dead-letter queue.

Source: AWS Lambda Developer Guide, "Process DynamoDB records with Lambda", read 2026-02-28.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.aws import template
from tests.fakes.expressions import Unsupported
from tests.fakes.table import Change
from tests.simulation.boundary import Boundary
from tests.simulation.loop import Loop

__all__ = ["Consumer", "Mapped", "consumers"]

_KNOWN = {
    *("Stream", "StartingPosition", "BatchSize", "ParallelizationFactor", "BisectBatchOnFunctionError"),
    *("MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "FunctionResponseTypes", "DestinationConfig"),
    *("FilterCriteria", "MaximumBatchingWindowInSeconds"),
}


@dataclass(frozen=True, slots=True)
class Mapped:
    """One function's reading of the stream, from the template."""

    function: str
    batch: int
    lanes: int
    attempts: int
    age_s: float
    bisects: bool
    patterns: tuple[Filter, ...]


def consumers() -> tuple[Mapped, ...]:
    """Return every consumer of the table's stream that the template has."""
    found = []
    for resource in template()["Resources"].values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        for event in resource["Properties"].get("Events", {}).values():
            if event["Type"] != "DynamoDB":
                continue
            given = event["Properties"]
            if set(given) - _KNOWN or given["FunctionResponseTypes"] != ["ReportBatchItemFailures"]:
                raise Unsupported(f"event source {sorted(given)}")
            found.append(
                Mapped(
                    function=resource["Properties"]["CodeUri"].removeprefix("functions/"),
                    batch=given["BatchSize"],
                    lanes=given.get("ParallelizationFactor", 1),
                    attempts=given["MaximumRetryAttempts"],
                    age_s=given["MaximumRecordAgeInSeconds"],
                    bisects=given.get("BisectBatchOnFunctionError", False),
                    patterns=tuple(
                        tuple(_leaves(json.loads(each["Pattern"]))) for each in given["FilterCriteria"]["Filters"]
                    ),
                )
            )
    return tuple(found)


class Consumer:
    """
    One function at the stream.

    Args:
        invoke: runs the function on an event and tells its result, or what it raised.
    """

    def __init__(
        self,
        mapped: Mapped,
        loop: Loop,
        boundary: Boundary,
        invoke: Callable[[str, Any, Callable[[Any, BaseException | None], None]], None],
    ) -> None:
        self.mapped = mapped
        self.dead: list[dict[str, Any]] = []
        self._loop = loop
        self._boundary = boundary
        self._invoke = invoke
        self._lanes: dict[int, deque[dict[str, Any]]] = {}
        self._busy: set[int] = set()
        self._number = 0
        self._sizes: dict[int, int] = {}

    def offer(self, change: Change) -> None:
        """Take one change of the table, if the filters let it pass."""
        if change.after is None:
            return
        # As a filter sees it. The image is the whole item, typed.
        keys = {"PK": change.after["PK"], "SK": change.after["SK"]}
        record: dict[str, Any] = {
            "eventName": "MODIFY" if change.before else "INSERT",
            "dynamodb": {"Keys": keys, "NewImage": change.after},
        }
        if not any(_matches(pattern, record) for pattern in self.mapped.patterns):
            return
        self._number += 1
        record["eventID"] = f"{self.mapped.function}-{self._number}"
        record["dynamodb"]["SequenceNumber"] = str(self._number)
        record["at"] = self._loop.now
        # Not `hash`: it is another in every process.
        # In order for one item, not for one partition: two callbacks about an approval may be applied at once.
        # Source: Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB", read 2026-11-29.
        lane = sum("".join(change.key).encode()) % self.mapped.lanes
        self._lanes.setdefault(lane, deque()).append(record)
        if lane not in self._busy:
            self._busy.add(lane)
            self._loop.after(0.1, lambda: self._next(lane, 0))

    def _next(self, lane: int, attempts: int) -> None:
        queue = self._lanes[lane]
        while queue and (attempts > self.mapped.attempts or self._loop.now - queue[0]["at"] > self.mapped.age_s):
            self.dead.append(queue.popleft())
            attempts = 0
        if not queue:
            self._busy.discard(lane)
            return
        size = self._sizes.pop(lane, self.mapped.batch)
        batch = [queue[index] for index in range(min(size, len(queue)))]
        event = {"Records": [{name: value for name, value in record.items() if name != "at"} for record in batch]}
        self._invoke(
            self.mapped.function, event, lambda result, raised: self._ended(lane, batch, attempts, result, raised)
        )

    def _ended(
        self, lane: int, batch: list[dict[str, Any]], attempts: int, result: Any, raised: BaseException | None
    ) -> None:
        queue = self._lanes[lane]
        if raised is not None or self._boundary.chance("batch delivered again", 0.03):
            again = attempts + 1
            if self.mapped.bisects and len(batch) > 1:
                # Half of it, from the start; splitting is not an attempt.
                self._sizes[lane], again = len(batch) // 2, attempts
            self._loop.after(self._pause_s(again), lambda: self._next(lane, again))
            return
        failures = [each["itemIdentifier"] for each in result["batchItemFailures"]]
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        done = min((numbers.index(each) for each in failures), default=len(batch))
        for _ in range(done):
            queue.popleft()
        if done == len(batch):
            self._loop.after(0.05, lambda: self._next(lane, 0))
        else:
            again = attempts + 1 if done == 0 else 1
            self._loop.after(self._pause_s(again), lambda: self._next(lane, again))

    def _pause_s(self, attempts: int) -> float:
        return float(min(2**attempts, 60))


type Filter = tuple[tuple[tuple[str, ...], tuple[Any, ...]], ...]
"""A pattern as its leaves: where each stands, and the choices there."""


def _leaves(pattern: Mapping[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], tuple[Any, ...]]]:
    for name, below in pattern.items():
        if isinstance(below, Mapping):
            yield from _leaves(below, (*at, name))
        else:
            yield (*at, name), tuple(below)


def _matches(pattern: Filter, record: Any) -> bool:
    """Tell whether a filter lets a record pass: at every leaf one of its choices."""
    for path, choices in pattern:
        value = record
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if not any(_matches_one(choice, value) for choice in choices):
            return False
    return True


def _matches_one(choice: Any, value: Any) -> bool:
    if not isinstance(choice, Mapping):
        return bool(choice == value)
    ((operator, wanted),) = choice.items()
    if operator == "prefix":
        return isinstance(value, str) and value.startswith(wanted)
    if operator == "exists":
        return (value is not None) is wanted
    raise Unsupported(f"filter {operator!r}")
