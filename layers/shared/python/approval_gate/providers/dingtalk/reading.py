"""Read what strangers sent: strict about JSON, forgiving about missing and odd fields."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["items", "json_object", "mapping", "minute", "moment", "prose", "whole", "word"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = re.compile(r"[0-9]{1,16}")
_WORD = re.compile(r"[!-~]+")
_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?Z")
_MS_FROM = 10**11
_TOO_LARGE = 10**14
_LARGEST_ID = 10**19


def json_object(raw: bytes) -> dict[str, Any]:
    """
    Parse one JSON object: UTF-8, no repeated names, no NaN or Infinity.

    Raises:
        ValueError: it is none, or nested too deeply to be one of ours.
    """
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_without_repetition, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one error for everything that is not our JSON
    return value


def mapping(source: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the object under `key`; anything else reads as empty."""
    value = source.get(key)
    return value if isinstance(value, dict) else {}


def items(source: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the objects of the list under `key`; anything else is left out."""
    value = source.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def word(source: Mapping[str, Any], key: str, *, limit: int = 128) -> str:
    """
    Return an identifier or a vendor's word under `key`: printable ASCII without spaces, at most `limit` characters.

    Anything else reads as empty, so that what goes into keys, logs and histories is harmless. Integers count as text.
    """
    value = source.get(key)
    text = str(value) if type(value) is int and abs(value) < _LARGEST_ID else value
    return text if isinstance(text, str) and len(text) <= limit and _WORD.fullmatch(text) else ""


def whole(source: Mapping[str, Any], key: str) -> int | None:
    """Return a number that is not negative under `key`, written as number or as text; None for anything else."""
    text = word(source, key)
    return int(text) if _DIGITS.fullmatch(text) else None


def prose(source: Mapping[str, Any], key: str, *, limit: int = 4000) -> str:
    """Return what a person wrote under `key`, cut to `limit` characters and always encodable."""
    value = source.get(key)
    return value[:limit].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


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


def _without_repetition(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in pairs:
        if name in result:
            raise ValueError("repeated name")
        result[name] = value
    return result


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
