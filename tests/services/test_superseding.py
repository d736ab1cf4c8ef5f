"""A newer request takes the place of an older one, in one step."""

from __future__ import annotations

from typing import Any

import pytest

from approval_gate.domain.approval import Approval
from approval_gate.domain.notification import ApprovalEvent
from approval_gate.errors import StoreError
from approval_gate.ports import Idempotency
from tests.fakes.world import World, event, request

KEY = "web/production"


def statuses(world: World, *approvals: Approval) -> list[str]:
    return [world.stored(one.id).status.value for one in approvals]


def test_a_newer_request_cancels_the_older_pending_one(world: World) -> None:
    older = world.opened(supersede_key=KEY)
    world.wait(older, "token-1")

    newer = world.requested(supersede_key=KEY)

    assert statuses(world, older, newer) == ["CANCELED", "PENDING"]
    outcome = world.stored(older.id).outcome
    assert outcome is not None
    assert (outcome.reason, newer.id in outcome.detail["en"]) == ("superseded", True)
    assert world.workflow.answers == [("token-1", {"look": False})]
    assert [entry.kind for entry in world.approvals.history(older.id)][-1] == "decided"
    assert ApprovalEvent.CANCELED in [each.event for each in world.notifications()]


def test_only_the_latest_of_many_stays(world: World) -> None:
    approvals = [world.requested(supersede_key=KEY) for _ in range(4)]

    assert statuses(world, *approvals) == ["CANCELED", "CANCELED", "CANCELED", "PENDING"]


def test_another_key_and_no_key_supersede_nothing(world: World) -> None:
    approvals = [world.requested(supersede_key=key) for key in (KEY, "web/staging", "", "")]

    assert statuses(world, *approvals) == ["PENDING"] * 4


def test_another_tenants_approval_is_never_superseded(world: World) -> None:
    world.register("evil", "prod")
    ours = world.requested(supersede_key=KEY)

    theirs, _ = world.creator.create("evil", "ci", request(supersede_key=KEY), None)

    assert statuses(world, ours, theirs) == ["PENDING", "PENDING"]


def test_a_decided_approval_keeps_its_outcome(world: World) -> None:
    older = world.opened(supersede_key=KEY)
    world.platform.approve("REF-1")
    world.applier.apply("fake", "acme", "prod", event("REF-1"))

    newer = world.requested(supersede_key=KEY)

    assert statuses(world, older, newer) == ["APPROVED", "PENDING"]


def test_a_repeated_request_does_not_cancel_itself(world: World) -> None:
    key = Idempotency("k", "digest")
    first, _ = world.creator.create("acme", "ci", request(supersede_key=KEY), key)
    again, is_new = world.creator.create("acme", "ci", request(supersede_key=KEY), key)

    assert (again.id, is_new) == (first.id, False)
    assert statuses(world, first) == ["PENDING"]


def test_a_repeated_execution_does_not_cancel_itself(world: World) -> None:
    arn = "arn:aws:states:us-east-1:1:execution:m:e"
    ids = {
        world.creator.create_in_execution("acme", request(supersede_key=KEY), arn, world.clock.now).id for _ in range(2)
    }

    (only,) = ids
    assert world.stored(only).outcome is None


def test_a_decision_in_the_same_moment_wins_and_the_newer_request_is_stored(world: World) -> None:
    older = world.opened(supersede_key=KEY)
    world.platform.approve("REF-1")
    real = world.approvals.create

    def decided_just_before(*given: Any) -> Approval:
        world.approvals.create = real  # type: ignore[method-assign] # once
        world.applier.apply("fake", "acme", "prod", event("REF-1"))
        return real(*given)

    world.approvals.create = decided_just_before  # type: ignore[method-assign] # what happens between look and write
    newer = world.requested(supersede_key=KEY)

    assert statuses(world, older, newer) == ["APPROVED", "PENDING"]


def test_nothing_is_canceled_when_the_newer_request_is_not_stored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = world.requested(supersede_key=KEY)

    def refuse(**_: Any) -> None:
        raise StoreError("the table does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(world.client, "transact_write_items", refuse)
        with pytest.raises(StoreError):
            world.requested(supersede_key=KEY)

    assert statuses(world, older) == ["PENDING"]
