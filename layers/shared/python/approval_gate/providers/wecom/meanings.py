"""What an error code means for the next step."""

from __future__ import annotations

from enum import Enum, auto

__all__ = ["Kind"]


class Kind(Enum):
    """REJECTED: will fail again. UNAVAILABLE: may work later. THROTTLED: was not carried out, slow down."""

    REJECTED = auto()
    UNAVAILABLE = auto()
    THROTTLED = auto()
