"""Times as people and our own control endpoints read them."""

from datetime import UTC, datetime

__all__ = ["rfc3339"]


def rfc3339(epoch_s: float) -> str:
    """Return UTC with milliseconds, such as `2026-03-01T08:00:00.000Z`."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
