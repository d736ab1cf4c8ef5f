"""Read one unit of a platform's contacts, no faster than the platform likes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from approval_gate.domain.sync import Reading
from approval_gate.errors import ProviderUnavailable
from approval_gate.ports import Clock
from approval_gate.ports.directory import Directory, Page, Person

__all__ = ["Reader", "TimeIsUp"]

_TRIES = 3
_LONGEST_PAUSE_S = 30.0
_MOST_PAGES = 20_000
"""A cursor that leads in a circle must end. Of 50 people each this is a million."""


class TimeIsUp(Exception):
    """The worker's time is over."""


class Reader:
    """
    Reads units; see `domain.sync`.

    Args:
        sleep: waits so many seconds.
        until: when to stop, with `TimeIsUp`.
    """

    def __init__(self, directory: Directory, clock: Clock, sleep: Callable[[float], None], until: datetime) -> None:
        self._directory = directory
        self._clock = clock
        self._sleep = sleep
        self._until = until
        self._free_at = clock()
        self.calls = 0
        directory.before_call = self._before_call

    def read(self, unit: str) -> Reading:
        """
        Read one unit whole. What does not answer is tried twice more, if it does not take long.

        Raises:
            TimeIsUp: nothing of the unit counts as read.
            ProviderUnavailable: later.
            ProviderRejected: nothing can be read before somebody acts.
        """
        return self._patiently(lambda: self._read(unit))

    def person(self, user_id: str) -> Person | None:
        """Read one person, as patiently as a unit; None when not there for the app any more."""
        return self._patiently(lambda: self._directory.person(user_id))

    def _patiently[T](self, ask: Callable[[], T]) -> T:
        for attempt in range(1, _TRIES + 1):
            try:
                return ask()
            except ProviderUnavailable as err:
                pause_s = err.retry_after_s if err.retry_after_s is not None else 2.0**attempt
                if attempt == _TRIES or pause_s > _LONGEST_PAUSE_S:
                    raise
                self._sleep(pause_s)
        raise AssertionError("unreachable")

    def _read(self, unit: str) -> Reading:
        kind, _, department = unit.partition(":")
        match kind:
            case "roots":
                roots = self._directory.roots()
                return Reading(
                    unit,
                    is_deep=roots.is_deep,
                    departments=roots.departments,
                    people=roots.people,
                    notes=roots.notes,
                )
            case "tree":
                pages = self._pages(lambda cursor: self._directory.departments(department, cursor))
                found = tuple(each for page in pages for each in page.items)
                is_deep = any(page.is_deep for page in pages)
                return Reading(unit, departments=found, is_deep=is_deep, unread=pages[-1].unread)
            case "people":
                people = self._pages(lambda cursor: self._directory.people(department, cursor))
                everyone = tuple(each for page in people for each in page.items)
                return Reading(unit, people=everyone, unread=people[-1].unread)
            case "groups":
                groups = self._directory.groups()
                return Reading(unit, groups=groups.items, unread=groups.unread)
            case _:
                chats = self._directory.chats()
                return Reading(unit, chats=chats.items, unread=chats.unread)

    def _pages[T](self, ask: Callable[[str], Page[T]]) -> list[Page[T]]:
        pages = [ask("")]
        while pages[-1].next_cursor:
            if len(pages) >= _MOST_PAGES:
                raise ProviderUnavailable("The platform's pages of contacts do not end. Check base_url and proxies.")
            pages.append(ask(pages[-1].next_cursor))
        return pages

    def _before_call(self) -> None:
        now = self._clock()
        if now >= self._until:
            raise TimeIsUp
        if self._free_at > now:
            self._sleep((self._free_at - now).total_seconds())
        self._free_at = max(self._free_at, now) + timedelta(seconds=1 / self._directory.calls_per_s)
        self.calls += 1
