"""Delivery of callbacks: order, retries, deadlines, losses."""

from __future__ import annotations

import json
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.conftest import GATE, Received, Receiver, Simulator, serving


def _settled(feishu: Simulator, ref: str) -> list[dict]:
    """The deliveries about an approval, once none waits any more."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        deliveries = feishu.control("GET", f"callbacks?ref={ref}")["callbacks"]
        if deliveries and all(one["status"] != "waiting" for one in deliveries):
            return deliveries
        threading.Event().wait(0.02)
    raise AssertionError(deliveries)


def _head(feishu: Simulator, ref: str, attempts: int) -> dict:
    """The first delivery about an approval, once it was tried so often."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        head = feishu.control("GET", f"callbacks?ref={ref}")["callbacks"][0]
        if len(head["attempts"]) == attempts:
            return head
        threading.Event().wait(0.01)
    raise AssertionError(head)


@pytest.fixture
def code(feishu: Simulator) -> str:
    return feishu.define(("N0", "AND"))


def test_events_of_one_approval_arrive_in_order(feishu: Simulator, listening: Receiver, code: str):
    ref = feishu.start(code, {"N0": ["lead"]})
    feishu.decide(ref, "approve", "lead")

    events = listening.events(4)

    assert [(one["type"], one["status"]) for one in events] == [
        ("approval_instance", "PENDING"),
        ("approval_task", "PENDING"),
        ("approval_task", "APPROVED"),
        ("approval_instance", "APPROVED"),
    ]


def test_an_unanswered_event_holds_back_what_follows_but_no_other_approval(
    feishu: Simulator, listening: Receiver, code: str
):
    refused = threading.Event()
    first: dict[str, str] = {}

    def answer(received: Received) -> tuple[int, bytes]:
        event = json.loads(received.body)["event"]
        first.setdefault("ref", event["instance_code"])
        if event["instance_code"] == first["ref"] and not refused.is_set():
            return 500, b""
        return 200, b""

    listening.answer = answer
    held = feishu.start(code, {"N0": ["lead"]})
    assert json.loads(listening.next().body)["event"]["instance_code"] == held
    free = feishu.start(code, {"N0": ["lead"]})

    assert [one["status"] for one in _settled(feishu, free)] == ["delivered", "delivered"]
    waiting = feishu.control("GET", f"callbacks?ref={held}")["callbacks"]
    assert len(waiting[0]["attempts"]) >= 1
    assert waiting[1]["attempts"] == []
    refused.set()
    assert [one["status"] for one in _settled(feishu, held)] == ["delivered", "delivered"]


def test_a_repetition_is_the_same_event(feishu: Simulator, listening: Receiver, code: str):
    answers = iter([500, 302, 200])
    listening.answer = lambda _: (next(answers, 200), b"")

    ref = feishu.start(code, {"N0": ["lead"]})

    assert len({json.loads(listening.next().body)["uuid"] for _ in range(3)}) == 1
    assert [one["status"] for one in _settled(feishu, ref)[0]["attempts"]] == [500, 302, 200]


def test_after_four_repetitions_the_event_is_given_up_and_the_next_one_comes(tmp_path: Path, receiver: Receiver):
    uuids: list[str] = []

    def answer(received: Received) -> tuple[int, bytes]:
        uuids.append(json.loads(received.body)["uuid"])
        return (500 if uuids[-1] == uuids[0] else 200), b""

    receiver.answer = answer
    with serving("feishu", tmp_path / "state.db", retry_scale=0.00001) as feishu:
        feishu.control("POST", "apps", {**GATE, "encrypt_key": "", "request_url": receiver.url})
        ref = feishu.start(feishu.define(("N0", "AND")), {"N0": ["lead"]})
        first, second = _settled(feishu, ref)

    assert (first["status"], len(first["attempts"])) == ("given_up", 5)
    assert second["status"] == "delivered"


def test_repetitions_wait_for_the_documented_time_on_the_simulators_clock(tmp_path: Path, receiver: Receiver):
    receiver.answer = lambda _: (500, b"")
    with serving("feishu", tmp_path / "state.db") as feishu:
        feishu.control("POST", "apps", {**GATE, "encrypt_key": "", "request_url": receiver.url})
        ref = feishu.start(feishu.define(("N0", "AND")), {"N0": ["lead"]})
        for attempts, pause_s in enumerate((15, 300, 3600, 21600), start=1):
            head = _head(feishu, ref, attempts)
            tried, following = (datetime.fromisoformat(at) for at in (head["attempts"][-1]["at"], head["next"]))
            # Counted from the end of an attempt, which takes its time on a busy machine; never sooner.
            assert pause_s <= (following - tried).total_seconds() < pause_s + 10
            feishu.control("POST", "clock", {"advance_s": pause_s})

        assert _head(feishu, ref, 5)["status"] == "given_up"


