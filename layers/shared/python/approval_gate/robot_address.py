"""
Addresses of group robots.

Such an address is a caller's input to which we send requests. So it is never used as given: it must be, to the letter,
a place of the platform that we know, and what is called is that place with the secret part read from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["RobotAddress", "is_known_place", "robot_address"]

_LOOPBACK = re.compile(r"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
_WEB = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,255}(?:/[0-9A-Za-z._~/-]{0,255})?")
_KEY = re.compile(r"[0-9A-Za-z_-]{1,128}")


@dataclass(frozen=True, slots=True)
class RobotAddress:
    """Where to post, without the query; and the secret parameter."""

    url: str
    key: str = field(repr=False)


def robot_address(url: str, *, place: str, path: str, parameter: str, base_url: str) -> RobotAddress | None:
    """
    Read a robot's address whose whole secret is one parameter of the query; None when it is none of the platform.

    Args:
        place, base_url: as in `is_known_place`.
    """
    head, separator, key = url.partition(f"{path}?{parameter}=")
    if not separator or not _KEY.fullmatch(key):
        return None
    return RobotAddress(head + path, key) if is_known_place(head, place, base_url) else None


def is_known_place(head: str, place: str, base_url: str) -> bool:
    """
    Tell whether what an address begins with is a place where the platform's robots are.

    Args:
        place: the platform's own scheme and host.
        base_url: of the app. A private installation or proxy that the app uses carries its robots too, and if it is on
            loopback, so may every other port there: both are simulators.
    """
    base = base_url.rstrip("/")
    if head == place or (head == base and _WEB.fullmatch(base)):
        return True
    return _is_loopback(base) and _LOOPBACK.fullmatch(head) is not None


def _is_loopback(base: str) -> bool:
    found = _LOOPBACK.match(base)
    return found is not None and base[found.end() : found.end() + 1] in {"", "/"}
