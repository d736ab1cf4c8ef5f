"""Counting calls in fixed windows of time, for a platform's rate limits."""

from math import ceil

from local.simulators.frame.clock import Clock

__all__ = ["Throttle"]


class Throttle:
    """Counts calls per key and window. A restart forgets them, as the windows are short."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: dict[tuple[str, int], tuple[int, int]] = {}

    def wait_s(self, key: str, limit: float, window_s: int) -> int:
        """Count one call; return 0 if it may pass, else the seconds until the window ends."""
        now_s = self._clock.now_s()
        window = int(now_s // window_s)
        current, count = self._counts.get((key, window_s), (window, 0))
        count = count + 1 if current == window else 1
        if count > limit:
            return max(ceil((window + 1) * window_s - now_s), 1)
        self._counts[(key, window_s)] = (window, count)
        return 0
