"""
Verify and open the toy's callbacks.

Body: `{"number", "id", "answered_at"}`; header `x-toy-signature`: base64 HMAC-SHA256 of the body.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Self

from approval_gate.crypto.signatures import hmac_sha256_base64, is_equal
from approval_gate.errors import CallbackRejected
from approval_gate.ports import CallbackEvent, Clock, EventKind, Opened
from approval_gate.web import WebRequest, WebResponse

__all__ = ["Receiver"]

MAX_AGE = timedelta(hours=24)


class Receiver:
    """The inbound half for one shop."""

    def __init__(self, shared_secret: str, clock: Clock) -> None:
        if not shared_secret:
            raise CallbackRejected("callbacks are not set up")
        self._secret = shared_secret.encode()
        self._clock = clock

    @classmethod
    def from_credentials(cls, credentials: Mapping[str, str], clock: Clock) -> Self:
        """Build a receiver for one shop."""
        return cls(credentials.get("shared_secret", ""), clock)

    def open(self, request: WebRequest) -> Opened:
        """Verify and read one callback."""
        if not is_equal(hmac_sha256_base64(self._secret, request.body), request.headers.get("x-toy-signature", "")):
            raise CallbackRejected("signature")
        body = json.loads(request.body)
        answered_at = datetime.fromisoformat(body["answered_at"])
        if self._clock() - answered_at > MAX_AGE:
            raise CallbackRejected("age")
        event = CallbackEvent(
            provider_ref=body["number"],
            dedupe_key=body["id"],
            kind=EventKind.DECIDED,
            vendor_type="answer",
            vendor_status="answered",
            occurred_at=answered_at,
        )
        return Opened(WebResponse(body=b'{"taken":true}'), events=(event,), vendor_type="answer")
