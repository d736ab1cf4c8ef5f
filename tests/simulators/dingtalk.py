"""DingTalk's simulator as an app sees it: calls of both hosts, and a server that answers callbacks in a kit's words."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.kits.dingtalk import DingTalkKit
from tests.simulators.conftest import Simulator, serving

GATE = {"appKey": "dingdemogate0000001", "appSecret": "demo-gate-secret"}
NARROW = {"appKey": "dingdemonarrow00001", "appSecret": "demo-narrow-secret"}
CORP_ID = "ding5bd1c0a7e4f92836"
KIT = DingTalkKit(
    app_key=GATE["appKey"],
    app_secret=GATE["appSecret"],
    corp_id=CORP_ID,
    aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    token="demoEventToken01",
)

FORMS = "/v1.0/workflow/forms"
INSTANCES = "/v1.0/workflow/processInstances"
EXECUTE = f"{INSTANCES}/execute"
TERMINATE = f"{INSTANCES}/terminate"
QUERY = "/v1.0/workflow/processes/instanceIds/query"
MOBILE = "/topapi/v2/user/getbymobile"


@dataclass
class DingTalk(Simulator):
    """One running simulator of DingTalk."""

    def token(self, app: dict[str, str] = GATE) -> str:
        return str(self.http.post("/v1.0/oauth2/accessToken", json=app).json()["accessToken"])

    def call(
        self, method: str, path: str, body: Any = None, *, app: dict[str, str] = GATE, **query: Any
    ) -> httpx.Response:
        headers = {"x-acs-dingtalk-access-token": self.token(app)}
        return self.http.request(method, path, json=body, params=query, headers=headers)

    def data(
        self, method: str, path: str, body: Any = None, *, app: dict[str, str] = GATE, **query: Any
    ) -> dict[str, Any]:
        answer = self.call(method, path, body, app=app, **query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def why(self, method: str, path: str, body: Any = None, *, app: dict[str, str] = GATE, **query: Any) -> str:
        """The word with which a call is refused."""
        answer = self.call(method, path, body, app=app, **query)
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["code"])

    def old(self, path: str, body: Any = None, *, app: dict[str, str] = GATE, method: str = "POST") -> dict[str, Any]:
        answer = self.http.request(method, path, json=body, params={"access_token": self.token(app)})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def form(self, name: str = "CI/CD approval", **changes: Any) -> str:
        """Make a form with one required text and return its code."""
        return str(self.data("POST", FORMS, form_body(name, **changes))["result"]["processCode"])

    def open(self, code: str, *nodes: tuple[str, list[str]], **changes: Any) -> str:
        """Open an instance by `dev` with nodes `(mode, people)` and return its id."""
        return str(self.data("POST", INSTANCES, instance_body(code, *nodes, **changes))["instanceId"])

    def read(self, ref: str) -> dict[str, Any]:
        return dict(self.data("GET", INSTANCES, processInstanceId=ref)["result"])

    def task(self, ref: str, user_id: str) -> int:
        """The id of somebody's latest task."""
        return int([one["taskId"] for one in self.read(ref)["tasks"] if one["userId"] == user_id][-1])

    def later(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance_s": seconds})

    def settled(self, ref: str) -> list[dict[str, Any]]:
        """The deliveries about an approval, once none waits any more."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            deliveries: list[dict[str, Any]] = self.control("GET", f"callbacks?ref={ref}")["callbacks"]
            if deliveries and all(one["status"] != "waiting" for one in deliveries):
                return deliveries
            threading.Event().wait(0.02)
        raise AssertionError(deliveries)


def form_body(name: str = "CI/CD approval", **changes: Any) -> dict[str, Any]:
    props = {"componentId": "TextareaField-1", "label": "Details", "required": True}
    return {"name": name, "formComponents": [{"componentType": "TextareaField", "props": props}], **changes}


def instance_body(code: str, *nodes: tuple[str, list[str]], **changes: Any) -> dict[str, Any]:
    approvers = [{"actionType": mode, "userIds": people} for mode, people in nodes or (("NONE", ["lead"]),)]
    return {
        "originatorUserId": "dev",
        "processCode": code,
        "approvers": approvers,
        "formComponentValues": [{"name": "Details", "value": "deploy #42"}],
        **changes,
    }


@contextmanager
def dingtalk_at(state: Path, *, retry_scale: float = 0.001) -> Iterator[DingTalk]:
    with serving("dingtalk", state, retry_scale=retry_scale) as simulator:
        yield DingTalk(simulator.base_url, simulator.http)


@dataclass(frozen=True)
class Pushed:
    """One request of the platform. `event` is what was sealed in it, `owner` for whom."""

    query: dict[str, str]
    body: bytes
    headers: dict[str, str]

    @property
    def encrypt(self) -> str:
        return str(json.loads(self.body)["encrypt"])

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(KIT.unseal(self.encrypt)[0]))

    @property
    def owner(self) -> str:
        return KIT.unseal(self.encrypt)[1].decode()


def success(owner: str = "", word: bytes = b"success", pad_to: int = 32) -> bytes:
    """The answer that the platform wants, as the vendor's helpers build it."""
    request = KIT.sealed_bytes(word, owner=owner, pad_to=pad_to)
    query = request.query
    reply = {"msg_signature": query["signature"], "timeStamp": query["timestamp"], "nonce": query["nonce"]}
    return json.dumps(reply | json.loads(request.body)).encode()


@dataclass
class AppServer:
    """An app's server: keeps what arrives but the address check, and answers as told."""

    url: str = ""
    answer: Callable[[Pushed], tuple[int, bytes]] = lambda _: (200, success())
    arrived: queue.Queue[Pushed] = field(default_factory=queue.Queue)
    checks: list[Pushed] = field(default_factory=list)

    def next(self) -> Pushed:
        return self.arrived.get(timeout=5)

    def events(self, count: int) -> list[dict[str, Any]]:
        return [self.next().event for _ in range(count)]


@contextmanager
def app_server() -> Iterator[AppServer]:
    server = AppServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            pushed = Pushed(dict(parse_qsl(urlsplit(self.path).query)), body, headers)
            status, said = server.answer(pushed)
            if pushed.event["EventType"] == "check_url":
                server.checks.append(pushed)
            else:
                server.arrived.put(pushed)
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.url = f"http://127.0.0.1:{listening.server_port}/callbacks/dingtalk/acme/app-1"
    try:
        yield server
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()
