"""One authorised call, read: the app that calls, the parameters of its path, its query and its body."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from local.simulators.dingtalk.answers import OldProblem, Problem
from local.simulators.frame.apps import App
from local.simulators.frame.web import ApiCall

__all__ = ["DingCall", "form_or_json"]


@dataclass(frozen=True, slots=True)
class DingCall:
    """
    One call.

    Args:
        body: the object that was sent; empty when there was none.
    """

    app: App
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    client_ip: str = ""

    # -- newer API: words as codes, other ones for each call

    def text(self, name: str, code: str = "invalidParameter", *, required: bool = True, largest: int = 65535) -> str:
        """
        Return a text member of the body.

        Raises:
            Problem: missing, no text or too long.
        """
        value = self.body.get(name)
        if value in (None, "") and not required:
            return ""
        if not isinstance(value, str) or not value or len(value) > largest:
            raise Problem(code, f"{name} must be text of 1 to {largest} characters")
        return value

    def whole(self, name: str, code: str) -> int:
        """Return a whole number of the body."""
        value = self.body.get(name)
        if type(value) is not int:
            raise Problem(code, f"{name} must be a whole number")
        return value

    def texts(self, name: str, code: str = "invalidParameter", *, largest: int) -> list[str]:
        """Return a list of texts of the body, empty when absent."""
        value = self.body.get(name) or []
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise Problem(code, f"{name} must be a list of texts")
        if len(value) > largest:
            raise Problem(code, f"{name} takes {largest} entries")
        return value

    def asked(self, name: str, code: str = "invalidParameter") -> str:
        """Return a parameter of the query."""
        value = self.query.get(name, "")
        if not value:
            raise Problem(code, f"{name} is required")
        return value

    # -- older API: numbers as codes

    def old_text(self, name: str) -> str:
        """
        Return a text member of the body.

        Raises:
            OldProblem: missing (40035) or no text (400002).
        """
        value = self.body.get(name)
        if value in (None, ""):
            raise OldProblem(40035, f"缺少参数 {name}")
        if not isinstance(value, str):
            raise OldProblem(400002, f"参数错误 {name}")
        return value

    def old_whole(self, name: str, default: int | None = None) -> int:
        """Return a whole number of the body; forms send them as text."""
        value = self.body.get(name, default)
        if value is None:
            raise OldProblem(40035, f"缺少参数 {name}")
        if isinstance(value, str) and value.isdecimal() and len(value) < 20:
            value = int(value)
        if type(value) is not int:
            raise OldProblem(400002, f"参数错误 {name}")
        return value


def form_or_json(call: ApiCall) -> dict[str, Any] | None:
    """Return the body as an object; the older host also takes forms, with nested values as JSON. None: neither."""
    if not call.body:
        return {}
    if call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {
            name: _nested(value)
            for name, value in parse_qsl(call.body.decode(errors="replace"), keep_blank_values=True)
        }
    try:
        parsed = json.loads(call.body)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _nested(value: str) -> Any:
    if not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
