"""
The receivers' tests notice when a check is missing: every mutant of `mutants.py` makes one of them fail.

Each mutant is a copy of the layer with one change, first on the path of a pytest of its own.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.meta.mutants import FAMILIES, MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "shared" / "python"
TESTS_FAILED = 1
"""Of pytest's exit codes the one that means what we want; the others mean that nothing was proven."""

ACCEPTANCE = re.compile(r"::test_(an_approve_asks_for_the_truth|the_address_check_is_answered)")
"""What a mutant must still pass: one that refuses everything would be noticed by anything."""


@pytest.mark.parametrize("family", FAMILIES)
def test_the_receivers_as_they_are_pass(family: str) -> None:
    done = run_receivers_tests(family, LAYER)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_receiver_without_one_of_its_checks_is_noticed(mutant: Mutant, tmp_path: Path) -> None:
    change(mutant, tmp_path)

    done = run_receivers_tests(mutant.family, tmp_path)

    assert done.returncode == TESTS_FAILED, f"{mutant.name} survived, or is no program\n{done.stdout}{done.stderr}"
    assert not ACCEPTANCE.search(done.stdout), f"{mutant.name} refuses true callbacks\n{done.stdout}"


def test_every_mutant_has_its_own_name_and_every_family_has_some() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert all(sum(mutant.family == family for mutant in MUTANTS) >= 6 for family in FAMILIES)


def change(mutant: Mutant, tree: Path) -> None:
    """Copy the layer into `tree` with the mutant's change in it."""
    shutil.copytree(LAYER / "approval_gate", tree / "approval_gate")
    file = tree / "approval_gate" / mutant.file
    source = file.read_text(encoding="utf-8")
    if source.count(mutant.original) != 1:
        pytest.fail(f"stale: {mutant.original!r} must stand exactly once in {mutant.file}; follow the source")
    file.write_text(source.replace(mutant.original, mutant.replacement), encoding="utf-8")
    for compiled in file.parent.glob(f"__pycache__/{file.stem}.*"):
        compiled.unlink()


def run_receivers_tests(family: str, layer: Path) -> subprocess.CompletedProcess[str]:
    """Run a family's tests of receivers, up to the first failure, with `layer` as the layer."""
    own = (ROOT / "tests" / "providers" / family).glob("test_callbacks*.py")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "-p", "no:cacheprovider"]
    # Fuzzing is slower and finds what the others find: not needed to notice a missing check, nor is its library.
    command += ["-p", "no:hypothesispytest"]
    command += ["-o", f"pythonpath=. '{layer}'", "-k", " or ".join(FAMILIES[family])]
    command += ["tests/contract/test_receivers.py"]
    command += sorted(str(each.relative_to(ROOT)) for each in own if not each.stem.endswith("_fuzz"))
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - our own command
