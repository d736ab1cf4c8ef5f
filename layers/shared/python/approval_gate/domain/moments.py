"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

__all__ = ["moment_in_both", "moment_text"]

_CHINA = timezone(timedelta(hours=8))
"""China has one time, without summer time."""


def moment_text(at: datetime, locale: str) -> str:
    """Return a time for readers of one language: China's for `zh-CN`, else UTC."""
    return _in_china(at) if locale == "zh-CN" else _in_utc(at)


def moment_in_both(at: datetime) -> str:
    """Return a time for readers of either language."""
    return f"{_in_china(at)} ({_in_utc(at)})"


def _in_china(at: datetime) -> str:
    return f"{at.astimezone(_CHINA):%Y-%m-%d %H:%M} UTC+8"


def _in_utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
