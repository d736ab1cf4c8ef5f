"""A request and a response as bytes, independent of API Gateway: what is signed is bytes, not text."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

__all__ = ["WebRequest", "WebResponse"]


@dataclass(frozen=True, slots=True)
class WebRequest:
    """
    One request, exactly as it was sent.

    Args:
        method: upper case.
        headers: names in lower case.
        query: decoded parameters; the last of a repeated name wins.
        body: the exact bytes; signatures are computed over these.
    """

    method: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def from_api_gateway(cls, event: Mapping[str, Any]) -> WebRequest:
        """
        Read an HTTP API event, payload format 2.0.

        API Gateway hands over bodies it takes for binary base64-encoded; they are decoded here, strictly, so that a
        signature is checked over what the sender signed.

        Raises:
            ValueError: the body is marked base64 and is not.
        """
        raw = event.get("body") or ""
        if event.get("isBase64Encoded"):
            try:
                body = base64.b64decode(raw, validate=True)
            except binascii.Error as err:
                message = "body is marked base64 and is not"
                raise ValueError(message) from err
        else:
            body = raw.encode()
        return cls(
            method=str(event.get("requestContext", {}).get("http", {}).get("method", "")).upper(),
            headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
            # rawQueryString, not queryStringParameters: the latter joins repeated names by commas.
            query=dict(parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True)),
            body=body,
        )


@dataclass(frozen=True, slots=True)
class WebResponse:
    """One answer. `body` goes out byte for byte."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"

    def to_api_gateway(self) -> dict[str, Any]:
        """Return the HTTP API answer, payload format 2.0."""
        headers = {"content-type": self.content_type} if self.body else {}
        return {"statusCode": self.status, "headers": headers, "body": self.body.decode(), "isBase64Encoded": False}
