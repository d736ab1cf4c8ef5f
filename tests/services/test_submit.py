from __future__ import annotations

import pytest

from approval_gate.domain.approval import Mode, RequestedStage, Status
from approval_gate.errors import ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.store.journal import Journal
from tests.fakes.world import LEAD, QA, World, by_email, event


def test_an_ordinary_submission_costs_two_calls_and_waits(world: World) -> None:
    answer = world.submitter.submit(world.requested())

    assert world.platform.calls == ["find_people", "open_approval"]
    assert (answer.state, answer.wait_s) == ("pending", 60)


def test_people_are_frozen_with_their_stage_and_without_repeats(world: World) -> None:
    twice = RequestedStage(Mode.ANY, (by_email("lead"), by_email("lead"), by_email("qa")))

    approval = world.opened(stages=(twice,))

    assert approval.stages[0].approvers == (LEAD, QA)
    assert approval.requester is not None
    assert approval.requester.user_id == "ou_dev"


def test_a_lost_answer_does_not_open_a_second_approval(world: World) -> None:
    approval = world.requested()
    world.platform.lose_answer_of_open = 1

    with pytest.raises(ConnectionError):
        world.submitter.submit(approval)
    world.submitter.submit(world.stored(approval.id))

    assert world.platform.opened == {approval.id: "REF-1"}
    assert world.stored(approval.id).provider_ref == "REF-1"


def test_a_repeated_submission_opens_nothing(world: World) -> None:
    approval = world.opened()

    world.submitter.submit(approval)

    assert world.platform.calls == ["find_people", "open_approval"]


def test_an_unknown_person_fails_the_approval_and_is_named(world: World) -> None:
    stage = RequestedStage(Mode.ALL, (by_email("nobody"),))

    approval = world.opened(stages=(stage,))

    assert approval.outcome is not None
    assert approval.status is Status.FAILED
    assert "people_not_found" in approval.outcome.reason
    assert "nobody@example.com" in approval.outcome.reason
    assert "stages[0].approvers[0]" in approval.outcome.reason
    assert "Correct the address." in approval.outcome.reason
    assert world.platform.opened == {}


def test_a_refusal_fails_the_approval(world: World) -> None:
    world.platform.failures["open_approval"] = [ProviderRejected("Grant approval:approval and publish the app.")]

    approval = world.opened()

    assert approval.status is Status.FAILED
    assert "Grant approval:approval" in str(approval.outcome)


def test_an_unreachable_platform_is_asked_again_later(world: World) -> None:
    world.platform.failures["open_approval"] = [ProviderUnavailable("503"), ProviderThrottled("429", retry_after_s=42)]
    approval = world.requested()

    first = world.submitter.submit(approval)
    second = world.submitter.submit(world.stored(approval.id))
    third = world.submitter.submit(world.stored(approval.id))

    assert [first.state, second.state, third.state] == ["later", "later", "pending"]
    assert (first.wait_s, second.wait_s) == (5, 42)


def test_a_platform_unreachable_past_the_timeout_fails_the_approval(world: World) -> None:
    world.platform.failures["open_approval"] = [ProviderUnavailable("503")]
    approval = world.requested()
    world.clock.advance(3600)

    answer = world.submitter.submit(approval)

    assert answer.state == "decided"
    assert world.stored(approval.id).status is Status.FAILED


def test_a_callback_from_before_the_answer_of_create_is_applied(world: World) -> None:
    journal = Journal(world.client, "approvals", world.clock)

    def click(ref: str) -> None:
        world.platform.approve(ref)
        journal.add("fake", "acme", "prod", event(ref), b"")
        world.applier.apply("fake", "acme", "prod", event(ref))  # the stream is faster than the create call's answer

    world.platform.before_open_answers = click

    answer = world.submitter.submit(world.requested())

    assert answer.state == "decided"
    assert world.stored(answer.approval_id).status is Status.APPROVED


def test_a_cancel_during_submission_keeps_the_reference_so_that_it_can_be_withdrawn(world: World) -> None:
    approval = world.requested()

    def change_of_mind(_: str) -> None:
        world.canceler.cancel("acme", "ci", approval.id, "changed my mind")

    world.platform.before_open_answers = change_of_mind

    answer = world.submitter.submit(approval)
    world.concluder.conclude(world.stored(approval.id), {}, last_attempt=False)

    stored = world.stored(approval.id)
    assert answer.state == "decided"
    assert (stored.status, stored.provider_ref, stored.withdrawal) == (Status.CANCELED, "REF-1", "done")


def test_a_deleted_app_fails_the_approval(world: World) -> None:
    approval = world.requested()
    app = world.apps.get("acme", "prod")
    assert app is not None
    world.apps.remove(app)

    world.submitter.submit(approval)

    assert world.stored(approval.id).status is Status.FAILED
