"""
Step Functions: executions run the project's own definition, and a task token works once.

The definition is read from `statemachines/approval.asl.json`; a field that is not interpreted here is refused.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.fakes.expressions import Unsupported
from tests.fakes.table import client_error
from tests.simulation.asl import Missing, chosen, filled, placed, read_path
from tests.simulation.boundary import Boundary
from tests.simulation.loop import Crash, Loop

__all__ = ["Execution", "Machine", "SimulatedStepFunctions"]

ROOT = Path(__file__).parents[2]
ARN = "arn:aws:states:us-east-1:000000000000:stateMachine:gate-approvals"
_FIELDS = {
    "Task": {
        *("Type", "Comment", "Resource", "Parameters", "ResultSelector", "ResultPath", "TimeoutSeconds"),
        *("TimeoutSecondsPath", "Retry", "Catch", "Next"),
    },
    "Choice": {"Type", "Comment", "Choices", "Default"},
    "Wait": {"Type", "Comment", "SecondsPath", "Next"},
    "Succeed": {"Type", "Comment", "InputPath"},
    "Fail": {"Type", "Comment", "Error", "Cause", "CausePath"},
}
_INVOKE = "arn:${Partition}:states:::lambda:invoke"
_UPDATE_AND_WAIT = "arn:${Partition}:states:::aws-sdk:dynamodb:updateItem.waitForTaskToken"
_RETRIER = {"ErrorEquals", "IntervalSeconds", "BackoffRate", "MaxDelaySeconds", "MaxAttempts", "JitterStrategy"}


def definition() -> dict[str, Any]:
    """Read the definition, refusing what is not interpreted here."""
    states: dict[str, Any] = json.loads((ROOT / "statemachines" / "approval.asl.json").read_text())
    for name, state in states["States"].items():
        unknown = set(state) - _FIELDS.get(state["Type"], set())
        if unknown or any(set(retrier) - _RETRIER for retrier in state.get("Retry", [])):
            raise Unsupported(f"state {name!r}: {sorted(unknown) or 'a retrier'}")
    return states


type Invoke = Callable[[str, Any, Callable[[Any, BaseException | None], None]], None]
"""Invoke a function, named as in the definition: (placeholder, payload, on_end)."""


@dataclass
class Execution:
    """One execution. `status`: RUNNING, SUCCEEDED or FAILED."""

    name: str
    input: Any
    started_at: str
    status: str = "RUNNING"
    output: Any = None
    error: str = ""
    cause: str = ""
    entered: list[str] = field(default_factory=list)
    attempts: dict[int, int] = field(default_factory=dict)
    turn: int = 0
    ended_at_s: float = 0.0

    @property
    def arn(self) -> str:
        return ARN.replace(":stateMachine:", ":execution:") + ":" + self.name


class Machine:
    """All executions of one schedule."""

    def __init__(
        self, states: Mapping[str, Any], loop: Loop, rng: random.Random, table: Any, boundary: Boundary, invoke: Invoke
    ) -> None:
        self.executions: dict[str, Execution] = {}
        self.tell: Callable[[str], None] = lambda _: None
        self._states = states["States"]
        self._first = states["StartAt"]
        self._loop = loop
        self._rng = rng
        self._table = table
        self._boundary = boundary
        self._invoke = invoke
        self._waiting: dict[str, tuple[Execution, int, str, Any]] = {}
        self._spent: set[str] = set()
        self._tokens = 0

    # -- what callers may do

    def start(self, name: str, text: str) -> Execution:
        """Start an execution; the same name and input again is the same execution."""
        known = self.executions.get(name)
        if known is not None:
            if known.status == "RUNNING" and known.input == json.loads(text):
                return known
            raise client_error("ExecutionAlreadyExists", "StartExecution")
        execution = Execution(name, json.loads(text), self._loop.clock().isoformat())
        self.executions[name] = execution
        self._loop.after(0.05, lambda: self._enter(execution, self._first, execution.input))
        return execution

    def answer(self, token: str, output: Any, error: str = "") -> None:
        """
        Answer a task token.

        Raises:
            ClientError: it was answered before, its state timed out, or nobody ever gave it out.
        """
        if token in self._spent:
            raise client_error(self._rng.choice(("TaskTimedOut", "InvalidToken", "TaskDoesNotExist")), "SendTask")
        if token not in self._waiting:
            raise client_error("InvalidToken", "SendTask")
        execution, turn, name, data = self._waiting.pop(token)
        self._spent.add(token)
        if error:
            self._loop.after(0, lambda: self._failed(execution, turn, name, data, error))
        else:
            self._loop.after(0, lambda: self._finished(execution, turn, name, data, output))

    # -- states

    def _enter(self, execution: Execution, name: str, data: Any) -> None:
        execution.turn += 1
        execution.entered.append(name)
        execution.attempts = {}
        self.tell(f"machine {execution.name[-4:]}: {name}")
        self._run(execution, name, data)

    def _run(self, execution: Execution, name: str, data: Any) -> None:
        state = self._states[name]
        kind = state["Type"]
        if kind == "Choice":
            self._enter(execution, chosen(state, data), data)
        elif kind == "Wait":
            seconds = read_path(state["SecondsPath"], data, {})
            self._loop.after(seconds, lambda: self._enter(execution, state["Next"], data))
        elif kind == "Succeed":
            execution.ended_at_s = self._loop.now
            execution.status, execution.output = "SUCCEEDED", read_path(state.get("InputPath", "$"), data, {})
        elif kind == "Fail":
            execution.ended_at_s = self._loop.now
            execution.status, execution.error = "FAILED", state["Error"]
            execution.cause = read_path(state["CausePath"], data, {}) if "CausePath" in state else state["Cause"]
        elif state["Resource"] == _INVOKE:
            self._invoke_function(execution, name, data)
        elif state["Resource"] == _UPDATE_AND_WAIT:
            self._update_and_wait(execution, name, data)
        else:
            raise Unsupported(f"resource {state['Resource']!r}")

    def _invoke_function(self, execution: Execution, name: str, data: Any) -> None:
        state, turn = self._states[name], execution.turn
        given = self._parameters(execution, state, data)
        execution.turn = turn = turn + 1  # an answer that comes after the time-out is nobody's

        def ended(result: Any, raised: BaseException | None) -> None:
            if raised is not None:
                error = "Lambda.Unknown" if isinstance(raised, Crash) else type(raised).__name__
                self._failed(execution, turn, name, data, error)
            elif self._boundary.chance("answer of a function lost", 0.02):
                self._failed(execution, turn, name, data, "Lambda.ServiceException")
            else:
                self._finished(execution, turn, name, data, {"Payload": json.loads(json.dumps(result))})

        if self._boundary.chance("invocation refused", 0.02):
            self._loop.after(0, lambda: self._failed(execution, turn, name, data, "Lambda.TooManyRequestsException"))
            return
        self._invoke(given["FunctionName"], json.loads(json.dumps(given["Payload"])), ended)
        self._loop.after(state["TimeoutSeconds"], lambda: self._failed(execution, turn, name, data, "States.Timeout"))

    def _update_and_wait(self, execution: Execution, name: str, data: Any) -> None:
        """The call's own failure fails the state; otherwise it waits for its token or its time-out."""
        self._tokens += 1
        token = f"secret-token-{self._tokens}-{execution.name}"
        state = self._states[name]
        execution.turn = turn = execution.turn + 1
        given = self._parameters(execution, state, data, token)
        self._waiting[token] = (execution, turn, name, data)

        def update() -> None:
            if self._boundary.chance("AwaitOutcome refused", 0.05):
                fail("DynamoDb.ThrottlingException")
                return
            try:
                self._table.update_item(**given)
            except ClientError as err:
                fail(f"DynamoDb.{err.response['Error']['Code']}")
                return
            if self._boundary.chance("AwaitOutcome lost", 0.05):
                fail("DynamoDb.SdkClientException")

        def fail(error: str) -> None:
            if token in self._waiting:
                del self._waiting[token]
                self._spent.add(token)
                self._failed(execution, turn, name, data, error)

        self._loop.after(self._rng.random() * 0.3, update)
        wait_s = read_path(state["TimeoutSecondsPath"], data, {})
        if not isinstance(wait_s, int) or wait_s < 1:
            raise Unsupported(f"a time-out of {wait_s!r} seconds")
        self._loop.after(wait_s, lambda: fail("States.Timeout"))

    def _parameters(self, execution: Execution, state: Mapping[str, Any], data: Any, token: str = "") -> Any:
        context = {"Execution": {"Id": execution.arn, "StartTime": execution.started_at}, "Task": {"Token": token}}
        return filled(state["Parameters"], data, context)

    # -- results

    def _finished(self, execution: Execution, turn: int, name: str, data: Any, result: Any) -> None:
        if execution.turn != turn or execution.status != "RUNNING":
            return
        state = self._states[name]
        try:
            selected = filled(state["ResultSelector"], result, {}) if "ResultSelector" in state else result
        except Missing as err:
            self._failed(execution, turn, name, data, f"States.ParameterPathFailure {err}")
            return
        self._enter(execution, state["Next"], placed(selected, state.get("ResultPath", "$"), data))

    def _failed(self, execution: Execution, turn: int, name: str, data: Any, error: str) -> None:
        if execution.turn != turn or execution.status != "RUNNING":
            return
        state = self._states[name]
        self.tell(f"machine {execution.name[-4:]}: {name} failed: {error}")
        execution.turn += 1
        for number, retrier in enumerate(state.get("Retry", [])):
            if not _matches(retrier, error):
                continue
            made = execution.attempts.get(number, 0)
            if made < retrier["MaxAttempts"]:
                execution.attempts[number] = made + 1
                pause_s = min(retrier["IntervalSeconds"] * retrier["BackoffRate"] ** made, retrier["MaxDelaySeconds"])
                self._loop.after(self._rng.random() * pause_s, lambda: self._run(execution, name, data))
                return
            break
        for catcher in state.get("Catch", []):
            if _matches(catcher, error):
                result = {"Error": error, "Cause": ""}
                self._enter(execution, catcher["Next"], placed(result, catcher.get("ResultPath", "$"), data))
                return
        execution.ended_at_s = self._loop.now
        execution.status, execution.error = "FAILED", error


