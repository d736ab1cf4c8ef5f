"""The frame that all simulated platforms share."""

from __future__ import annotations

import random
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.simulators.frame.clock import Clock
from local.simulators.frame.ids import Ids
from local.simulators.frame.people import Department
from local.simulators.frame.store import Collection, Store
from tests.simulators.conftest import GATE, Simulator, serving

ROOT = Path(__file__).parents[2]


def test_a_killed_simulator_has_lost_nothing(tmp_path: Path):
    with serving("feishu", tmp_path / "state.db") as before:
        code = before.define(("N0", "AND"))
        ref = before.start(code, {"N0": ["lead"]})
        token = before.token()
        before.control("POST", "clock", {"advance_s": 60})
        before.control("POST", "faults", {"path": "/open-apis/nowhere", "status": 500})

    with serving("feishu", tmp_path / "state.db", seed=False) as after:
        assert after.read(ref)["status"] == "PENDING"
        assert after.token() == token
        assert after.control("GET", "faults")["faults"][0]["path"] == "/open-apis/nowhere"
        assert after.control("POST", "clock", {"advance_s": 0})["offset_s"] == 60


def test_the_command_line_serves_on_loopback_and_survives_a_kill(tmp_path: Path):
    groups: list[list[str]] = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        state = tmp_path / "made" / "lark.db"
        command = [sys.executable, "-m", "local.simulators", "lark", "--port", str(port), "--state", str(state)]
        process = subprocess.Popen([*command, "--seed", "demo"], cwd=ROOT, stdout=subprocess.PIPE)  # noqa: S603 - ours
        try:
            assert process.stdout is not None
            assert f"http://127.0.0.1:{port}/".encode() in process.stdout.readline()
            # The line comes before the port listens; a refused connection is tried again.
            with httpx.Client(transport=httpx.HTTPTransport(retries=6), timeout=20) as http:
                base_url = f"http://127.0.0.1:{port}"
                assert http.get(f"{base_url}/_sim/health").json()["platform"] == "lark"
                groups.append([one["id"] for one in http.get(f"{base_url}/_sim/people").json()["groups"]])
                added = {"groups": [{"id": "g-added", "name": "Added"}]}
                assert http.post(f"{base_url}/_sim/people", json=added).status_code == 201
        finally:
            process.kill()
            process.wait()
            process.stdout.close() if process.stdout else None

    assert groups == [["g-release-managers"], ["g-release-managers", "g-added"]]


def test_the_seed_leaves_what_was_changed_alone(tmp_path: Path):
    with serving("feishu", tmp_path / "state.db") as before:
        before.control("POST", "people", {"people": [{"user_id": "lead", "auto_pass": True}]})

    with serving("feishu", tmp_path / "state.db", seed=True) as after:
        lead = next(one for one in after.control("GET", "people")["people"] if one["user_id"] == "lead")

    assert lead["auto_pass"] is True
    assert lead["email"] == "lead@example.com"


def test_calls_are_listed_in_order_with_secrets_masked(feishu: Simulator):
    feishu.call("GET", "/bot/v3/info")
    feishu.http.post("/open-apis/bot/v2/hook/demo-ops-robot", json={"msg_type": "text", "content": {"text": "hi"}})
    feishu.http.get("/open-apis/nowhere", params={"access_token": "t-secret", "page": "2"})

    calls = feishu.control("GET", "calls")["calls"]

    assert [(one["method"], one["path"], one["status"], one["code"]) for one in calls] == [
        ("POST", "/open-apis/auth/v3/tenant_access_token/internal", 200, 0),
        ("GET", "/open-apis/bot/v3/info", 200, 0),
        ("POST", "/open-apis/bot/v2/hook/***", 200, 19021),
        ("GET", "/open-apis/nowhere", 404, 99991201),
    ]
    assert calls[1]["app"] == GATE["app_id"]
    assert calls[3]["query"] == {"access_token": "***", "page": "2"}
    assert feishu.control("DELETE", "calls") == {"ok": True}
    assert feishu.control("GET", "calls")["calls"] == []


def test_a_fault_happens_as_often_as_ordered_and_only_where_ordered(feishu: Simulator):
    feishu.control(
        "POST", "faults", {"path": "/open-apis/bot/*", "method": "GET", "times": 2, "status": 503, "code": 2200}
    )

    codes = [feishu.call("GET", "/bot/v3/info").status_code for _ in range(3)]

    assert codes == [503, 503, 200]


