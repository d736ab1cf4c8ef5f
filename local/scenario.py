"""One approval of the demonstration, from the pipeline's request to the released execution."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import httpx

from local.engine.launcher import aws_session
from local.provision import APPROVER, APPROVER_USER_ID, REQUESTER

__all__ = ["LIFE_S", "Case", "Opened", "Result", "World", "finish_case", "open_case", "run_case"]

LIFE_S = 60
"""The shortest `timeout_s` that the API takes."""

_PATIENCE_S = 45.0
"""How long anything but waiting for a person may take."""
_POLL_S = 0.2
_IDLE_POLL_S = 2.0


class Wrong(RuntimeError):
    """The gate did not do what this demonstration shows."""


@dataclass(frozen=True, slots=True)
class Case:
    """What to ask for and what should come of it. Without a decision nobody clicks, and it expires."""

    provider: str
    wanted: str
    decision: str = ""
    comment: str = ""

    @property
    def name(self) -> str:
        """Name it, for lines and for the approver."""
        return f"{self.provider} {self.wanted.lower()}"


@dataclass(frozen=True, slots=True)
class Result:
    """How a case went. `problem` is empty when all was right; `released_ms` counts from the click."""

    case: Case
    got: str = ""
    source: str = ""
    released_ms: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """The running stack, seen by the pipeline (gate, executions) and by the person in front of the platform."""

    stack: Mapping[str, Any]
    http: httpx.Client
    tell: Callable[[Case, str, str], None]
    """Hear of each step: the case, the step's name, what there is to say."""
    interrupted: Event = field(default_factory=Event)
    """Set it to end every wait."""

    def gate(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask the gate as a pipeline does."""
        headers = {"authorization": f"Bearer {self.stack['pipeline_token']}"}
        return _read(self.http.request(method, f"{self.stack['api_url']}{path}", json=body, headers=headers))

    def platform(self, provider: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask a simulator."""
        return _read(self.http.request(method, f"{self.stack['simulators'][provider]['base_url']}{path}", json=body))

    def execution(self, approval_id: str) -> str:
        """Tell how the execution of an approval stands."""
        states = aws_session().client("stepfunctions", endpoint_url=self.stack["aws_endpoint"])
        arn = self.stack["state_machine_arn"].replace(":stateMachine:", ":execution:") + f":{approval_id}"
        return states.describe_execution(executionArn=arn)["status"]

    def wait[T](
        self,
        what: str,
        look: Callable[[], T],
        is_it: Callable[[T], object],
        patience_s: float = _PATIENCE_S,
        poll_s: float = _POLL_S,
    ) -> T:
        """Look until there is what we wait for; `Wrong` when it does not come."""
        deadline = time.monotonic() + patience_s
        while not is_it(seen := look()):
            if time.monotonic() > deadline:
                raise Wrong(f"not {what} within {patience_s:g} s")
            if self.interrupted.wait(poll_s):
                raise Wrong("interrupted")
        return seen


@dataclass(frozen=True, slots=True)
class Opened:
    """A case whose approval is open in front of its approver."""

    case: Case
    approval_id: str
    ref: str
    expires_at: str


def run_case(world: World, case: Case) -> Result:
    """Take one approval from the request to the released execution."""
    return finish_case(world, open_case(world, case))


def open_case(world: World, case: Case) -> Opened | Result:
    """Request an approval and wait until the platform shows it; a result when that went wrong."""
    try:
        approval_id = world.gate("POST", "/v1/approvals", _request(world, case))["id"]
        world.tell(case, "requested", approval_id)
        opened = world.wait(
            "opened", lambda: _approval(world, approval_id), lambda seen: seen["provider_ref"] or seen["outcome"]
        )
    except (Wrong, httpx.HTTPError) as err:
        return _went_wrong(world, case, err)
    if opened["outcome"]:
        return _went_wrong(world, case, Wrong(f"ended before anybody saw it: {opened['outcome']}"))
    world.tell(case, "opened", f"{opened['provider_ref']} on {case.provider}")
    return Opened(case, approval_id, opened["provider_ref"], opened["expires_at"])


def finish_case(world: World, opened: Opened | Result) -> Result:
    """Let the person decide, or nobody, and wait until the execution is released."""
    if isinstance(opened, Result):
        return opened
    try:
        return _finish(world, opened)
    except (Wrong, httpx.HTTPError) as err:
        return _went_wrong(world, opened.case, err)


def _finish(world: World, opened: Opened) -> Result:
    case = opened.case

    def approval() -> dict[str, Any]:
        return _approval(world, opened.approval_id)

    clicked = time.monotonic()
    if case.decision:
        _click(world, case, opened.ref)
        outcome = world.wait("decided", approval, lambda seen: seen["outcome"])["outcome"]
    else:
        world.tell(case, "left alone", f"expires {opened.expires_at}")
        expired = world.wait("expired", approval, lambda seen: seen["outcome"], LIFE_S + _PATIENCE_S, _IDLE_POLL_S)
        outcome = expired["outcome"]
    by = ", ".join(person["name"] or person["user_id"] for person in outcome["decided_by"]) or "nobody"
    why = f", {outcome['comment']!r}" if outcome["comment"] else ""
    world.tell(case, "outcome", f"{outcome['status']} by {by}, from {outcome['source']}{why}")

    execution = world.wait("released", lambda: world.execution(opened.approval_id), lambda seen: seen != "RUNNING")
    released_ms = int((time.monotonic() - clicked) * 1000) if case.decision else None
    world.tell(case, "released", f"the execution has ended: {execution}")
    return Result(case, outcome["status"], outcome["source"], released_ms, _problem(case, outcome, execution))


def _approval(world: World, approval_id: str) -> dict[str, Any]:
    return world.gate("GET", f"/v1/approvals/{approval_id}")


def _went_wrong(world: World, case: Case, err: Exception) -> Result:
    world.tell(case, "WRONG", str(err))
    return Result(case, problem=str(err))


def _click(world: World, case: Case, ref: str) -> None:
    """Decide as the person does, and see the platform bring the news to the gate."""
    person = {"user_id": APPROVER_USER_ID, "decision": case.decision, "comment": case.comment}

    def news() -> dict[str, dict[str, Any]]:
        sent = world.platform(case.provider, "GET", "/_sim/callbacks")["callbacks"]
        return {one["id"]: one for one in sent if one["subject"] == ref}

    before = news().keys()
    world.platform(case.provider, "POST", f"/_sim/approvals/{ref}/decide", person)
    world.tell(case, "clicked", f"{APPROVER_USER_ID}: {case.decision} {case.comment!r}")

    def fresh() -> list[dict[str, Any]]:
        return [one for key, one in news().items() if key not in before]

    delivered = world.wait(
        "told to the gate", fresh, lambda seen: seen and all(one["status"] == "delivered" for one in seen)
    )
    answered = ", ".join(f"{one['event']} answered in {one['attempts'][-1]['ms']} ms" for one in delivered)
    world.tell(case, "callback", answered)


def _request(world: World, case: Case) -> dict[str, Any]:
    return {
        "app": world.stack["apps"][case.provider],
        "title": f"Deploy web 1.42.0 to production ({case.name})",
        "description": "Rolls out the new checkout.",
        "fields": [{"name": "Commit", "value": "9f1c2ab"}],
        "requester": REQUESTER[case.provider],
        "stages": [{"mode": "all", "approvers": [APPROVER[case.provider]]}],
        "timeout_s": 3600 if case.decision else LIFE_S,
        "metadata": {"demo": case.name},
    }


def _problem(case: Case, outcome: Mapping[str, Any], execution: str) -> str:
    if outcome["status"] != case.wanted:
        return f"{outcome['status']} instead of {case.wanted}: {outcome.get('reason') or 'no reason given'}"
    if case.decision and outcome["source"] != "callback":
        return f"the outcome came from {outcome['source']}, not from the callback"
    if (outcome["comment"] or "") != case.comment:
        return f"comment {outcome['comment']!r} instead of {case.comment!r}"
    return "" if execution == "SUCCEEDED" else f"the execution ended {execution}"


def _read(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        raise Wrong(f"{answer.request.method} {answer.request.url} answered {answer.status_code}: {answer.text}")
    read: dict[str, Any] = answer.json()
    return read
