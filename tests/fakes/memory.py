"""The ports that a sender needs, in memory. `tests/contract/test_stores.py` holds them to what the table does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

__all__ = ["MemoryForms", "MemoryTokens"]

_STANDING_STILL = datetime(2026, 1, 15, 3, 30, tzinfo=UTC)


class MemoryTokens:
    """The `AccessTokens` port in memory, where no time passes."""

    def __init__(self) -> None:
        self.token = ""
        self.life_s = 0.0
        self.fetches = 0

    def get(self, fetch: Callable[[], tuple[str, float]]) -> str:
        if not self.token:
            self.fetches += 1
            self.token, self.life_s = fetch()
        return self.token

    def drop(self, token: str) -> None:
        if self.token == token:
            self.token = ""


class MemoryForms:
    """The `Forms` port in memory. Claims last a minute of the clock, or until `pass_a_minute`."""

    def __init__(self, clock: Callable[[], datetime] = lambda: _STANDING_STILL) -> None:
        self.saved: dict[str, dict[str, str]] = {}
        self.claimed_until: dict[str, datetime] = {}
        self._clock = clock

    @property
    def claims(self) -> set[str]:
        return set(self.claimed_until)

    def pass_a_minute(self) -> None:
        self.claimed_until.clear()

    def get(self, key: str) -> Mapping[str, str] | None:
        return self.saved.get(key)

    def claim(self, key: str) -> bool:
        now = self._clock()
        if key in self.saved or (key in self.claimed_until and self.claimed_until[key] >= now):
            return False
        self.claimed_until[key] = now + timedelta(minutes=1)
        return True

    def save(self, key: str, value: Mapping[str, str]) -> None:
        self.saved[key] = dict(value)
        self.claimed_until.pop(key, None)

    def release(self, key: str) -> None:
        self.claimed_until.pop(key, None)

    def forget(self, key: str) -> None:
        self.saved.pop(key, None)
