"""
Every call that leaves a process passes here, and here it may go wrong.

For each call, in this order: the process may die before it; it may take a while; it may be refused; it takes effect, in
one moment; its answer may be lost, or the client library may send it twice; the process may die after it. A crash
point is a place in our source together with the call it makes: `Checker._begin > update approval`.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

from botocore.exceptions import ReadTimeoutError

from tests.fakes.table import client_error
from tests.simulation.loop import Crash, Loop

__all__ = ["Boundary", "Coverage", "Faults"]

_OURS = "approval_gate"
_EVERYBODYS = "change_until_stored"
"""Who called it says where we are."""

_RARE = re.compile(
    r"platform (token|list|find)$|dynamodb (delete|put)_item$|: Withdrawer\.|late_event|status_now|Reminder"
    r"|_superseding|apply_callback: (Applier\._ask_for_a_look|Decider\._record_progress)"
    r"|Checker\.(_place|_note_silence|_escalate)|submit_approval: (Applier|Decider|Creator|Submitter\._fail)"
)
"""Crash points that few schedules pass: renewing a token, withdrawing, late events, callbacks before the reference."""


@dataclass
class Faults:
    """
    What may go wrong in one schedule.

    Args:
        left: how many more faults there will be; then everything works.
        rate: probability of a fault at each call.
        slow: probability that a call takes seconds; `very_slow`: longer than the function may live.
        spared: how many calls go well before the first fault, so that late calls meet faults too.
        rare_rate: the same as `rate` at calls that are rare in themselves, which chance alone would hardly ever hit.
    """

    left: int = 0
    rate: float = 0.0
    slow: float = 0.0
    very_slow: float = 0.0
    spared: int = 0
    rare_rate: float = 0.0


@dataclass
class Coverage:
    """Which crash points there are, and how often a process died before and after each."""

    seen: dict[str, int] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)

    def add(self, other: Coverage) -> None:
        """Take in another schedule's."""
        for mine, theirs in ((self.seen, other.seen), (self.before, other.before), (self.after, other.after)):
            for site, count in theirs.items():
                mine[site] = mine.get(site, 0) + count


class Boundary:
    """The edge of every process in one schedule."""

    def __init__(self, loop: Loop, rng: random.Random, faults: Faults, tell: Callable[[str], None] | None) -> None:
        self.coverage = Coverage()
        self.faults = faults
        self.injected: dict[str, int] = {}
        self._loop = loop
        self._rng = rng
        self._tell = tell

    def call[T](
        self,
        operation: str,
        effect: Callable[[], T],
        refusals: tuple[Callable[[], Exception], ...],
        losses: tuple[Callable[[], Exception], ...],
        repeat: Callable[[], T] | None = None,
    ) -> T:
        """
        Make one call.

        Args:
            operation: what is called, such as `dynamodb get_item`.
            effect: what it does, in one moment.
            refusals: errors with which it may be refused; nothing has happened then.
            losses: errors by which its answer may be lost; it has happened then.
            repeat: what the client library's second attempt does when the first one's answer was lost.
        """
        process = self._loop.current
        if process is None:
            return effect()  # the world's own preparations
        if process.is_dead:
            raise Crash("dead already")
        site = self._site(process.kind, operation)
        self.coverage.seen[site] = self.coverage.seen.get(site, 0) + 1
        fault = self._fault(site)
        if fault == "crash before":
            self._die(process, site, self.coverage.before, "before")
        self._wait()
        if fault == "refused" and refusals:
            refusal = self._rng.choice(refusals)()
            self._note(f"  {site} refused: {refusal}")
            raise refusal
        try:
            answer = effect()
        except Exception as err:
            self._note(f"  {site} -> {type(err).__name__} {err}")
            if fault == "crash after":
                self._die(process, site, self.coverage.after, "after")
            raise
        self._note(f"  {site}")
        if fault == "crash after":
            self._die(process, site, self.coverage.after, "after")
        self._wait()
        if fault == "lost" and losses:
            loss = self._rng.choice(losses)()
            self._note(f"  {site} answer lost: {loss}")
            raise loss
        if fault == "repeated" and repeat is not None:
            self._note(f"  {site} sent twice")
            return repeat()
        return answer

    def chance(self, name: str, probability: float) -> bool:
        """Tell whether a fault of another kind happens, such as a lost answer of a whole function."""
        faults = self.faults
        if faults.left <= 0 or faults.rate <= 0 or self._rng.random() >= probability:
            return False
        faults.left -= 1
        self.injected[name] = self.injected.get(name, 0) + 1
        return True

    def draws(self, probability: float) -> bool:
        """Tell whether something of the outside happens that is no fault of this edge; as long as faults happen."""
        return self.faults.left > 0 and self._rng.random() < probability

    def _fault(self, site: str) -> str:
        faults = self.faults
        rate = faults.rare_rate if faults.rare_rate and _is_rare(site) else faults.rate
        if rate is faults.rate and faults.spared > 0:
            faults.spared -= 1
            return ""
        if faults.left <= 0 or self._rng.random() >= rate:
            return ""
        faults.left -= 1
        fault = self._rng.choice(("crash before", "crash after", "refused", "lost", "repeated"))
        self.injected[fault] = self.injected.get(fault, 0) + 1
        return fault

    def _wait(self) -> None:
        """Let others have their turn, for a moment or for long."""
        draw = self._rng.random()
        faults = self.faults
        if draw < faults.very_slow and faults.left > 0:
            faults.left -= 1
            self.injected["very slow"] = self.injected.get("very slow", 0) + 1
            self._loop.pause(self._rng.uniform(30, 90))
        elif draw < faults.slow:
            self._loop.pause(self._rng.uniform(0, 3))
        elif draw < 0.5:
            self._loop.pause(self._rng.random() * 0.2)

    def _die(self, process: Any, site: str, hits: dict[str, int], when: str) -> None:
        hits[site] = hits.get(site, 0) + 1
        self._note(f"  dies {when} {site}")
        process.is_dead = True
        raise Crash(f"{when} {site}")

    def _site(self, kind: str, operation: str) -> str:
        frame: FrameType | None = sys._getframe(2)
        inner = None
        while frame is not None:
            if (place := _place(frame.f_code)) is not None:
                inner = inner or place
                if not place[0] and place[1] != _EVERYBODYS:
                    return f"{kind}: {place[1]} > {operation}"
            frame = frame.f_back
        return f"{kind}: {inner[1] if inner else '-'} > {operation}"

    def _note(self, text: str) -> None:
        if self._tell is not None:
            self._tell(text)


