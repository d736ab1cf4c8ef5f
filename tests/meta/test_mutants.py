"""
The receivers' tests notice when a check is missing: every mutant of `mutants.py` makes one of them fail.

Each mutant is a copy of the layer with one change, first on the path of a pytest of its own. Two run at a time.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.meta.mutants import FAMILIES, MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "shared" / "python"
AT_A_TIME = 2
TESTS_FAILED = 1
"""Of pytest's exit codes the one that means what we want; the others mean that nothing was proven."""

ACCEPTANCE = re.compile(r"::test_(an_approve_asks_for_the_truth|the_address_check_is_answered)")
"""What a mutant must still pass: one that refuses everything would be noticed by anything."""

type Runs = dict[str, Future[subprocess.CompletedProcess[str]]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Runs]:
    """Start what the selected tests will ask for; they collect the results in their own time."""
    selected = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        started = {family: pool.submit(_run, family, LAYER) for family in FAMILIES if {"family": family} in selected}
        for mutant in MUTANTS:
            if {"mutant": mutant} in selected and _is_fresh(mutant):
                tree = tmp_path_factory.mktemp("layer")
                started[mutant.name] = pool.submit(_run_mutant, mutant, tree)
        yield started
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_receivers_as_they_are_pass(family: str, runs: Runs) -> None:
    done = runs[family].result()

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_receiver_without_one_of_its_checks_is_noticed(mutant: Mutant, runs: Runs) -> None:
    if mutant.name not in runs:
        pytest.fail(f"stale: {mutant.original!r} must stand exactly once in {mutant.file}; follow the source")

    done = runs[mutant.name].result()

    assert done.returncode == TESTS_FAILED, f"{mutant.name} survived or is no program\n{done.stdout}{done.stderr}"
    assert not ACCEPTANCE.search(done.stdout), f"{mutant.name} refuses true callbacks\n{done.stdout}"


def test_every_mutant_has_its_own_name_and_every_family_has_some() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert all(sum(mutant.family == family for mutant in MUTANTS) >= 6 for family in FAMILIES)


def _is_fresh(mutant: Mutant) -> bool:
    source = (LAYER / "approval_gate" / mutant.file).read_text(encoding="utf-8")
    return source.count(mutant.original) == 1


def _run_mutant(mutant: Mutant, tree: Path) -> subprocess.CompletedProcess[str]:
    try:
        shutil.copytree(LAYER / "approval_gate", tree / "approval_gate")
        file = tree / "approval_gate" / mutant.file
        source = file.read_text(encoding="utf-8")
        file.write_text(source.replace(mutant.original, mutant.replacement), encoding="utf-8")
        for stale in file.parent.glob(f"__pycache__/{file.stem}.*"):
            stale.unlink()
        return _run(mutant.family, tree)
    finally:
        shutil.rmtree(tree)


def _run(family: str, layer: Path) -> subprocess.CompletedProcess[str]:
    """Run a family's tests of receivers, up to the first failure, with `layer` as the layer."""
    own = (ROOT / "tests" / "providers" / family).glob("test_callbacks*.py")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=line"]
    command += ["-o", f"pythonpath=. '{layer}'", "-k", " or ".join(FAMILIES[family])]
    command += ["tests/contract/test_receivers.py"]
    # Fuzzing is slower and finds what the others find: it is not needed to notice a missing check.
    command += sorted(str(each.relative_to(ROOT)) for each in own if not each.stem.endswith("_fuzz"))
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own command
