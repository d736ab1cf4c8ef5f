"""Simulators on real ports, a receiver of callbacks, and the vendor's SDK pointed at them."""

from __future__ import annotations

import json
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from local.simulators.frame.demo import seed_demo
from local.simulators.frame.ids import Ids
from local.simulators.frame.platform import Simulation
from local.simulators.frame.server import build_server
from local.simulators.platforms import PLATFORMS

GATE = {"app_id": "cli_demo_gate", "app_secret": "demo-gate-secret"}
NARROW = {"app_id": "cli_demo_narrow", "app_secret": "demo-narrow-secret"}


@dataclass
class Simulator:
    """One running simulator, and an HTTP client for it."""

    base_url: str
    http: httpx.Client

    def control(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> dict[str, Any]:
        answer = self.http.request(method, f"/_sim/{path}", json=body)
        if status is None:
            assert answer.is_success, answer.text
        else:
            assert answer.status_code == status, answer.text
        return answer.json()

    def token(self, app: dict[str, str] = GATE) -> str:
        return self.http.post("/open-apis/auth/v3/tenant_access_token/internal", json=app).json()["tenant_access_token"]

    def call(
        self, method: str, path: str, body: Any = None, *, app: dict[str, str] = GATE, **query: Any
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token(app)}"}
        return self.http.request(method, f"/open-apis{path}", json=body, params=query, headers=headers)

    def data(
        self, method: str, path: str, body: Any = None, *, app: dict[str, str] = GATE, **query: Any
    ) -> dict[str, Any]:
        answer = self.call(method, path, body, app=app, **query).json()
        assert answer["code"] == 0, answer
        return answer["data"]

    def refusal(self, method: str, path: str, body: Any = None, *, app: dict[str, str] = GATE, **query: Any) -> int:
        return self.call(method, path, body, app=app, **query).json()["code"]

    def open_id(self, user_id: str, app: dict[str, str] = GATE) -> str:
        people = self.control("GET", "people")["people"]
        return next(one["open_ids"][app["app_id"]] for one in people if one["user_id"] == user_id)

    def bot(self, app: dict[str, str] = GATE) -> str:
        return self.call("GET", "/bot/v3/info", app=app).json()["bot"]["open_id"]

    def decide(self, ref: str, decision: str, user_id: str = "", to: str = "", comment: str = "") -> dict[str, Any]:
        body = {"decision": decision, "user_id": user_id, "to": to, "comment": comment}
        return self.control("POST", f"approvals/{ref}/decide", body)

    def define(self, *nodes: tuple[str, str], subscribe: bool = True, **changes: Any) -> str:
        """Create a definition with nodes `(id, type)` and return its code."""
        code = str(self.data("POST", "/approval/v4/approvals", definition(*nodes, **changes))["approval_code"])
        if subscribe:
            self.data("POST", f"/approval/v4/approvals/{code}/subscribe")
        return code

    def start(self, code: str, approvers: dict[str, list[str]], **more: Any) -> str:
        """Start an instance by `dev` and return its code."""
        lists = [{"key": node, "value": [self.open_id(one) for one in people]} for node, people in approvers.items()]
        body = {
            "approval_code": code,
            "open_id": self.open_id("dev"),
            "form": json.dumps([{"id": "1", "type": "textarea", "value": "deploy #42"}]),
            "node_approver_open_id_list": lists,
            **more,
        }
        return str(self.data("POST", "/approval/v4/instances", body)["instance_code"])

    def read(self, ref: str, app: dict[str, str] = GATE) -> dict[str, Any]:
        return self.data("GET", f"/approval/v4/instances/{ref}", app=app)


def definition(*nodes: tuple[str, str], **changes: Any) -> dict[str, Any]:
    """A definition that the platform takes, with one textarea and Free nodes."""
    texts = {"@i18n@approval_name": "CI/CD approval", "@i18n@formname": "Details", "@i18n@node": "Approval"}
    return {
        "approval_name": "@i18n@approval_name",
        "viewers": [{"viewer_type": "NONE"}],
        "form": {"form_content": json.dumps([{"id": "1", "name": "@i18n@formname", "type": "textarea"}])},
        "node_list": [
            {"id": "START"},
            *(
                {"id": node, "name": "@i18n@node", "node_type": kind, "approver": [{"type": "Free"}]}
                for node, kind in nodes or (("N0", "AND"),)
            ),
            {"id": "END"},
        ],
        "settings": {"revert_interval": 0},
        "i18n_resources": [
            {
                "locale": "zh-CN",
                "is_default": True,
                "texts": [{"key": key, "value": value} for key, value in texts.items()],
            }
        ],
        **changes,
    }


@contextmanager
def serving(platform: str, state: Path | str, *, retry_scale: float = 1.0, seed: bool = True) -> Iterator[Simulator]:
    """Run a simulator in a thread until the block ends."""
    rules, make = PLATFORMS[platform]
    simulation = Simulation(rules, state, ids=Ids())
    if seed:
        seed_demo(simulation)
    app = build_server(simulation, make(simulation), retry_scale=retry_scale)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=1))
    # The protocol is named so that asyncio switches Nagle's algorithm off: 40 ms a call otherwise.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        # The socket listens already: the first request waits until the server takes it.
        with httpx.Client(base_url=base_url, trust_env=False, timeout=10) as http:
            yield Simulator(base_url, http)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture
def feishu(tmp_path: Path) -> Iterator[Simulator]:
    with serving("feishu", tmp_path / "feishu.db", retry_scale=0.001) as simulator:
        yield simulator


@pytest.fixture
def lark(tmp_path: Path) -> Iterator[Simulator]:
    with serving("lark", tmp_path / "lark.db") as simulator:
        yield simulator


@dataclass(frozen=True)
class Received:
    """One callback as it came in."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """An app's server. `answer` decides what to say to an event, `on_check` to an address check: (status, body)."""

    url: str = ""
    answer: Callable[[Received], tuple[int, bytes]] = lambda _: (200, b"{}")
    on_check: Callable[[Received], tuple[int, bytes]] | None = None
    arrived: queue.Queue[Received] = field(default_factory=queue.Queue)

    def next(self) -> Received:
        return self.arrived.get(timeout=5)

    def events(self, count: int) -> list[dict[str, Any]]:
        return [json.loads(self.next().body)["event"] for _ in range(count)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received = Received({name.lower(): value for name, value in self.headers.items()}, body)
            content = json.loads(body)
            # An event carries a request id, a check of the address does not.
            if "x-request-id" not in received.headers and receiver.on_check:
                status, said = receiver.on_check(received)
            elif "x-request-id" not in received.headers:
                status, said = 200, json.dumps({"challenge": content.get("challenge", "")}).encode()
            else:
                status, said = receiver.answer(received)
                receiver.arrived.put(received)
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/callback"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def listening(feishu: Simulator, receiver: Receiver) -> Receiver:
    """The gate's app with its request address saved, without an Encrypt Key, so that events are readable."""
    feishu.control("POST", "apps", {**GATE, "encrypt_key": "", "request_url": receiver.url})
    return receiver
