"""Schedules of the whole gate: none violates an invariant, and each can be replayed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from approval_gate.domain import schedule
from tests.simulation import calm
from tests.simulation.runner import run_some
from tests.simulation.scenario import PROFILES
from tests.simulation.streams import consumers
from tests.simulation.world import FUNCTIONS, NOT_SIMULATED, World, run

ROOT = Path(__file__).parents[2]
QUARTER = 500


@pytest.mark.parametrize("first", range(0, 2_000, QUARTER))
def test_two_thousand_schedules_violate_nothing(first: int) -> None:
    report = run_some("mixed", range(first, first + QUARTER))

    assert not report.violations, report.text()
    assert report.schedules == QUARTER
    assert set(report.outcomes) == {"APPROVED", "REJECTED", "CANCELED", "EXPIRED", "FAILED"}
    faults = {"crash before", "crash after", "refused", "lost", "repeated", "batch delivered again"}
    assert faults <= set(report.injected)


def test_on_a_calm_day_outcomes_are_prompt_and_cost_one_opening_and_one_read() -> None:
    report = run_some("calm", range(200))

    assert not report.violations, report.text()
    assert report.most_calls["open"] == 1


def test_without_any_callback_every_approval_ends_right_at_the_next_look_of_the_schedule() -> None:
    """Must hold: within the bounds of `calm`, and with no more reads than the schedule has looks."""
    report = run_some("calm-deaf", range(200))

    assert not report.violations, report.text()
    # The longest request waits 20,000 s: so many looks has the schedule, one at the timeout or before a withdrawal, and
    # one that a cancellation may have crossed.
    assert report.most_calls["read"] <= sum(look_s <= 20_000 for look_s in calm.LOOKS_BY_SETTING_S) + 2 == 17
    assert sum(look_s <= 20_000 for look_s in calm.LOOKS_UNHEARD_S) + 1 == 9


def test_with_a_budget_that_does_not_suffice_every_approval_ends_right_by_its_timeout_and_within_it() -> None:
    """Two or seven looks at once, and then one every four days, or every day and a half; and one at the timeout."""
    report = run_some("calm-poor", range(200))

    assert not report.violations, report.text()
    assert report.most_calls["read"] <= 7 + 1 + 1


def test_without_any_callback_and_with_faults_no_invariant_breaks() -> None:
    report = run_some("deaf", range(200))

    assert not report.violations, report.text()


@pytest.mark.parametrize(
    ("pauses", "looks"),
    [
        (schedule.UNPROVEN_S, calm.LOOKS_UNHEARD_S),
        (schedule.WITHOUT_CALLBACKS_S, calm.LOOKS_BY_SETTING_S),
        (schedule.HEARD_S, calm.LOOKS_HEARD_S),
    ],
)
def test_the_looks_that_are_allowed_are_those_of_the_schedule(pauses: tuple[int, ...], looks: tuple[int, ...]) -> None:
    so_far = [sum(pauses[:number]) for number in range(1, len(pauses) + 1)]
    if pauses is schedule.WITHOUT_CALLBACKS_S:
        so_far = so_far[: pauses.index(schedule.Reconciliation().max_pause_s) + 1]

    assert list(looks[: len(so_far)]) == so_far[: len(looks)]


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_the_same_seed_is_the_same_schedule(profile: str) -> None:
    one, other = (run(7, PROFILES[profile], traced=True) for _ in range(2))

    assert one.trace == other.trace
    assert len(one.trace) > 20


def test_the_same_seed_is_the_same_schedule_in_another_process() -> None:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "shared" / "python")])
    command = [sys.executable, "-m", "tests.simulation", "--seed", "11", "--trace"]
    told = []
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
        told.append([line for line in done.stdout.splitlines() if "request" not in line])

    assert told[0] == told[1]
    assert "0 violations" in told[0][-1]


def test_every_function_at_the_stream_is_simulated_or_excused() -> None:
    assert {each.function for each in consumers()} <= set(FUNCTIONS) | NOT_SIMULATED


def test_a_schedule_meets_crashes_and_still_ends() -> None:
    """The faults are real: with them the same seed goes another way."""
    seed = next(seed for seed in range(500) if run(seed, PROFILES["mixed"]).injected.get("crash after"))
    disturbed = World(seed, PROFILES["mixed"])
    result = disturbed.run()

    assert result.coverage.after
    assert all(execution.status != "RUNNING" for execution in disturbed.machine.executions.values())
