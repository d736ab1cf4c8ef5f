"""
A running WeCom simulator as an app and a test see it, and the app's own server.

What is sealed is opened here with pycryptodome and by hand, not with the simulator's module nor with ours.
"""

from __future__ import annotations

import base64
import hashlib
import json
import queue
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

import httpx
from Crypto.Cipher import AES
from defusedxml.ElementTree import fromstring

from local.simulators.wecom.templates import CONSOLE_TEMPLATE
from tests.simulators.conftest import Simulator, serving

CORP = "ww0demo0gate0company"
GATE = {"corp_id": CORP, "agent_id": "1000002", "secret": "demo-gate-secret"}
NARROW = {"corp_id": CORP, "agent_id": "1000003", "secret": "demo-narrow-secret"}
TOKEN, KEY = "demoGateToken2026", "demoGateEncodingAESKey0demoGateEncodingAES0"
ALL, ANY, SEQUENCE = 1, 2, 3


@dataclass
class Wecom:
    """One running simulator."""

    simulator: Simulator

    @property
    def http(self) -> httpx.Client:
        return self.simulator.http

    def control(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> dict[str, Any]:
        return self.simulator.control(method, path, body, status=status)

    def settings(self, **switches: float) -> None:
        self.control("POST", "settings", switches)

    def register(self, **changes: Any) -> None:
        self.control("POST", "apps", {**GATE, **changes})

    def pass_time(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance_s": seconds})

    def gettoken(self, **query: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.get("/cgi-bin/gettoken", params=query).json()
        return answer

    def token(self, app: dict[str, str] = GATE) -> str:
        return str(self.gettoken(corpid=app["corp_id"], corpsecret=app["secret"])["access_token"])

    def call(self, path: str, body: Any = None, *, app: dict[str, str] = GATE, **query: Any) -> dict[str, Any]:
        """Call by POST when there is a body, else by GET."""
        method = "GET" if body is None else "POST"
        params = {"access_token": self.token(app), **query}
        answer: dict[str, Any] = self.http.request(method, f"/cgi-bin/{path}", json=body, params=params).json()
        return answer

    def data(self, path: str, body: Any = None, *, app: dict[str, str] = GATE, **query: Any) -> dict[str, Any]:
        answer = self.call(path, body, app=app, **query)
        assert answer["errcode"] == 0, answer
        return answer

    def refusal(self, path: str, body: Any = None, *, app: dict[str, str] = GATE, **query: Any) -> int:
        return int(self.call(path, body, app=app, **query)["errcode"])

    def apply(self, *nodes: tuple[int, list[str]], **changes: Any) -> str:
        return str(self.data("oa/applyevent", application(*nodes, **changes))["sp_no"])

    def read(self, sp_no: str) -> dict[str, Any]:
        info: dict[str, Any] = self.data("oa/getapprovaldetail", {"sp_no": sp_no})["info"]
        return info

    def decide(self, sp_no: str, decision: str, user_id: str = "", to: str = "", comment: str = "") -> dict[str, Any]:
        body = {"decision": decision, "user_id": user_id, "to": to, "comment": comment}
        return self.control("POST", f"approvals/{sp_no}/decide", body)

    def refused(self, sp_no: str, decision: str, user_id: str = "", to: str = "", *, status: int = 409) -> str:
        body = {"decision": decision, "user_id": user_id, "to": to}
        return str(self.control("POST", f"approvals/{sp_no}/decide", body, status=status)["error"])

    def settled(self, sp_no: str) -> list[dict[str, Any]]:
        """The deliveries about an application, once none waits any more."""
        pause = threading.Event()
        for _ in range(500):
            deliveries: list[dict[str, Any]] = self.control("GET", f"callbacks?ref={sp_no}")["callbacks"]
            if deliveries and all(one["status"] != "waiting" for one in deliveries):
                return deliveries
            pause.wait(0.02)
        raise AssertionError(deliveries)


def application(*nodes: tuple[int, list[str]], **changes: Any) -> dict[str, Any]:
    """An application of `dev` with the template that an administrator made."""
    return {
        "creator_userid": "dev",
        "template_id": CONSOLE_TEMPLATE,
        "use_template_approver": 0,
        "process": {
            "node_list": [{"type": 1, "apv_rel": rel, "userid": people} for rel, people in nodes or ((ALL, ["lead"]),)]
        },
        "apply_data": {"contents": [textarea("deploy #42")]},
        "summary_list": [{"summary_info": [{"text": "deploy #42", "lang": "zh_CN"}]}],
        **changes,
    }


def textarea(text: str, control_id: str = "Textarea-1583739881382") -> dict[str, Any]:
    return {"control": "Textarea", "id": control_id, "value": {"text": text}}


def template(name: str = "Pipeline approval", *, control_id: str = "Textarea-1") -> dict[str, Any]:
    """A template that the platform takes."""
    return {
        "template_name": [{"text": name, "lang": "zh_CN"}],
        "template_content": {
            "controls": [
                {
                    "property": {
                        "control": "Textarea",
                        "id": control_id,
                        "title": [{"text": "审批内容", "lang": "zh_CN"}, {"text": "Details", "lang": "en"}],
                        "placeholder": [{"text": "由流水线填写", "lang": "zh_CN"}],
                        "require": 1,
                        "un_print": 0,
                    },
                    "config": {},
                }
            ]
        },
    }


def people_of(info: dict[str, Any]) -> list[list[tuple[str, int]]]:
    """Who stands how in each node of an application."""
    return [
        [(one["userid"], one.get("sp_yj", 0)) for one in node["sub_node_list"]]
        for node in info["process_list"]["node_list"]
    ]


@contextmanager
def wecom_serving(state: Path, *, retry_scale: float = 0.001, seed: bool = True) -> Iterator[Wecom]:
    with serving("wecom", state, retry_scale=retry_scale, seed=seed) as simulator:
        yield Wecom(simulator)


@dataclass(frozen=True)
class Arrived:
    """One request as it came in."""

    method: str
    query: str
    body: bytes

    @property
    def parameters(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(self.query, keep_blank_values=True).items()}

    @property
    def sealed(self) -> str:
        if self.method == "GET":
            return self.parameters["echostr"]
        return str(fromstring(self.body.decode()).findtext("Encrypt"))

    @property
    def plain(self) -> bytes:
        """What is sealed, after the signature and the receiver were found right."""
        given = self.parameters
        joined = "".join(sorted([TOKEN, given["timestamp"], given["nonce"], self.sealed]))
        assert hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest() == given["msg_signature"]
        message, receiver = unsealed(self.sealed)
        assert receiver == CORP
        return message

    @property
    def event(self) -> Element:
        return fromstring(self.plain.decode())

    @property
    def change(self) -> tuple[int, int]:
        """StatuChangeEvent and SpStatus."""
        info = self.event.find("ApprovalInfo")
        assert info is not None
        return int(info.findtext("StatuChangeEvent") or 0), int(info.findtext("SpStatus") or 0)


def unsealed(text: str, key: str = KEY) -> tuple[bytes, str]:
    raw = base64.b64decode(key + "=")
    padded = AES.new(raw, AES.MODE_CBC, raw[:16]).decrypt(base64.b64decode(text, validate=True))
    assert 1 <= padded[-1] <= 32
    assert padded[-padded[-1] :] == bytes([padded[-1]]) * padded[-1]
    packed = padded[: -padded[-1]]
    end = 20 + int.from_bytes(packed[16:20], "big")
    return packed[20:end], packed[end:].decode()


def echo(arrived: Arrived) -> tuple[int, bytes]:
    """The right answer to the check of an address."""
    return 200, arrived.plain


@dataclass
class AppServer:
    """An app's server. `answer` says what to answer to an event, `on_check` to the check of the address."""

    url: str = ""
    answer: Callable[[Arrived], tuple[int, bytes]] = lambda _: (200, b"")
    on_check: Callable[[Arrived], tuple[int, bytes]] = echo
    arrived: queue.Queue[Arrived] = field(default_factory=queue.Queue)

    def next(self) -> Arrived:
        return self.arrived.get(timeout=5)


@contextmanager
def app_server() -> Iterator[AppServer]:
    """Serve an app's request address on a free port."""
    app = AppServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(*app.on_check(Arrived("GET", urlsplit(self.path).query, b"")))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            arrived = Arrived("POST", urlsplit(self.path).query, body)
            status, said = app.answer(arrived)
            app.arrived.put(arrived)
            self._answer(status, said)

        def _answer(self, status: int, said: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    app.url = f"http://127.0.0.1:{server.server_port}/callbacks/wecom/acme/prod"
    try:
        yield app
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def vectors() -> dict[str, Any]:
    """Constructed callbacks with all their cryptographic values, and the vendor's own sample."""
    path = Path(__file__).parents[1] / "vectors" / "wecom.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def spelt(document: str) -> str:
    """A document without what two senders may spell differently: CDATA or not."""
    return re.sub(r"<!\[CDATA\[(.*?)\]\]>", r"\1", document, flags=re.DOTALL)
