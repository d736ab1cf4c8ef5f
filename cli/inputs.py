"""What people type on the command line, read into what the API takes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import click

from cli.exits import Misused

__all__ = [
    "DESTINATION",
    "DURATION",
    "LIMIT",
    "LINK",
    "PAIR",
    "PERSON",
    "STAGE",
    "UNLIMITED",
    "named_values",
    "pairs_of",
    "read_json",
]

_PEOPLE = ("user_id", "email", "mobile", "account", "department", "group")
_DESTINATIONS = ("user_id", "email", "mobile", "account", "department", "chat", "robot")
_SHORT = {"user": "user_id", "mail": "email", "phone": "mobile"}
_MODES = ("all", "any", "sequence")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


class _Named(click.ParamType):
    """One person or destination: `{"email": "a@example.com"}`."""

    def __init__(self, name: str, kinds: Sequence[str]) -> None:
        self.name = name
        self._kinds = kinds

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, dict):
            return value
        text = str(value).strip()
        if text == "everyone" and "chat" in self._kinds:
            return {"everyone": True}
        kind, colon, rest = text.partition(":")
        kind = _SHORT.get(kind, kind)
        if colon and kind in self._kinds and rest.strip():
            return {kind: rest.strip()}
        if re.fullmatch(r"[^@\s:]+@[^@\s]+", text):
            return {"email": text}
        if re.fullmatch(r"\+[0-9][0-9 ()-]{4,}|1[0-9]{10}", text):
            return {"mobile": text}
        also = ", everyone" if "chat" in self._kinds else ""
        how = f"{', '.join(f'{kind}:…' for kind in self._kinds)}{also}"
        return self.fail(
            f"{text!r}: give an e-mail address, a mobile number (+8613800000000), or say what it is: {how}.", param, ctx
        )


class _Stage(click.ParamType):
    """One stage: `any:lead@example.com,+8613800000000`; without a mode, `all`."""

    name = "[mode:]person,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, dict):
            return value
        mode, colon, rest = str(value).partition(":")
        if not colon or mode not in _MODES:
            mode, rest = "all", str(value)
        people = [PERSON.convert(each, param, ctx) for each in rest.split(",") if each.strip()]
        if not people:
            self.fail(f"{value!r} names nobody: write it as any:lead@example.com,qa@example.com", param, ctx)
        return {"mode": mode, "approvers": people}


class _Pair(click.ParamType):
    """`name=value`; the value may contain `=`."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        name, equals, rest = str(value).partition("=")
        if not equals or not name.strip():
            self.fail(f"{value!r}: write it as name=value", param, ctx)
        return name.strip(), rest


class _Link(click.ParamType):
    """`title=address`, or an address, which is its own title."""

    name = "title=address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, dict):
            return value
        text = str(value).strip()
        if re.match(r"https?://", text):
            return {"title": text[:200], "url": text}
        title, equals, url = text.partition("=")
        if not equals or not re.match(r"https?://", url.strip()):
            self.fail(f"{value!r}: write it as Build 42=https://ci.example.com/42", param, ctx)
        return {"title": title.strip(), "url": url.strip()}


class _Duration(click.ParamType):
    """A number of seconds, or with a unit: 90s, 15m, 2h, 7d."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([0-9]{1,9})\s*([smhd]?)", str(value).strip().lower())
        if not found:
            self.fail(f"{value!r}: write seconds, or 90s, 15m, 2h, 7d", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


class _Limit(click.ParamType):
    """A number, or `unlimited`, which the API writes as null."""

    name = "number|unlimited"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        text = str(value).strip().lower()
        if text != UNLIMITED and not re.fullmatch(r"[0-9]{1,8}", text):
            self.fail(f"{value!r}: write a number, or {UNLIMITED}", param, ctx)
        return text


UNLIMITED = "unlimited"
PERSON = _Named("person", _PEOPLE)
DESTINATION = _Named("destination", _DESTINATIONS)
STAGE, PAIR, LINK, DURATION, LIMIT = _Stage(), _Pair(), _Link(), _Duration(), _Limit()


def named_values(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Return pairs as the API takes fields."""
    return [{"name": name, "value": value} for name, value in pairs]


def pairs_of(pairs: Sequence[tuple[str, str]], option: str) -> dict[str, str]:
    """
    Return pairs as an object.

    Raises:
        Misused: a name stands twice.
    """
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise Misused(f"{option} {name}= stands twice: leave one out.")
        found[name] = value
    return found


def read_json(text: str, source: str) -> dict[str, Any]:
    """
    Return the JSON object in a file's text.

    Raises:
        Misused: it is none, or a name stands twice in it; its content, which may be secret, is not repeated.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if twice := {name for name in names if names.count(name) > 1}:
            raise Misused(f"{source}: {', '.join(sorted(twice))} stands twice: leave one out.")
        return dict(pairs)

    try:
        found = json.loads(text, object_pairs_hook=once)
    except ValueError as err:
        where = f"line {err.lineno}, column {err.colno}" if isinstance(err, json.JSONDecodeError) else "its start"
        raise Misused(f"{source} is not JSON: look at {where}.") from None
    if not isinstance(found, dict):
        raise Misused(f"{source} must hold one JSON object.")
    return found