@lru_cache(maxsize=10_000)
def _place(code: CodeType) -> tuple[bool, str] | None:
    """Return whether a frame of our source belongs to an adapter, and its name; None for other source."""
    parts = code.co_filename.split("/")
    if _OURS not in parts:
        return None
    below = parts[len(parts) - 1 - parts[::-1].index(_OURS) + 1 :]
    return below[0] in {"store", "workflow.py", "providers"}, code.co_qualname


@lru_cache(maxsize=1_000)
def _is_rare(site: str) -> bool:
    return _RARE.search(site) is not None


def _lost() -> Exception:
    return ReadTimeoutError(endpoint_url="https://dynamodb.test")


class SimulatedDynamoDB:
    """The table's client as a process sees it."""

    _REFUSALS = ("ProvisionedThroughputExceededException", "InternalServerError", "ThrottlingException")

    def __init__(self, table: Any, boundary: Boundary) -> None:
        self._table = table
        self._boundary = boundary

    def get_item(self, **given: Any) -> Any:
        return self._call("get_item", given)

    def query(self, **given: Any) -> Any:
        return self._call("query", given)

    def put_item(self, **given: Any) -> Any:
        return self._call("put_item", given, repeats=True)

    def update_item(self, **given: Any) -> Any:
        return self._call("update_item", given, repeats=True)

    def delete_item(self, **given: Any) -> Any:
        return self._call("delete_item", given, repeats=True)

    def transact_write_items(self, **given: Any) -> Any:
        # botocore sends a token with it, so a second attempt is answered like the first.
        def conflict() -> Exception:
            reasons = ["TransactionConflict", *["None"] * (len(given["TransactItems"]) - 1)]
            return client_error("TransactionCanceledException", "TransactWriteItems", reasons)

        return self._call("transact_write_items", given, refusal=conflict)

    def get_paginator(self, operation: str) -> Any:
        return self._table.get_paginator(operation).over(self.query)

    def _call(
        self,
        operation: str,
        given: dict[str, Any],
        *,
        repeats: bool = False,
        refusal: Callable[[], Exception] | None = None,
    ) -> Any:
        method = getattr(self._table, operation)
        refusals = [lambda code=code: client_error(code, operation) for code in self._REFUSALS]
        return self._boundary.call(
            f"dynamodb {operation}",
            lambda: method(**given),
            (*refusals, *([refusal, refusal] if refusal else [])),
            (_lost,),
            (lambda: method(**given)) if repeats else None,
        )
