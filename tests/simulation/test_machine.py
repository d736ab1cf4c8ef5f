"""The simulated state machine, streams and loop: what the schedules rest on."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fakes.expressions import Unsupported
from tests.fakes.table import Change, MemoryTable
from tests.simulation.asl import Missing, chosen, filled, placed
from tests.simulation.boundary import Boundary, Faults
from tests.simulation.loop import Crash, Loop
from tests.simulation.machine import Machine, definition
from tests.simulation.streams import Consumer, consumers


@pytest.fixture
def rng() -> random.Random:
    return random.Random(1)  # noqa: S311 - repeatable, not secret


@pytest.fixture
def loop(rng: random.Random) -> Loop:
    return Loop(rng)


class Gate:
    """Functions that answer what a test says, and a table with one approval."""

    def __init__(self, loop: Loop, rng: random.Random, **answers: Any) -> None:
        self.loop = loop
        self.answers = answers
        self.calls: list[str] = []
        self.table = MemoryTable()
        boundary = Boundary(loop, rng, Faults(), None)
        self.machine = Machine(definition(), loop, rng, self.table, boundary, self._invoke)
        self.put()

    def put(self, **attributes: Any) -> None:
        key = {"PK": {"S": "APPROVAL#apr_1"}, "SK": {"S": "APPROVAL"}}
        self.table.put_item(TableName="t", Item={**key, **attributes})

    def token(self) -> str:
        return str(self.table.items["APPROVAL#apr_1"]["APPROVAL"]["task_token"]["S"])

    def _invoke(self, placeholder: str, payload: Any, on_end: Any) -> None:
        del payload
        name = placeholder.strip("${}").removesuffix("FunctionArn").lower()
        self.calls.append(name)
        answer = self.answers[name]
        answer = answer.pop(0) if isinstance(answer, list) else answer
        if isinstance(answer, BaseException):
            self.loop.after(1, lambda: on_end(None, answer))
        elif answer is not None:
            self.loop.after(1, lambda: on_end(answer, None))

    def run(self) -> Any:
        execution = self.machine.start("apr_1", '{"approval_id":"apr_1"}')
        self.loop.run(lambda: False)
        return execution


PENDING = {"approval_id": "apr_1", "state": "pending", "wait_s": 30, "problem": ""}
DECIDED = {**PENDING, "state": "decided"}
VIEW = {"id": "apr_1", "status": "REJECTED", "fail_unless_approved": False}
CONCLUDED = {"approval_id": "apr_1", "wait_s": 0, "outcome": VIEW}


def test_an_execution_waits_for_its_token_and_ends_with_the_view(loop: Loop, rng: random.Random) -> None:
    gate = Gate(loop, rng, submit=PENDING, conclude=CONCLUDED)
    loop.after(10, lambda: gate.machine.answer(gate.token(), {"look": False}))

    execution = gate.run()

    assert (execution.status, execution.output, gate.calls) == ("SUCCEEDED", VIEW, ["submit", "conclude"])


def test_a_spent_token_is_refused(loop: Loop, rng: random.Random) -> None:
    gate = Gate(loop, rng, submit=PENDING, conclude=CONCLUDED)
    refused = []

    def twice() -> None:
        gate.machine.answer(gate.token(), {"look": False})
        with pytest.raises(ClientError) as err:
            gate.machine.answer(gate.token(), {"look": False})
        refused.append(err.value.response["Error"]["Code"])

    loop.after(10, twice)
    gate.run()

    assert refused[0] in {"TaskTimedOut", "InvalidToken", "TaskDoesNotExist"}


def test_a_wait_that_times_out_is_looked_at_and_its_token_is_dead(loop: Loop, rng: random.Random) -> None:
    gate = Gate(loop, rng, submit=PENDING, check=DECIDED, conclude=CONCLUDED)

    execution = gate.run()

    assert execution.entered[2:4] == ["AwaitOutcome", "CheckApproval"]
    assert loop.now > 30
    with pytest.raises(ClientError):
        gate.machine.answer(gate.token(), {"look": False})


def test_an_approval_with_an_outcome_is_never_waited_for(loop: Loop, rng: random.Random) -> None:
    gate = Gate(loop, rng, submit=PENDING, check=DECIDED, conclude=CONCLUDED)
    gate.put(outcome={"S": "{}"})

    execution = gate.run()

    assert execution.ended_at_s < 30
    assert "task_token" not in gate.table.items["APPROVAL#apr_1"]["APPROVAL"]


def test_a_withdrawal_that_has_to_wait_is_tried_again_before_the_execution_ends(loop: Loop, rng: random.Random) -> None:
    gate = Gate(loop, rng, submit=DECIDED, conclude=[{**CONCLUDED, "wait_s": 14}, CONCLUDED])

    execution = gate.run()

    assert (execution.status, execution.output, gate.calls) == ("SUCCEEDED", VIEW, ["submit", "conclude", "conclude"])
    assert 14 < execution.ended_at_s < 20


def test_who_waits_for_a_platform_that_is_down_is_woken_by_an_outcome(loop: Loop, rng: random.Random) -> None:
    gate = Gate(loop, rng, submit=[{**PENDING, "state": "later", "wait_s": 1800}, DECIDED], conclude=CONCLUDED)
    loop.after(10, lambda: gate.machine.answer(gate.token(), {"look": False}))

    execution = gate.run()

    assert gate.calls == ["submit", "submit", "conclude"]
    assert execution.ended_at_s < 20


def test_a_platform_that_is_down_is_asked_again_when_the_pause_is_over(loop: Loop, rng: random.Random) -> None:
    gate = Gate(loop, rng, submit=[{**PENDING, "state": "later", "wait_s": 1800}, DECIDED], conclude=CONCLUDED)

    execution = gate.run()

    assert gate.calls == ["submit", "submit", "conclude"]
    assert 1800 < execution.ended_at_s < 1810


def test_a_task_is_tried_again_as_its_retrier_says_and_then_caught(loop: Loop, rng: random.Random) -> None:
    gate = Gate(loop, rng, submit=[Crash("dead")] * 9, conclude=CONCLUDED)

    execution = gate.run()

    assert gate.calls == ["submit"] * 9 + ["conclude"]
    assert "SubmitGaveUp" in execution.entered


def test_a_task_that_never_answers_times_out(loop: Loop, rng: random.Random) -> None:
    gate = Gate(loop, rng, submit=[None, DECIDED], conclude=CONCLUDED)

    assert gate.run().status == "SUCCEEDED"
    assert loop.now > 120


def test_an_execution_is_started_once_by_its_name(loop: Loop, rng: random.Random) -> None:
    gate = Gate(loop, rng, submit=DECIDED, conclude=CONCLUDED)
    execution = gate.run()

    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        gate.machine.start("apr_1", '{"approval_id":"apr_1"}')
    assert gate.machine.executions == {"apr_1": execution}


def test_what_the_interpreter_does_not_know_is_refused() -> None:
    with pytest.raises(Unsupported):
        filled({"a.$": "States.MathAdd(1, $.b)"}, {"b": 1}, {})
    with pytest.raises(Unsupported):
        placed(1, "$.a.b", {})
    with pytest.raises(Unsupported):
        chosen({"Choices": [{"Variable": "$.a", "StringMatches": "x*", "Next": "X"}], "Default": "Y"}, {"a": "x"})
    with pytest.raises(Missing):
        filled({"a.$": "$.b.c"}, {"b": {}}, {})


# -- the stream


class Reader:
    def __init__(self, loop: Loop, rng: random.Random, **changes: Any) -> None:
        mapped = next(each for each in consumers() if each.function == "apply_callback")
        self.loop = loop
        self.batches: list[list[str]] = []
        self.answers: list[Any] = []
        boundary = Boundary(loop, rng, Faults(), None)
        self.consumer = Consumer(replace(mapped, lanes=1, **changes), loop, boundary, self._invoke)

    def offer(self, *names: str) -> None:
        for name in names:
            item = {"PK": {"S": "REF#p#t#a#R"}, "SK": {"S": f"EVENT#{name}"}}
            self.consumer.offer(Change(("REF#p#t#a#R", f"EVENT#{name}"), None, item))

    def _invoke(self, function: str, event: Any, on_end: Any) -> None:
        assert function == "apply_callback"
        records = [record["dynamodb"] for record in event["Records"]]
        self.batches.append([record["Keys"]["SK"]["S"][6:] for record in records])
        answer = self.answers.pop(0) if self.answers else []
        if isinstance(answer, BaseException):
            self.loop.after(1, lambda: on_end(None, answer))
            return
        failed = [record["SequenceNumber"] for record in records if record["Keys"]["SK"]["S"][6:] in answer]
        result = {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
        self.loop.after(1, lambda: on_end(result, None))


def test_records_come_in_order_and_again_from_the_first_that_failed(loop: Loop, rng: random.Random) -> None:
    reader = Reader(loop, rng)
    reader.answers = [["2"]]
    reader.offer("1", "2", "3")
    loop.run(lambda: False)

    assert reader.batches == [["1", "2", "3"], ["2", "3"]]


def test_a_batch_whose_function_died_is_halved(loop: Loop, rng: random.Random) -> None:
    reader = Reader(loop, rng)
    reader.answers = [Crash("dead")]
    reader.offer("1", "2")
    loop.run(lambda: False)

    assert reader.batches == [["1", "2"], ["1"], ["2"]]


def test_a_record_that_keeps_failing_is_dead_lettered_and_the_next_goes_on(loop: Loop, rng: random.Random) -> None:
    reader = Reader(loop, rng, attempts=2)
    reader.answers = [["1"]] * 3
    reader.offer("1", "2")
    loop.run(lambda: False)

    assert reader.batches == [["1", "2"]] * 3 + [["2"]]
    assert [record["dynamodb"]["Keys"]["SK"]["S"] for record in reader.consumer.dead] == ["EVENT#1"]


def test_only_what_the_filter_names_is_read(loop: Loop, rng: random.Random) -> None:
    reader = Reader(loop, rng)
    reader.consumer.offer(Change(("A", "HISTORY#1"), None, {"PK": {"S": "A"}, "SK": {"S": "HISTORY#1"}}))
    item = {"PK": {"S": "A"}, "SK": {"S": "EVENT#1"}}
    reader.consumer.offer(Change(("A", "EVENT#1"), item, item))
    loop.run(lambda: False)

    assert reader.batches == []


# -- the loop


def test_processes_take_turns_inside_their_calls(loop: Loop) -> None:
    said: list[str] = []

    def speak(name: str) -> str:
        for number in range(2):
            said.append(f"{name}{number}")
            loop.pause(1)
        return name

    ended: list[Any] = []
    for name in "ab":
        loop.start("test", lambda name=name: speak(name), lambda result, _: ended.append(result), 60)
    loop.run(lambda: False)

    assert sorted(said[:2]) == ["a0", "b0"]
    assert sorted(said[2:]) == ["a1", "b1"]
    assert sorted(ended) == ["a", "b"]


def test_a_process_dies_when_its_time_is_up(loop: Loop) -> None:
    ended: list[BaseException | None] = []
    loop.start("test", lambda: loop.pause(100), lambda _, raised: ended.append(raised), 10)
    loop.run(lambda: False)

    assert isinstance(ended[0], Crash)
    assert loop.now == 10


def test_a_clock_that_jumps_makes_everything_in_between_due_at_once(loop: Loop) -> None:
    seen: list[tuple[str, float]] = []
    for at, name in ((5, "a"), (20, "b"), (200, "c")):
        loop.at(at, lambda name=name: seen.append((name, loop.now)))
    loop.at(1, lambda: loop.jump(100))
    loop.run(lambda: False)

    assert sorted(seen) == [("a", 101), ("b", 101), ("c", 200)]
