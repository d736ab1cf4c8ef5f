"""Read the vendor's times."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

__all__ = ["moment"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[0-9]{1,16}(\.[0-9]{1,9})?")
_MS_FROM = 10**11
_US_FROM = 10**14
_TOO_LARGE = 10**17


def moment(value: object) -> datetime | None:
    """
    Read an epoch number, as number or text, in seconds, milliseconds or microseconds by its size.

    The vendor writes milliseconds in most places, microseconds in card callbacks and seconds with a fraction in the
    envelope's `ts`; one event carries a number where its siblings carry text. Zero and nonsense read as None.
    """
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _TOO_LARGE:
        return None
    if value >= _US_FROM:
        return _EPOCH + timedelta(microseconds=value)
    if value >= _MS_FROM:
        return _EPOCH + timedelta(milliseconds=value)
    return _EPOCH + timedelta(seconds=value)
