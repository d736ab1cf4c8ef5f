"""
The simulator's clock: wall time plus an offset, so that tokens and quotas can expire without waiting.

Whatever expires or waits is counted on the shifted clock. Times that are told to others, in events, signatures and
approvals, are wall time: receivers check them against their own clocks, and a real platform's clock is right.
"""

import time
from collections.abc import Callable

__all__ = ["Clock"]


class Clock:
    """
    Time as the simulated platform sees it.

    Args:
        offset_s: how far it runs ahead of the wall clock.
        wall: the clock underneath, in seconds since 1970.
    """

    def __init__(self, offset_s: float = 0.0, wall: Callable[[], float] = time.time) -> None:
        self.offset_s = offset_s
        self._wall = wall

    def now_s(self) -> float:
        """Return seconds since 1970 on the shifted clock, for what expires or waits."""
        return self._wall() + self.offset_s

    def told_ms(self) -> int:
        """Return milliseconds since 1970 of wall time, for what is told to others."""
        return int(self._wall() * 1000)

    def advance(self, seconds: float) -> None:
        """Let time pass. A platform's clock never runs backwards."""
        if seconds < 0:
            raise ValueError("advance_s must not be negative: time does not run backwards")
        self.offset_s += seconds
