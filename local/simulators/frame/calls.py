"""The log of API calls: what was asked of the platform, in order, with secrets masked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.simulators.frame.clock import Clock
from local.simulators.frame.store import Collection, Store
from local.simulators.frame.times import rfc3339
from local.simulators.frame.web import ApiAnswer, ApiCall

__all__ = ["Call", "CallLog"]

_KEPT = 20_000
_SECRET_NAMES = frozenset({"access_token", "appsecret", "corpsecret", "app_secret", "secret", "sign", "key", "token"})


@dataclass(frozen=True, slots=True)
class Call:
    """One API call. `code` is the platform's own result code; `fault` tells that the answer was arranged."""

    number: int
    at: str
    method: str
    path: str
    query: dict[str, str]
    app: str
    status: int
    code: int | str | None
    ms: int
    fault: bool


class CallLog:
    """Every API call, oldest first; the latest 20,000 are kept."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._calls = Collection(store, "calls", Call, key="number", quiet=True)
        self._store, self._clock = store, clock
        rows = store.execute("SELECT MAX(seq) FROM calls")
        self._number = int(rows[0][0] or 0)

    def record(self, call: ApiCall, answer: ApiAnswer, *, path: str, ms: int, fault: bool) -> None:
        """Add one call; `path` is the path as it may be shown."""
        self._number += 1
        self._calls.put(
            Call(
                number=self._number,
                at=rfc3339(self._clock.told_ms() / 1000),
                method=call.method,
                path=path,
                query=_masked(call.query),
                app=answer.app,
                status=answer.status,
                code=answer.code,
                ms=ms,
                fault=fault,
            )
        )
        if self._number % 1000 == 0:
            self._store.execute("DELETE FROM calls WHERE seq <= (SELECT MAX(seq) FROM calls) - ?", (_KEPT,))

    def listed(self) -> list[dict[str, Any]]:
        """Return the calls as JSON-ready values, oldest first."""
        return [self._calls.dump(call) for call in self._calls.find()]

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()


def _masked(query: Mapping[str, str]) -> dict[str, str]:
    return {name: "***" if name.lower() in _SECRET_NAMES else value for name, value in query.items()}
