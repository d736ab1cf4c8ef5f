"""
Ask the platform for an examination, and keep what came of each call.

Most calls ask for something that does not exist. So a refusal is often the best answer: it shows that the call came
past the platform's gateway, which looks at address, token, permission and quota before anything else. What the gateway
itself refuses is known by its code, or by HTTP 403.

Source: DingTalk developer docs, "Server API error codes", "How to process API throttling", read 2026-02-28.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from approval_gate.errors import ProviderError, ProviderUnavailable
from approval_gate.fresh_token import FreshToken
from approval_gate.providers.dingtalk import advice
from approval_gate.providers.dingtalk.client import Answered, Client
from approval_gate.providers.dingtalk.errcodes import (
    IP_DENIED,
    PERMISSION_MISSING,
    QUOTA_USED_UP,
    advice_on,
    is_token_refused,
    last_part,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from approval_gate.ports import App, Clock
    from approval_gate.providers.dingtalk.credentials import Credentials
    from approval_gate.providers.dingtalk.errcodes import Complaint
    from approval_gate.verdicts import Advice

__all__ = ["Finding", "Inquiry"]

_NOT_A_BUSINESS_ANSWER = frozenset({401, 403, 404})
_NO_SUCH_CALL = frozenset({"", "22"})


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What came of one call.

    Args:
        body: of a success, else empty.
        complaint: of the platform's answer, None for success and where none came.
        error: None for success.
    """

    operation: str
    body: Mapping[str, Any] = field(default_factory=dict)
    complaint: Complaint | None = None
    error: ProviderError | None = None

    @property
    def code(self) -> str:
        """The vendor's code as the tables have it, "" for none."""
        return last_part(self.complaint.code) if self.complaint else ""

    @property
    def is_address_refused(self) -> bool:
        """Tell whether the platform does not take calls from our address."""
        return self.code in IP_DENIED

    @property
    def is_permission_missing(self) -> bool:
        """Tell whether the app may not make this call."""
        return self.code in PERMISSION_MISSING

    @property
    def is_quota_used_up(self) -> bool:
        """Tell whether the month's calls are used up."""
        return self.code in QUOTA_USED_UP

    @property
    def is_unclear(self) -> bool:
        """Tell whether trying again may tell something else."""
        return isinstance(self.error, ProviderUnavailable)

    @property
    def is_past_the_gateway(self) -> bool:
        """Tell whether the call was let through, whatever was answered then."""
        if self.error is None:
            return True
        if self.complaint is None or self.is_unclear or self.complaint.http_status in _NOT_A_BUSINESS_ANSWER:
            return False
        if is_token_refused(self.complaint.http_status, self.complaint.code):
            return False
        return self.code not in IP_DENIED | PERMISSION_MISSING | QUOTA_USED_UP | _NO_SUCH_CALL

    @property
    def advice(self) -> Advice:
        """What to do about it."""
        return advice_on(self.operation, self.complaint) if self.complaint else advice.NO_ANSWER


class Inquiry:
    """
    The calls of one examination, with an access token of its own.

    `date` is the platform's time as its last answer told it, `received_at` ours at that moment.
    """

    def __init__(self, app: App, credentials: Credentials, http: httpx.Client, clock: Clock) -> None:
        self.client = Client(app, credentials, http, FreshToken(), clock, self._note)
        self.date = ""
        self.received_at = datetime.fromtimestamp(0, UTC)
        self._clock = clock
        self._complaint: Complaint | None = None

    def sign_in(self) -> Finding:
        """Fetch an access token."""

        def fetch() -> dict[str, Any]:
            self.client.sign_in()
            return {}

        return self.ask("fetch_token", fetch)

    def ask(self, operation: str, call: Callable[[], Mapping[str, Any]]) -> Finding:
        """Make one call; whatever comes of it is a finding."""
        self._complaint = None
        try:
            return Finding(operation, call())
        except ProviderError as err:
            return Finding(operation, complaint=self._complaint, error=err)

    def _note(self, answered: Answered) -> None:
        self._complaint = answered.complaint
        # A proxy's page tells the proxy's time.
        if answered.date and (answered.complaint is None or answered.complaint.code):
            self.date, self.received_at = answered.date, self._clock()
