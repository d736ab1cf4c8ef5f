"""Read JSON that strangers sent: strict about its form, forgiving about missing and odd fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["RepeatedName", "items", "json_object", "json_value", "mapping", "prose", "word"]

_WORD = re.compile(r"[!-~]+")
_LARGEST_ID = 10**19
_MOST_DIGITS = 4000


class RepeatedName(ValueError):
    """An object names one thing twice, `name`: of two values, one would be dropped silently."""

    def __init__(self, name: str) -> None:
        super().__init__("repeated name")
        self.name = name


def json_object(raw: bytes) -> dict[str, Any]:
    """
    Parse one JSON object: UTF-8, no repeated names, no NaN or Infinity.

    Raises:
        ValueError: it is none, or nested too deeply to be one of ours.
    """
    value = json_value(raw.decode())
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one error for everything that is not our JSON
    return value


def json_value(text: str) -> Any:
    """
    Parse any JSON: no repeated names, no NaN or Infinity.

    Raises:
        ValueError: it is none, nested too deeply, or holds a number of thousands of digits. The text holds no data.
            RepeatedName tells the name.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_without_repetition, parse_constant=_refuse_constant, parse_int=_bounded_integer
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


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


def prose(source: Mapping[str, Any], key: str, *, limit: int = 4000) -> str:
    """Return what a person wrote under `key`, cut to `limit` characters and always encodable."""
    value = source.get(key)
    return value[:limit].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _without_repetition(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in pairs:
        if name in result:
            raise RepeatedName(name)
        result[name] = value
    return result


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _bounded_integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("a number is too long")
    return int(digits)
