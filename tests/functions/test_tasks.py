"""The state machine's tasks and the stream's consumers, on the events they get."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from approval_gate.domain.approval import Approval
from approval_gate.entrypoints.task import Tasks
from approval_gate.errors import ProviderUnavailable
from approval_gate.ports import CallbackEvent
from approval_gate.store.journal import event_document
from tests.fakes.aws import aws
from tests.fakes.world import World, event

ARN = "arn:aws:states:us-east-1:123456789012:execution:gate:one"
STARTED = "2026-01-15T09:00:00.000Z"
ASKED = {
    "app": "prod",
    "title": "Deploy",
    "stages": [{"mode": "all", "approvers": [{"email": "lead@example.com"}]}],
    "fail_unless_approved": True,
}


@pytest.fixture
def world() -> Iterator[World]:
    with aws() as client:
        yield World(client)


@pytest.fixture
def tasks(world: World) -> Tasks:
    return Tasks.over(world.ports, Logger())


def execution(given: dict[str, Any]) -> dict[str, Any]:
    return {"input": given, "execution_arn": ARN, "started_at": STARTED}


def test_an_approval_goes_through_all_steps(world: World, tasks: Tasks) -> None:
    approval = world.requested()

    submitted = tasks.submit(execution({"approval_id": approval.id}))
    world.platform.approve("REF-1")
    world.clock.advance(60)
    checked = tasks.check({"approval_id": approval.id})
    concluded = tasks.conclude({"approval_id": approval.id, "last_attempt": False})

    assert submitted == {"approval_id": approval.id, "state": "pending", "wait_s": 60, "problem": ""}
    assert checked["state"] == "decided"
    assert (concluded["approval_id"], concluded["wait_s"]) == (approval.id, 0)
    outcome = concluded["outcome"]
    assert (outcome["status"], outcome["fail_unless_approved"]) == ("APPROVED", False)


def test_an_execution_started_by_somebody_else_brings_its_own_request(world: World, tasks: Tasks) -> None:
    given = execution({"tenant": "acme", "request": ASKED})

    first, again = tasks.submit(given), tasks.submit(given)

    assert first == again
    stored = world.stored(first["approval_id"])
    assert stored.execution == ARN
    assert stored.request.fail_unless_approved
    assert world.workflow.started == []
    assert len(world.platform.opened) == 1


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"approval_id": "apr_unknown"},
        {"tenant": "acme", "request": {}},
        {"tenant": "acme", "request": {**ASKED, "aprovers": []}},
        {"tenant": "acme", "request": {**ASKED, "app": "nowhere"}},
        {"tenant": "nobody", "request": ASKED},
        {"tenant": "acme#prod", "request": ASKED},
        {"tenant": ["acme"], "request": ASKED},
        {"tenant": "acme", "request": [ASKED]},
        [],
        "apr_unknown",
        None,
    ],
)
def test_an_execution_with_an_invalid_input_ends_as_invalid(world: World, tasks: Tasks, given: Any) -> None:
    answer = tasks.submit(execution(given))

    assert answer["state"] == "invalid"
    assert answer["problem"]
    assert world.platform.calls == []


def test_an_invalid_input_is_told_field_by_field_and_not_repeated(tasks: Tasks) -> None:
    stages = [{"mode": "all", "approvers": [{"email": "not-an-address-of-anybody"}, {}]}]

    problem = tasks.submit(execution({"tenant": "acme", "request": {**ASKED, "stages": stages, "aprovers": []}}))[
        "problem"
    ]

    assert "stages[0].approvers[1]: " in problem
    assert "aprovers: is not a field of this request; check the spelling" in problem
    assert "not-an-address-of-anybody" not in problem


def test_a_step_that_gave_up_is_recorded_as_failed(world: World, tasks: Tasks) -> None:
    approval = world.requested()

    answer = tasks.conclude({**execution({"approval_id": approval.id}), "failed_in": "submit", "last_attempt": False})

    assert answer["outcome"]["status"] == "FAILED"
    assert world.stored(approval.id).outcome is not None


def test_a_step_that_gave_up_does_not_overrule_an_outcome(world: World, tasks: Tasks) -> None:
    approval = world.opened()
    world.platform.approve("REF-1")
    world.clock.advance(60)
    world.checker.check(approval.id)

    concluded = tasks.conclude({"approval_id": approval.id, "failed_in": "check"})
    assert concluded["outcome"]["status"] == "APPROVED"


def withdrawing(world: World, tasks: Tasks, approval_id: str) -> list[int]:
    """Conclude as the state machine does, and return its waits."""
    waits = []
    while wait_s := tasks.conclude({"approval_id": approval_id, "last_attempt": False})["wait_s"]:
        waits.append(wait_s)
        world.clock.advance(wait_s)
    return waits


def test_a_withdrawal_waits_as_long_as_the_platform_says(world: World, tasks: Tasks) -> None:
    approval = world.opened()
    world.canceler.cancel("acme", "ci", approval.id, "")
    world.platform.failures["withdraw"] = [ProviderUnavailable("in its first 15 s", retry_after_s=14.2)]

    assert withdrawing(world, tasks, approval.id) == [15]
    assert world.platform.calls.count("withdraw") == 2
    assert world.stored(approval.id).withdrawal == "done"


def test_a_withdrawal_is_given_up_after_five_minutes_and_that_is_on_record(world: World, tasks: Tasks) -> None:
    approval = world.opened()
    world.canceler.cancel("acme", "ci", approval.id, "")
    world.platform.failures["read_truth"] = [ProviderUnavailable("503")] * 20

    assert withdrawing(world, tasks, approval.id) == [5, 5, 10, 20, 40, 80, 140]
    assert world.stored(approval.id).still_open_at_provider


def test_the_outcome_of_a_step_that_gave_up_is_withdrawn_later_too(world: World, tasks: Tasks) -> None:
    approval = world.opened()
    world.platform.failures["withdraw"] = [ProviderUnavailable("503")]

    first = tasks.conclude({"approval_id": approval.id, "failed_in": "check", "last_attempt": False})

    assert (first["approval_id"], first["wait_s"], first["outcome"]["status"]) == (approval.id, 5, "FAILED")
    assert withdrawing(world, tasks, approval.id) == []
    assert world.stored(approval.id).withdrawal == "done"


def test_a_step_that_gave_up_before_anything_was_stored_still_answers(tasks: Tasks) -> None:
    given = execution({"tenant": "acme", "request": ASKED, "error": {}})

    told = {"status": "FAILED", "fail_unless_approved": True}
    assert tasks.conclude({**given, "failed_in": "submit"}) == {"approval_id": "", "wait_s": 0, "outcome": told}


def ended(status: str, given: Any, arn: str = ARN) -> dict[str, Any]:
    """As in the Step Functions Developer Guide, "Automating event delivery with EventBridge"."""
    return {
        "version": "0",
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "detail": {
            "executionArn": arn,
            "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:gate-approvals",
            "name": arn.rpartition(":")[2],
            "status": status,
            "startDate": int(datetime.fromisoformat(STARTED).timestamp() * 1000),
            "stopDate": 1767225600000,
            "input": None if given is None else json.dumps(given),
            "inputDetails": {"included": given is not None},
            "output": None,
            "outputDetails": None,
        },
    }


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT"])
def test_the_approval_of_a_stopped_execution_is_canceled_and_closed(world: World, tasks: Tasks, status: str) -> None:
    approval = world.opened()

    for _ in range(2):
        tasks.ended(ended(status, {"approval_id": approval.id}))

    outcome = world.stored(approval.id).outcome
    assert outcome is not None
    assert (outcome.status.value, outcome.reason) == ("CANCELED", "execution_stopped")
    assert world.workflow.closing == [approval.id]
    # What the closing execution does: the first step finds the outcome, the next withdraws.
    assert tasks.submit(execution({"approval_id": approval.id}))["state"] == "decided"
    concluded = tasks.conclude({"approval_id": approval.id, "last_attempt": False})
    assert concluded["outcome"]["status"] == "CANCELED"
    assert "withdraw" in world.platform.calls


@pytest.mark.parametrize("shown", [True, False], ids=["with its input", "with an input too long to be told"])
def test_an_execution_that_was_started_with_a_request_is_known_by_its_name(
    world: World, tasks: Tasks, shown: bool
) -> None:
    given = {"tenant": "acme", "request": ASKED}
    started = tasks.submit(execution(given))

    tasks.ended(ended("ABORTED", given if shown else None))

    outcome = world.stored(started["approval_id"]).outcome
    assert outcome is not None
    assert outcome.status.value == "CANCELED"


def test_an_execution_that_was_stopped_after_the_outcome_is_concluded_all_the_same(world: World, tasks: Tasks) -> None:
    approval = world.opened()
    world.platform.approve("REF-1")
    world.applier.apply("fake", "acme", "prod", event("REF-1"))

    tasks.ended(ended("ABORTED", {"approval_id": approval.id}))

    assert world.stored(approval.id).status.value == "APPROVED"
    assert world.workflow.closing == [approval.id]


def test_a_broken_execution_leaves_no_approval_pending(world: World, tasks: Tasks) -> None:
    approval = world.opened()

    tasks.ended(ended("FAILED", {"approval_id": approval.id}))

    assert world.stored(approval.id).status.value == "FAILED"
    assert world.workflow.closing == [approval.id]


def test_an_execution_that_failed_as_it_was_asked_to_is_left_alone(world: World, tasks: Tasks) -> None:
    approval = world.opened(fail_unless_approved=True)
    world.canceler.cancel("acme", "ci", approval.id, "")

    tasks.ended(ended("FAILED", {"approval_id": approval.id}))

    assert world.workflow.closing == []


@pytest.mark.parametrize("given", [{}, [], {"tenant": "acme"}, {"approval_id": "apr_unknown"}, None])
def test_an_execution_without_an_approval_is_nothing_to_close(world: World, tasks: Tasks, given: Any) -> None:
    tasks.ended(ended("ABORTED", given, arn=f"{ARN}-other"))

    assert world.workflow.closing == []


def journaled(given: CallbackEvent, number: int) -> dict[str, Any]:
    image = {"provider": "fake", "tenant": "acme", "app": "prod", "event": event_document(given)}
    return {
        "eventID": str(number),
        "eventName": "INSERT",
        "dynamodb": {"SequenceNumber": f"s{number}", "NewImage": {k: {"S": v} for k, v in image.items()}},
    }


def test_journaled_callbacks_are_applied_in_order(world: World, tasks: Tasks) -> None:
    approval = world.opened()
    world.platform.approve("REF-1")

    answer = tasks.apply({"Records": [journaled(event("REF-UNKNOWN"), 1), journaled(event("REF-1"), 2)]})

    assert answer == {"batchItemFailures": []}
    assert world.stored(approval.id).outcome is not None


def test_a_callback_that_cannot_be_applied_comes_again_and_holds_up_no_other(world: World, tasks: Tasks) -> None:
    approval = world.opened()
    world.platform.approve("REF-1")
    poison = journaled(event("REF-1"), 1)
    poison["dynamodb"]["NewImage"]["event"]["S"] = "{"

    answer = tasks.apply({"Records": [poison, journaled(event("REF-1"), 2)]})

    assert answer == {"batchItemFailures": [{"itemIdentifier": "s1"}]}
    assert world.stored(approval.id).outcome is not None


def test_a_platform_that_does_not_answer_holds_up_nobody_elses_callbacks(world: World, tasks: Tasks) -> None:
    world.opened()
    world.platform.failures["read_truth"] = [ProviderUnavailable("503")]

    answer = tasks.apply({"Records": [journaled(event("REF-1"), 1)]})

    assert answer == {"batchItemFailures": []}


def test_a_platform_that_does_not_answer_is_asked_once_in_a_batch(world: World, tasks: Tasks) -> None:
    approvals = [world.opened() for _ in range(3)]
    world.platform.failures["read_truth"] = [ProviderUnavailable("503")] * 3

    tasks.apply({"Records": [journaled(event(f"REF-{n + 1}", dedupe_key=f"e{n}"), n) for n in range(3)]})

    assert world.platform.calls.count("read_truth") == 1
    assert all(world.stored(approval.id).suspected_at for approval in approvals)


def changed(approval: Approval, name: str) -> dict[str, Any]:
    keys = {"PK": {"S": f"APPROVAL#{approval.id}"}, "SK": {"S": "APPROVAL"}}
    return {"eventID": "1", "eventName": name, "dynamodb": {"SequenceNumber": "s1", "Keys": keys}}


def test_a_crash_between_storing_and_starting_is_made_up_for(world: World, tasks: Tasks) -> None:
    approval = world.requested()
    world.workflow.started.clear()

    tasks.drive({"Records": [changed(approval, "INSERT")]})

    assert world.workflow.started == [approval.id]


def test_an_approval_that_has_its_own_execution_gets_no_second_one(world: World, tasks: Tasks) -> None:
    answer = tasks.submit(execution({"tenant": "acme", "request": ASKED}))

    tasks.drive({"Records": [changed(world.stored(answer["approval_id"]), "INSERT")]})

    assert world.workflow.started == []


def test_a_crash_between_deciding_and_resuming_is_made_up_for(world: World, tasks: Tasks) -> None:
    approval = world.opened()
    world.wait(approval, "token-1")
    world.platform.approve("REF-1")
    world.clock.advance(60)
    world.checker.check(approval.id)
    world.workflow.answers.clear()
    world.workflow.spent.clear()

    tasks.drive({"Records": [changed(approval, "MODIFY")]})

    assert world.workflow.answers == [("token-1", {"look": False})]
