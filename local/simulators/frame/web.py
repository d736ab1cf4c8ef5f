"""One call to a platform's API and its answer, as bytes, so that platforms know nothing of the web framework."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ApiAnswer", "ApiCall", "Outgoing", "SimError"]


class SimError(Exception):
    """A control request that cannot be done; the text says what to do next."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class ApiCall:
    """
    One request to a platform's API.

    Args:
        headers: names in lower case.
        query: decoded; the last of a repeated name wins.
        client_ip: where it came from, for allow lists.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    client_ip: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """
    One answer of a platform's API.

    Args:
        content: what is sent as JSON, unless `raw` is given.
        raw: exact body text, such as a proxy's HTML page.
        app: id of the app that called, for the log of calls.
        code: the platform's own result code, for the log of calls.
    """

    content: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: str | None = None
    content_type: str = "application/json; charset=utf-8"
    app: str = ""
    code: int | str | None = None

    @property
    def body(self) -> bytes:
        """Return the bytes to send."""
        if self.raw is not None:
            return self.raw.encode()
        return json.dumps(self.content, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request that the platform sends to an app's request address."""

    url: str
    body: bytes = b""
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
