"""The webhook's body: the approval as its tenant sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from approval_gate.api.views import approval_view
from approval_gate.api.webhooks import webhook_body, webhook_type
from approval_gate.domain.notification import ApprovalEvent
from tests.fakes.aws import aws
from tests.fakes.world import World


@pytest.fixture
def world() -> Iterator[World]:
    with aws() as client:
        yield World(client)


def test_the_data_is_what_get_answers(world: World) -> None:
    approval = world.opened(title="发布 web 1.42.0", task_token="the-callers-own-token", metadata={"run": "42"})
    world.platform.approve(approval.provider_ref)
    world.clock.advance(600)
    world.checker.check(approval.id)
    approval = world.stored(approval.id)

    body = json.loads(webhook_body(approval, ApprovalEvent.APPROVED, world.clock.now))

    assert (body["type"], body["timestamp"]) == ("approval.decided", "2026-01-15T09:10:00Z")
    assert body["data"] == approval_view(approval, world.clock.now).model_dump(mode="json")
    assert (body["data"]["status"], body["data"]["title"]) == ("APPROVED", "发布 web 1.42.0")
    assert "the-callers-own-token" not in json.dumps(body)


@pytest.mark.parametrize("event", ["approved", "rejected", "expired", "canceled", "failed"])
def test_every_outcome_is_a_decision(event: str) -> None:
    assert webhook_type(ApprovalEvent(event)) == "approval.decided"


def test_a_revocation_has_a_type_of_its_own() -> None:
    assert webhook_type(ApprovalEvent.REVOKED) == "approval.revoked"
