"""Names to addresses, in bounded time."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread

from approval_gate.errors import EndpointUnavailable

__all__ = ["Resolve", "resolve_by_system"]

type Resolve = Callable[[str, int, float], Sequence[str]]
"""`(host, port, timeout_s)` to every address of the host, best first; raises EndpointUnavailable."""


def resolve_by_system(host: str, port: int, timeout_s: float) -> Sequence[str]:
    """
    Ask the system's resolver.

    It knows no time limit and the name's owner decides how slow its server is, so it is asked in a thread that
    may be left behind.
    """
    answers: SimpleQueue[Sequence[str] | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as err:
            answers.put(err)
        except UnicodeError as err:  # a label too long for the idna codec
            answers.put(OSError(str(err)))
        else:
            answers.put([str(address[0]) for *_, address in found])

    Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_s)
    except Empty:
        raise EndpointUnavailable(
            "The receiver's host name was not resolved in time.", code="endpoint_timeout"
        ) from None
    if isinstance(answer, OSError):
        raise EndpointUnavailable("The receiver's host name does not resolve.", code="endpoint_unreachable") from answer
    return answer
