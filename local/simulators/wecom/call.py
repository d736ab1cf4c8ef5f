"""One authorised call, read: the app that calls, its query and its JSON body."""

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from local.simulators.frame.apps import App
from local.simulators.wecom.answers import Problem

__all__ = ["WecomCall", "agent_id", "corp_id", "is_one_of", "readable"]


@dataclass(frozen=True, slots=True)
class WecomCall:
    """
    One call.

    Args:
        body: the JSON object that was sent; empty when there was none.
    """

    app: App
    query: Mapping[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def corp_id(self) -> str:
        """Return the company of the app."""
        return corp_id(self.app)

    def parameter(self, name: str) -> str:
        """Return a parameter of a GET call as text; the same calls are answered by POST with a body too."""
        value = self.query.get(name) or self.body.get(name)
        return "" if value is None else str(value)

    def text(self, name: str) -> str:
        """Return a text of the body; 40063 when it is missing, 40058 when it is none."""
        value = self.body.get(name)
        if value is None or value == "":
            raise Problem(40063, name)
        if not isinstance(value, str):
            raise Problem(40058, f"{name} must be a string")
        return value


def readable(raw: bytes) -> dict[str, Any]:
    """
    Return the JSON object that a body is.

    Raises:
        Problem: it is none, or holds what is no text.
    """
    try:
        body = json.loads(raw)
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as err:
        raise Problem(47001) from err
    if not isinstance(body, dict):
        raise Problem(47001)
    return body


def is_one_of[T: (int, str)](value: object, allowed: Container[T]) -> TypeGuard[T]:
    """Tell whether a stranger's value is one of these numbers or texts; anything else, true and false too, is not."""
    return type(value) in {int, str} and value in allowed


def corp_id(app: App) -> str:
    """Return the company that an app belongs to."""
    return app.extra.get("corp_id", "")


def agent_id(app: App) -> str:
    """Return the number of an app inside its company."""
    return app.extra.get("agent_id", "")
