"""Every way in which a platform does not answer, and what its sender must make of each."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from approval_gate.errors import ProviderError, ProviderThrottled, ProviderUnavailable

__all__ = ["EXPECTED", "NO_ANSWERS", "raised_for_each"]

NO_ANSWERS: dict[str, Callable[[], httpx.Response | Exception]] = {
    "slow": lambda: httpx.ReadTimeout("slow"),
    "unreachable": lambda: httpx.ConnectError("refused"),
    "cut": lambda: httpx.RemoteProtocolError("cut"),
    "500": lambda: httpx.Response(500, text="oops"),
    "502": lambda: httpx.Response(502, html="<html>bad gateway</html>"),
    "503": lambda: httpx.Response(503),
    "429": lambda: httpx.Response(429, text="slow down"),
    "page": lambda: httpx.Response(200, html="<html>log in to the wireless network</html>"),
    "empty": lambda: httpx.Response(200),
    "half": lambda: httpx.Response(200, text='{"code":0,"errcode":0,"data":{'),
    "list": lambda: httpx.Response(200, json=[{"errcode": 0}]),
    "text": lambda: httpx.Response(200, json="APPROVED"),
    "not-utf8": lambda: httpx.Response(200, content=b'{"code":0,"errcode":0,"status":"\xff"}'),
    "deep": lambda: httpx.Response(200, content=b'{"a":' * 50_000),
}
EXPECTED = {name: ProviderThrottled if name == "429" else ProviderUnavailable for name in NO_ANSWERS}


def raised_for_each(attempt: Callable[[httpx.Response | Exception], None]) -> dict[str, type[Exception] | None]:
    """Tell what an attempt raises for each way in which a platform does not answer."""

    def raised(name: str) -> type[Exception] | None:
        try:
            attempt(NO_ANSWERS[name]())
        except ProviderError as err:
            return type(err)
        return None

    return {name: raised(name) for name in NO_ANSWERS}
