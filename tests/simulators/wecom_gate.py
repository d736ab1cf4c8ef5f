"""Our provider for one app, with a memory of its own, pointed at the simulator."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from approval_gate.domain.approval import Field, Identity, Link, Mode, Stage
from approval_gate.domain.truth import Truth
from approval_gate.ports import App, Draft
from approval_gate.providers.wecom.credentials import Credentials
from approval_gate.providers.wecom.sender import Sender
from tests.providers.wecom.fake_platform import MemoryForms, MemoryTokens
from tests.simulators.wecom import GATE, Wecom


def identity(userid: str) -> Identity:
    return Identity(userid, other_id=userid.lower())


def stage(mode: Mode, *people: str) -> Stage:
    return Stage(mode, tuple(identity(one) for one in people))


ONE = stage(Mode.ALL, "lead")


def draft(*stages: Stage, **changes: Any) -> Draft:
    now = datetime.now(UTC)
    given = Draft(
        approval_id="apr_01KF0AAAAAAAAAAAAAAAAAAAAA",
        title="Deploy web 1.42.0 to production",
        description="Rolls out the new checkout.\nSecond line.",
        fields=(Field("Commit", "9f1c2ab"),),
        links=(Link("Build 42", "https://ci.example.com/42"),),
        requester=identity("dev"),
        stages=stages or (ONE,),
        cc=(),
        created_at=now,
        expires_at=now + timedelta(hours=1),
    )
    return replace(given, **changes)


class Gate:
    """Our provider for one app; forms outlive a sender as the table does."""

    def __init__(self, wecom: Wecom, http: httpx.Client) -> None:
        self.wecom, self._http = wecom, http
        self.tokens, self.forms = MemoryTokens(), MemoryForms()

    def sender(self, *, later_by: timedelta = timedelta(), app: dict[str, str] = GATE, **credentials: str) -> Sender:
        return Sender(
            app=App(tenant="acme", id="prod", provider="wecom", base_url=self.wecom.simulator.base_url),
            credentials=Credentials.from_fields({**app, **credentials}),
            http=self._http,
            tokens=self.tokens,
            forms=self.forms,
            clock=lambda: datetime.now(UTC) + later_by,
        )

    def open(self, *stages: Stage, **changes: Any) -> str:
        return self.sender().open_approval(draft(*stages, **changes), may_exist=False).ref

    def truth(self, ref: str) -> Truth:
        return self.sender().read_truth(ref)

    @property
    def calls(self) -> list[str]:
        calls = self.wecom.control("GET", "calls")["calls"]
        return [one["path"].removeprefix("/cgi-bin/") for one in calls if "gettoken" not in one["path"]]
