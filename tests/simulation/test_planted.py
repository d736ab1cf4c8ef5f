"""The simulation can fail: planted bugs are found. `python -m tests.simulation --planted` plants all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.planted import PLANTED, Planted
from tests.simulation.planting import LAYER, Stale, find, plant

QUICK = (
    "an outcome is written without a condition",
    "the truth is not read before deciding",
    "nobody wakes the execution",
    "superseding does not look at the tenant",
    "the mark of opening is not stored",
)
BY_NAME = {bug.name: bug for bug in PLANTED}


@pytest.mark.parametrize("name", QUICK)
def test_a_planted_bug_is_found_within_a_few_schedules(name: str) -> None:
    assert 0 < find(BY_NAME[name], most=500).needed <= 500


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.name.replace(" ", "_"))
def test_a_planted_bug_stands_where_it_says(bug: Planted) -> None:
    assert (LAYER / "approval_gate" / bug.file).read_text(encoding="utf-8").count(bug.original) == 1
    assert bug.original != bug.replacement


def test_a_snippet_that_is_not_there_is_stale(tmp_path: Path) -> None:
    with pytest.raises(Stale):
        plant(Planted("none", "services/decide.py", "no such line", ""), tmp_path)


def test_every_bug_has_its_own_name_and_there_are_enough() -> None:
    assert len(BY_NAME) == len(PLANTED) >= 12
