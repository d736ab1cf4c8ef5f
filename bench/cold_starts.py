"""Take cold starts and warm calls of several functions in turn: what disturbs the machine disturbs all alike."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.emulator import Emulator
from bench.report import median_and_spread, percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["COLUMNS", "Candidate", "Measured", "measure"]

COLUMNS = (
    "INIT ms",
    "first call ms",
    "first answer ms",
    "CPU ms",
    "warm median ms",
    "warm p95 ms",
)
"""Medians; in brackets the smallest and largest."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    A function to measure.

    Args:
        name: its line in the table.
        handler: `module.function`.
        paths: its `sys.path`, without the runtime's packages.
        environ: its environment variables.
        events: gives the events of its calls, by number.
        acknowledged: tells whether an answer is the right one; status 200 is asked for in any case.
    """

    name: str
    handler: str
    paths: Sequence[Path]
    environ: Mapping[str, str]
    events: Callable[[int], Mapping[str, Any]]
    acknowledged: Callable[[Mapping[str, Any]], bool] = bool

    def call(self, function: Emulator, number: int) -> float:
        """
        Make one call, and return how long it took in milliseconds.

        Raises:
            RuntimeError: it failed, or was not acknowledged; then the time would mean nothing.
        """
        answer = function.invoke(self.events(number))
        if not self.acknowledged(answer.payload):
            raise RuntimeError(f"{self.name} does not acknowledge: {answer.payload!r}")
        return answer.took_ms


@dataclass(slots=True)
class Measured:
    """What was measured of one candidate, in milliseconds."""

    init: list[float] = field(default_factory=list)
    first_call: list[float] = field(default_factory=list)
    first_answer: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)

    def row(self, name: str) -> tuple[str, ...]:
        """Return the line of the table that `COLUMNS` heads."""
        cold = map(median_and_spread, (self.init, self.first_call, self.first_answer, self.cpu))
        return (name, *cold, f"{statistics.median(self.warm):.2f}", f"{percentile(self.warm, 0.95):.2f}")


def measure(
    candidates: Sequence[Candidate], runtime: Path, log: Path, *, cold_runs: int, warm_calls: int
) -> dict[str, Measured]:
    """
    Measure every candidate.

    Args:
        runtime: the runtime's packages.
        log: a file for the functions' output; overwritten by every start.
        cold_runs: how many execution environments each gets. One before them is not counted: it warms the disk cache.
        warm_calls: how many further calls, spread over those.
    """
    found = {candidate.name: Measured() for candidate in candidates}
    number = 0
    for run in range(cold_runs + 1):
        for candidate in candidates:
            result = found[candidate.name] if run else Measured()
            with Emulator(candidate.handler, [*candidate.paths, runtime], candidate.environ, log) as function:
                number += 1
                first_ms = candidate.call(function, number)
                result.first_answer.append(first_ms)
                result.init.append(function.init_ms)
                result.first_call.append(first_ms - function.init_ms)
                result.cpu.append(function.cpu_ms)
                for _ in range(warm_calls // cold_runs):
                    number += 1
                    result.warm.append(candidate.call(function, number))
    return found
