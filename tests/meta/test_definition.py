"""The check of the state machine's definition finds what it claims to find."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.definition import problems

ROOT = Path(__file__).resolve().parents[2]
DEFINITION = (ROOT / "statemachines" / "approval.asl.json").read_text(encoding="utf-8")
PROVIDED = frozenset({"SubmitFunctionArn", "CheckFunctionArn", "ConcludeFunctionArn", "TableName", "Partition"})

type State = dict[str, Any]


def test_our_definition_is_valid():
    assert problems(DEFINITION, PROVIDED) == []


MISTAKES: dict[str, tuple[Callable[[State], object], str]] = {
    "a target that does not exist": (lambda state: state.update(Next="Nowhere"), "no state is called 'Nowhere'"),
    "a field that the language does not have": (lambda state: state.update(Timeout=5), "'Timeout' was unexpected"),
    "a task without a timeout": (lambda state: state.pop("TimeoutSeconds"), "a task without a timeout"),
    "a task without a catch": (lambda state: state.pop("Catch"), "no Catch on States.ALL"),
    "a retry on named errors only": (lambda state: state["Retry"].clear(), "no Retry on States.ALL"),
    "a state that leads nowhere": (lambda state: (state.pop("Next"), state.pop("Catch")), "neither ends nor goes on"),
}


@pytest.mark.parametrize(("mistake", "told"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_found(mistake: Callable[[State], object], told: str):
    machine = json.loads(DEFINITION)
    mistake(machine["States"]["Submit"])

    assert any(told in problem for problem in problems(json.dumps(machine), PROVIDED))


def test_a_state_that_nothing_leads_to_is_found():
    machine = json.loads(DEFINITION)
    machine["States"]["Island"] = {"Type": "Succeed"}

    assert problems(json.dumps(machine), PROVIDED) == ["Island: nothing leads here"]


def test_substitutions_on_either_side_are_found():
    assert "${Partition} is not substituted by the template" in problems(DEFINITION, PROVIDED - {"Partition"})
    assert "the template substitutes ${Region}, which nothing uses" in problems(DEFINITION, PROVIDED | {"Region"})


def test_what_is_not_json_is_found():
    assert any("not JSON" in problem for problem in problems("{", frozenset()))
