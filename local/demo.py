"""
The demonstration: `python -m local.demo`.

On every simulated platform one approval is approved, one rejected with a comment and one left alone until it expires;
all of them through the public API, with a person's click in between. Exit 0 only if every outcome was the wanted one
and every execution was released.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from local.scenario import LIFE_S, Case, Result, World, run_case
from local.stack import FAILURES, FOLDER, bring_down, bring_up, read_stack, use_local_credentials

__all__ = ["main"]

_PROGRESS_S = 15.0
_PLAIN_WIDTH = 120
_ID_IN_PATH = re.compile(r"/[0-9A-Fa-f-]{36}")


def _cases(provider: str) -> list[list[Case]]:
    """List what runs side by side: each inner list is one after another."""
    return [
        [Case(provider, "EXPIRED")],
        [
            Case(provider, "APPROVED", decision="approve", comment="Looks good"),
            Case(provider, "REJECTED", decision="reject", comment="Not on a Friday"),
        ],
    ]


def _run_all(stack: Mapping[str, Any], console: Console) -> int:
    began = time.monotonic()

    def line(name: str, step: str, what: str) -> None:
        console.print(f"{(time.monotonic() - began) * 1000:>6.0f} ms  {name:<16}  {step:<10}  {what}", markup=False)

    rows = [row for provider in stack["simulators"] for row in _cases(provider)]
    with httpx.Client(timeout=30, trust_env=False) as http, ThreadPoolExecutor(len(rows)) as pool:
        world = World(stack, http, lambda case, step, what: line(case.name, step, what))
        console.print(f"{sum(map(len, rows))} approvals; the ones that nobody answers expire after {LIFE_S} s")
        counted = {provider: len(_calls_to(world, provider)) for provider in stack["simulators"]}
        futures = [pool.submit(_run_row, world, row) for row in rows]
        pending = set(futures)
        try:
            while pending := wait(pending, timeout=_PROGRESS_S).not_done:
                line("", "...", f"{len(pending)} still open")
        except KeyboardInterrupt:
            world.interrupted.set()
            raise
        results = [result for future in futures for result in future.result()]
        console.print(_outcomes(results))
        console.print(_calls(world, results, counted))
    wrong = [result for result in results if result.problem]
    console.print(f"{len(results) - len(wrong)} of {len(results)} outcomes were right")
    return 1 if wrong else 0


def _run_row(world: World, row: Sequence[Case]) -> list[Result]:
    return [run_case(world, case) for case in row]


def _outcomes(results: Sequence[Result]) -> Table:
    table = Table("platform", "wanted", "got", "from", title="Outcomes", title_justify="left")
    table.add_column("click -> released", justify="right")
    table.add_column("right?")
    for result in sorted(results, key=lambda one: (one.case.provider, one.case.wanted)):
        released = "" if result.released_ms is None else f"{result.released_ms} ms"
        verdict = f"NO: {result.problem}" if result.problem else "yes"
        table.add_row(result.case.provider, result.case.wanted, result.got, result.source, released, verdict)
    return table


def _calls_to(world: World, provider: str) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = world.platform(provider, "GET", "/_sim/calls")["calls"]
    return calls


def _calls(world: World, results: Sequence[Result], before: Mapping[str, int]) -> Table:
    table = Table(
        "platform", "approvals", "calls", "of which", title="Calls the platforms counted", title_justify="left"
    )
    for provider, approvals in Counter(result.case.provider for result in results).items():
        calls = _calls_to(world, provider)[before[provider] :]
        kinds = Counter(f"{call['method']} {_ID_IN_PATH.sub('/...', call['path'])}" for call in calls)
        listed = "\n".join(f"{count} x {kind}" for kind, count in kinds.most_common())
        table.add_row(provider, str(approvals), str(len(calls)), listed)
    return table


def main() -> int:
    """Run the demonstration, on a stack of its own when none is up."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description="Take approvals through every platform.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="the stack's folder (default: .local)")
    folder: Path = parser.parse_args().folder.resolve()
    use_local_credentials()
    console = Console(
        highlight=False, width=None if sys.stdout.isatty() else _PLAIN_WIDTH, soft_wrap=not sys.stdout.isatty()
    )

    def say(what: str) -> None:
        console.print(what, markup=False)

    try:
        stack = read_stack(folder)
        if stack:
            return _run_all(stack, console)
        stack = bring_up(folder, say=say)
        try:
            return _run_all(stack, console)
        finally:
            say(f"stopped: {', '.join(bring_down(folder))}")
    except FAILURES as err:
        print(f"\n{err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
