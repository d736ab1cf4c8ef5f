"""Counting in windows of time. A restart forgets the counts, as the windows are short."""

from local.simulators.frame.platform import Simulation

__all__ = ["Throttle"]


class Throttle:
    """Counts what happens in windows of the simulator's clock."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._counts: dict[tuple[str, int], tuple[int, int]] = {}

    def count(self, key: str, window_s: int) -> int:
        """Return how often it happened in the present window."""
        window, count = self._counts.get((key, window_s), (-1, 0))
        return count if window == self._window(window_s) else 0

    def add(self, key: str, window_s: int) -> None:
        """Count once."""
        self._counts[(key, window_s)] = (self._window(window_s), self.count(key, window_s) + 1)

    def admits(self, key: str, limit: float, window_s: int) -> bool:
        """Count once if that stays within the limit; tell whether it did."""
        if self.count(key, window_s) + 1 > limit:
            return False
        self.add(key, window_s)
        return True

    def _window(self, window_s: int) -> int:
        return int(self._simulation.clock.now_s() // window_s)
