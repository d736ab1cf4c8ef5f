"""Calls of an examination: each ends in a reply, and none in an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from approval_gate.errors import ProviderError, ProviderUnavailable
from approval_gate.providers.feishu.advice import filled
from approval_gate.providers.feishu.client import Answered, Client
from approval_gate.providers.feishu.errcodes import advice_on
from approval_gate.providers.feishu.findings import UNREACHABLE
from approval_gate.providers.feishu.replies import Reply

if TYPE_CHECKING:
    from datetime import timedelta

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

    The access token is fetched anew and kept for the examination only: a stored one would hide that the secret is
    wrong by now.

    Args:
        edition: of the deployment that is asked.
    """

    def __init__(self, edition: Edition, app: App, credentials: Credentials, http: httpx.Client, clock: Clock) -> None:
        self._edition = edition
        self._host = urlsplit(app.base_url or edition.api_base).hostname or ""
        self._clock = clock
        self._last: Answered | None = None
        self._lost: Reply | None = None
        self._client = Client(edition, app, credentials, http, _OneToken(), self._watch)
        self.ahead_by: timedelta | None = None
        """How far our clock is ahead of the platform's; None as long as it told no time."""

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
        is_platform = answered.complaint is None or answered.complaint.code is not None
        if self.ahead_by is not None or not is_platform:
            return
        try:
            told = parsedate_to_datetime(answered.date)
            self.ahead_by = self._clock() - told
        except (TypeError, ValueError):
            return  # none, unreadable, or without its zone


class _OneToken:
    """Keeps one access token, for as long as an examination takes."""

    def __init__(self) -> None:
        self._token = ""

    def get(self, fetch: Callable[[], tuple[str, float]]) -> str:
        self._token = self._token or fetch()[0]
        return self._token

    def drop(self, token: str) -> None:
        if token == self._token:
            self._token = ""
