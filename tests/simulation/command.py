"""
`python -m tests.simulation`: run schedules, replay one, or see every planted bug caught.

Exit code 1 when an invariant was violated, or a planted bug was not found.
"""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import sys

from tests.simulation.planted import PLANTED
from tests.simulation.planting import hunt, table_of
from tests.simulation.runner import Report, run_many, run_some
from tests.simulation.scenario import PROFILES
from tests.simulation.world import World

_PROGRESS_EVERY = 5_000


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__.splitlines()[1])
    parser.add_argument("-n", type=int, default=2_000, help="how many schedules (default 2,000)")
    parser.add_argument("--first", type=int, help="first seed; drawn and printed when not given")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="mixed")
    parser.add_argument("--workers", type=int, default=0, help="processes; default one per core")
    parser.add_argument("--seed", type=int, help="replay one schedule")
    parser.add_argument("--trace", action="store_true", help="with --seed: print everything that happened")
    parser.add_argument("--planted", action="store_true", help="plant each bug, and count schedules until it is found")
    parser.add_argument("--until-violation", action="store_true", help="stop at the first violation, in one process")
    given = parser.parse_args(arguments)
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    if given.planted:
        found = hunt(PLANTED, say)
        say(table_of(found))
        return 0 if all(each.needed for each in found) else 1
    if given.seed is not None:
        return replay(given.seed, given.profile, traced=given.trace)
    first = given.first if given.first is not None else secrets.randbelow(10**9)
    if given.until_violation:
        return until_violation(given.profile, range(first, first + given.n))
    report = run_many(given.profile, range(first, first + given.n), workers=given.workers, tell=progress)
    say(report.text())
    return 1 if report.violations else 0


def until_violation(profile: str, seeds: range) -> int:
    """Run until something is wrong; the last line is for `planting`."""
    report = run_some(profile, seeds, stop_at_first=True)
    if not report.violations:
        say(f"nothing found in {report.schedules} schedules")
        return 0
    ((seed, text),) = report.violations
    say(f"found after {report.schedules} schedules, seed {seed}: {text}")
    return 1


def replay(seed: int, profile: str, *, traced: bool) -> int:
    """Run one schedule again, exactly as it was."""
    logging.disable(logging.CRITICAL)
    world = World(seed, PROFILES[profile], traced=traced)
    if traced:
        for number, intent in enumerate(world.scenario.intents):
            say(f"request {number}: {intent}")
        say(f"platforms: {world.scenario.traits}\nnetwork: {world.scenario.network}\nfaults: {world.scenario.faults}")
    result = world.run()
    say("\n".join(result.trace))
    for violation in result.violations:
        say(violation)
    say(f"seed {seed}: {len(result.violations)} violations, outcomes {result.outcomes}")
    return 1 if result.violations else 0


def say(text: str) -> None:
    """Write a line for a person."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def progress(report: Report) -> None:
    """Tell now and then how far it is."""
    if report.schedules % _PROGRESS_EVERY == 0:
        rate = report.schedules / report.seconds
        say(f"{report.schedules:,} schedules, {rate:.0f}/s, {len(report.violations)} violations")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
