"""What the command line takes from outside: environment, network, time and chance."""

from __future__ import annotations

import os
import random
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

__all__ = ["Outside"]


def _now() -> datetime:
    return datetime.now(UTC)


def _new_key() -> str:
    return f"cli-{secrets.token_hex(16)}"


@dataclass(frozen=True, slots=True)
class Outside:
    """
    The world, or what a test puts in its place.

    Args:
        transport: what carries requests; None is the network.
        pause: waits for so many seconds.
        monotonic_s: seconds from some moment on.
        chance: a number from 0 to 1, for jitter.
        new_key: a new idempotency key.
        is_person: tells whether somebody can be asked; None: when standard input is a terminal.
    """

    env: Mapping[str, str] = field(default_factory=lambda: os.environ)
    transport: httpx.BaseTransport | None = None
    pause: Callable[[float], None] = time.sleep
    monotonic_s: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _now
    chance: Callable[[], float] = random.random
    new_key: Callable[[], str] = _new_key
    is_person: bool | None = None
