"""
Ask the platform for an examination, and keep what came of each call.

Source: WeCom developer docs, "Get access_token", "Get department list", "Get approval numbers in bulk", "Get template
details", "Global error codes", read 2026-02-28; "Get application" from memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from approval_gate.errors import ProviderError, ProviderThrottled, ProviderUnavailable
from approval_gate.fresh_token import FreshToken
from approval_gate.providers.wecom import advice
from approval_gate.providers.wecom.client import Answered, Client
from approval_gate.providers.wecom.documents import Element
from approval_gate.providers.wecom.errcodes import IP_DENIED, advice_on

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from approval_gate.ports import App, Clock
    from approval_gate.providers.wecom.credentials import Credentials
    from approval_gate.providers.wecom.errcodes import Complaint
    from approval_gate.verdicts import Advice

__all__ = ["Finding", "Inquiry"]

_BASE_URL = "https://qyapi.weixin.qq.com"
_AGENT_PATH = "/cgi-bin/agent/get"
_LIST_PATH = "/cgi-bin/oa/getapprovalinfo"
_TEMPLATE_PATH = "/cgi-bin/oa/gettemplatedetail"
_DEPARTMENTS_PATH = "/cgi-bin/department/simplelist"
_A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What came of one call.

    Args:
        document: of a success, else empty.
        complaint: of the platform's answer, None for success and where none came.
        error: None for success.
    """

    operation: str
    document: Element = field(default_factory=Element)
    complaint: Complaint | None = None
    error: ProviderError | None = None

    @property
    def code(self) -> int | None:
        """The vendor's code, None for success and where none came."""
        return self.complaint.code if self.complaint else None

    @property
    def is_address_refused(self) -> bool:
        """Tell whether the platform does not take calls from our address."""
        return self.code == IP_DENIED

    @property
    def is_unclear(self) -> bool:
        """Tell whether the answer says nothing of the app: trying again may tell something else, or a page came."""
        return isinstance(self.error, ProviderUnavailable) or (self.error is not None and self.code is None)

    @property
    def is_throttled(self) -> bool:
        """Tell whether the platform asked to slow down."""
        return isinstance(self.error, ProviderThrottled)

    @property
    def advice(self) -> Advice:
        """What to do about it."""
        return advice_on(self.operation, self.complaint) if self.complaint else advice.NO_ANSWER


class Inquiry:
    """
    The calls of one examination, with an access token of its own; all of them only read.

    `date` is the platform's time as its last answer told it, `received_at` ours at that moment.
    """

    def __init__(self, app: App, credentials: Credentials, http: httpx.Client, clock: Clock) -> None:
        self._client = Client(
            app.id,
            (app.base_url or _BASE_URL).rstrip("/"),
            credentials=credentials,
            http=http,
            tokens=FreshToken(),
            clock=clock,
            watch=self._note,
        )
        self.date = ""
        self.received_at = datetime.fromtimestamp(0, UTC)
        self._credentials = credentials
        self._clock = clock
        self._complaint: Complaint | None = None

    def sign_in(self) -> Finding:
        """Fetch an access token."""

        def fetch() -> Element:
            self._client.sign_in()
            return Element()

        return self._ask("fetch_token", fetch)

    def agent(self) -> Finding:
        """Read the app as the platform knows it."""
        query = {"agentid": self._credentials.agent_id}
        return self._ask("read_agent", lambda: self._client.read("read_agent", _AGENT_PATH, query))

    def approvals(self) -> Finding:
        """List the approvals of the last minute."""
        now = self._clock()
        body = {
            "starttime": str(int((now - _A_MINUTE).timestamp())),
            "endtime": str(int(now.timestamp())),
            "new_cursor": "",
            "size": 1,
        }
        return self._ask("list_approvals", lambda: self._client.call("list_approvals", _LIST_PATH, body))

    def template(self) -> Finding:
        """Read the configured template."""
        body = {"template_id": self._credentials.template_id}
        return self._ask("read_template", lambda: self._client.call("read_template", _TEMPLATE_PATH, body))

    def departments(self) -> Finding:
        """List the departments that the app sees."""
        return self._ask("list_departments", lambda: self._client.read("list_departments", _DEPARTMENTS_PATH, {}))

    def _ask(self, operation: str, call: Callable[[], Element]) -> Finding:
        self._complaint = None
        try:
            return Finding(operation, call())
        except ProviderError as err:
            return Finding(operation, complaint=self._complaint, error=err)

    def _note(self, answered: Answered) -> None:
        self._complaint = answered.complaint
        # A proxy's page tells the proxy's time.
        if answered.date and (answered.complaint is None or answered.complaint.code is not None):
            self.date, self.received_at = answered.date, self._clock()
