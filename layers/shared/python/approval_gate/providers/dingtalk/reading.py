"""Read the vendor's numbers and times."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from approval_gate.untrusted import word

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ids", "minute", "moment", "whole"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = re.compile(r"[0-9]{1,16}")
_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?Z")
_MS_FROM = 10**11
_TOO_LARGE = 10**14


def whole(source: Mapping[str, Any], key: str) -> int | None:
    """Return a number that is not negative under `key`, written as number or as text; None for anything else."""
    text = word(source, key)
    return int(text) if _DIGITS.fullmatch(text) else None


def ids(source: Mapping[str, Any], key: str) -> list[str]:
    """
    Return the ids of a list under `key`, each once.

    The platform writes such a list as JSON or, in its samples, as a text of JSON.
    """
    listed = source.get(key)
    if isinstance(listed, str):
        listed = [each.strip().strip('"') for each in listed.strip("[]").split(",")]
    found = [word({"id": each}, "id") for each in listed] if isinstance(listed, list) else []
    return [each for each in dict.fromkeys(found) if each]


def moment(value: object) -> datetime | None:
    """Read an epoch number, as number or digits, in seconds or milliseconds by its size; nonsense reads as None."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if type(value) is not int or not 0 < value < _TOO_LARGE:
        return None
    return _EPOCH + (timedelta(milliseconds=value) if value >= _MS_FROM else timedelta(seconds=value))


def minute(source: Mapping[str, Any], key: str) -> datetime | None:
    """
    Read a time of the workflow API under `key`, such as `2026-01-01T08:00Z`: UTC, cut off to the minute.

    Source: DingTalk developer docs, "Obtain the details of a single approval instance", read 2026-02-28.
    """
    text = word(source, key)
    try:
        return datetime.fromisoformat(text) if _MINUTE.fullmatch(text) else None
    except ValueError:
        return None
