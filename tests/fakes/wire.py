"""HTTP without a network: requests go to a web application in this process, unless a test says that they do not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

__all__ = ["Exchange", "Fault", "Wire"]

type Answer = httpx.Response | BaseException


@dataclass
class Fault:
    """
    What happens to matching requests instead of their answer.

    Args:
        answer: an exception such as `httpx.ReadTimeout`, or what somebody in between answers.
        times: how many requests are left.
        is_carried_out: the application acts on the request and only its answer is lost.
    """

    matches: Callable[[str, str], bool]
    answer: Answer
    times: int
    is_carried_out: bool


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as a test may want to look at them."""

    method: str
    path: str
    answer: Answer


@dataclass
class Wire(httpx.BaseTransport):
    """
    Carries requests to an ASGI application.

    Everything runs in the caller's thread, one request after another; between requests the application stands still.
    """

    application: Any
    faults: list[Fault] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._asgi = httpx.ASGITransport(self.application)
        self._runner = asyncio.Runner()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        answer = self._answer(request)
        self.exchanges.append(Exchange(request.method, request.url.path, answer))
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def close(self) -> None:
        """End the application's event loop."""
        self._runner.close()

    def calls(self, matches: Callable[[str, str], bool]) -> int:
        """Tell how many requests matched."""
        return sum(matches(each.method, each.path) for each in self.exchanges)

    def _answer(self, request: httpx.Request) -> Answer:
        for fault in self.faults:
            if fault.times > 0 and fault.matches(request.method, request.url.path):
                fault.times -= 1
                if fault.is_carried_out:
                    self._runner.run(self._carry(request))
                return fault.answer
        return self._runner.run(self._carry(request))

    async def _carry(self, request: httpx.Request) -> httpx.Response:
        request.read()
        carried = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        answer = await self._asgi.handle_async_request(carried)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())