def test_a_given_up_event_can_be_delivered_again(feishu: Simulator, listening: Receiver, code: str):
    feishu.control("POST", "faults", {"drop_callbacks": 2})
    ref = feishu.start(code, {"N0": ["lead"]})
    dropped = feishu.control("GET", f"callbacks?ref={ref}")["callbacks"]
    assert [one["status"] for one in dropped] == ["dropped", "dropped"]

    feishu.control("POST", f"callbacks/{dropped[0]['id']}/redeliver")

    assert listening.events(1)[0]["status"] == "PENDING"


def test_dropped_callbacks_never_come_until_the_fault_is_lifted(feishu: Simulator, listening: Receiver, code: str):
    feishu.control("POST", "faults", {"drop_callbacks": True, "times": None})
    ref = feishu.start(code, {"N0": ["lead"]})
    feishu.control("DELETE", "faults")

    feishu.decide(ref, "approve")

    assert [one["status"] for one in listening.events(2)] == ["APPROVED", "APPROVED"]


def test_duplicated_callbacks_are_the_same_event_twice(feishu: Simulator, listening: Receiver, code: str):
    feishu.control("POST", "faults", {"duplicate_callbacks": 1})

    feishu.start(code, {"N0": ["lead"]})

    first, second, third = (json.loads(listening.next().body)["uuid"] for _ in range(3))
    assert first == second != third


def test_a_delayed_callback_waits_and_is_overtaken(feishu: Simulator, listening: Receiver, code: str):
    feishu.control("POST", "faults", {"delay_callbacks": 1, "delay_s": 100})
    ref = feishu.start(code, {"N0": ["lead"]})
    listening.next()  # what comes after the delayed one
    (late, *_) = feishu.control("GET", f"callbacks?ref={ref}")["callbacks"]
    assert (late["status"], late["attempts"]) == ("waiting", [])

    feishu.control("POST", "clock", {"advance_s": 100})

    listening.next()
    assert _settled(feishu, ref)[0]["status"] == "delivered"


def test_a_share_of_the_callbacks_is_drawn_from_the_seed(feishu: Simulator, listening: Receiver, code: str):
    def fates(seed: int) -> list[bool]:
        feishu.control("DELETE", "faults")
        feishu.control("POST", "faults", {"drop_callbacks": True, "times": None, "share": 0.3, "seed": seed})
        refs = [feishu.start(code, {"N0": ["lead"]}) for _ in range(20)]
        listed = [feishu.control("GET", f"callbacks?ref={ref}")["callbacks"] for ref in refs]
        return [one["status"] == "dropped" for each in listed for one in each]

    first = fates(7)

    assert 4 <= sum(first) <= 20
    assert fates(7) == first
    assert fates(8) != first


@pytest.mark.parametrize(
    "fault", [{"delay_callbacks": 1}, {"drop_callbacks": True, "share": 0.0001 - 1}, {"drop_callbacks": 1, "share": 2}]
)
def test_a_fault_of_callbacks_that_cannot_be_meant_is_refused(feishu: Simulator, fault: dict[str, Any]):
    answer = feishu.control("POST", "faults", fault, status=400)

    assert any(word in answer["error"] for word in ("share must be", "needs delay_s"))


def test_only_apps_that_subscribed_are_told(feishu: Simulator, listening: Receiver):
    silent = feishu.define(("N0", "AND"), subscribe=False)
    loud = feishu.define(("N0", "AND"))

    feishu.start(silent, {"N0": ["lead"]})
    feishu.start(loud, {"N0": ["lead"]})

    assert {one["approval_code"] for one in listening.events(2)} == {loud}


def test_an_app_without_a_request_address_is_sent_nothing(feishu: Simulator, code: str):
    feishu.start(code, {"N0": ["lead"]})

    assert feishu.control("GET", "callbacks")["callbacks"] == []


def test_an_address_that_does_not_echo_the_challenge_is_not_saved(feishu: Simulator, receiver: Receiver):
    # An Encrypt Key is set, and this receiver cannot decrypt: it answers 200 without the challenge.
    answer = feishu.control("POST", "apps", {**GATE, "request_url": receiver.url}, status=400)

    assert answer["ok"] is False
    assert "hallenge" in answer["error"]
    assert feishu.control("GET", "apps")["apps"][0]["request_url"] == ""


def test_an_address_nobody_listens_at_is_not_saved(feishu: Simulator):
    answer = feishu.control("POST", "apps", {**GATE, "request_url": "http://127.0.0.1:9/"}, status=400)

    assert "not reached" in answer["error"]
