"""Free ports on the loopback interface."""

from __future__ import annotations

import socket

__all__ = ["HOST", "free_port"]

HOST = "127.0.0.1"


def free_port(wanted: int, taken: frozenset[int] = frozenset()) -> int:
    """Return `wanted`, or the next port above it that nobody listens on and that is not in `taken`."""
    for port in range(wanted, min(wanted + 500, 65536)):
        if port in taken:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port in {wanted}..{wanted + 499} on {HOST}")
