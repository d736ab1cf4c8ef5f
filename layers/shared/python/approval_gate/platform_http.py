"""
The HTTP client for platforms, whose answers are bounded in time and size.

A platform is whoever answers at an app's base_url, and that is its tenant's to choose. The functions serve all tenants:
an answer that comes byte by byte, or that never ends, or that a few packed bytes unfold into, would hold up or bring
down what another tenant waits for. httpx alone limits each wait, not their sum, and no size.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, override

import httpcore
import httpx

__all__ = ["ANSWER_MAX_BYTES", "TOTAL_S", "platform_http"]

TOTAL_S = 15.0
"""For one exchange: connection, TLS, request, answer. Name resolution has the system's own limits."""
ANSWER_MAX_BYTES = 16 * 1024 * 1024
"""Of an answer's body, unpacked. The largest known are lists of a department's people, of 300 bytes each."""
_TIMEOUT = httpx.Timeout(10, connect=3)
_PACKING = {b"content-encoding", b"content-length", b"transfer-encoding"}


def platform_http(
    *, sockets: httpcore.NetworkBackend | None = None, monotonic: Callable[[], float] = time.monotonic
) -> httpx.Client:
    """
    Return a client for one thread: through no proxy that the environment happens to name, and never redirected.

    Args:
        sockets: makes the connections.
        monotonic: seconds.
    """
    transport = _BoundedTransport(sockets or httpcore.SyncBackend(), monotonic)
    return httpx.Client(transport=transport, timeout=_TIMEOUT, trust_env=False, follow_redirects=False)


class _Exchange:
    """The time that is left for the exchange at hand."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ends = 0.0

    def begin(self) -> None:
        self._ends = self._monotonic() + TOTAL_S

    def at_most(self, timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
        """Return a wait cut to what is left."""
        left = self._ends - self._monotonic()
        if left <= 0:
            raise late("out of time")
        return left if timeout is None else min(timeout, left)


class _BoundedTransport(httpx.HTTPTransport):
    def __init__(self, sockets: httpcore.NetworkBackend, monotonic: Callable[[], float]) -> None:
        tls = httpx.create_ssl_context(trust_env=False)
        super().__init__(verify=tls, trust_env=False)
        self._exchange = _Exchange(monotonic)
        # httpx has no argument for it. The test of this module fails when the attribute is another one day.
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls, network_backend=_Network(sockets, self._exchange), keepalive_expiry=5.0
        )

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._exchange.begin()
        answer = super().handle_request(request)
        try:
            body = _bounded(answer.iter_bytes())
        finally:
            answer.close()
        headers = [(name, value) for name, value in answer.headers.raw if name.lower() not in _PACKING]
        return httpx.Response(answer.status_code, headers=headers, content=body)


class _Network(httpcore.NetworkBackend):
    def __init__(self, sockets: httpcore.NetworkBackend, exchange: _Exchange) -> None:
        self._sockets = sockets
        self._exchange = exchange

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        wait = self._exchange.at_most(timeout, httpcore.ConnectTimeout)
        return _Stream(self._sockets.connect_tcp(host, port, wait, local_address, socket_options), self._exchange)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, exchange: _Exchange) -> None:
        self._stream = stream
        self._exchange = exchange

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._exchange.at_most(timeout, httpcore.ReadTimeout))

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._exchange.at_most(timeout, httpcore.WriteTimeout))

    @override
    def close(self) -> None:
        self._stream.close()

    @override
    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        wait = self._exchange.at_most(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, wait), self._exchange)

    @override
    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _bounded(pieces: Iterable[bytes]) -> bytes:
    """Join the pieces of a body; each unfolds from one read of the connection, so that none is large by itself."""
    kept, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > ANSWER_MAX_BYTES:
            raise httpx.ReadError(f"an answer of more than {ANSWER_MAX_BYTES} bytes")
        kept.append(piece)
    return b"".join(kept)
