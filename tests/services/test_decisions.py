"""Callbacks, reconciliation, timeouts and cancels, and all their races."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from approval_gate.domain.approval import (
    Approval,
    HistoryEntry,
    Identity,
    Mode,
    RequestedStage,
    Source,
    Status,
    TaskProgress,
    TaskStatus,
)
from approval_gate.domain.notification import ApprovalEvent
from approval_gate.domain.truth import TruthStatus
from approval_gate.errors import (
    ApprovalNotFound,
    ProviderRejected,
    ProviderUnavailable,
    StoreError,
    VersionConflict,
)
from approval_gate.ports import CallbackEvent, EventKind, Withdrawal
from approval_gate.services.conclude import Concluder
from approval_gate.store.journal import Journal
from tests.fakes.world import LEAD, QA, START, FakeWorkflow, World, by_email, event

BOTH = (RequestedStage(Mode.ALL, (by_email("lead"), by_email("qa"))),)


def outcome_of(world: World, approval: Approval) -> tuple[str, str]:
    outcome = world.stored(approval.id).outcome
    return (outcome.status.value, outcome.source.value) if outcome else ("PENDING", "")


def test_an_approving_callback_is_confirmed_and_wakes_the_wait(world: World) -> None:
    approval = world.opened()
    world.wait(approval, "token-1")
    world.platform.approve("REF-1")

    world.applier.apply("fake", "acme", "prod", event("REF-1"))

    assert outcome_of(world, approval) == ("APPROVED", "callback")
    assert world.workflow.answers == [("token-1", {"look": False})]
    assert world.platform.calls == ["find_people", "open_approval", "read_truth"]


def test_the_same_callback_many_times_gives_one_outcome_and_one_resume(world: World) -> None:
    approval = world.opened()
    world.wait(approval, "token-1")
    world.platform.approve("REF-1")

    for _ in range(5):
        world.applier.apply("fake", "acme", "prod", event("REF-1"))

    entries = [entry for entry in world.approvals.history(approval.id) if entry.kind == "decided"]
    assert len(entries) == 1
    assert len(world.workflow.answers) == 1


def test_a_forged_approval_changes_nothing_while_the_platform_says_pending(world: World) -> None:
    approval = world.opened()

    world.applier.apply("fake", "acme", "prod", event("REF-1"))

    assert outcome_of(world, approval) == ("PENDING", "")
    assert world.stored(approval.id).suspected_at == START


def test_an_unconfirmed_callback_keeps_the_state_machine_from_sleeping(world: World) -> None:
    approval = world.opened()
    world.platform.failures["read_truth"] = [ProviderUnavailable("503")]

    world.applier.apply("fake", "acme", "prod", event("REF-1"))

    assert not world.wait(approval, "token-1")
    world.platform.approve("REF-1")
    assert world.checker.check(approval.id).state == "decided"
    assert outcome_of(world, approval) == ("APPROVED", "callback")


def test_an_unconfirmed_callback_wakes_a_state_machine_that_sleeps(world: World) -> None:
    approval = world.opened()
    world.wait(approval, "token-1")
    world.platform.failures["read_truth"] = [ProviderUnavailable("503")]

    world.applier.apply("fake", "acme", "prod", event("REF-1"))

    assert world.workflow.answers == [("token-1", {"look": True})]
    world.checker.check(approval.id)
    assert world.wait(approval, "token-2")


def test_platforms_that_answer_slowly_hold_up_a_batch_for_a_bounded_time(world: World) -> None:
    approvals = [world.opened() for _ in range(6)]
    refs = [approval.provider_ref for approval in approvals]
    world.platform.before_truth_is_told = lambda: world.clock.advance(25)
    for ref in refs:
        world.platform.approve(ref)

    for ref in refs:
        world.applier.apply("fake", "acme", "prod", event(ref))

    assert [outcome_of(world, each)[0] for each in approvals] == ["APPROVED"] * 3 + ["PENDING"] * 3
    assert [world.stored(each.id).look_wanted for each in approvals] == [False] * 3 + [True] * 3
    assert world.platform.calls.count("read_truth") == 3


def test_an_answer_about_another_approval_is_not_believed(world: World) -> None:
    approval = world.opened()
    world.platform.approve("REF-1")
    world.platform.truths["REF-1"] = replace(world.platform.truths["REF-1"], ref="REF-2")

    world.applier.apply("fake", "acme", "prod", event("REF-1"))

    assert outcome_of(world, approval) == ("PENDING", "")


def test_an_answer_that_holds_another_approvals_id_is_not_believed(world: World) -> None:
    approval, other = world.opened(), world.opened()
    world.platform.approve("REF-2")
    # What a cache in front of the platform makes of it: the right name on the wrong document.
    world.platform.truths["REF-1"] = replace(world.platform.truths["REF-2"], ref="REF-1", approval_id=other.id)

    world.applier.apply("fake", "acme", "prod", event("REF-1"))
    world.clock.advance(3600)
    world.checker.check(approval.id)

    assert outcome_of(world, approval)[0] != "APPROVED"


def test_another_tenants_app_cannot_decide(world: World) -> None:
    approval = world.opened()
    world.register("evil", "prod")
    world.platform.approve("REF-1")

    world.applier.apply("fake", "evil", "prod", event("REF-1"))

    assert outcome_of(world, approval) == ("PENDING", "")


def task_event(status: TaskStatus, person: Identity, key: str = "k") -> CallbackEvent:
    task = TaskProgress("t00", 0, status, person, decided_at=START)
    return event("REF-1", EventKind.TASK, dedupe_key=key, task=task, vendor_status=status.value)


def test_a_persons_progress_costs_no_call(world: World) -> None:
    approval = world.opened(stages=BOTH)

    world.applier.apply("fake", "acme", "prod", task_event(TaskStatus.APPROVED, LEAD))

    (task,) = world.stored(approval.id).tasks
    assert (task.status, task.person) == (TaskStatus.APPROVED, LEAD)
    assert "read_truth" not in world.platform.calls
    assert outcome_of(world, approval) == ("PENDING", "")


def test_progress_heard_twice_is_recorded_once(world: World) -> None:
    approval = world.opened(stages=BOTH)

    for _ in range(2):
        world.applier.apply("fake", "acme", "prod", task_event(TaskStatus.APPROVED, LEAD))

    kinds = [entry.kind for entry in world.approvals.history(approval.id)]
    assert kinds.count("task") == 1


def test_progress_after_the_outcome_changes_nothing(world: World) -> None:
    approval = world.opened()
    world.canceler.cancel("acme", "ci", approval.id, "")
    before = world.stored(approval.id)

    world.applier.apply("fake", "acme", "prod", task_event(TaskStatus.APPROVED, LEAD))

    assert world.stored(approval.id) == before


def test_a_lost_callback_is_made_up_for_before_the_timeout(world: World) -> None:
    approval = world.opened()
    world.platform.approve("REF-1")
    world.clock.advance(3600)

    answer = world.checker.check(approval.id)

    assert answer.state == "decided"
    assert outcome_of(world, approval) == ("APPROVED", "reconciliation")


def test_silence_expires(world: World) -> None:
    approval = world.opened()
    world.clock.advance(3600)

    world.checker.check(approval.id)

    assert outcome_of(world, approval) == ("EXPIRED", "timeout")


def test_a_look_before_the_timeout_expires_nothing(world: World) -> None:
    approval = world.opened()
    world.clock.advance(60)

    answer = world.checker.check(approval.id)

    assert (answer.state, answer.wait_s) == ("pending", 300)
    assert outcome_of(world, approval) == ("PENDING", "")


def waits(world: World, approval: Approval, times: int) -> list[int]:
    """Check as often as the answers say, and return the waits."""
    answers = []
    for _ in range(times):
        answers.append(world.checker.check(approval.id).wait_s)
        world.clock.advance(answers[-1])
    return answers


def test_a_platform_that_sends_no_callbacks_is_noticed_once_and_still_looked_at(world: World) -> None:
    approval = world.opened(timeout_s=36000)
    world.clock.advance(60)

    assert waits(world, approval, 3) == [300, 900, 1800]
    assert [entry.kind for entry in world.approvals.history(approval.id)].count("no_callback_heard") == 1


def test_an_approval_whose_callbacks_arrive_costs_no_look_in_its_first_hour(world: World) -> None:
    approval = world.opened(timeout_s=36000)
    opened = event("REF-1", EventKind.OPENED, dedupe_key="e0")
    Journal(world.client, "approvals", world.clock).add("fake", "acme", "prod", opened, b"")
    world.clock.advance(60)

    assert waits(world, approval, 1) == [3600]
    assert "read_truth" not in world.platform.calls
    assert waits(world, approval, 2) == [7200, 14400]
    assert world.platform.calls.count("read_truth") == 2
    assert "no_callback_heard" not in [entry.kind for entry in world.approvals.history(approval.id)]


def test_a_check_before_anything_is_due_asks_nobody(world: World) -> None:
    approval = world.opened()
    before = world.stored(approval.id)
    world.clock.advance(20)

    assert world.checker.check(approval.id).wait_s == 40
    assert "read_truth" not in world.platform.calls
    assert world.stored(approval.id) == before


def test_an_unreachable_platform_delays_expiry_by_ten_minutes_and_no_more(world: World) -> None:
    approval = world.opened()
    world.platform.failures["read_truth"] = [ProviderUnavailable("503")] * 3
    world.clock.advance(3600)

    first = world.checker.check(approval.id)
    world.clock.advance(599)
    second = world.checker.check(approval.id)
    world.clock.advance(1)
    third = world.checker.check(approval.id)

    assert [first.state, second.state, third.state] == ["pending", "pending", "decided"]
    outcome = world.stored(approval.id).outcome
    assert outcome is not None
    assert (outcome.status, outcome.reason) == (Status.EXPIRED, "timeout_unconfirmed")


def test_a_click_after_the_timeout_does_not_open_the_gate(world: World) -> None:
    approval = world.opened()
    world.clock.advance(3600)
    world.checker.check(approval.id)
    world.platform.approve("REF-1")

    world.applier.apply("fake", "acme", "prod", event("REF-1"))

    assert outcome_of(world, approval) == ("EXPIRED", "timeout")


def test_an_expired_approval_is_withdrawn_at_once_by_the_answer_at_hand(world: World) -> None:
    approval = world.opened()
    world.clock.advance(3600)
    world.checker.check(approval.id)

    world.concluder.conclude(world.stored(approval.id), {}, last_attempt=False)

    assert world.platform.calls == ["find_people", "open_approval", "read_truth", "withdraw"]
    assert world.stored(approval.id).withdrawal == "done"


def test_an_expired_approval_that_could_not_be_withdrawn_is_withdrawn_later_and_only_once(world: World) -> None:
    approval = world.opened()
    world.clock.advance(3600)
    world.platform.failures["withdraw"] = [ProviderUnavailable("503")]
    world.checker.check(approval.id)

    for _ in range(2):
        world.concluder.conclude(world.stored(approval.id), {}, last_attempt=False)

    assert world.platform.calls.count("withdraw") == 2
    assert world.stored(approval.id).withdrawal == "done"


def test_an_approved_approval_is_never_withdrawn(world: World) -> None:
    approval = world.opened()
    world.canceler.cancel("acme", "ci", approval.id, "")
    world.platform.approve("REF-1")

    world.concluder.conclude(world.stored(approval.id), {}, last_attempt=False)

    assert "withdraw" not in world.platform.calls
    assert world.stored(approval.id).withdrawal == Withdrawal.ALREADY_CLOSED.value


def test_a_withdrawal_that_fails_is_tried_again_and_then_told(world: World) -> None:
    approval = world.opened()
    world.canceler.cancel("acme", "ci", approval.id, "")
    world.platform.failures["withdraw"] = [ProviderUnavailable("503"), ProviderUnavailable("503")]

    with pytest.raises(ProviderUnavailable):
        world.concluder.conclude(world.stored(approval.id), {}, last_attempt=False)
    concluded = world.concluder.conclude(world.stored(approval.id), {}, last_attempt=True)

    assert concluded.still_open_at_provider
    assert concluded.status is Status.CANCELED


def test_what_was_opened_without_an_answer_is_found_and_withdrawn(world: World) -> None:
    approval = world.requested()
    world.platform.lose_answer_of_open = 1
    with pytest.raises(ConnectionError):
        world.submitter.submit(approval)

    concluded = world.concluder.conclude(world.concluder.give_up(approval.id, "submit"), {}, last_attempt=False)

    assert (concluded.status, concluded.withdrawal) == (Status.FAILED, "done")


def test_the_callers_own_token_is_answered(world: World) -> None:
    waiting = world.opened(task_token="caller", fail_unless_approved=False)
    failing = world.opened(task_token="other", fail_unless_approved=True)
    for approval in (waiting, failing):
        world.canceler.cancel("acme", "ci", approval.id, "")
        world.concluder.conclude(world.stored(approval.id), {"status": "CANCELED"}, last_attempt=False)

    assert world.workflow.answers == [("caller", {"status": "CANCELED"})]
    assert world.workflow.failures == [("other", "Approval.Canceled")]


def test_a_callers_token_that_cannot_be_answered_leaves_nothing_open_on_the_platform(world: World) -> None:
    class OfAnotherAccount(FakeWorkflow):
        def resume(self, task_token: str, output: Mapping[str, object]) -> None:
            raise StoreError("resume: AccessDeniedException")

    approval = world.opened(task_token="caller")
    world.canceler.cancel("acme", "ci", approval.id, "")
    concluder = Concluder(replace(world.ports, workflow=OfAnotherAccount()), world.decider)

    with pytest.raises(StoreError):
        concluder.conclude(world.stored(approval.id), {}, last_attempt=False)
    assert "withdraw" not in world.platform.calls
    with pytest.raises(StoreError):
        concluder.conclude(world.stored(approval.id), {}, last_attempt=True)

    assert world.stored(approval.id).withdrawal == "done"


def test_a_cancel_that_loses_adopts_the_outcome(world: World) -> None:
    approval = world.opened()
    world.platform.approve("REF-1")
    world.applier.apply("fake", "acme", "prod", event("REF-1"))

    adopted, canceled = world.canceler.cancel("acme", "ci", approval.id, "too late")

    assert not canceled
    assert adopted.status is Status.APPROVED


def test_a_cancel_of_another_tenant_finds_nothing(world: World) -> None:
    approval = world.opened()

    with pytest.raises(ApprovalNotFound):
        world.canceler.cancel("evil", "ci", approval.id, "")

    assert outcome_of(world, approval) == ("PENDING", "")


def test_a_change_computed_from_an_old_version_is_refused(world: World) -> None:
    approval = world.opened()
    world.canceler.cancel("acme", "ci", approval.id, "")

    with pytest.raises(VersionConflict):
        world.approvals.change(approval, replace(approval, looks=7), HistoryEntry(0, START, "looked"))


def test_whoever_finds_an_outcome_wakes_the_wait_again(world: World) -> None:
    """The one who stored it may have died before it could."""
    approval = world.opened()
    world.wait(approval, "token-1")
    world.platform.approve("REF-1")
    stored = world.decider.settle(world.stored(approval.id), world.platform.truths["REF-1"], Source.CALLBACK)
    world.workflow.answers.clear()
    world.workflow.spent.clear()

    world.decider.wake(stored)

    assert world.workflow.answers == [("token-1", {"look": False})]


def test_a_revocation_after_the_outcome_is_recorded_and_the_outcome_stands(world: World) -> None:
    approval = world.opened()
    world.platform.approve("REF-1")
    world.applier.apply("fake", "acme", "prod", event("REF-1"))
    world.platform.truths["REF-1"] = replace(world.platform.truths["REF-1"], status=TruthStatus.REVOKED)
    later = event("REF-1", dedupe_key="e2", vendor_status="REVERTED", occurred_at=START.replace(hour=12))

    for _ in range(2):
        world.applier.apply("fake", "acme", "prod", later)

    kinds = [entry.kind for entry in world.approvals.history(approval.id)]
    assert outcome_of(world, approval) == ("APPROVED", "callback")
    assert kinds.count("revoked") == 1
    assert world.stored(approval.id).revoked_at == START.replace(hour=12)
    assert [each.event for each in world.notifications()].count(ApprovalEvent.REVOKED) == 2  # machines, requester


def test_a_revocation_that_is_read_while_the_approval_is_being_stored_is_recorded(world: World) -> None:
    """Callbacks of one approval are handled side by side: what is read last may be stored first."""
    approval = world.opened()
    world.platform.approve("REF-1")

    def approved_meanwhile() -> None:
        world.platform.before_truth_is_told = None
        world.applier.apply("fake", "acme", "prod", event("REF-1"))
        world.platform.truths["REF-1"] = replace(world.platform.truths["REF-1"], status=TruthStatus.REVOKED)

    world.platform.before_truth_is_told = approved_meanwhile
    later = event("REF-1", dedupe_key="e2", vendor_status="REVERTED", occurred_at=START.replace(hour=12))
    world.applier.apply("fake", "acme", "prod", later)

    assert outcome_of(world, approval) == ("APPROVED", "callback")
    assert world.stored(approval.id).revoked_at == START.replace(hour=12)
    assert world.platform.calls.count("read_truth") == 2


def test_an_event_after_the_outcome_that_the_platform_does_not_bear_out_announces_nothing(world: World) -> None:
    approval = world.opened()
    world.platform.approve("REF-1")
    world.applier.apply("fake", "acme", "prod", event("REF-1"))
    later = event("REF-1", dedupe_key="e2", vendor_status="REVERTED", occurred_at=START.replace(hour=12))

    world.applier.apply("fake", "acme", "prod", later)

    assert world.stored(approval.id).revoked_at is None
    assert "event_after_outcome" in [entry.kind for entry in world.approvals.history(approval.id)]
    assert ApprovalEvent.REVOKED not in [each.event for each in world.notifications()]


def test_a_revocation_while_the_platform_is_silent_is_announced_all_the_same(world: World) -> None:
    approval = world.opened()
    world.platform.approve("REF-1")
    world.applier.apply("fake", "acme", "prod", event("REF-1"))
    world.platform.failures["read_truth"] = [ProviderUnavailable("503")]
    later = event("REF-1", dedupe_key="e2", vendor_status="REVERTED", occurred_at=START.replace(hour=12))

    world.applier.apply("fake", "acme", "prod", later)

    assert world.stored(approval.id).revoked_at is not None
    assert outcome_of(world, approval) == ("APPROVED", "callback")


def test_history_has_no_gaps_and_explains_the_outcome(world: World) -> None:
    approval = world.opened(stages=BOTH)
    world.applier.apply("fake", "acme", "prod", task_event(TaskStatus.APPROVED, QA))
    world.platform.approve("REF-1")
    world.applier.apply("fake", "acme", "prod", event("REF-1"))

    entries = world.approvals.history(approval.id)

    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.kind for entry in entries] == ["requested", "opening", "opened", "task", "decided"]
    assert entries[-1].detail["decided_by"] == "ou_lead, ou_qa"


def test_whoever_decided_is_called_by_the_name_the_gate_knows(world: World) -> None:
    approval = world.opened()
    truth = world.platform.truths["REF-1"]
    nameless = replace(truth.tasks[0], person=Identity(LEAD.user_id), status=TaskStatus.APPROVED)
    world.platform.truths["REF-1"] = replace(truth, status=TruthStatus.APPROVED, tasks=(nameless,))

    world.applier.apply("fake", "acme", "prod", event("REF-1"))

    outcome = world.stored(approval.id).outcome
    assert outcome is not None
    assert outcome.decided_by == (LEAD,)


def test_a_truth_the_platform_will_not_tell_is_no_decision(world: World) -> None:
    approval = world.opened()
    world.platform.failures["read_truth"] = [ProviderRejected("gone")]

    world.applier.apply("fake", "acme", "prod", event("REF-1"))

    assert outcome_of(world, approval) == ("PENDING", "")
