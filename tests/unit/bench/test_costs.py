"""The price of an approval is computed from what is counted, along the way that the state machine goes."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bench.costs import STATES
from bench.counted import Counted
from bench.prices import PRICES, Usage, cost

DEFINITION = json.loads((Path(__file__).parents[3] / "statemachines" / "approval.asl.json").read_text(encoding="utf-8"))


def successors(state: dict[str, Any]) -> set[str]:
    choices = {choice["Next"] for choice in state.get("Choices", [])}
    return choices | {state[name] for name in ("Next", "Default") if name in state}


def test_the_counted_way_is_one_through_the_state_machine() -> None:
    assert DEFINITION["StartAt"] == STATES[0]
    assert DEFINITION["States"][STATES[-1]]["Type"] == "Succeed"
    for here, there in pairwise(STATES):
        assert there in successors(DEFINITION["States"][here]), f"{here} does not lead to {there}"


def test_every_use_has_a_price() -> None:
    assert set(cost(Usage())) == set(PRICES)
    assert cost(Usage(transitions=7_000))["transitions"] == pytest.approx(0.175)


@pytest.mark.parametrize(
    ("operation", "asked", "writes", "reads"),
    [
        ("GetItem", {"Key": {}}, 0, 1),
        ("PutItem", {"Item": {"document": {"S": "x" * 2000}}}, 2, 0),
        ("PutItem", {"Item": {"tenant_status": {"S": "x"}}}, 2, 0),
        ("DeleteItem", {"Key": {"PK": {"S": "x"}}}, 1, 0),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"Item": {"a": {"S": "x"}}}}, {"Delete": {"Key": {}}}]},
            4,
            0,
        ),
    ],
)
def test_units_are_counted_as_they_are_paid(operation: str, asked: dict[str, Any], writes: int, reads: int) -> None:
    counted = Counted()

    counted.note(operation, asked)

    assert (counted.writes, counted.reads) == (writes, reads)