def test_a_fault_can_be_a_proxys_page(feishu: Simulator):
    feishu.control("POST", "faults", {"path": "/open-apis/bot", "status": 502, "body": "<html>Bad gateway</html>"})

    answer = feishu.call("GET", "/bot/v3/info")

    assert (answer.status_code, answer.text) == (502, "<html>Bad gateway</html>")
    assert answer.headers["content-type"].startswith("text/html")


def test_an_answer_can_get_lost_after_the_call_was_carried_out(feishu: Simulator):
    code = feishu.define(("N0", "AND"))
    feishu.control("POST", "faults", {"path": "/open-apis/approval/v4/instances", "status": 504, "executed": True})
    body = {
        "approval_code": code,
        "open_id": feishu.open_id("dev"),
        "form": "[]",
        "uuid": "Run-1",
        "node_approver_open_id_list": [{"key": "N0", "value": [feishu.open_id("lead")]}],
    }

    answer = feishu.call("POST", "/approval/v4/instances", body)

    assert answer.status_code == 504
    assert feishu.read("run-1")["status"] == "PENDING"


def test_a_throttling_fault_says_when_to_come_back(feishu: Simulator):
    feishu.control("POST", "faults", {"path": "/open-apis/bot", "status": 429})

    answer = feishu.call("GET", "/bot/v3/info")

    assert answer.json()["code"] == 99991400
    assert int(answer.headers["x-ogw-ratelimit-reset"]) >= 1


@pytest.mark.parametrize(
    ("path", "body", "status", "hint"),
    [
        ("faults", {"paht": "/x"}, 400, "paht"),
        ("faults", {"path": "/x"}, 400, "status, code, body or delay_s"),
        ("faults", {"path": "/x", "status": "500"}, 400, "status must be"),
        ("apps", {"app_id": "cli_x"}, 400, "app_secret"),
        ("apps", {"app_id": "cli_x", "app_secret": "s", "apiKey": "k"}, 400, "apiKey"),
        ("people", {"people": [{"user_id": "x", "name": "X", "departments": ["d-none"]}]}, 400, "d-none"),
        ("people", {"departments": [{"id": "a", "name": "A", "parent": "a"}]}, 400, "above itself"),
        ("people", {"persons": []}, 400, "persons"),
        ("clock", {"advance_s": -1}, 400, "not negative"),
        ("settings", {"no_such": 1}, 400, "no_such"),
        ("approvals/none/decide", {"decision": "approve"}, 404, "no approval"),
        ("callbacks/none/redeliver", {}, 404, "no callback"),
    ],
)
def test_a_wrong_control_request_is_told_what_to_do(
    feishu: Simulator, path: str, body: dict[str, Any], status: int, hint: str
):
    assert hint in feishu.control("POST", path, body, status=status)["error"]


def test_people_that_are_added_are_answered_with_all_their_ids(feishu: Simulator):
    answer = feishu.control(
        "POST",
        "people",
        {
            "departments": [{"id": "d-new", "name": "New"}],
            "people": [{"user_id": "new", "name": "新人", "email": "new@example.com", "departments": ["d-new"]}],
        },
    )

    assert answer["people"][0]["open_ids"][GATE["app_id"]].startswith("ou_")
    assert feishu.control("GET", "health") == {"ok": True, "platform": "feishu", "apps": 2}


def test_secrets_of_apps_are_never_shown(feishu: Simulator):
    shown = feishu.http.get("/_sim/apps").text

    assert "demo-gate-secret" not in shown
    assert "demo-encrypt-key" not in shown


def test_a_failed_transaction_changes_nothing(tmp_path: Path):
    store = Store(tmp_path / "state.db")
    items = Collection(store, "items", Department, key="id")

    def change_and_fail() -> None:
        with store.transaction():
            items.put(Department(id="a", name="A"))
            with store.transaction():
                store.execute("no such statement")

    with pytest.raises(sqlite3.OperationalError):
        change_and_fail()

    assert items.count() == 0
    store.close()


def test_an_unindexed_field_is_not_searched(tmp_path: Path):
    store = Store(tmp_path / "state.db")

    with pytest.raises(ValueError, match="index it first"):
        Collection(store, "items", Department, key="id").find(name="A")
    store.close()


def test_the_clock_runs_ahead_for_what_expires_and_stays_right_for_what_is_told():
    clock = Clock(wall=lambda: 1000.0)

    clock.advance(50)

    assert clock.now_s() == 1050
    assert clock.told_ms() == 1_000_000


def test_seeded_ids_repeat_and_have_their_forms():
    first, second = (Ids(random.Random(7)) for _ in range(2))  # noqa: S311 - repeatable on purpose

    assert first.uuid() == second.uuid()
    assert len(first.uuid()) == 36
    assert len(first.number()) == 19
    assert int(first.number()) < 2**63
