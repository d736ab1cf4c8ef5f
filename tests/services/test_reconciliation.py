"""Looks at approvals nobody tells us about: what they may cost, and platforms that want to be left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from approval_gate.domain.approval import Approval, HistoryEntry
from approval_gate.domain.schedule import UNREACHABLE_GRACE, Reconciliation
from approval_gate.errors import GateError, ProviderQuotaUsedUp, ProviderThrottled, ProviderUnavailable
from approval_gate.ports import App
from tests.fakes.world import START, World, event

DAY_S = 86_400


def app_of(world: World, **changes: Any) -> App:
    """Change the registered app."""
    app = world.apps.begin_change("acme", "prod", "test")
    world.apps.change(replace(app, **changes), "test")
    return app


def silent(world: World, calls_per_month: int | None, max_pause_s: int = 1800) -> None:
    app_of(world, callbacks="none", reconciliation=Reconciliation(max_pause_s, calls_per_month))


def entries(world: World, approval: Approval, kind: str) -> list[HistoryEntry]:
    return [entry for entry in world.approvals.history(approval.id) if entry.kind == kind]


def looks_until(world: World, approvals: list[Approval], until: datetime) -> list[datetime]:
    """Check each approval when its last answer said, as their executions do; return when the platform was asked."""
    due = {each.id: world.clock() + timedelta(seconds=60) for each in approvals}
    asked: list[datetime] = []
    while due and min(due.values()) <= until:
        approval_id = min(due, key=lambda each: due[each])
        world.clock.now = max(world.clock.now, due.pop(approval_id))
        before = world.platform.calls.count("read_truth")
        answer = world.checker.check(approval_id)
        asked += [world.clock.now] * (world.platform.calls.count("read_truth") - before)
        if answer.state == "pending":
            due[approval_id] = world.clock.now + timedelta(seconds=answer.wait_s)
    return asked


# -- an app without callbacks


def test_an_app_without_callbacks_is_asked_as_often_as_it_allows(world: World) -> None:
    silent(world, None, max_pause_s=300)
    approval = world.opened(timeout_s=36_000)

    asked = looks_until(world, [approval], START + timedelta(hours=1))

    assert [(at - START).total_seconds() for at in asked] == [60, 120, 240, *range(540, 3601, 300)]


def test_looks_at_many_approvals_stay_within_the_budget_of_their_app(world: World) -> None:
    """Forty approvals wait a day; the schedule alone would ask about 2,000 times."""
    silent(world, 120)
    approvals = [world.opened(timeout_s=2 * DAY_S) for _ in range(40)]

    asked = looks_until(world, approvals, START + timedelta(days=1))

    assert 30 <= len(asked) <= 30 + 3, "a quarter at once, and then one every eight hours and a bit"
    told = entries(world, approvals[0], "look_postponed")
    assert "120 times a month" in told[0].detail["explanation"]


def test_what_the_budget_postpones_has_its_place_and_waits_once(world: World) -> None:
    silent(world, 10)  # two at once, then one every four days
    first, second, third = (world.opened(timeout_s=20 * DAY_S) for _ in range(3))
    looks_until(world, [first, second, third], START + timedelta(seconds=60))
    place = world.stored(third.id).look_at
    assert place is not None

    world.clock.now = place
    world.checker.check(third.id)

    assert place - START == timedelta(seconds=60) + timedelta(days=31) / 8
    assert len(entries(world, third, "look_postponed")) == 1
    assert len(entries(world, third, "looked")) == 1
    assert not world.stored(third.id).has_place


def test_the_look_at_the_timeout_is_made_whatever_the_budget_says(world: World) -> None:
    silent(world, 10)
    approvals = [world.opened() for _ in range(5)]
    looks_until(world, approvals, START + timedelta(seconds=120))

    asked = looks_until(world, approvals, START + timedelta(hours=2))

    assert [at - START for at in asked] == [timedelta(hours=1)] * 5
    assert {world.stored(each.id).status.value for each in approvals} == {"EXPIRED"}


def test_a_decision_that_the_budget_hid_still_counts_at_the_timeout(world: World) -> None:
    silent(world, 10)
    approvals = [world.opened() for _ in range(5)]
    for number in range(5):
        world.platform.approve(f"REF-{number + 1}")
        looks_until(world, [approvals[number]], START + timedelta(hours=2))

    assert {world.stored(each.id).status.value for each in approvals} == {"APPROVED"}


def test_an_app_with_callbacks_has_no_budget(world: World) -> None:
    app_of(world, reconciliation=Reconciliation(calls_per_month=10))
    approvals = [world.opened(timeout_s=36_000) for _ in range(5)]

    asked = looks_until(world, approvals, START + timedelta(seconds=60))

    assert len(asked) == 5


def test_two_looks_at_once_both_count(world: World) -> None:
    app = app_of(world, callbacks="none", reconciliation=Reconciliation(calls_per_month=10))
    app = replace(app, callbacks="none", reconciliation=Reconciliation(calls_per_month=10))
    later = START + timedelta(days=30)

    places = [world.apps.take_look(app, START, later) for _ in range(4)]  # all of them read the app before any look

    interval = timedelta(days=31) / 8
    assert places == [START, START, START + interval, START + 2 * interval]


def test_a_look_that_would_come_too_late_takes_nothing(world: World) -> None:
    app = app_of(world, callbacks="none")
    app = replace(app, callbacks="none", reconciliation=Reconciliation(calls_per_month=10))
    for _ in range(2):
        world.apps.take_look(app, START, None)

    assert world.apps.take_look(app, START, START + timedelta(days=1)) is None
    assert world.apps.take_look(app, START, START + timedelta(days=30)) == START + timedelta(days=31) / 8


# -- a platform that wants to be left alone


def test_a_throttled_look_is_not_repeated_before_the_platform_says(world: World) -> None:
    approval = world.opened(timeout_s=36_000)
    world.platform.failures["read_truth"] = [ProviderThrottled("Slow down.", retry_after_s=600)]
    world.clock.advance(60)

    assert world.checker.check(approval.id).wait_s == 600
    (entry,) = entries(world, approval, "unanswered")
    assert (entry.detail["error_code"], entry.detail["explanation"]) == ("provider_throttled", "Slow down.")


def test_a_callback_that_is_throttled_does_not_make_the_execution_ask_at_once(world: World) -> None:
    approval = world.opened(timeout_s=36_000)
    world.wait(approval, "token-1")
    world.platform.failures["read_truth"] = [ProviderThrottled("Slow down.", retry_after_s=30)]
    world.clock.advance(10)

    world.applier.apply("fake", "acme", "prod", event("REF-1"))
    answer = world.checker.check(approval.id)  # its execution was woken

    assert world.workflow.answers == [("token-1", {"look": True})]
    assert (answer.state, answer.wait_s) == ("pending", 30)
    assert world.platform.calls.count("read_truth") == 1
    assert world.wait(approval, "token-2"), "the wish is taken back: it may sleep"
    world.platform.approve("REF-1")
    world.clock.advance(30)
    assert world.checker.check(approval.id).state == "decided"


def test_what_else_is_about_that_app_is_left_alone_as_long(world: World) -> None:
    one, other = (world.opened(timeout_s=36_000) for _ in range(2))
    world.platform.failures["read_truth"] = [ProviderThrottled("Slow down.", retry_after_s=30)]

    for approval in (one, other):  # of one batch
        world.applier.apply("fake", "acme", "prod", event(approval.provider_ref))

    assert world.platform.calls.count("read_truth") == 1
    assert [world.checker.check(each.id).wait_s for each in (one, other)] == [30, 30]


@pytest.mark.parametrize(
    ("err", "asked_s"),
    [
        (
            ProviderUnavailable("503"),
            [0, 5, 10, 15, 20, 25, 31, 38, 47, 58, 72, 90, 112, 140, 175, 218, 272, 340, 425, 531],
        ),
        (ProviderThrottled("429", retry_after_s=240), [0, 240, 480]),
        (ProviderQuotaUsedUp("99991403"), [0]),
    ],
)
def test_the_last_question_is_asked_as_often_as_the_platform_wants(
    world: World, err: GateError, asked_s: list[int]
) -> None:
    approval = world.opened(timeout_s=60)
    world.platform.failures["read_truth"] = [err] * 1000

    asked = looks_until(world, [approval], START + timedelta(hours=1))

    outcome = world.stored(approval.id).outcome
    assert outcome is not None
    assert (outcome.status.value, outcome.reason) == ("EXPIRED", "timeout_unconfirmed")
    assert outcome.decided_at == approval.expires_at + UNREACHABLE_GRACE
    grace_s = UNREACHABLE_GRACE.total_seconds()
    assert [(at - approval.expires_at).total_seconds() for at in asked] == [*asked_s, grace_s]


def test_a_used_up_quota_costs_four_refused_calls_a_day(world: World) -> None:
    approval = world.opened(timeout_s=10 * DAY_S)
    world.platform.failures["read_truth"] = [ProviderQuotaUsedUp("Buy more.")] * 1000

    asked = looks_until(world, [approval], START + timedelta(days=5))

    assert len(asked) == 20
    assert entries(world, approval, "unanswered")[0].detail["error_code"] == "quota_used_up"


def test_a_decision_made_while_the_quota_was_used_up_is_found_when_it_is_not(world: World) -> None:
    approval = world.opened(timeout_s=10 * DAY_S)
    world.platform.failures["read_truth"] = [ProviderQuotaUsedUp("Buy more.")] * 3
    world.platform.approve("REF-1")

    looks_until(world, [approval], START + timedelta(days=1))

    assert world.stored(approval.id).status.value == "APPROVED"
