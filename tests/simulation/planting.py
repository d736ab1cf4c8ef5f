"""Plant a bug in a copy of the package, and count the schedules until the simulation finds it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.planted import Planted

__all__ = ["MOST", "Found", "Stale", "find", "hunt", "plant", "table_of"]

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "shared" / "python"
MOST = 10_000
"""Schedules after which a bug counts as not found."""

PROGRAM = ("-m", "tests.simulation")

_FOUND = re.compile(r"^found after (\d+) schedules, seed (\d+): (.*)$", re.MULTILINE)


class Stale(Exception):
    """The snippet does not stand exactly once in the source any more: follow the source."""


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one bug. `needed` is 0 when it was not found."""

    bug: Planted
    needed: int
    seed: int
    violation: str


def plant(bug: Planted, tree: Path) -> None:
    """
    Copy the package into `tree` with the bug in it.

    Raises:
        Stale: the source has changed.
    """
    shutil.copytree(LAYER / "approval_gate", tree / "approval_gate", ignore=shutil.ignore_patterns("__pycache__"))
    file = tree / "approval_gate" / bug.file
    source = file.read_text(encoding="utf-8")
    if source.count(bug.original) != 1:
        raise Stale(f"{bug.original!r} must stand exactly once in {bug.file}")
    file.write_text(source.replace(bug.original, bug.replacement), encoding="utf-8")


def find(bug: Planted, most: int = MOST) -> Found:
    """
    Run schedules on the package with the bug in it, seeds from 0, until one is wrong.

    Raises:
        RuntimeError: the bug is no program.
    """
    with tempfile.TemporaryDirectory() as folder:
        plant(bug, Path(folder))
        command = [sys.executable, *PROGRAM, "--until-violation", "--first", "0", "-n", str(most)]
        command += ["--profile", bug.profile]
        environment = {**os.environ, "PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(  # noqa: S603 - our own command
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
    match = _FOUND.search(done.stdout)
    if match:
        return Found(bug, int(match[1]), int(match[2]), match[3])
    if done.returncode != 0:
        raise RuntimeError(f"{bug.name}: {done.stderr[-2000:]}")
    return Found(bug, 0, 0, "")


def hunt(bugs: Iterable[Planted], tell: Callable[[str], None], most: int = MOST) -> list[Found]:
    """Find all of these bugs, as many at once as there are cores."""

    def one(bug: Planted) -> Found:
        found = find(bug, most)
        tell(f"{found.needed or 'NOT FOUND':>9}  {bug.name}")
        return found

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(one, bugs))


def table_of(found: Sequence[Found]) -> str:
    """Return the table as it stands in the documentation."""
    lines = ["| planted bug | file | schedules until found | by invariant |", "|---|---|---|---|"]
    for each in found:
        by = each.violation.partition(":")[0].removeprefix("invariant ")
        lines.append(f"| {each.bug.name} | `{each.bug.file}` | {each.needed or 'not found'} | {by} |")
    return "\n".join(lines)
