"""
Virtual time, and processes that take turns: one heap of what happens when, and nothing ever runs at the same time.

A process is a piece of real code in a greenlet. It gives up its turn only inside calls that leave it (`pause`), for as
long as that call takes; what happens meanwhile is whatever else the heap holds. Equal times are ordered by the seed.
"""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from greenlet import getcurrent, greenlet

__all__ = ["Crash", "Loop", "Process", "TooLong"]

START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
_MOST_EVENTS = 40_000


class Crash(BaseException):
    """The process dies here: nothing it holds in memory is left. Not an `Exception`, so that no code outlives it."""


class TooLong(Exception):
    """The schedule does not end: something calls itself for ever."""


@dataclass
class Process:
    """
    One invocation of real code.

    Args:
        kind: which function this is; names its crash points.
        dies_at: virtual time at which the function's time-out kills it.
        on_end: hears the result or what was raised, `Crash` included.
    """

    kind: str
    run: Callable[[], Any]
    on_end: Callable[[Any, BaseException | None], None]
    dies_at: float
    is_dead: bool = False
    notes: dict[str, Any] = field(default_factory=dict)
    body: Any = None


class Loop:
    """The schedule of one seed. `now` is in seconds since the start."""

    def __init__(self, rng: random.Random) -> None:
        self.now = 0.0
        self.events = 0
        self.current: Process | None = None
        self._rng = rng
        self._heap: list[tuple[float, float, int, Callable[[], None]]] = []
        self._number = 0
        self._main = getcurrent()

    def clock(self) -> datetime:
        """The `Clock` of the services."""
        return START + timedelta(seconds=self.now)

    def at(self, moment: float, happens: Callable[[], None]) -> None:
        """Let something happen at a time, or now if that has passed."""
        self._number += 1
        heapq.heappush(self._heap, (max(moment, self.now), self._rng.random(), self._number, happens))

    def after(self, seconds: float, happens: Callable[[], None]) -> None:
        """Let something happen later."""
        self.at(self.now + seconds, happens)

    def run(self, is_over: Callable[[], bool]) -> None:
        """
        Let everything happen that will, unless it is over before.

        Raises:
            TooLong: there is no end to it.
        """
        while self._heap and not is_over():
            moment, _, _, happens = heapq.heappop(self._heap)
            self.now = max(self.now, moment)
            self.events += 1
            if self.events > _MOST_EVENTS:
                raise TooLong(f"{_MOST_EVENTS} events, and the schedule has not ended")
            happens()

    def jump(self, seconds: float) -> None:
        """Let the clock jump forward: whatever was due meanwhile is due now, in any order."""
        self.now += seconds
        due = [each for each in self._heap if each[0] <= self.now]
        if due:
            late = [(self.now, self._rng.random(), number, happens) for _, _, number, happens in due]
            self._heap = [each for each in self._heap if each[0] > self.now] + late
            heapq.heapify(self._heap)

    # -- processes

    def start(
        self, kind: str, run: Callable[[], Any], on_end: Callable[[Any, BaseException | None], None], timeout_s: float
    ) -> Process:
        """Start a process in this moment; `on_end` is called from the loop."""
        process = Process(kind, run, on_end, self.now + timeout_s)
        process.body = greenlet(lambda: self._live(process), parent=self._main)
        self.after(0, lambda: self._turn(process))
        return process

    def _live(self, process: Process) -> None:
        result: Any = None
        raised: BaseException | None = None
        try:
            result = process.run()
        except Crash as crash:
            raised = crash
        except Exception as err:  # noqa: BLE001 - the edge of the process, as Lambda is
            raised = err
        process.is_dead = True
        self.after(0, lambda: process.on_end(result, raised))

    def _turn(self, process: Process) -> None:
        before, self.current = self.current, process
        try:
            process.body.switch()
        finally:
            self.current = before

    def pause(self, seconds: float) -> None:
        """
        Give up the turn for as long as a call takes.

        Raises:
            Crash: the function's time was up meanwhile.
        """
        process = self.current
        if process is None:
            raise RuntimeError("only a process can wait")
        self.after(min(seconds, max(process.dies_at - self.now, 0)), lambda: self._turn(process))
        self._main.switch()
        if self.now >= process.dies_at:
            process.is_dead = True
            raise Crash("timed out")

    @contextmanager
    def own_time(self) -> Iterator[None]:
        """Let `time.sleep` in real code pass virtual time: the one piece of real time it uses."""
        real, thread = time.sleep, threading.get_ident()

        def sleep(seconds: float) -> None:
            is_ours = self.current is not None and threading.get_ident() == thread
            (self.pause if is_ours else real)(seconds)

        time.sleep = sleep  # type: ignore[assignment] # as far as it is used
        try:
            yield
        finally:
            time.sleep = real
