"""One app of the gate on one simulated platform: both sides in this process, on one clock."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from approval_gate.domain.approval import (
    Approval,
    Field,
    Identity,
    Link,
    Mode,
    PersonRef,
    Policy,
    Request,
    Stage,
)
from approval_gate.errors import ProviderUnavailable
from approval_gate.ports import App, Draft, ProviderApproval, Sender
from approval_gate.ports.directory import Directory
from approval_gate.ports.messages import Messenger
from approval_gate.providers import registry
from approval_gate.store.access_tokens import DynamoAccessTokens
from approval_gate.store.forms import DynamoForms
from local.simulators.frame.clock import Clock as SimulatedClock
from local.simulators.frame.demo import seed_demo
from local.simulators.frame.ids import Ids
from local.simulators.frame.platform import Simulation
from local.simulators.frame.server import build_server
from local.simulators.platforms import PLATFORMS
from tests.fakes.aws import TABLE
from tests.fakes.wire import Fault, Wire
from tests.sender_kits import Call, SenderKit

__all__ = ["PlatformSite"]

START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
BASE_URL = "http://platform.test"
_numbers = itertools.count(1)


class PlatformSite:
    """
    A simulator with the demo's people, and senders of one app registered there.

    Args:
        table: a DynamoDB client; every site has items of its own in the one table.
    """

    def __init__(self, kit: SenderKit, table: Any) -> None:
        self.kit = kit
        self.now = START
        self._table = table
        self._app = App("acme", f"app-{next(_numbers)}", kit.provider, base_url=BASE_URL)
        rules, make = PLATFORMS[kit.provider]
        clock = SimulatedClock(wall=self._now_s)
        ids = Ids(random.Random(1))  # noqa: S311 - repeatable, not secret
        self._simulation = Simulation(rules, ":memory:", clock=clock, ids=ids)
        seed_demo(self._simulation)
        self.wire = Wire(build_server(self._simulation, make(self._simulation)))
        self._http = httpx.Client(transport=self.wire, base_url=BASE_URL)

    def close(self) -> None:
        self._http.close()
        self._simulation.store.close()

    # -- the gate's side

    def sender(self) -> Sender:
        """Return a sender as another worker would have it: what it knows of before is in the table."""
        credentials = registry.credentials_type(self.kit.provider).from_fields(self.kit.credentials)
        sender: Sender = registry.sender_type(self.kit.provider)(
            app=self._app,
            credentials=credentials,
            http=self._http,
            tokens=DynamoAccessTokens(self._table, TABLE, self.clock, self._app),
            forms=DynamoForms(self._table, TABLE, self.clock, self._app),
            clock=self.clock,
        )
        return sender

    def messenger(self) -> Messenger:
        """Return a messenger of the same app, as another worker would have it."""
        credentials = registry.credentials_type(self.kit.provider).from_fields(self.kit.credentials)
        messenger: Messenger = registry.messenger_type(self.kit.provider)(
            app=self._app,
            credentials=credentials,
            http=self._http,
            tokens=DynamoAccessTokens(self._table, TABLE, self.clock, self._app),
            forms=DynamoForms(self._table, TABLE, self.clock, self._app),
            clock=self.clock,
        )
        return messenger

    def directory(self) -> Directory:
        """Return a directory of the same app."""
        credentials = registry.credentials_type(self.kit.provider).from_fields(self.kit.credentials)
        directory: Directory = registry.directory_type(self.kit.provider)(
            app=self._app,
            credentials=credentials,
            http=self._http,
            tokens=DynamoAccessTokens(self._table, TABLE, self.clock, self._app),
            forms=DynamoForms(self._table, TABLE, self.clock, self._app),
            clock=self.clock,
        )
        return directory

    @property
    def app(self) -> App:
        """The app as it is registered at the gate."""
        return self._app

    def clock(self) -> datetime:
        return self.now

    def _now_s(self) -> float:
        return self.now.timestamp()

    def later(self, seconds: float) -> None:
        """Let time pass on both sides."""
        self.now += timedelta(seconds=seconds)

    def ref(self, name: str, field: str = "approver") -> PersonRef:
        return PersonRef(self.kit.kind, self.kit.addresses.get(name, name), field)

    def people(self, *names: str) -> tuple[Identity, ...]:
        return self.sender().find_people([self.ref(name) for name in names])

    def draft(self, *stages: tuple[Mode, Sequence[str]]) -> Draft:
        """Return a draft by `dev`, as a request of this moment would give it."""
        (requester,) = self.people("dev")
        return Draft(
            approval_id=f"apr_{next(_numbers):026d}",
            title="Deploy web 1.42.0 到生产环境",
            description="Rolls out the new checkout.",
            fields=(Field("Commit", "9f1c2ab"),),
            links=(Link("Build 42", "https://ci.example.com/42"),),
            requester=requester,
            stages=tuple(Stage(mode, self.people(*names)) for mode, names in stages or ((Mode.ALL, ("lead",)),)),
            cc=(),
            created_at=self.now,
            expires_at=self.now + timedelta(hours=1),
        )

    def approval(self, draft: Draft, ref: str, policy: Policy | None = None) -> Approval:
        """Return the approval as the gate would have stored it."""
        request = Request(self._app.id, draft.title, (), 3600, policy=policy or Policy())
        return Approval(
            id=draft.approval_id,
            tenant="acme",
            provider=self.kit.provider,
            request=request,
            created_at=draft.created_at,
            expires_at=draft.expires_at,
            requester=draft.requester,
            stages=draft.stages,
            provider_ref=ref,
        )

    def open_until_settled(self, draft: Draft) -> ProviderApproval:
        """Try again as the state machine does: an earlier attempt may have reached the platform."""
        for _ in range(10):
            try:
                return self.sender().open_approval(draft, may_exist=True)
            except ProviderUnavailable as err:
                self.later(err.retry_after_s or 30)
        raise AssertionError("never settled")

    # -- what happens to calls

    def fail(self, call: Call, answer: httpx.Response | Exception, *, times: int = 1) -> None:
        """Answer the next calls in this way; the platform hears nothing of them."""
        self.wire.faults.append(Fault(call.matches, answer, times, is_carried_out=False))

    def lose(self, call: Call, answer: httpx.Response | BaseException) -> None:
        """Let the platform act on the next call and lose its answer."""
        self.wire.faults.append(Fault(call.matches, answer, 1, is_carried_out=True))

    def calls(self, call: Call) -> int:
        return self.wire.calls(call.matches)

    # -- the platform's side

    def control(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = self._http.request(method, f"/_sim/{path}", json=body)
        assert answer.is_success, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def decide(self, ref: str, decision: str, name: str = "", *, comment: str = "", to: str = "") -> None:
        """Do what a person does in the platform's own application; the next in turn where nobody is named."""
        body = {"decision": decision, "user_id": name, "comment": comment, "to": to}
        self.control("POST", f"approvals/{ref}/decide", body)

    def approve_all(self, ref: str) -> None:
        while self.status(ref) == "pending":
            self.decide(ref, "approve", comment="同意 ok")

    def status(self, ref: str) -> str:
        return str(self.control("GET", f"approvals/{ref}")["status"])

    def refs(self) -> list[str]:
        """Return every approval that exists on the platform."""
        return [one["ref"] for one in self.control("GET", "approvals")["approvals"]]
