"""
One POST to an address that a caller chose.

Built on httpcore, the connection half of httpx: it knows no redirects, proxies, cookies or credentials, so none has to
be switched off, and it lets us make the connection. We resolve the name, refuse it if any of its addresses is
not public, and connect to exactly the addresses that were checked, so a name that changes its mind between
check and use (DNS rebinding) gains nothing. TLS verifies the certificate for the name as always.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, override

import httpcore

from approval_gate.errors import EndpointRefused, EndpointUnavailable
from approval_gate.webhooks.addresses import blocked, read_endpoint
from approval_gate.webhooks.resolver import Resolve, resolve_by_system

__all__ = ["PublicPoster", "Reply"]

TOTAL_S = 10.0
"""For everything: name, connection, TLS, request, answer. A receiver that needs longer should queue."""
CONNECT_S = 3.0
ANSWER_MAX_BYTES = 65_536
_ADDRESSES_TRIED = 3
_PIECE_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Reply:
    """What a receiver answered, as far as we look at it: not its body, which may be of an inner system."""

    status: int
    retry_after: str = ""


class PublicPoster:
    """
    POST to public addresses only.

    Args:
        tls: verifies certificates and host names.
        allow_loopback: the local engine: this machine is fine too, also over http.
        resolve: every address of a name.
        sockets: makes the connections, to the addresses that were checked.
    """

    def __init__(
        self,
        tls: ssl.SSLContext,
        *,
        allow_loopback: bool = False,
        resolve: Resolve = resolve_by_system,
        sockets: httpcore.NetworkBackend | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        total_s: float = TOTAL_S,
    ) -> None:
        self._tls = tls
        self._allow_loopback = allow_loopback
        self._resolve = resolve
        self._sockets = sockets or httpcore.SyncBackend()
        self._monotonic = monotonic
        self._total_s = total_s

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """
        Send a body and return the answer's status, whatever it is; redirects are an answer too.

        Raises:
            EndpointRefused: the address is not one we connect to.
            EndpointUnavailable: no answer within `TOTAL_S`.
        """
        endpoint = read_endpoint(url, allow_loopback=self._allow_loopback)
        deadline = _Deadline(self._monotonic, self._total_s)
        network = _CheckedNetwork(self._resolve, self._sockets, deadline, allow_loopback=self._allow_loopback)
        target = httpcore.URL(
            scheme=endpoint.scheme, host=endpoint.host, port=endpoint.port, target=endpoint.target.encode()
        )
        sent = {"Host": endpoint.authority, "Connection": "close", **headers}
        try:
            # One pool per POST: a kept connection would be one whose address was checked for somebody else.
            with (
                httpcore.ConnectionPool(ssl_context=self._tls, network_backend=network) as pool,
                pool.stream("POST", target, headers=list(sent.items()), content=body) as answer,
            ):
                # The status decides. What comes after it is read to let the receiver finish, no further.
                with contextlib.suppress(httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
                    _drain(answer.iter_stream())
                return Reply(answer.status, _header(answer.headers, b"retry-after"))
        except httpcore.TimeoutException as err:
            raise EndpointUnavailable(
                f"The receiver did not answer within {self._total_s:g} s.", code="endpoint_timeout"
            ) from err
        except (httpcore.NetworkError, httpcore.ProtocolError) as err:
            is_tls = isinstance(err, httpcore.ConnectError) and isinstance(_root(err), ssl.SSLError)
            raise EndpointUnavailable(
                "The receiver's certificate or TLS was not accepted."
                if is_tls
                else "The connection to the receiver failed or its answer was not HTTP.",
                code="endpoint_tls" if is_tls else "endpoint_unreachable",
            ) from err


class _Deadline:
    """The time that is left; every wait is cut to it, so that many short ones cannot add up to a long one."""

    def __init__(self, monotonic: Callable[[], float], total_s: float) -> None:
        self._monotonic = monotonic
        self._ends = monotonic() + total_s

    def left_s(self, late: type[Exception]) -> float:
        left = self._ends - self._monotonic()
        if left <= 0:
            raise late("out of time")
        return left


class _CheckedNetwork(httpcore.NetworkBackend):
    """Connect to public addresses only, and to what was checked."""

    def __init__(
        self, resolve: Resolve, sockets: httpcore.NetworkBackend, deadline: _Deadline, *, allow_loopback: bool
    ) -> None:
        self._resolve = resolve
        self._sockets = sockets
        self._deadline = deadline
        self._allow_loopback = allow_loopback

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._resolve(host, port, self._deadline.left_s(httpcore.ConnectTimeout))
        if not addresses:
            raise EndpointUnavailable("The receiver's host name has no address.", code="endpoint_unreachable")
        # All of them: a name that mixes public and inner addresses is no receiver's, and their order is anybody's.
        if any(blocked(address, allow_loopback=self._allow_loopback) for address in addresses):
            raise EndpointRefused(
                "The webhook's host name leads to an address that is not public.", code="endpoint_address_blocked"
            )
        return _TimedStream(self._first_that_answers(addresses, port), self._deadline)

    def _first_that_answers(self, addresses: Sequence[str], port: int) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for address in addresses[:_ADDRESSES_TRIED]:
            try:
                return self._sockets.connect_tcp(
                    address, port, timeout=min(CONNECT_S, self._deadline.left_s(httpcore.ConnectTimeout))
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as err:
                failure = err
        raise failure or httpcore.ConnectError("no address")


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every wait ends at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left_s(httpcore.ReadTimeout))

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE_BYTES):
            self._stream.write(buffer[start : start + _PIECE_BYTES], self._deadline.left_s(httpcore.WriteTimeout))

    @override
    def close(self) -> None:
        self._stream.close()

    @override
    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left_s(httpcore.ConnectTimeout))
        return _TimedStream(secured, self._deadline)

    @override
    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _drain(pieces: Iterable[bytes]) -> None:
    read = 0
    for piece in pieces:
        read += len(piece)
        if read >= ANSWER_MAX_BYTES:
            return


def _header(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")


def _root(err: BaseException) -> BaseException:
    """Return the error that began it; httpcore chains its own to it."""
    while err.__cause__ is not None or err.__context__ is not None:
        err = err.__cause__ or err.__context__ or err
    return err
