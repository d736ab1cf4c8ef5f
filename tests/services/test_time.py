"""Reminders and escalation: what happens while nobody answers."""

from __future__ import annotations

import pytest

from approval_gate.domain.approval import (
    Approval,
    Escalation,
    HistoryEntry,
    Mode,
    Reminders,
    RequestedStage,
    TaskProgress,
    TaskStatus,
)
from approval_gate.domain.message import Destination, DestinationKind
from approval_gate.domain.notification import ApprovalEvent
from approval_gate.errors import ApprovalAlreadyDecided, ApprovalNotFound, RemindedAlready
from approval_gate.ports import EventKind
from tests.fakes.world import LEAD, QA, START, World, by_email, event

BOTH = (RequestedStage(Mode.ALL, (by_email("lead"), by_email("qa"))),)


def told(world: World, what: ApprovalEvent) -> list[tuple[Destination, ...]]:
    return [each.to for each in world.notifications() if each.event is what]


def to(*people: str) -> tuple[Destination, ...]:
    return tuple(Destination(DestinationKind.USER_ID, person) for person in people)


def kinds(world: World, approval: Approval) -> list[str]:
    return [entry.kind for entry in world.approvals.history(approval.id)]


def run_for(world: World, approval: Approval, seconds: float) -> None:
    """Check whenever the answers say so, as the state machine does."""
    until = world.clock.now.timestamp() + seconds
    wait_s = world.submitter.submit(world.stored(approval.id)).wait_s
    while world.clock.now.timestamp() + wait_s <= until:
        world.clock.advance(wait_s)
        answer = world.checker.check(approval.id)
        if answer.state == "decided":
            return
        wait_s = answer.wait_s


def test_approvers_are_reminded_as_often_as_asked_and_no_more(world: World) -> None:
    approval = world.opened(stages=BOTH, timeout_s=7200, reminders=Reminders(900, 600, 3))

    run_for(world, approval, 7100)

    assert told(world, ApprovalEvent.REMINDER) == [to("ou_lead", "ou_qa")] * 3
    entries = [entry for entry in world.approvals.history(approval.id) if entry.kind == "reminded"]
    assert [(entry.at - START).total_seconds() for entry in entries] == [900, 1500, 2100]


def test_a_reminder_asks_the_platform_nothing(world: World) -> None:
    approval = world.opened(timeout_s=7200, reminders=Reminders(30, 600, 1))
    world.clock.advance(30)

    world.checker.check(approval.id)

    assert "reminded" in kinds(world, approval)
    assert "read_truth" not in world.platform.calls


def test_who_has_decided_is_not_reminded(world: World) -> None:
    approval = world.opened(stages=BOTH, reminders=Reminders(30, 600, 1))
    task = TaskProgress("t00", 0, TaskStatus.APPROVED, LEAD, decided_at=START)
    world.applier.apply("fake", "acme", "prod", event("REF-1", EventKind.TASK, task=task))
    world.clock.advance(30)

    world.checker.check(approval.id)

    assert told(world, ApprovalEvent.REMINDER) == [to("ou_qa")]


def test_only_the_stage_whose_turn_it_is_is_reminded(world: World) -> None:
    stages = (RequestedStage(Mode.SEQUENCE, (by_email("lead"), by_email("ops"))), *BOTH)
    approval = world.opened(stages=stages, reminders=Reminders(30, 600, 1))
    world.clock.advance(30)

    world.checker.check(approval.id)

    assert told(world, ApprovalEvent.REMINDER) == [to("ou_lead")]


def test_reminders_that_were_missed_are_made_up_for_once(world: World) -> None:
    approval = world.opened(timeout_s=7200, reminders=Reminders(60, 60, 20))
    world.clock.advance(3600)

    world.checker.check(approval.id)
    world.checker.check(approval.id)

    assert kinds(world, approval).count("reminded") == 1


def test_a_decided_approval_reminds_nobody(world: World) -> None:
    approval = world.opened(reminders=Reminders(30, 600, 1))
    world.canceler.cancel("acme", "ci", approval.id, "")
    world.clock.advance(30)

    world.checker.check(approval.id)

    assert told(world, ApprovalEvent.REMINDER) == []


def test_escalation_tells_the_people_named_for_it_once(world: World) -> None:
    approval = world.opened(timeout_s=7200, escalation=Escalation(2400, (by_email("ops"),)))

    run_for(world, approval, 7100)

    (destinations,) = told(world, ApprovalEvent.ESCALATION)
    assert [(one.kind, one.value) for one in destinations] == [(DestinationKind.EMAIL, "ops@example.com")]
    assert world.stored(approval.id).escalated_at == START.replace(minute=40)


def test_somebody_may_ask_for_a_reminder_at_any_time(world: World) -> None:
    approval = world.opened(stages=BOTH)

    world.reminder.remind("acme", "ci", approval.id)

    assert told(world, ApprovalEvent.REMINDER) == [to("ou_lead", "ou_qa")]
    (entry,) = [each for each in world.approvals.history(approval.id) if each.kind == "reminded"]
    reminded = {"told": "Lead (ou_lead), Qa (ou_qa)"}
    assert entry == HistoryEntry(entry.seq, START, "reminded", "ci", reminded)


def test_approvers_are_left_in_peace_for_five_minutes(world: World) -> None:
    approval = world.opened()
    world.reminder.remind("acme", "ci", approval.id)
    world.clock.advance(299)

    with pytest.raises(RemindedAlready) as refused:
        world.reminder.remind("acme", "ci", approval.id)

    assert refused.value.retry_after_s == 1
    world.clock.advance(1)
    world.reminder.remind("acme", "ci", approval.id)
    assert len(told(world, ApprovalEvent.REMINDER)) == 2


def test_a_reminder_before_the_platform_was_asked_goes_to_those_the_request_names(world: World) -> None:
    approval = world.requested()

    world.reminder.remind("acme", "ci", approval.id)

    ((one,),) = told(world, ApprovalEvent.REMINDER)
    assert (one.kind, one.value) == (DestinationKind.EMAIL, "lead@example.com")


def test_nobody_is_reminded_of_what_is_decided_or_foreign(world: World) -> None:
    approval = world.opened()

    with pytest.raises(ApprovalNotFound):
        world.reminder.remind("evil", "ci", approval.id)
    world.canceler.cancel("acme", "ci", approval.id, "")
    with pytest.raises(ApprovalAlreadyDecided):
        world.reminder.remind("acme", "ci", approval.id)


def test_a_demanded_reminder_moves_the_next_scheduled_one(world: World) -> None:
    approval = world.opened(timeout_s=7200, reminders=Reminders(900, 600, 3))
    world.clock.advance(800)
    world.reminder.remind("acme", "ci", approval.id)
    world.clock.advance(100)

    world.checker.check(approval.id)

    assert kinds(world, approval).count("reminded") == 1
    world.clock.advance(500)
    world.checker.check(approval.id)
    assert kinds(world, approval).count("reminded") == 2


def test_people_who_are_asked_in_one_stage_only_after_another_are_not_asked_early(world: World) -> None:
    approval = world.opened(stages=(RequestedStage(Mode.ANY, (by_email("lead"), by_email("qa"))), *BOTH))
    task = TaskProgress("t00", 0, TaskStatus.APPROVED, QA, decided_at=START)
    world.applier.apply("fake", "acme", "prod", event("REF-1", EventKind.TASK, task=task))

    world.reminder.remind("acme", "ci", approval.id)

    assert told(world, ApprovalEvent.REMINDER) == [to("ou_lead", "ou_qa")]
