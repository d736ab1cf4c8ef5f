"""An app that was deleted by force while approvals waited for it: they expire, as the refusal said they would."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from approval_gate.domain.approval import Status
from tests.fakes.aws import aws
from tests.fakes.world import World


@pytest.fixture
def world() -> Iterator[World]:
    with aws() as client:
        yield World(client)


def test_an_approval_of_a_deleted_app_expires(world: World) -> None:
    approval = world.opened(timeout_s=600)
    app = world.apps.get("acme", "prod")
    assert app is not None
    world.apps.remove(app)
    for _ in range(2):  # at the deadline, and when the platform has had its last ten minutes to be asked
        world.clock.advance(601)
        world.checker.check(approval.id)

    outcome = world.stored(approval.id).outcome
    assert outcome is not None
    assert outcome.status is Status.EXPIRED
