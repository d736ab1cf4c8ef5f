"""Calls of an examination: each ends in a reply, and none in an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from approval_gate.errors import ProviderError, ProviderUnavailable
from approval_gate.fresh_token import FreshToken
from approval_gate.providers.feishu.advice import filled
from approval_gate.providers.feishu.client import Answered, Client
from approval_gate.providers.feishu.errcodes import advice_on
from approval_gate.providers.feishu.findings import UNREACHABLE
from approval_gate.providers.feishu.replies import Reply

if TYPE_CHECKING:
    import httpx

    from approval_gate.ports import App, Clock
    from approval_gate.providers.feishu.credentials import Credentials
    from approval_gate.providers.feishu.edition import Edition

__all__ = ["Inquiry"]


class Inquiry:
    """
    One examination's calls.

    Once nobody answered, all further calls end likewise without being made: whoever examines waits for one call that
    hangs, not for six.

    Args:
        edition: of the deployment that is asked.
    """

    def __init__(self, edition: Edition, app: App, credentials: Credentials, http: httpx.Client, clock: Clock) -> None:
        self._edition = edition
        self._host = urlsplit(app.base_url or edition.api_base).hostname or ""
        self._clock = clock
        self._last: Answered | None = None
        self._lost: Reply | None = None
        self._client = Client(edition, app, credentials, http, FreshToken(), self._watch)
        self.date, self.received_at = "", datetime.fromtimestamp(0, UTC)
        """The platform's time as its last answer told it, and ours at that moment."""

    def sign_in(self) -> Reply:
        """Fetch an access token."""

        def call() -> dict[str, Any]:
            self._client.sign_in()
            return {}

        return self._reply(call)

    def read(self, operation: str, path: str, query: Mapping[str, str] | None = None) -> Reply:
        """GET; the reply's data is the answer's `data`."""
        return self._reply(lambda: self._client.call(operation, "GET", path, query=query))

    def read_flat(self, operation: str, path: str) -> Reply:
        """GET; the reply's data is the whole answer."""
        return self._reply(lambda: self._client.call_flat(operation, "GET", path))

    def look_up(self, operation: str, path: str, body: Mapping[str, Any]) -> Reply:
        """POST a question that changes nothing."""
        return self._reply(lambda: self._client.call(operation, "POST", path, body=body))

    def _reply(self, call: Callable[[], Mapping[str, Any]]) -> Reply:
        if self._lost:
            return self._lost
        self._last = None
        try:
            return Reply(call())
        except ProviderError as err:
            complaint = self._last.complaint if self._last else None
            may_pass = isinstance(err, ProviderUnavailable)
        if complaint:
            return Reply(advice=advice_on(self._edition, complaint), code=str(complaint.code or ""), may_pass=may_pass)
        self._lost = Reply(advice=filled(UNREACHABLE, self._edition, host=self._host), may_pass=True)
        return self._lost

    def _watch(self, answered: Answered) -> None:
        self._last = answered
        # A proxy's page tells the proxy's time.
        if answered.date and (answered.complaint is None or answered.complaint.code is not None):
            self.date, self.received_at = answered.date, self._clock()
