"""Messages, chats and custom bots."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from local.simulators.feishu.cards import read_content
from local.simulators.feishu.robots import robot_sign
from tests.simulators.conftest import GATE, NARROW, Simulator

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "feishu-lark.json").read_text())
_HOOK = "/open-apis/bot/v2/hook/demo-ops-robot"
_SECRET = "demo-robot-secret"


def text(words: str = "hello") -> dict[str, Any]:
    return {"msg_type": "text", "content": json.dumps({"text": words})}


def send(feishu: Simulator, receiver: str, id_type: str, app: dict[str, str] = GATE, **body: Any) -> dict[str, Any]:
    sent = {"receive_id": receiver, **text(), **body}
    return feishu.call("POST", "/im/v1/messages", sent, app=app, receive_id_type=id_type).json()


def test_a_message_reaches_a_person_by_any_kind_of_id(feishu: Simulator):
    person = next(one for one in feishu.control("GET", "people")["people"] if one["user_id"] == "lead")
    by = {
        "open_id": person["open_ids"][GATE["app_id"]],
        "union_id": person["union_id"],
        "user_id": "lead",
        "email": "lead@example.com",
    }

    chats = {send(feishu, receiver, id_type)["data"]["chat_id"] for id_type, receiver in by.items()}

    assert len(chats) == 1
    assert send(feishu, chats.pop(), "chat_id")["code"] == 0
    assert {tuple(one["to"]) for one in feishu.control("GET", "messages")["messages"]} == {("lead",)}


@pytest.mark.parametrize(
    ("receiver", "id_type", "code"),
    [
        ("ou_unknown", "open_id", 99992351),
        ("nobody", "user_id", 99992360),
        ("on_unknown", "union_id", 99992364),
        ("nobody@example.com", "email", 230034),
        ("oc_unknown", "chat_id", 230034),
        ("intern@example.com", "email", 230013),
        ("lead", "phone", 99992402),
        ("", "email", 99992402),
    ],
)
def test_a_receiver_that_cannot_be_reached_is_refused(feishu: Simulator, receiver: str, id_type: str, code: int):
    assert send(feishu, receiver, id_type)["code"] == code


def test_an_open_id_of_another_app_is_refused(feishu: Simulator):
    assert send(feishu, feishu.open_id("lead", NARROW), "open_id")["code"] == 99992361


def test_a_person_outside_the_range_is_not_reached(feishu: Simulator):
    assert send(feishu, "lead@example.com", "email", app=NARROW)["code"] == 230013
    assert send(feishu, "ops@example.com", "email", app=NARROW)["code"] == 0


def test_a_bot_writes_only_to_chats_it_is_in(feishu: Simulator):
    feishu.control("POST", "people", {"chats": [{"id": "oc_closed", "name": "Closed", "members": ["lead"]}]})
    assert send(feishu, "oc_closed", "chat_id")["code"] == 230002
    assert feishu.refusal("GET", "/im/v1/chats/oc_closed/members") == 232011

    feishu.control("POST", "people", {"chats": [{"id": "oc_closed", "bots": [GATE["app_id"]]}]})

    assert send(feishu, "oc_closed", "chat_id")["code"] == 0
    assert feishu.data("GET", "/im/v1/chats/oc_closed/members")["member_total"] == 1
    assert [one["chat_id"] for one in feishu.data("GET", "/im/v1/chats/search", query="closed")["items"]] == [
        "oc_closed"
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"msg_type": "smoke"}, 230001),
        ({"content": {"text": "an object"}}, 230001),
        ({"content": "not json"}, 230001),
        ({"content": json.dumps({"text": "x" * 160_000})}, 230025),
        ({"msg_type": "interactive", "content": "not json"}, 230099),
        ({"msg_type": "interactive", "content": "{}"}, 230099),
        (
            {
                "msg_type": "interactive",
                "content": '{"schema":"2.0","body":{"elements":[{"tag":"action","actions":[]}]}}',
            },
            230099,
        ),
        ({"msg_type": "interactive", "content": json.dumps({"elements": ["x" * 31_000]})}, 230025),
        ({"uuid": "x" * 51}, 99992402),
    ],
)
def test_a_content_that_cannot_be_shown_is_refused(feishu: Simulator, body: dict[str, Any], code: int):
    assert send(feishu, "lead", "user_id", **body)["code"] == code
    assert feishu.control("GET", "messages")["messages"] == []


def test_a_repeated_uuid_sends_once_within_the_hour(feishu: Simulator):
    first = send(feishu, "lead", "user_id", uuid="n1")["data"]["message_id"]
    again = send(feishu, "lead", "user_id", uuid="n1")["data"]["message_id"]

    feishu.control("POST", "clock", {"advance_s": 3601})

    assert again == first
    assert send(feishu, "lead", "user_id", uuid="n1")["data"]["message_id"] != first


def test_a_person_gets_five_messages_a_second_at_most(feishu: Simulator):
    feishu.control("POST", "apps", {**GATE, "rate_scale": 1})

    codes = [send(feishu, "lead", "user_id")["code"] for _ in range(12)]

    assert 230020 in codes


def test_only_cards_of_the_same_app_are_updated(feishu: Simulator):
    card = json.dumps({"config": {"update_multi": True}, "elements": []})
    plain = send(feishu, "ops", "user_id")["data"]["message_id"]
    mine = send(feishu, "ops", "user_id", msg_type="interactive", content=card)["data"]["message_id"]

    def update(message_id: str, content: str, app: dict[str, str] = GATE) -> int:
        return feishu.refusal("PATCH", f"/im/v1/messages/{message_id}", {"content": content}, app=app)

    assert update("om_unknown", card) == 99992354
    assert update(plain, card) == 230001
    assert update(mine, card, NARROW) == 230027
    assert update(mine, '{"elements":[]}') == 230001
    assert update(mine, card) == 0
    feishu.control("POST", "clock", {"advance_s": 15 * 24 * 3600})
    assert update(mine, card) == 230031


def test_a_recalled_message_is_gone(feishu: Simulator):
    message_id = send(feishu, "ops", "user_id")["data"]["message_id"]

    assert feishu.refusal("DELETE", f"/im/v1/messages/{message_id}") == 0
    assert feishu.refusal("DELETE", f"/im/v1/messages/{message_id}") == 230011
    assert feishu.control("GET", "messages")["messages"][0]["state"] == "recalled"


def test_urging_names_those_who_are_not_in_the_conversation(feishu: Simulator):
    message_id = send(feishu, "oc_demo_releases", "chat_id")["data"]["message_id"]
    people = [feishu.open_id("lead"), feishu.open_id("oncall")]

    answer = feishu.data("PATCH", f"/im/v1/messages/{message_id}/urgent_app", {"user_id_list": people})

    assert answer["invalid_user_id_list"] == [people[1]]


def test_a_batch_reaches_whole_departments_once(feishu: Simulator):
    body = {
        "msg_type": "text",
        "content": {"text": "all hands"},
        "department_ids": ["d-engineering", "d-none"],
        "user_ids": ["lead"],
        "open_ids": ["ou_unknown"],
    }

    answer = feishu.data("POST", "/message/v4/batch_send/", body)

    assert answer["message_id"].startswith("bm-")
    assert (answer["invalid_department_ids"], answer["invalid_open_ids"]) == (["d-none"], ["ou_unknown"])
    reached = [one["to"][0] for one in feishu.control("GET", "messages")["messages"]]
    assert sorted(reached) == sorted({"lead", "dev", "qa", "ops", "oncall", "intern"} - {"intern"})


@pytest.mark.parametrize("vector", VECTORS["custom_bot_sign"], ids=lambda vector: vector["timestamp"])
def test_custom_bots_sign_as_published(vector: dict[str, str]):
    assert robot_sign(vector["timestamp"], vector["secret"]) == vector["sign"]


def test_a_signed_hook_message_arrives_in_the_chat(feishu: Simulator):
    now = str(int(time.time()))
    body = {"timestamp": now, "sign": robot_sign(now, _SECRET), "msg_type": "text", "content": {"text": "build failed"}}

    answer = feishu.http.post(_HOOK, json=body)

    assert answer.json() == {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}
    message = feishu.control("GET", "messages")["messages"][0]
    assert (message["text"], message["sender"], message["to"]) == (
        "build failed",
        "ops-group",
        ["lead", "ops", "oncall"],
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sign": "wrong"}, 19021),
        ({"timestamp": "1599360473", "sign": robot_sign("1599360473", _SECRET)}, 19021),
        ({"msg_type": "smoke"}, 19002),
        ({"content": "a text"}, 19002),
    ],
)
def test_a_wrong_hook_message_is_refused_with_http_200(feishu: Simulator, changes: dict[str, Any], code: int):
    now = str(int(time.time()))
    body = {"timestamp": now, "sign": robot_sign(now, _SECRET), "msg_type": "text", "content": {"text": "x"}, **changes}

    answer = feishu.http.post(_HOOK, json=body)

    assert (answer.status_code, answer.json()["code"]) == (200, code)


def test_a_hook_that_does_not_exist_or_gets_no_json_says_so(feishu: Simulator):
    assert feishu.http.post("/open-apis/bot/v2/hook/none", json={}).json()["code"] == 19001
    assert feishu.http.post(_HOOK, content=b"{").json()["code"] == 9499


def test_a_hook_with_keywords_wants_one_of_them(feishu: Simulator):
    robot = {"id": "words", "chat": "oc_demo_incidents", "keywords": ["deploy", "发布"]}
    feishu.control("POST", "people", {"robots": [robot]})

    def said(words: str) -> int:
        body = {"msg_type": "text", "content": {"text": words}}
        return feishu.http.post("/open-apis/bot/v2/hook/words", json=body).json()["code"]

    assert [said("hello"), said("发布完成"), said("deploy done")] == [19024, 0, 0]


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("text", {"text": 'hi <at user_id="ou_1">Lead</at>'}, ("", "hi @Lead", [])),
        (
            "post",
            {
                "zh_cn": {
                    "title": "T",
                    "content": [
                        [{"tag": "text", "text": "a "}, {"tag": "a", "text": "b", "href": "https://e.example"}]
                    ],
                }
            },
            ("T", "a b", [("b", "https://e.example")]),
        ),
        (
            "interactive",
            {
                "schema": "2.0",
                "header": {"title": {"tag": "plain_text", "content": "T"}},
                "body": {
                    "elements": [
                        {"tag": "markdown", "content": "**x** &lt;y&gt;"},
                        {
                            "tag": "button",
                            "text": {"tag": "plain_text", "content": "Open"},
                            "behaviors": [{"type": "open_url", "default_url": "https://e.example"}],
                        },
                    ]
                },
            },
            ("T", "x <y>", [("Open", "https://e.example")]),
        ),
    ],
)
def test_a_person_reads_what_a_message_says(kind: str, content: dict[str, Any], expected: tuple[Any, ...]):
    assert read_content(kind, json.dumps(content))[:3] == expected
