"""Cards of JSON 2.0: which are refused, what people read in them, and whom they alert."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from local.simulators.feishu.cards import read_content
from local.simulators.feishu.richtext import mentioned_ids, read_rich
from local.simulators.feishu.robots import robot_sign
from tests.simulators.conftest import GATE, Simulator

HOOK = "/open-apis/bot/v2/hook/demo-ops-robot"


def card(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"schema": "2.0", "body": {"elements": list(elements)}}


def rich(content: str) -> dict[str, Any]:
    return {"tag": "markdown", "content": content}


def send(feishu: Simulator, shown: dict[str, Any], receiver: str = "oc_demo_releases") -> dict[str, Any]:
    body = {"receive_id": receiver, "msg_type": "interactive", "content": json.dumps(shown)}
    answer: dict[str, Any] = feishu.call("POST", "/im/v1/messages", body, receive_id_type="chat_id").json()
    return answer


def arrived(feishu: Simulator) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = feishu.control("GET", "messages")["messages"]
    return messages


@pytest.mark.parametrize(
    ("shown", "sub_code"),
    [
        (card(*[rich("x")] * 201), "11310"),
        (card(rich("![x](https://e.example/x.png)")), "200570"),
        (card(rich("hi <at id=ou_nobody></at>")), "100290"),
    ],
)
def test_a_card_that_cannot_be_shown_is_refused(feishu: Simulator, shown: dict[str, Any], sub_code: str):
    answer = send(feishu, shown)

    assert answer["code"] == 230099
    assert sub_code in answer["msg"]
    assert arrived(feishu) == []


def test_two_hundred_elements_are_not_too_many(feishu: Simulator):
    assert send(feishu, card(*[rich("x")] * 200))["code"] == 0


def test_those_who_are_mentioned_are_known_by_name_and_id(feishu: Simulator):
    send(feishu, card(rich(f"<at id={feishu.open_id('lead', GATE)}></at> <at id=ops></at> <at id=all></at>")))

    (shown,) = arrived(feishu)
    assert shown["mentions"] == ["lead", "ops", "all"]
    assert shown["text"] == "@林悦 @马腾 @all"


def test_an_update_that_mentions_nobody_who_exists_is_refused(feishu: Simulator):
    message_id = send(feishu, card(rich("before")))["data"]["message_id"]
    content = {"content": json.dumps(card(rich("<at id=ou_nobody></at>")))}

    assert feishu.refusal("PATCH", f"/im/v1/messages/{message_id}", content) == 230099
    assert arrived(feishu)[0]["text"] == "before"


def test_a_custom_bot_refuses_what_cannot_be_shown_too(feishu: Simulator):
    now = str(int(time.time()))
    body = {"timestamp": now, "sign": robot_sign(now, "demo-robot-secret"), "msg_type": "interactive"}

    wrong = feishu.http.post(HOOK, json={**body, "card": card({"tag": "action", "actions": []})}).json()
    right = feishu.http.post(HOOK, json={**body, "card": card(rich("<at id=lead></at>"))}).json()

    assert (wrong["code"], right["code"]) == (19002, 0)
    assert [shown["mentions"] for shown in arrived(feishu)] == [["lead"]]


@pytest.mark.parametrize(
    ("lists", "scope"),
    [
        ({"department_ids": ["d-product"]}, "im:message:send_multi_depts"),
        ({"user_ids": ["lead"]}, "im:message:send_multi_users"),
    ],
)
def test_a_batch_needs_a_permission_of_its_own(feishu: Simulator, lists: dict[str, Any], scope: str):
    body = {"msg_type": "interactive", "card": card(rich("x")), **lists}
    feishu.control("POST", "apps", {**GATE, "scopes": ["im:message:send_as_bot"]})
    assert feishu.refusal("POST", "/message/v4/batch_send/", body) == 99991672

    feishu.control("POST", "apps", {**GATE, "scopes": ["im:message:send_as_bot", scope]})
    assert feishu.refusal("POST", "/message/v4/batch_send/", body) == 0


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("## A\n**b** *c* `d`", "A\nb c d"),
        ("- a\n    - b\n- c", "• a\n    • b\n• c"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("> a\n\nb", "> a\nb"),
        ("```\n<at id=all></at>\n```", "<at id=all></at>"),
        ("&#60;at id=all&#62; &#42;x&#42;", "<at id=all> *x*"),
        ("<font color='red'>a</font><br>b <x>", "a\nb <x>"),
        ("[a](https://e.example) ~~b~~", "a b"),
    ],
)
def test_rich_text_reads_as_commonmark(content: str, text: str):
    assert read_rich(content).text == text


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ("<at id=ou_1></at>", ["ou_1"]),
        ("<at ids=ou_1,ou_2></at><AT email='a@b.c'></AT>", ["ou_1", "ou_2", "a@b.c"]),
        ("< at id = all >", ["all"]),
        ("`<at id=all></at>`", ["all"]),
        ("&#60;at id=all&#62; ＜at id=all> <attr id=all>", []),
    ],
)
def test_mentions_are_found_wherever_a_client_might_see_one(content: str, ids: list[str]):
    assert mentioned_ids(content) == ids


def test_columns_stand_on_one_line():
    columns = [
        {"tag": "column", "elements": [rich(f"**{name}**\n{value}")]} for name, value in (("a", "1"), ("b", "2"))
    ]

    title, text, links, tone = read_content("interactive", json.dumps(card({"tag": "column_set", "columns": columns})))

    assert (title, text, links, tone) == ("", "a: 1    b: 2", [], "")
