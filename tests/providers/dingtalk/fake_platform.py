"""
A small DingTalk that keeps state and speaks HTTP through `httpx.MockTransport`.

It knows what the sender calls: access tokens that can be made to expire, look-up by mobile, forms, instances, their
list and their withdrawal. Faults are queued by path and happen before or after the call took effect.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from approval_gate.ports import App
from approval_gate.providers.dingtalk.credentials import Credentials
from approval_gate.providers.dingtalk.sender import Sender
from tests.fakes.memory import MemoryForms, MemoryTokens

__all__ = [
    "FORMS", "INSTANCES", "LIST", "MOBILE", "NOW", "SCHEMA", "TERMINATE", "TOKEN", "VISIBLE", "Clock", "FakePlatform",
    "MemoryForms", "MemoryTokens", "newer", "older", "sender_of",
]  # fmt: skip

NOW = datetime(2026, 1, 15, 3, 30, 20, tzinfo=UTC)
APP_KEY = "dingabcdefgh12345678"
APP_SECRET = "very-secret-app-secret"

TOKEN = "/v1.0/oauth2/accessToken"
FORMS = "/v1.0/workflow/forms"
SCHEMA = "/v1.0/workflow/forms/schemas/processCodes"
VISIBLE = "/v1.0/workflow/processes/userVisibilities/templates"
BY_NAME = "/v1.0/workflow/processCentres/schemaNames/processCodes"
INSTANCES = "/v1.0/workflow/processInstances"
LIST = "/v1.0/workflow/processes/instanceIds/query"
TERMINATE = "/v1.0/workflow/processInstances/terminate"
MOBILE = "/topapi/v2/user/getbymobile"

type Fault = httpx.Response | Exception


def newer(code: str, *, status: int = 400, **more: Any) -> httpx.Response:
    """Return an error in the newer API's shape."""
    return httpx.Response(status, json={"code": code, "requestid": "REQ-1", "message": "vendor text", **more})


def older(errcode: int | str, **more: Any) -> httpx.Response:
    """Return an error in the older API's shape."""
    return httpx.Response(200, json={"errcode": errcode, "errmsg": "vendor text", "request_id": "req-2", **more})


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Call:
    method: str
    host: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    token: str


