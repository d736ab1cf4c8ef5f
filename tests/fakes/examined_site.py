"""One app of the gate that is examined on one simulated platform: both sides in this process, each with its clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx

from approval_gate.ports.checks import Check, Examiner
from approval_gate.providers import registry
from approval_gate.store.access_tokens import DynamoAccessTokens
from approval_gate.store.forms import DynamoForms
from tests.fakes.aws import TABLE
from tests.fakes.platform_site import PlatformSite
from tests.sender_kits import SenderKit

__all__ = ["ExaminedSite"]


class _Dated(httpx.BaseTransport):
    """Adds the platform's time to every answer, as a web server does."""

    def __init__(self, site: ExaminedSite) -> None:
        self._site = site

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._site.wire.handle_request(request)
        if self._site.tells_date:
            answer.headers["date"] = format_datetime(self._site.now, usegmt=True)
        return answer


class ExaminedSite(PlatformSite):
    """
    A simulator with the demo's people, and examiners of one app registered there.

    `credentials` may be changed to what an administrator typed; `skew_s` is how far the gate's clock is ahead of the
    platform's.
    """

    def __init__(self, kit: SenderKit, table: Any) -> None:
        super().__init__(kit, table)
        self.credentials = dict(kit.credentials)
        self.skew_s = 0.0
        self.tells_date = True
        self._dated = httpx.Client(transport=_Dated(self))

    def close(self) -> None:
        self._dated.close()
        super().close()

    def examiner(self) -> Examiner:
        """Return an examiner of the app."""
        clock = self._gate_clock
        examiner: Examiner = registry.examiner_type(self.kit.provider)(
            app=self.app,
            credentials=registry.credentials_type(self.kit.provider).from_fields(self.credentials),
            http=self._dated,
            tokens=DynamoAccessTokens(self._table, TABLE, clock, self.app),
            forms=DynamoForms(self._table, TABLE, clock, self.app),
            clock=clock,
        )
        return examiner

    def examine(self) -> dict[str, Check]:
        """Examine the app; the checks by name."""
        checks = self.examiner().examine()
        assert len({each.name for each in checks}) == len(checks)
        return {each.name: each for each in checks}

    def change_app(self, **fields: Any) -> None:
        """Change the app at the platform: `scopes`, `ip_allow_list`, `contact_range`, `monthly_quota` and the like."""
        self.control("POST", "apps", {**self.kit.credentials, **fields})

    def refuse(self, path: str, code: int | str, *, msg: str = "", method: str = "", status: int = 400) -> None:
        """Let the platform refuse every call of a path (prefix, or with `*`) with one of its codes."""
        fault = {"path": path, "method": method, "code": code, "msg": msg, "status": status, "times": None}
        self.control("POST", "faults", fault)

    def _gate_clock(self) -> datetime:
        return self.now + timedelta(seconds=self.skew_s)
