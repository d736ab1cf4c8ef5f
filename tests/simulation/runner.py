"""Run many schedules on every core, and say what came of it."""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from tests.simulation.boundary import Coverage
from tests.simulation.scenario import PROFILES
from tests.simulation.world import run

__all__ = ["Report", "check_crash_points", "run_many", "run_some"]

_CHUNK = 200
_MOST_SHOWN = 20


@dataclass
class Report:
    """What many schedules came to."""

    profile: str
    first_seed: int
    schedules: int = 0
    seconds: float = 0.0
    events: int = 0
    virtual_s: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    injected: Counter[str] = field(default_factory=Counter)
    coverage: Coverage = field(default_factory=Coverage)
    violations: list[tuple[int, str]] = field(default_factory=list)
    most_calls: Counter[str] = field(default_factory=Counter)

    def add(self, other: Report) -> None:
        """Take in another report."""
        self.schedules += other.schedules
        self.events += other.events
        self.virtual_s += other.virtual_s
        self.outcomes += other.outcomes
        self.injected += other.injected
        self.coverage.add(other.coverage)
        self.violations += other.violations
        self.most_calls |= other.most_calls

    def text(self) -> str:
        """Return what a person reads."""
        sites = self.coverage.seen
        lines = [
            f"profile       {self.profile}, seeds {self.first_seed} to {self.first_seed + self.schedules - 1}",
            f"schedules     {self.schedules:,} in {self.seconds:.0f} s, {self.schedules / (self.seconds or 1):.0f}/s",
            f"events        {self.events:,}; {self.virtual_s / 86_400:,.0f} days of virtual time",
            f"calls out     {sum(sites.values()):,}",
            "outcomes      " + ", ".join(f"{name} {count:,}" for name, count in sorted(self.outcomes.items())),
            "faults        " + ", ".join(f"{name} {count:,}" for name, count in sorted(self.injected.items())),
            "most calls    " + ", ".join(f"{name} {count}" for name, count in sorted(self.most_calls.items())),
        ]
        for name, hits in (("before", self.coverage.before), ("after", self.coverage.after)):
            missed = sorted(set(sites) - set(hits))
            lines.append(f"crash points  died {name} {len(hits)} of {len(sites)} ({sum(hits.values()):,} times)")
            lines += [f"              never {name} {site} (passed {sites[site]:,} times)" for site in missed]
        lines.append(f"violations    {len(self.violations)}")
        for seed, text in self.violations[:_MOST_SHOWN]:
            lines.append(f"              seed {seed}: {text}")
            replay = f"--profile {self.profile} " if self.profile != "mixed" else ""
            lines.append(f"              python -m tests.simulation {replay}--seed {seed} --trace")
        return "\n".join(lines)


def run_some(profile: str, seeds: range, *, stop_at_first: bool = False) -> Report:
    """Run these seeds in this process."""
    report = Report(profile, seeds.start)
    began = time.monotonic()
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        for seed in seeds:
            result = run(seed, PROFILES[profile])
            report.schedules += 1
            report.events += result.events
            report.virtual_s += result.ended_s
            report.outcomes.update(result.outcomes)
            report.injected.update(result.injected)
            report.coverage.add(result.coverage)
            report.violations += [(seed, text) for text in result.violations[:1]]
            for calls in result.calls:
                report.most_calls |= Counter({**calls, "all": sum(calls.values())})
            if stop_at_first and report.violations:
                break
    finally:
        logging.disable(before)
    report.seconds = time.monotonic() - began
    return report


def run_many(
    profile: str, seeds: range, *, workers: int = 0, tell: Callable[[Report], None] = lambda _: None
) -> Report:
    """Run these seeds on every core; `tell` hears the report so far."""
    workers = workers or os.cpu_count() or 1
    report = Report(profile, seeds.start)
    began = time.monotonic()
    # Not a fork: greenlets and loggers of this process are its own.
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for part in pool.imap_unordered(partial(run_some, profile), _chunks(seeds)):
            report.add(part)
            report.seconds = time.monotonic() - began
            tell(report)
    report.violations.sort()
    return report


def _chunks(seeds: range) -> Iterator[range]:
    for start in range(seeds.start, seeds.stop, _CHUNK):
        yield range(start, min(start + _CHUNK, seeds.stop))


def check_crash_points(report: Report, passed: int) -> list[str]:
    """Return the crash points that were passed at least so often, and where no process ever died."""
    seen, hits = report.coverage.seen, (report.coverage.before, report.coverage.after)
    return sorted(site for site, count in seen.items() if count >= passed and not all(site in each for each in hits))
