"""Waiting lines: in each, only the first may go, and only when it is due."""

import heapq
from collections import deque

__all__ = ["Lines"]


class Lines:
    """
    Who waits where. Times are seconds on the simulator's clock.

    A line is busy from `take` until `leave` or `stay`: nothing else of it comes out meanwhile.
    """

    def __init__(self) -> None:
        self._lines: dict[str, deque[tuple[str, float]]] = {}
        self._heads: list[tuple[float, int, str]] = []
        self._calls: dict[str, int] = {}
        """For each line the number of its valid entry among the heads; absent while it is busy."""
        self._number = 0

    def join(self, line: str, item: str, due_s: float) -> None:
        """Queue up."""
        waiting = self._lines.setdefault(line, deque())
        waiting.append((item, due_s))
        if len(waiting) == 1:
            self._call(line, due_s)

    def hasten(self, line: str, item: str, due_s: float) -> None:
        """Make something due earlier, or queue it up again when it has left."""
        waiting = self._lines.get(line, deque())
        places = [place for place, (one, _) in enumerate(waiting) if one == item]
        if not places:
            self.join(line, item, due_s)
            return
        waiting[places[0]] = (item, due_s)
        if places[0] == 0 and line in self._calls:
            self._call(line, due_s)

    def take(self, now_s: float) -> tuple[str, str] | None:
        """Return the line and item of a head that is due, and make its line busy; None when nothing is due."""
        self._forget_invalid()
        if not self._heads or self._heads[0][0] > now_s:
            return None
        _, _, line = heapq.heappop(self._heads)
        del self._calls[line]
        return line, self._lines[line][0][0]

    def leave(self, line: str) -> None:
        """The head of a busy line is done with: the next one steps forward."""
        waiting = self._lines[line]
        waiting.popleft()
        if waiting:
            self._call(line, waiting[0][1])
        else:
            del self._lines[line]

    def stay(self, line: str, due_s: float) -> None:
        """The head of a busy line has to try again later."""
        self._call(line, due_s)

    def wait_s(self, now_s: float, longest_s: float) -> float:
        """Return how long nothing will be due."""
        self._forget_invalid()
        return min(max(self._heads[0][0] - now_s, 0.0), longest_s) if self._heads else longest_s

    def _call(self, line: str, due_s: float) -> None:
        self._number += 1
        self._calls[line] = self._number
        heapq.heappush(self._heads, (due_s, self._number, line))

    def _forget_invalid(self) -> None:
        while self._heads and self._calls.get(self._heads[0][2]) != self._heads[0][1]:
            heapq.heappop(self._heads)
