"""
A small Feishu that keeps state and speaks HTTP through `httpx.MockTransport`.

It knows what the sender calls: access tokens that can be made to expire, look-up of people, definitions, instances
with `uuid`, withdrawal, copies. Faults are queued by path and happen before or after the call took effect.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from approval_gate.ports import App
from approval_gate.providers.feishu.credentials import Credentials
from approval_gate.providers.feishu.sender import Sender
from tests.fakes.memory import MemoryForms, MemoryTokens

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NOW", "FakePlatform", "MemoryForms", "MemoryTokens", "refusal"]

NOW = datetime(2026, 1, 15, 3, 30, 0, tzinfo=UTC)
APP_ID = "cli_a1b2c3d4e5f60718"
APP_SECRET = "very-secret-app-secret"
STARTED_MS = "1768447800123"

type Fault = httpx.Response | Exception


def refusal(code: int, *, status: int = 400, headers: Mapping[str, str] | None = None, **error: Any) -> httpx.Response:
    """Return an answer in the vendor's shape of errors."""
    body = {"code": code, "msg": "some text of the vendor", "error": error}
    return httpx.Response(status, json=body, headers=headers)


@dataclass
class Call:
    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    token: str


@dataclass
class FakePlatform:
    """One tenant with one app. `people` maps an address to entries of `user_list`."""

    people: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    definitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    subscribed: set[str] = field(default_factory=set)
    instances: dict[str, dict[str, Any]] = field(default_factory=dict)
    copies: list[dict[str, Any]] = field(default_factory=list)
    token_life_s: int = 7200

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._valid_tokens: set[str] = set()
        self._before: dict[str, list[Fault]] = defaultdict(list)
        self._after: dict[str, list[Fault]] = defaultdict(list)

    # -- controls

    def fail(self, path: str, *faults: Fault) -> None:
        """Answer the next calls to a path in this way, without effect."""
        self._before[path] += faults

    def lose_answer(self, path: str, fault: Fault) -> None:
        """Let the next call to a path take effect, and answer in this way."""
        self._after[path].append(fault)

    def expire_tokens(self) -> None:
        self._valid_tokens.clear()

    def called(self, path: str) -> list[Call]:
        return [call for call in self.calls if call.path == path]

    @property
    def counted_calls(self) -> list[str]:
        """What counts against a tenant's quota: all but authentication."""
        return [call.path.removeprefix("/open-apis") for call in self.calls if "/auth/" not in call.path]

    # -- HTTP

    def http(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._handle))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        body = json.loads(request.content) if request.content else {}
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.calls.append(Call(request.method, path, dict(request.url.params), body, token))
        if self._before[path]:
            return self._happen(self._before[path].pop(0))
        if path == "/open-apis/auth/v3/tenant_access_token/internal":
            return self._token(body)
        if token not in self._valid_tokens:
            return refusal(99991663)
        answer = self._answer(request.method, path, body)
        if self._after[path]:
            return self._happen(self._after[path].pop(0))
        return answer

    def _happen(self, fault: Fault) -> httpx.Response:
        if isinstance(fault, Exception):
            raise fault
        return fault

    def _token(self, body: dict[str, Any]) -> httpx.Response:
        if body != {"app_id": APP_ID, "app_secret": APP_SECRET}:
            return httpx.Response(200, json={"code": 10014, "msg": "app id not exists"})
        token = f"t-{next(self._numbers)}"
        self._valid_tokens.add(token)
        return httpx.Response(
            200, json={"code": 0, "msg": "ok", "tenant_access_token": token, "expire": self.token_life_s}
        )

    def _answer(  # noqa: PLR0911 - one answer per call of the API
        self, method: str, path: str, body: dict[str, Any]
    ) -> httpx.Response:
        path = path.removeprefix("/open-apis")
        match method, path.removeprefix("/approval/v4").split("/")[1:]:
            case "POST", ["contact", "v3", "users", "batch_get_id"]:
                return self._ids(body)
            case "POST", ["approvals"]:
                code = f"DEFINITION-{next(self._numbers)}"
                self.definitions[code] = body
                return _success({"approval_code": code, "approval_id": "1"})
            case "GET", ["approvals", code]:
                nodes = self.definitions[code]["node_list"]
                return _success(
                    {"node_list": [{"node_id": f"system-{each['id']}", "custom_node_id": each["id"]} for each in nodes]}
                )
            case "POST", ["approvals", code, "subscribe"]:
                return self._subscribe(code)
            case "POST", ["instances"]:
                return self._create(body)
            case "GET", ["instances", name]:
                found = self._find(name)
                return _success(found) if found else refusal(1390003)
            case "POST", ["instances", "cancel"]:
                return self._cancel(body)
            case "POST", ["instances", "cc"]:
                self.copies.append(body)
                return _success({})
        return httpx.Response(404, text="404 page not found")

    def _ids(self, body: dict[str, Any]) -> httpx.Response:
        if len(body["emails"]) > 50 or len(body["mobiles"]) > 50:
            return refusal(99992402)
        users = []
        for kind, addresses in (("email", body["emails"]), ("mobile", body["mobiles"])):
            for address in addresses:
                users += [{kind: address} | entry for entry in self.people.get(address, [{}])]
        return _success({"user_list": users})

    def _subscribe(self, code: str) -> httpx.Response:
        if code not in self.definitions:
            return refusal(1390002)
        if code in self.subscribed:
            return refusal(1390007)
        self.subscribed.add(code)
        return _success(None)

    def _create(self, body: dict[str, Any]) -> httpx.Response:
        if body["approval_code"] not in self.definitions:
            return refusal(1390002)
        if self._find(body["uuid"]):
            return refusal(60012)
        code = f"INSTANCE-{next(self._numbers)}"
        self.instances[code] = {
            "approval_code": body["approval_code"],
            "instance_code": code,
            "uuid": body["uuid"].upper(),
            "status": "PENDING",
            "reverted": False,
            "open_id": body.get("open_id", ""),
            "user_id": body.get("user_id", ""),
            "start_time": STARTED_MS,
            "end_time": "0",
            "task_list": [],
            "timeline": [],
            "_request": body,
        }
        return _success({"instance_code": code})

    def _cancel(self, body: dict[str, Any]) -> httpx.Response:
        instance = self.instances[body["instance_code"]]
        if body["user_id"] not in (instance["open_id"], instance["user_id"]):
            return refusal(1390009, status=403)
        instance |= {"status": "CANCELED", "end_time": STARTED_MS}
        return _success({})

    def _find(self, name: str) -> dict[str, Any] | None:
        return next(
            (each for each in self.instances.values() if name.upper() in (each["instance_code"], each["uuid"])), None
        )


def sender_of(
    platform: FakePlatform,
    *,
    tokens: MemoryTokens | None = None,
    forms: MemoryForms | None = None,
    app_secret: str = APP_SECRET,
    base_url: str = "",
    sender_class: type[Sender] = Sender,
) -> Sender:
    """Return a sender wired to the fake."""
    return sender_class(
        App(tenant="acme", id="feishu-prod", provider="feishu", base_url=base_url),
        Credentials(APP_ID, app_secret),
        platform.http(),
        tokens or MemoryTokens(),
        forms or MemoryForms(),
        lambda: NOW + timedelta(),
    )


def _success(data: object) -> httpx.Response:
    return httpx.Response(200, json={"code": 0, "msg": "success", "data": data})
