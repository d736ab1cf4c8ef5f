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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from local.scenario import LIFE_S, Case, Result, World, finish_case, open_case, run_case
from local.stack import FAILURES, FOLDER, bring_down, bring_up, read_stack, use_local_credentials

__all__ = ["main"]

_PROGRESS_S = 15.0
_PLAIN_WIDTH = 120
_ID_IN_PATH = re.compile(r"/[0-9A-Fa-f-]{36}(?=/|$)")


@dataclass(frozen=True, slots=True)
class Row:
    """One approval's result and the calls that the platform received because of it, by kind."""

    result: Result
    calls: Mapping[str, int]


class Platform:
    """One platform's approvals, one after another, so that every call it receives belongs to one of them."""

    def __init__(self, world: World, provider: str) -> None:
        self._world = world
        self._provider = provider
        self._seen = 0
        self._calls()  # what a stack that was up already has behind it

    def run(self) -> list[Row]:
        """Open one that nobody will answer, take two others through meanwhile, and see the first expire."""
        silent = open_case(self._world, Case(self._provider, "EXPIRED"))
        opening = self._calls()
        rows = [
            self._row(Case(self._provider, "APPROVED", decision="approve", comment="Looks good")),
            self._row(Case(self._provider, "REJECTED", decision="reject", comment="Not on a Friday")),
        ]
        expired = finish_case(self._world, silent)
        return [*rows, Row(expired, opening + self._calls())]

    def _row(self, case: Case) -> Row:
        result = run_case(self._world, case)
        return Row(result, self._calls())

    def _calls(self) -> Counter[str]:
        """Count the calls since the last time this was asked."""
        calls = self._world.platform(self._provider, "GET", "/_sim/calls")["calls"]
        fresh, self._seen = calls[self._seen :], len(calls)
        return Counter(f"{call['method']} {_ID_IN_PATH.sub('/...', call['path'])}" for call in fresh)


def _run_all(stack: Mapping[str, Any], console: Console) -> int:
    began = time.monotonic()

    def line(name: str, step: str, what: str) -> None:
        console.print(f"{time.monotonic() - began:5.1f} s  {name:<17}  {step:<10}  {what}", markup=False)

    providers = list(stack["simulators"])
    with httpx.Client(timeout=30, trust_env=False) as http, ThreadPoolExecutor(len(providers)) as pool:
        world = World(stack, http, lambda case, step, what: line(case.name, step, what))
        console.print(
            f"{3 * len(providers)} approvals on {len(providers)} platforms; those that nobody answers expire after "
            f"{LIFE_S} s. The steps: the pipeline has requested it, the platform has opened it, a person clicked, the "
            "platform's callback told the gate, the outcome is stored, the waiting execution is released."
        )
        futures = [pool.submit(Platform(world, provider).run) for provider in providers]
        pending = set(futures)
        try:
            while pending := wait(pending, timeout=_PROGRESS_S).not_done:
                line("", "...", f"{len(pending)} platforms still wait for an approval to expire")
        except KeyboardInterrupt:
            world.interrupted.set()
            raise
        rows = [row for future in futures for row in future.result()]
    console.print(_outcomes(rows))
    wrong = [row for row in rows if row.result.problem]
    console.print(
        "The first click on each platform also waits for functions that start for the first time, all at once on this "
        "machine; DingTalk gives a callback 1.5 s and then repeats it after 10 s."
    )
    for row in wrong:
        console.print(f"{row.result.case.name}: {row.result.problem}", markup=False)
    console.print(f"{len(rows) - len(wrong)} of {len(rows)} outcomes were right")
    return 1 if wrong else 0


def _outcomes(rows: Sequence[Row]) -> Table:
    table = Table("platform", "wanted", "got", "from", title="Outcomes", title_justify="left")
    table.add_column("click to release", justify="right")
    table.add_column("calls", justify="right")
    table.add_column("to the platform")
    table.add_column("right?")
    usual = {row.result.case.provider: set(row.calls) for row in rows if row.result.case.wanted == "APPROVED"}
    for row in rows:
        result = row.result
        released = "" if result.released_ms is None else f"{result.released_ms / 1000:.1f} s"
        verdict = "NO" if result.problem else "yes"
        # The first approval of a stack also fetches the access token and makes the form; later ones do not.
        once = {kind for kind in row.calls if kind not in usual[result.case.provider] and not _is_withdrawal(kind)}
        count = sum(times for kind, times in row.calls.items() if kind not in once)
        listed = ", ".join(_short(kind, times) for kind, times in row.calls.items() if kind not in once)
        if once:
            listed += f" (and once {sum(row.calls[kind] for kind in once)} to set up)"
        case = result.case
        table.add_row(case.provider, case.wanted, result.got, result.source, released, str(count), listed, verdict)
    return table


def _short(kind: str, times: int) -> str:
    """Name a call by method and the end of its path: `GET instances/...`."""
    method, path = kind.split(" ", 1)
    parts = path.strip("/").split("/")
    name = f"{method} {'/'.join(parts[-2:] if parts[-1] == '...' else parts[-1:])}"
    return f"{times} x {name}" if times > 1 else name


def _is_withdrawal(kind: str) -> bool:
    return any(word in kind for word in ("cancel", "terminate", "message/send"))


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
