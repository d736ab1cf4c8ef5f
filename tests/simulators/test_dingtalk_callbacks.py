"""Events: sealed and signed as the vendor's helpers expect, and delivered only when the answer proves itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from local.simulators.dingtalk.sealing import key_of, reply_problem, seal, signature, unseal
from tests.simulators.dingtalk import (
    CORP_ID,
    GATE,
    KIT,
    TERMINATE,
    AppServer,
    DingTalk,
    Pushed,
    app_server,
    dingtalk_at,
    success,
)

FAILED = "/call_back/get_call_back_failed_result"
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "dingtalk.json").read_text(encoding="utf-8"))


@pytest.fixture
def server() -> Iterator[AppServer]:
    with app_server() as server:
        yield server


@pytest.fixture
def dingtalk(tmp_path: Path) -> Iterator[DingTalk]:
    with dingtalk_at(tmp_path / "dingtalk.db") as simulator:
        simulator.control("POST", "settings", {"in_order": 1})
        yield simulator


def save(dingtalk: DingTalk, server: AppServer, *, status: int = 200, **changes: Any) -> dict[str, Any]:
    return dingtalk.control(
        "POST", "apps", {"app_key": GATE["appKey"], "request_url": server.url, **changes}, status=status
    )


@pytest.fixture
def code(dingtalk: DingTalk, server: AppServer) -> str:
    save(dingtalk, server)
    return dingtalk.form()


# -- sealing, held against vectors and the kit, which was written from the vendor's helpers


@pytest.mark.parametrize(
    "vector", [*VECTORS["requests"], *VECTORS["requests_other_owner"]], ids=lambda one: one["name"]
)
def test_sealing_and_signing_agree_with_the_vectors(vector: dict[str, Any]):
    key = key_of(vector["aes_key"])

    assert (
        seal(vector["plaintext"].encode(), key, vector["owner_key"], vector["random16"].encode()) == vector["encrypt"]
    )
    assert unseal(vector["encrypt"], key) == (vector["plaintext"].encode(), vector["owner_key"])
    signed = signature(vector["token"], vector["timestamp"], vector["nonce"], vector["encrypt"])
    assert signed == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS["vendor_published"], ids=lambda one: one["name"])
def test_what_the_vendor_published_is_opened(vector: dict[str, Any]):
    assert unseal(vector["encrypt"], key_of(vector["aes_key"])) == (vector["plaintext"].encode(), vector["owner_key"])


@pytest.mark.parametrize("vector", VECTORS["responses"], ids=lambda one: one["name"])
def test_the_vectors_answers_count(vector: dict[str, Any]):
    body = json.dumps(vector["response_body"]).encode()

    assert reply_problem(body, key_of(vector["aes_key"]), vector["token"], vector["owner_key"]) == ""


# -- the address check


def test_an_address_is_saved_when_it_answers_the_check(dingtalk: DingTalk, server: AppServer):
    assert save(dingtalk, server)["ok"] is True

    (check,) = server.checks
    assert check.event == {"EventType": "check_url"}
    assert check.owner == GATE["appKey"]
    assert dingtalk.control("GET", "apps")["apps"][0]["request_url"] == server.url


def forged(pushed: Pushed) -> bytes:
    return success().replace(b'"msg_signature": "', b'"msg_signature": "0')


WRONG_ANSWERS: dict[str, Callable[[Pushed], tuple[int, bytes]]] = {
    "plain word": lambda _: (200, b"success"),
    "empty": lambda _: (200, b""),
    "empty object": lambda _: (200, b"{}"),
    "list": lambda _: (200, b"[]"),
    "echo of the request": lambda pushed: (200, pushed.body),
    "status": lambda _: (500, success()),
    "created": lambda _: (201, success()),
    "signature": lambda pushed: (200, forged(pushed)),
    "another word": lambda _: (200, success(word=b"Success")),
    "another owner": lambda _: (200, success(owner="dinganotherapp000000")),
    "timestamp in lower case": lambda _: (200, success().replace(b"timeStamp", b"timestamp")),
    "number for text": lambda _: (200, success().replace(b'"nonce": "CAT9AG49"', b'"nonce": 1')),
    "line breaks": lambda _: (200, success().replace(b'"encrypt": "', b'"encrypt": "\\n')),
}


@pytest.mark.parametrize("wrong", WRONG_ANSWERS)
def test_any_other_answer_is_refused_and_the_address_not_saved(dingtalk: DingTalk, server: AppServer, wrong: str):
    server.answer = WRONG_ANSWERS[wrong]

    answer = save(dingtalk, server, status=400)

    assert answer["error"].startswith("HTTP请求结果校验返回字段值失败: ")
    assert dingtalk.control("GET", "apps")["apps"][0]["request_url"] == ""


def test_an_answer_padded_to_sixteen_counts(dingtalk: DingTalk, server: AppServer):
    server.answer = lambda _: (200, success(pad_to=16))

    assert save(dingtalk, server)["ok"] is True


@pytest.mark.parametrize("missing", ["aes_key", "token"])
def test_an_address_needs_key_and_token(dingtalk: DingTalk, server: AppServer, missing: str):
    assert "aes_key and token" in save(dingtalk, server, status=400, **{missing: ""})["error"]
    assert "must look like" in save(dingtalk, server, status=400, **{missing: "!"})["error"]


# -- events


def test_an_approval_is_told_from_start_to_finish(dingtalk: DingTalk, server: AppServer, code: str):
    ref = dingtalk.open(code, ("OR", ["lead", "qa"]))
    dingtalk.decide(ref, "transfer", "lead", to="ops", comment="on leave")
    dingtalk.decide(ref, "approve", "ops", comment="同意")

    events = server.events(8)

    assert [(one["EventType"], one["type"], one.get("result"), one["staffId"]) for one in events] == [
        ("bpms_instance_change", "start", None, "dev"),
        ("bpms_task_change", "start", None, "lead"),
        ("bpms_task_change", "start", None, "qa"),
        ("bpms_task_change", "finish", "redirect", "lead"),
        ("bpms_task_change", "start", None, "ops"),
        ("bpms_task_change", "finish", "agree", "ops"),
        ("bpms_task_change", "cancel", None, "qa"),
        ("bpms_instance_change", "finish", "agree", "dev"),
    ]
    assert {one["processInstanceId"] for one in events} == {ref}
    assert {one["processCode"] for one in events} == {code}
    assert {one["CorpId"] for one in events} == {CORP_ID}
    assert len({one["eventId"] for one in events}) == 8
    assert events[5]["remark"] == "同意"
    assert [("finishTime" in one) for one in events] == [False, False, False, True, False, True, True, True]


@pytest.mark.parametrize("name", [one["name"] for one in VECTORS["requests"] if one["name"].startswith("bpms_")])
def test_events_have_the_fields_of_the_vectors(dingtalk: DingTalk, server: AppServer, code: str, name: str):
    wanted = next(json.loads(one["plaintext"]) for one in VECTORS["requests"] if one["name"] == name)
    ref = dingtalk.open(code, ("OR", ["lead", "qa"]))
    if wanted["type"] == "terminate":
        dingtalk.later(16)
        dingtalk.data("POST", TERMINATE, {"processInstanceId": ref, "isSystem": True})
    elif wanted["type"] == "comment":
        comment = {"processInstanceId": ref, "text": "why?", "commentUserId": "qa"}
        dingtalk.data("POST", "/v1.0/workflow/processInstances/comments", comment)
    else:
        dingtalk.decide(ref, "reject" if wanted.get("result") == "refuse" else "approve", "lead", comment="because")

    dingtalk.settled(ref)
    events = [server.next().event for _ in range(server.arrived.qsize())]

    same = [one for one in events if all(one.get(part) == wanted.get(part) for part in ("EventType", "type", "result"))]
    assert same
    assert {part: type(value) for part, value in same[0].items()} == {
        part: type(value) for part, value in wanted.items()
    }


def test_the_signature_proves_the_request_under_both_names(dingtalk: DingTalk, server: AppServer, code: str):
    dingtalk.open(code)

    pushed = server.next()

    signed = KIT.signature(pushed.query["timestamp"], pushed.query["nonce"], pushed.encrypt)
    assert pushed.query == {**dict.fromkeys(("signature", "msg_signature"), signed), **pushed.query}
    assert pushed.headers["content-type"].startswith("application/json")
    assert abs(int(pushed.query["timestamp"]) / 1000 - time.time()) < 60


@pytest.mark.parametrize(("value", "names"), [(1, {"signature"}), (2, {"msg_signature"})])
def test_one_name_may_be_missing(dingtalk: DingTalk, server: AppServer, code: str, value: int, names: set[str]):
    dingtalk.control("POST", "settings", {"signature_names": value})

    dingtalk.open(code)

    assert server.next().query.keys() == names | {"timestamp", "nonce"}


def test_an_address_keeps_its_own_query(dingtalk: DingTalk, server: AppServer, code: str):
    server.url += "?tenant=acme"
    save(dingtalk, server)

    dingtalk.open(code)

    assert server.next().query["tenant"] == "acme"


def test_events_may_be_sealed_for_the_corporation(dingtalk: DingTalk, server: AppServer, code: str):
    dingtalk.control("POST", "settings", {"sealed_for_corp": 1})
    server.answer = lambda pushed: (200, success(owner=pushed.owner))

    ref = dingtalk.open(code)

    assert server.next().owner == CORP_ID
    assert {one["status"] for one in dingtalk.settled(ref)} == {"delivered"}


def test_the_older_form_has_no_event_id(dingtalk: DingTalk, server: AppServer, code: str):
    dingtalk.control("POST", "settings", {"older_event_form": 1})

    dingtalk.open(code)

    event = server.next().event
    assert event["corpId"] == CORP_ID
    assert not {"EventTime", "CorpId", "BizId", "eventId", "businessType"} & event.keys()


def test_a_repetition_is_the_same_event_sealed_anew(dingtalk: DingTalk, server: AppServer, code: str):
    answers = iter([(500, b""), (200, b"success"), (200, success())])
    server.answer = lambda _: next(answers, (200, success()))

    ref = dingtalk.open(code)

    pushed = [server.next() for _ in range(3)]
    assert len({one.event["eventId"] for one in pushed}) == 1
    assert len({one.encrypt for one in pushed}) == 3
    first = dingtalk.settled(ref)[0]
    assert [(one["status"], bool(one["error"])) for one in first["attempts"]] == [
        (500, True),
        (200, True),
        (200, False),
    ]


def test_it_repeats_after_ten_and_thirty_seconds_and_then_stops(tmp_path: Path, server: AppServer):
    def head(attempts: int) -> dict[str, Any]:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found: dict[str, Any] = dingtalk.control("GET", f"callbacks?ref={ref}")["callbacks"][0]
            if len(found["attempts"]) == attempts:
                return found
            Event().wait(0.01)
        raise AssertionError(found)

    with dingtalk_at(tmp_path / "state.db", retry_scale=1.0) as dingtalk:
        save(dingtalk, server)
        server.answer = lambda _: (500, b"")
        ref = dingtalk.open(dingtalk.form())
        for attempts, pause_s in ((1, 10), (2, 30)):
            tried = head(attempts)
            at, following = (datetime.fromisoformat(one) for one in (tried["attempts"][-1]["at"], tried["next"]))
            assert (following - at).total_seconds() == pytest.approx(pause_s, abs=1)
            dingtalk.later(pause_s)
        assert head(3)["status"] == "given_up"


def test_given_up_events_are_listed_once_for_those_who_ask(dingtalk: DingTalk, server: AppServer, code: str):
    server.answer = lambda _: (500, b"")
    ref = dingtalk.open(code)
    assert {one["status"] for one in dingtalk.settled(ref)} == {"given_up"}

    listed = dingtalk.old(FAILED, method="GET")
    again = dingtalk.old(FAILED, method="GET")

    assert listed["has_more"] is False
    assert [one["call_back_tag"] for one in listed["failed_list"]] == ["bpms_instance_change", "bpms_task_change"]
    data = listed["failed_list"][0]["bpms_instance_change"]
    assert (data["corpid"], data["bpmsCallBackData"]["processInstanceId"]) == (CORP_ID, ref)
    assert again["failed_list"] == []


def test_without_order_an_event_that_fails_holds_back_no_other(dingtalk: DingTalk, server: AppServer, code: str):
    dingtalk.control("POST", "settings", {"in_order": 0})
    server.answer = lambda pushed: (500, b"") if pushed.event["type"] == "start" else (200, success())
    ref = dingtalk.open(code)

    dingtalk.decide(ref, "approve", "lead")

    statuses = {(one["event"], one["status"]) for one in dingtalk.settled(ref)}
    assert ("bpms_instance_change start", "given_up") in statuses
    assert ("bpms_instance_change finish agree", "delivered") in statuses


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (["bpms_instance_change"], 2),
        ([], 0),
        (["/v1.0/event/bpms_task_change/type/finish"], 1),
        (["/v1.0/event/bpms_instance_change/processCode/{PROC-other,PROC-another}/type/*"], 0),
        (["/v1.0/event/bpms_instance_change/processCode/PROC-*/type/{finish,terminate}", "bpms_task_change"], 3),
    ],
)
def test_rules_choose_what_an_app_is_told(
    dingtalk: DingTalk, server: AppServer, code: str, wanted: list[str], count: int
):
    dingtalk.control("POST", "apps", {"app_key": GATE["appKey"], "events": wanted})

    ref = dingtalk.open(code)
    dingtalk.decide(ref, "approve", "lead")

    assert len(dingtalk.control("GET", f"callbacks?ref={ref}")["callbacks"]) == count


def test_a_refusal_and_a_withdrawal_may_cancel_silently(dingtalk: DingTalk, server: AppServer, code: str):
    dingtalk.control("POST", "settings", {"cancels_are_told": 0})
    ref = dingtalk.open(code, ("AND", ["lead", "qa"]))

    dingtalk.decide(ref, "reject", "lead")

    assert [one["type"] for one in server.events(5)] == ["start", "start", "start", "finish", "finish"]


def test_events_run_out_with_the_month(dingtalk: DingTalk, server: AppServer, code: str):
    dingtalk.control("POST", "settings", {"monthly_pushes": 3})

    for _ in range(2):
        dingtalk.open(code)

    assert len(dingtalk.control("GET", "callbacks")["callbacks"]) == 3
    dingtalk.later(31 * 24 * 3600)
    dingtalk.open(code)
    assert len(dingtalk.control("GET", "callbacks")["callbacks"]) == 5
