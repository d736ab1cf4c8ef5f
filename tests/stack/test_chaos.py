"""
Chaos on the deployed stack: workers killed, simulators crashed, callbacks lost, doubled and late.

CHAOS says how many approvals (`make chaos N=200`), CHAOS_SEED what people do and what befalls callbacks.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.dead_letters import DeadLetters
from local.stack import PROVIDERS
from tests.stack.chaos import CLIENTS, Case, Pipeline, Weather, cases, faults, stormy, take_through, wait_for_ends

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

type Json = dict[str, Any]

COUNT = int(os.environ.get("CHAOS") or 40)
SEED = int(os.environ.get("CHAOS_SEED") or 20260228)
IS_SHORT = COUNT <= 60
TIMEOUT_S = 60 if IS_SHORT else 75
HURRY_S = 5 if IS_SHORT else 20
LATE_S = TIMEOUT_S + 2
KILL_EVERY_S = 2.5 if IS_SHORT else 1.5
CRASHES_AT_S = (6.0,) if IS_SHORT else (10.0, 40.0)

ANSWERS = {"approved": "APPROVED", "rejected": "REJECTED"}


@pytest.fixture
def pipeline(stack: Json) -> Iterator[Pipeline]:
    limits = httpx.Limits(max_connections=CLIENTS)
    with httpx.Client(timeout=30, trust_env=False, limits=limits) as http:
        made = Pipeline(stack, http)
        yield made
        for provider in PROVIDERS:
            made.sim(provider, "DELETE", "/faults")


@pytest.fixture
def dead_letters(stack: Json, clients: Callable[[str], Any]) -> DeadLetters:
    described = clients("cloudformation").describe_stacks(StackName="approval-gate")["Stacks"][0]
    return DeadLetters(clients, {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]})


def test_nothing_is_lost_wrong_or_doubled_whatever_breaks(
    pipeline: Pipeline, stack_folder: Path, dead_letters: DeadLetters
) -> None:
    every = cases(COUNT, SEED, hurry_s=HURRY_S, timeout_s=TIMEOUT_S)
    for place, provider in enumerate(PROVIDERS):
        pipeline.sim(provider, "POST", "/faults", faults(SEED + 10 * place, LATE_S))
    began = time.monotonic()

    with stormy(stack_folder, SEED, every_s=KILL_EVERY_S, crashes_at_s=CRASHES_AT_S) as weather:
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda case: take_through(pipeline, case), every))
        asked_s = time.monotonic() - began
        wait_for_ends(pipeline, every, TIMEOUT_S + 60)
    wait_for_ends(pipeline, every, 90)
    sent = late_ones_arrived(pipeline)
    letters = dead_letters.letters()
    replayed, kept = dead_letters.replay()
    wait_for_ends(pipeline, every, 30)

    verdicts = [verdict(pipeline, case) for case in every]
    took = f"all answered after {asked_s:.0f} s, all ended after {time.monotonic() - began:.0f} s"
    print(told(pipeline, every, verdicts, weather, {**sent, "dead letters": len(letters)}, took))  # noqa: T201  # the count is what is asked for
    assert [one for one in verdicts if one != "right"] == []
    assert doubled(pipeline, every) == []
    assert (len(replayed), kept, dead_letters.letters()) == (len(letters), [], [])
    assert weather.workers_killed >= COUNT / 4
    assert len(weather.simulators_crashed) == len(CRASHES_AT_S)
    for fate in ("dropped", "doubled", "late"):
        assert sent[fate] > 0, fate


def verdict(pipeline: Pipeline, case: Case) -> str:
    """Hold the gate's outcome to what the platform shows and when the person answered."""
    outcome = case.seen["outcome"]
    where = f"{case.provider} {case.approval_id}"
    if outcome is None or case.seen["execution"] == "RUNNING":
        return f"lost: {where} is {case.seen['status']}, its execution {case.seen['execution']}"
    kinds = [entry["kind"] for entry in case.seen["history"]]
    if kinds.count("decided") != 1:
        return f"wrong: {where} was decided {kinds.count('decided')} times"
    status = pipeline.shown(case)["status"] if case.seen["provider_ref"] else "never opened"
    answered = ANSWERS.get(status)
    in_time = case.clicked_at is not None and case.clicked_at < datetime.fromisoformat(case.seen["expires_at"])
    if outcome["status"] == (answered if in_time else "EXPIRED"):
        return "right"
    if not in_time and answered is not None and outcome["status"] == answered:
        return "right"  # a click at the last moment, seen by the last look
    return f"wrong: {where} is {outcome['status']}, {outcome['reason']}; the platform shows {status}"


def doubled(pipeline: Pipeline, every: list[Case]) -> list[str]:
    """Name what stands on its platform more than once."""
    found = []
    for provider in PROVIDERS:
        shown = str(pipeline.sim(provider, "GET", "/approvals")["approvals"])
        titles = Counter(one["title"] for one in pipeline.sim(provider, "GET", "/approvals")["approvals"])
        found += [case.title for case in every if case.provider == provider and titles[case.title] > 1]
        assert all(case.title in shown for case in every if case.provider == provider and case.seen["provider_ref"])
    return found


def late_ones_arrived(pipeline: Pipeline) -> Counter[str]:
    """Wait until each delayed callback was tried, and count what became of all."""
    deadline = time.monotonic() + 20
    while True:
        sent = [one for each in PROVIDERS for one in pipeline.sim(each, "GET", "/callbacks")["callbacks"]]
        waits = [one for one in sent if one["status"] == "waiting" and not one["attempts"]]
        if not waits or time.monotonic() > deadline:
            break
        time.sleep(1)
    events = Counter(str((one["subject"], one["event"], one["created_at"])) for one in sent)
    return Counter(
        sent=len(sent),
        dropped=sum(one["status"] == "dropped" for one in sent),
        doubled=sum(count > 1 for count in events.values()),
        late=sum("/late/" in one["queue"] for one in sent),
        refused=sum(bool(attempt["error"]) for one in sent for attempt in one["attempts"]),
        untried=len(waits),
    )


def told(pipeline: Pipeline, every: list[Case], verdicts: list[str], weather: Weather, sent: Json, took: str) -> str:
    """Return the count of a run, for people."""
    outcomes = Counter(f"{c.seen['status']} from {c.seen['outcome']['source']}" for c in every if c.seen["outcome"])
    lines = {
        "approvals": f"{len(every)} (seed {SEED}), {took}",
        "right": verdicts.count("right"),
        "wrong": sum(one.startswith("wrong") for one in verdicts),
        "lost": sum(one.startswith("lost") for one in verdicts),
        "outcomes": dict(sorted(outcomes.items())),
        "Lambda workers killed": weather.workers_killed,
        "simulators crashed": ", ".join(weather.simulators_crashed),
        "callbacks": sent,
        "answers asked for again": dict(pipeline.refused),
    }
    return "\n" + "\n".join(f"{name:<24} {value}" for name, value in lines.items())