def _matches(rule: Mapping[str, Any], error: str) -> bool:
    return "States.ALL" in rule["ErrorEquals"] or error in rule["ErrorEquals"]


def _lost() -> Exception:
    return ReadTimeoutError(endpoint_url="https://states.test")


class SimulatedStepFunctions:
    """The state machine's client as a process sees it; callers' own tokens are answered by `callers`."""

    def __init__(self, machine: Machine, callers: Callable[[str, Any, str], None], boundary: Boundary) -> None:
        self._machine = machine
        self._callers = callers
        self._boundary = boundary

    def start_execution(self, **given: Any) -> Any:
        return self._call("start_execution", lambda: self._machine.start(given["name"], given["input"]))

    def send_task_success(self, **given: Any) -> Any:
        return self._call("send_task_success", lambda: self._answer(given["taskToken"], json.loads(given["output"])))

    def send_task_failure(self, **given: Any) -> Any:
        return self._call("send_task_failure", lambda: self._answer(given["taskToken"], None, given["error"]))

    def _answer(self, token: str, output: Any, error: str = "") -> None:
        if token.startswith("caller-"):
            self._callers(token, output, error)
        else:
            self._machine.answer(token, output, error)

    def _call(self, operation: str, effect: Callable[[], Any]) -> Any:
        refusals = (lambda: client_error("ThrottlingException", operation),)
        return self._boundary.call(f"states {operation}", effect, refusals, (_lost,), effect)
