"""One authorised call, read: the app that calls, the parameters of its path, its query and its JSON body."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.simulators.feishu.answers import Problem, invalid
from local.simulators.frame.apps import App

__all__ = ["FeishuCall", "page_of"]


@dataclass(frozen=True, slots=True)
class FeishuCall:
    """
    One call.

    Args:
        params: of the path, such as `{"approval_code": "..."}`.
        body: the JSON object that was sent; empty when there was none.
    """

    app: App
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)

    def text(self, name: str, *, required: bool = True) -> str:
        """Return a text member of the body or refuse as the approval interface does."""
        value = self.body.get(name)
        if value is None or value == "":
            if required:
                raise invalid(f"{name} is required")
            return ""
        if not isinstance(value, str):
            raise invalid(f"{name} must be text")
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of texts of the body, empty when absent."""
        value = self.body.get(name) or []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise invalid(f"{name} must be a list of texts")
        return value

    def user_id_type(self) -> str:
        """Return the type of ids the call speaks."""
        given = self.query.get("user_id_type") or "open_id"
        if given not in {"open_id", "union_id", "user_id"}:
            raise field_violation("user_id_type", given, "must be open_id, union_id or user_id")
        return given

    @staticmethod
    def json_text(value: Any) -> str:
        """Return JSON inside JSON, as the platform writes it."""
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def field_violation(name: str, value: object, description: str) -> Problem:
    """Return the gateway's answer to a malformed parameter."""
    violation = {"field": name, "value": str(value), "description": description}
    return Problem(99992402, error={"field_violations": [violation]})


def page_of[T](call: FeishuCall, items: list[T], *, default: int, largest: int) -> tuple[list[T], dict[str, Any]]:
    """
    Cut one page out of a list.

    Returns: its items, and `{"has_more", "page_token"}`.

    Raises:
        Problem: page_size or page_token is out of range.
    """
    size_text, token = call.query.get("page_size") or str(default), call.query.get("page_token") or "0"
    if not size_text.isdecimal() or not 1 <= int(size_text) <= largest:
        raise field_violation("page_size", size_text, f"must be 1 to {largest}")
    # The token is opaque to callers; inside it is the position.
    try:
        start = int(token, 36)
    except ValueError:
        start = -1
    if not 0 <= start <= len(items):
        raise field_violation("page_token", token, "is invalid")
    end = start + int(size_text)
    return items[start:end], {"has_more": end < len(items), "page_token": _base36(end) if end < len(items) else ""}


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits or "0"
