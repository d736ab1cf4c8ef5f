"""Work notifications and robots: what is taken, what is dropped without an error, and what people see."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.simulators.dingtalk.custom_robots import robot_sign
from tests.simulators.dingtalk import GATE, DingTalk, dingtalk_at

AGENT = 836390886
NOTICE = "/topapi/message/corpconversation"
TO_PEOPLE = "/v1.0/robot/oToMessages/batchSend"
TO_GROUP = "/v1.0/robot/groupMessages/send"
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "dingtalk.json").read_text(encoding="utf-8"))


@pytest.fixture
def dingtalk(tmp_path: Path) -> Iterator[DingTalk]:
    with dingtalk_at(tmp_path / "dingtalk.db") as simulator:
        yield simulator


def notice(text: str = "deployed", **changes: Any) -> dict[str, Any]:
    message = {"msgtype": "markdown", "markdown": {"title": "Release", "text": text}}
    return {"agent_id": AGENT, "userid_list": "lead,qa", "msg": message, **changes}


def button(title: str, url: str) -> dict[str, Any]:
    buttons = [{"title": title, "action_url": url}]
    return {"msgtype": "action_card", "action_card": {"title": "t", "markdown": "m", "btn_json_list": buttons}}


def robot(**changes: Any) -> dict[str, Any]:
    param = json.dumps({"title": "Release", "text": "deployed"})
    return {
        "robotCode": GATE["appKey"],
        "userIds": ["lead", "nobody"],
        "msgKey": "sampleMarkdown",
        "msgParam": param,
        **changes,
    }


def shown(dingtalk: DingTalk) -> list[tuple[str, list[str], str, str]]:
    messages = dingtalk.control("GET", "messages")["messages"]
    return [(one["title"], one["to"], one["chat"], one["state"]) for one in messages]


def test_a_work_notification_arrives_and_tells_whom_it_did_not_reach(dingtalk: DingTalk):
    sent = dingtalk.old(f"{NOTICE}/asyncsend_v2", notice(userid_list="lead,nobody,intern"))
    task = {"agent_id": AGENT, "task_id": sent["task_id"]}

    assert (sent["errcode"], type(sent["task_id"])) == (0, int)
    result = dingtalk.old(f"{NOTICE}/getsendresult", task)["send_result"]
    assert result["invalid_user_id_list"] == ["nobody", "intern"]
    assert result["unread_user_id_list"] == ["lead"]
    assert dingtalk.old(f"{NOTICE}/getsendprogress", task)["progress"] == {"progress_in_percent": 100, "status": 2}
    assert shown(dingtalk) == [("Release", ["lead"], "", "")]


def test_the_same_content_is_dropped_on_the_same_day_without_an_error(dingtalk: DingTalk):
    dingtalk.old(f"{NOTICE}/asyncsend_v2", notice())
    again = dingtalk.old(f"{NOTICE}/asyncsend_v2", notice())
    dingtalk.old(f"{NOTICE}/asyncsend_v2", notice("deployed again"))

    result = dingtalk.old(f"{NOTICE}/getsendresult", {"agent_id": AGENT, "task_id": again["task_id"]})["send_result"]

    assert again["errcode"] == 0
    assert {one["code"] for one in result["forbidden_list"]} == {"143106"}
    assert [to for _, to, _, _ in shown(dingtalk)] == [["lead", "qa"], ["lead", "qa"]]
    dingtalk.later(24 * 3600)
    assert dingtalk.old(f"{NOTICE}/asyncsend_v2", notice())["errcode"] == 0
    assert shown(dingtalk)[0][1] == ["lead", "qa"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"agent_id": 1}, 40056),
        ({"agent_id": None}, 40035),
        ({"userid_list": ""}, 1430000),
        ({"userid_list": ["lead"]}, 40031),
        ({"userid_list": ",".join("abc" * 1 + str(n) for n in range(101))}, 400002),
        ({"dept_id_list": "x"}, 60003),
        ({"msg": {"msgtype": "news"}}, 400002),
        ({"msg": {"msgtype": "text", "text": {}}}, 400002),
        ({"msg": {"msgtype": "text", "text": {"content": "界" * 700}}}, 400002),
        ({"msg": {"msgtype": "action_card", "action_card": {"markdown": "m", "single_title": "Log"}}}, 400002),
        ({"msg": {"msgtype": "action_card", "action_card": {"markdown": "m", "btn_json_list": []}}}, 400002),
        ({"msg": button("t" * 21, "https://a.example")}, 400002),
        ({"msg": button("Log", "https://a.example/" + "p" * 700)}, 400002),
    ],
)
def test_malformed_notifications_are_refused(dingtalk: DingTalk, changes: dict[str, Any], code: int):
    assert dingtalk.old(f"{NOTICE}/asyncsend_v2", notice(**changes))["errcode"] == code


def test_a_department_means_everyone_below_it(dingtalk: DingTalk):
    top = dingtalk.old("/topapi/v2/department/listsub", {})["result"]
    engineering = next(one["dept_id"] for one in top if "Engineering" in one["name"])

    dingtalk.old(f"{NOTICE}/asyncsend_v2", notice(userid_list="", dept_id_list=str(engineering)))

    assert sorted(shown(dingtalk)[0][1]) == ["dev", "lead", "oncall", "ops", "qa"]


def test_status_bar_and_recall(dingtalk: DingTalk):
    bar = {"status_value": "pending", "status_bg": "0xFFFF9D46"}
    oa = {"message_url": "https://gate.example", "body": {"title": "Deploy"}, "status_bar": bar}
    sent = dingtalk.old(f"{NOTICE}/asyncsend_v2", notice(msg={"msgtype": "oa", "oa": oa}))
    task = {"agent_id": AGENT, "task_id": sent["task_id"]}

    update = dingtalk.old(f"{NOTICE}/status_bar/update", task | {"status_value": "done", "status_bg": "0xFF78C06E"})
    recall = dingtalk.old(f"{NOTICE}/recall", {"agent_id": AGENT, "msg_task_id": sent["task_id"]})

    assert (update["errcode"], recall["errcode"]) == (0, 0)
    message = dingtalk.control("GET", "messages")["messages"][0]
    assert (message["title"], message["state"]) == ("Deploy", "recalled")
    assert "done" in message["text"]
    dingtalk.later(24 * 3600 + 1)
    assert dingtalk.old(f"{NOTICE}/recall", {"agent_id": AGENT, "msg_task_id": sent["task_id"]})["errcode"] == 400002


def test_a_robot_tells_whom_it_did_not_reach(dingtalk: DingTalk):
    answer = dingtalk.data("POST", TO_PEOPLE, robot())

    assert answer["invalidStaffIdList"] == ["nobody"]
    assert shown(dingtalk) == [("Release", ["lead"], "", "")]
    recall = {"robotCode": GATE["appKey"], "processQueryKeys": [answer["processQueryKey"], "other"]}
    recalled = dingtalk.data("POST", "/v1.0/robot/otoMessages/batchRecall", recall)
    assert recalled["successResult"] == [answer["processQueryKey"]]
    assert "other" in recalled["failedResult"]
    assert dingtalk.why("POST", "/v1.0/robot/oToMessages/batchRecall", recall) == "InvalidAction.NotFound"


def test_a_robot_speaks_in_groups_it_is_in(dingtalk: DingTalk):
    group = robot(openConversationId="oc_demo_releases")

    dingtalk.data("POST", TO_GROUP, group)

    assert shown(dingtalk)[0][2] == "发布频道 Releases"
    assert dingtalk.why("POST", TO_GROUP, group | {"openConversationId": "x"}) == "invalidParameter.robotCode.notExsit"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"robotCode": ""}, "invalidParameter.robotCode.empty"),
        ({"robotCode": "ding0"}, "invalidParameter.robotCode.notExsit"),
        ({"userIds": []}, "invalidParameter.userIds.empty"),
        ({"userIds": ["lead"] * 21}, "invalidParameter.userIds.overMax"),
        ({"msgKey": "markdown"}, "invalidParameter.msgKey.invalid"),
        ({"msgParam": {"title": "x", "text": "y"}}, "invalidParameter.msgParam.invalid"),
        ({"msgParam": "{}"}, "invalidParameter.msgParam.invalid"),
        ({"msgParam": json.dumps({"title": "x", "text": "y" * 15_000})}, "invalidParameter.msgParam.tooLong"),
    ],
)
def test_malformed_robot_messages_are_refused(dingtalk: DingTalk, changes: dict[str, Any], why: str):
    assert dingtalk.why("POST", TO_PEOPLE, robot(**changes)) == why


def hook(dingtalk: DingTalk, body: Any, *, token: str = "demo-ops-robot", secret: str = "demo-robot-secret") -> int:
    timestamp = str(int(time.time() * 1000))
    query = {"access_token": token, "timestamp": timestamp, "sign": robot_sign(timestamp, secret)}
    answer = dingtalk.http.post("/robot/send", params=query, json=body)
    assert answer.status_code == 200
    return int(answer.json()["errcode"])


def test_custom_robots_want_a_signature(dingtalk: DingTalk):
    text = {"msgtype": "text", "text": {"content": "deployed"}, "msgUuid": "run-42"}

    assert hook(dingtalk, text) == 0
    assert hook(dingtalk, text) == 0  # the repetition is not shown twice
    assert hook(dingtalk, text, secret="wrong") == 310000
    assert hook(dingtalk, text, token="nobody") == 300005
    assert hook(dingtalk, {"msgtype": "news"}) == 400105
    assert hook(dingtalk, {"msgtype": "text"}) == 40035
    assert [chat for _, _, chat, _ in shown(dingtalk)] == ["故障响应 Incidents"]


def test_custom_robots_alert_those_whose_id_is_in_the_text_too(dingtalk: DingTalk):
    at = {"atUserIds": ["lead", "ops"], "isAtAll": False}
    hook(dingtalk, {"msgtype": "text", "text": {"content": "look @lead"}, "at": at})
    hook(dingtalk, {"msgtype": "actionCard", "actionCard": {"title": "t", "text": "look @lead"}, "at": at})
    hook(dingtalk, {"msgtype": "text", "text": {"content": "@lead"}, "at": {"isAtAll": True}})

    mentions = [one["mentions"] for one in dingtalk.control("GET", "messages")["messages"]]

    assert mentions[::-1] == [["lead"], [], ["all"]]


def test_the_buttons_of_a_card_are_shown_with_their_titles(dingtalk: DingTalk):
    dingtalk.old(f"{NOTICE}/asyncsend_v2", notice(msg=button("Build 42", "https://ci.example.com/42")))

    (message,) = dingtalk.control("GET", "messages")["messages"]

    assert message["links"] == [["Build 42", "https://ci.example.com/42"]]


def test_custom_robots_are_blocked_for_ten_minutes_after_twenty_messages(dingtalk: DingTalk):
    text = {"msgtype": "text", "text": {"content": "deployed"}}

    codes = [hook(dingtalk, text) for _ in range(41)]

    assert (codes[0], codes[-1]) == (0, 410100)
    dingtalk.later(120)
    assert hook(dingtalk, text) == 410100
    dingtalk.later(500)
    assert hook(dingtalk, text) == 0


@pytest.mark.parametrize("vector", VECTORS["custom_robot_sign"])
def test_the_robots_signature_agrees_with_the_vectors(vector: dict[str, str]):
    assert robot_sign(vector["timestamp"], vector["secret"]) == vector["sign_base64"]