@dataclass
class FakePlatform:
    """One organisation with one app. `people` maps a mobile as sent to `result` of the look-up."""

    clock: Clock = field(default_factory=Clock)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    forms: dict[str, dict[str, Any]] = field(default_factory=dict)
    instances: dict[str, dict[str, Any]] = field(default_factory=dict)
    created_at: dict[str, datetime] = field(default_factory=dict)
    hidden_forms: set[str] = field(default_factory=set)
    token_life_s: int = 7200
    allows_withdrawal: bool = True

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

    def called(self, path: str, method: str = "") -> list[Call]:
        return [call for call in self.calls if call.path == path and method in {"", call.method}]

    @property
    def counted_calls(self) -> list[str]:
        """What counts against the organisation's quota: neither access tokens nor contacts."""
        return [f"{call.method} {call.path}" for call in self.calls if call.path not in {TOKEN, MOBILE}]

    def add_form(self, name: str, labels: list[str]) -> str:
        code = f"PROC-{next(self._numbers):08d}"
        components = [{"componentType": "TextField", "props": {"label": label}} for label in labels]
        self.forms[code] = {"name": name, "formComponents": components}
        return code

    def finish(self, ref: str, **changes: Any) -> None:
        self.instances[ref] |= {"status": "COMPLETED", "result": "agree", "finishTime": self._minute(), **changes}

    # -- HTTP

    def http(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._handle))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        is_older = path.startswith("/topapi/")
        body = json.loads(request.content) if request.content else {}
        query = dict(request.url.params)
        token = query.get("access_token", "") if is_older else request.headers.get("x-acs-dingtalk-access-token", "")
        self.calls.append(Call(request.method, request.url.host, path, query, body, token))
        key = f"{request.method} {path}" if self._before[f"{request.method} {path}"] else path
        if self._before[key]:
            return self._happen(self._before[key].pop(0))
        if path == TOKEN:
            return self._token(body)
        if token not in self._valid_tokens:
            return older(88, sub_code="40014", sub_msg="x") if is_older else newer("InvalidAuthentication")
        answer = self._answer(request.method, path, query, body)
        if self._after[path]:
            return self._happen(self._after[path].pop(0))
        return answer

    def _happen(self, fault: Fault) -> httpx.Response:
        if isinstance(fault, Exception):
            raise fault
        return fault

    def _token(self, body: dict[str, Any]) -> httpx.Response:
        if body != {"appKey": APP_KEY, "appSecret": APP_SECRET}:
            return newer("invalidClientIdOrSecret")
        token = f"t{next(self._numbers)}"
        self._valid_tokens.add(token)
        return httpx.Response(200, json={"accessToken": token, "expireIn": self.token_life_s})

    def _answer(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> httpx.Response:
        answers: dict[tuple[str, str], Callable[[], httpx.Response]] = {
            ("POST", MOBILE): lambda: self._by_mobile(body),
            ("GET", VISIBLE): lambda: self._visible(query),
            ("GET", BY_NAME): lambda: self._by_name(query),
            ("GET", SCHEMA): lambda: self._schema(query),
            ("POST", FORMS): lambda: self._create_form(body),
            ("POST", INSTANCES): lambda: self._create(body),
            ("GET", INSTANCES): lambda: self._get(query),
            ("POST", LIST): lambda: self._list(body),
            ("POST", TERMINATE): lambda: self._terminate(body),
        }
        found = answers.get((method, path))
        return found() if found else newer("InvalidAction.NotFound", status=404)

    def _by_mobile(self, body: dict[str, Any]) -> httpx.Response:
        person = self.people.get(body["mobile"])
        if person is None:
            return older(60121)
        return httpx.Response(200, json={"errcode": 0, "errmsg": "ok", "result": person, "request_id": "req-1"})

    def _visible(self, query: dict[str, str]) -> httpx.Response:
        start, count = int(query["nextToken"]), int(query["maxResults"])
        forms = [(code, form) for code, form in self.forms.items() if code not in self.hidden_forms]
        page = [{"name": form["name"], "processCode": code} for code, form in forms[start : start + count]]
        result: dict[str, Any] = {"processList": page}
        if start + count < len(forms):
            result["nextToken"] = start + count
        return httpx.Response(200, json={"result": result})

    def _by_name(self, query: dict[str, str]) -> httpx.Response:
        code = next((code for code, form in self.forms.items() if form["name"] == query["name"]), "")
        return httpx.Response(200, json={"result": {"processCode": code}}) if code else newer("process.error")

    def _schema(self, query: dict[str, str]) -> httpx.Response:
        form = self.forms[query["processCode"]]
        items = [{"componentName": each["componentType"], "props": each["props"]} for each in form["formComponents"]]
        return httpx.Response(200, json={"result": {"name": form["name"], "schemaContent": {"items": items}}})

    def _create_form(self, body: dict[str, Any]) -> httpx.Response:
        if any(form["name"] == body["name"] for form in self.forms.values()):
            return newer("formName.error")
        code = f"PROC-{next(self._numbers):08d}"
        self.forms[code] = body
        return httpx.Response(200, json={"result": {"processCode": code}})

    def _create(self, body: dict[str, Any]) -> httpx.Response:
        form = self.forms.get(body["processCode"])
        if form is None:
            return newer("processCodeError")
        labels = {each["props"]["label"] for each in form["formComponents"]}
        if {value["name"] for value in body["formComponentValues"]} != labels:
            return newer("formConverterError")
        ref = f"i{next(self._numbers)}-Qgx5QqjR7axMw"
        self.created_at[ref] = self.clock()
        self.instances[ref] = {
            "processCode": body["processCode"],
            "title": f"提交的{form['name']}",
            "createTime": self._minute(),
            "originatorUserId": body["originatorUserId"],
            "status": "RUNNING",
            "result": "",
            "bizAction": "NONE",
            "operationRecords": [],
            "tasks": [],
            "formComponentValues": body["formComponentValues"],
            "sent": body,
        }
        return httpx.Response(200, json={"instanceId": ref})

    def _get(self, query: dict[str, str]) -> httpx.Response:
        instance = self.instances.get(query["processInstanceId"])
        if instance is None:
            return newer("processInstanceNotExist")
        told = {name: value for name, value in instance.items() if name != "sent"}
        return httpx.Response(200, json={"result": told, "success": "true"})

    def _list(self, body: dict[str, Any]) -> httpx.Response:
        if body["processCode"] not in self.forms:
            return newer("invalidProcessCode")
        ids = [
            ref
            for ref, instance in self.instances.items()
            if instance["processCode"] == body["processCode"]
            and instance["originatorUserId"] in body["userIds"]
            and self.created_at[ref].timestamp() * 1000 >= body["startTime"]
        ]
        start, count = body["nextToken"], body["maxResults"]
        result: dict[str, Any] = {"list": ids[start : start + count]}
        if start + count < len(ids):
            result["nextToken"] = str(start + count)
        return httpx.Response(200, json={"result": result, "success": True})

    def _terminate(self, body: dict[str, Any]) -> httpx.Response:
        ref = body["processInstanceId"]
        instance = self.instances.get(ref)
        if instance is None:
            return newer("aflowProcessInstNotExist")
        too_new = self.clock() - self.created_at[ref] < timedelta(seconds=15)
        if too_new or instance["status"] != "RUNNING":
            return newer("aflowProcessInstStatusException")
        if not self.allows_withdrawal:
            return newer("internalError")
        instance |= {"status": "TERMINATED", "finishTime": self._minute()}
        return httpx.Response(200, json={"result": True, "success": True})

    def _minute(self) -> str:
        return f"{self.clock():%Y-%m-%dT%H:%MZ}"


def sender_of(
    platform: FakePlatform,
    *,
    tokens: MemoryTokens | None = None,
    forms: MemoryForms | None = None,
    base_url: str = "",
    app_secret: str = APP_SECRET,
    http: httpx.Client | None = None,
) -> Sender:
    """Return a sender of the platform's app; leave tokens and forms out for a worker that knows nothing."""
    return Sender(
        app=App(tenant="acme", id="dingtalk-main", provider="dingtalk", base_url=base_url),
        credentials=Credentials(app_key=APP_KEY, app_secret=app_secret),
        http=http or platform.http(),
        tokens=tokens or MemoryTokens(),
        forms=forms or MemoryForms(platform.clock),
        clock=platform.clock,
    )
