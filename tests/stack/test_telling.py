"""Notifications, reminders, webhooks and contacts on the deployed template: under its real roles, queues and timers."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import httpx
import pytest
from standardwebhooks import Webhook

from local.provision import APPROVER, APPROVER_USER_ID, REQUESTER
from local.stack import PROVIDERS

pytestmark = pytest.mark.stack

type Json = dict[str, Any]
type Eventually = Callable[..., Any]


class Gate:
    """The gate as a pipeline and as an administrator see it, and the platforms behind it."""

    def __init__(self, stack: Json, http: httpx.Client) -> None:
        self._stack = stack
        self._http = http

    def call(self, method: str, path: str, body: Json | None = None, *, token: str = "pipeline_token") -> Json:
        headers = {"authorization": f"Bearer {self._stack[token]}"}
        answer = self._http.request(method, f"{self._stack['api_url']}{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        shown: Json = answer.json() if answer.content else {}
        return shown

    def app(self, provider: str) -> str:
        return str(self._stack["apps"][provider])

    def messages(self, provider: str, words: str) -> list[Json]:
        """Return the platform's messages that hold these words."""
        base = self._stack["simulators"][provider]["base_url"]
        found: Json = self._http.get(f"{base}/_sim/messages").json()
        return [each for each in found["messages"] if words in json.dumps(each, ensure_ascii=False)]

    def ask(self, provider: str, **more: Any) -> Json:
        return self.call(
            "POST",
            "/v1/approvals",
            {
                "app": self.app(provider),
                "title": f"Deploy {secrets.token_hex(4)}",
                "requester": REQUESTER[provider],
                "stages": [{"mode": "all", "approvers": [APPROVER[provider]]}],
                **more,
            },
        )


@pytest.fixture
def gate(stack: Json) -> Iterator[Gate]:
    with httpx.Client(timeout=30, trust_env=False) as client:
        yield Gate(stack, client)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_notification_reaches_a_person_on_the_platform(gate: Gate, eventually: Eventually, provider: str) -> None:
    words = f"Deployed {secrets.token_hex(4)}"
    order = {"app": gate.app(provider), "to": [{"user_id": APPROVER_USER_ID}], "message": {"title": words}}

    accepted = gate.call("POST", "/v1/notifications", order)
    shown = eventually(
        lambda: gate.call("GET", f"/v1/notifications/{accepted['id']}"),
        lambda seen: seen["deliveries"][0]["status"] != "QUEUED",
        30,
    )

    assert accepted["status"] == "QUEUED"
    assert [each["status"] for each in shown["deliveries"]] == ["SENT"]
    assert len(gate.messages(provider, words)) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_approvers_are_reminded_on_time_and_on_demand(gate: Gate, eventually: Eventually, provider: str) -> None:
    approval = gate.ask(provider, reminders={"first_after_s": 5, "repeat_every_s": 600, "max": 1})
    words = approval["title"]
    kinds = eventually(
        lambda: [one["kind"] for one in gate.call("GET", f"/v1/approvals/{approval['id']}/history")["entries"]],
        lambda seen: "reminded" in seen,
        40,
    )

    def reminders() -> list[Json]:
        return [each for each in gate.messages(provider, words) if "催办" in str(each) or "Reminder" in str(each)]

    assert "reminded" in kinds
    assert len(eventually(reminders, bool, 30)) == 1
    gate.call("POST", f"/v1/approvals/{approval['id']}/cancel", {"reason": "seen enough"})


class Receiver:
    """A caller's own server on loopback; `refusals` answers come before the first that is taken."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(503 if len(receiver.requests) == 1 else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def test_the_outcome_is_posted_signed_and_again_after_a_refusal(gate: Gate, eventually: Eventually) -> None:
    secret = gate.call("POST", "/v1/webhook-secrets", {}, token="admin_token")["secret"]
    with Receiver() as receiver:
        approval = gate.ask("feishu", callback={"url": receiver.url})
        gate.call("POST", f"/v1/approvals/{approval['id']}/cancel", {"reason": "not needed"})

        first, again = eventually(lambda: receiver.requests, lambda seen: len(seen) > 1, 90)[:2]

    assert first[1] == again[1]
    assert first[0]["webhook-id"] == again[0]["webhook-id"]
    event = Webhook(secret).verify(again[1], again[0])
    assert (event["type"], event["data"]["id"], event["data"]["status"]) == (
        "approval.decided",
        approval["id"],
        "CANCELED",
    )


@pytest.mark.parametrize("provider", PROVIDERS)
def test_contacts_are_read_and_then_found(gate: Gate, eventually: Eventually, provider: str) -> None:
    app = gate.app(provider)
    gate.call("POST", f"/v1/apps/{app}/contacts/sync", {}, token="admin_token")

    state = eventually(
        lambda: gate.call("GET", f"/v1/apps/{app}/contacts/sync", token="admin_token"),
        lambda seen: seen["status"] not in {"WANTED", "RUNNING"},
        60,
    )
    found = gate.call("GET", f"/v1/apps/{app}/contacts/users?query=lead", token="admin_token")

    assert state["status"] == "DONE", state
    assert found["users"], found


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_doctor_finds_the_demo_app_in_good_health(gate: Gate, provider: str) -> None:
    started = time.monotonic()
    found = gate.call("POST", f"/v1/apps/{gate.app(provider)}/check", token="admin_token")

    failed = [each for each in found["checks"] if each["status"] == "failed"]
    assert failed == []
    assert found["ready"] is True
    assert time.monotonic() - started < 29
