"""Messages of an app, chats and group robots."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.wecom import CORP, NARROW, Wecom, app_server, wecom_serving


@pytest.fixture
def wecom(tmp_path: Path) -> Iterator[Wecom]:
    with wecom_serving(tmp_path / "wecom.db") as running:
        yield running


def text(content: str = "hello", **changes: Any) -> dict[str, Any]:
    return {"touser": "lead", "msgtype": "text", "agentid": 1000002, "text": {"content": content}, **changes}


def card(**changes: Any) -> dict[str, Any]:
    given = {
        "card_type": "button_interaction",
        "main_title": {"title": "Deploy?"},
        "task_id": "apr-1@lead",
        "button_list": [{"text": "Approve", "key": "approve"}, {"text": "Reject", "key": "reject"}],
        **changes,
    }
    return {"touser": "lead", "msgtype": "template_card", "agentid": 1000002, "template_card": given}


def shown(wecom: Wecom) -> list[tuple[list[str], str]]:
    return [(one["to"], one["text"]) for one in wecom.control("GET", "messages")["messages"]]


def test_people_parties_and_tags_get_a_message_once(wecom: Wecom):
    answer = wecom.data("message/send", text(touser="LEAD|Nobody", toparty="5|99", totag="1|7"))

    assert (answer["invaliduser"], answer["invalidparty"], answer["invalidtag"]) == ("nobody", "99", "7")
    assert shown(wecom) == [(["lead", "ops", "oncall", "release"], "hello")]


def test_everybody_is_the_visible_range(wecom: Wecom):
    wecom.control("POST", "apps", {**NARROW, "scopes": ["message"]})

    wecom.data("message/send", text(touser="@all", agentid=1000003), app=NARROW)

    assert shown(wecom) == [(["oncall", "ops"], "hello")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"agentid": "1000002"}, 40056),
        ({"agentid": 5}, 40056),
        ({"agentid": 1000003}, 301002),
        ({"msgtype": "poem"}, 40008),
        ({"text": {"content": ""}}, 44004),
        ({"text": None}, 44004),
        ({"touser": ""}, 40035),
        ({"touser": ["lead"]}, 40058),
        ({"touser": "nobody|intern"}, 81013),
        ({"msgtype": "textcard", "textcard": {"title": "t", "description": "d", "url": "x"}}, 40058),
        ({"msgtype": "news", "news": {"articles": []}}, 40058),
        ({"msgtype": "image", "image": {"media_id": "m"}}, 40007),
    ],
)
def test_a_malformed_message_is_refused(wecom: Wecom, change: dict[str, Any], code: int):
    assert wecom.refusal("message/send", text(**change)) == code
    assert shown(wecom) == []


def test_the_approval_apps_own_secret_sends_nothing(wecom: Wecom):
    system = {"corp_id": CORP, "agent_id": "3010040", "secret": "system-secret"}
    wecom.control("POST", "apps", system)

    assert wecom.refusal("message/send", text(agentid=3010040), app=system) == 48002


def test_a_long_text_is_cut_and_not_in_a_character(wecom: Wecom):
    wecom.data("message/send", text("好" * 1000))

    assert shown(wecom) == [(["lead"], "好" * 682)]


def test_a_repeated_message_is_dropped_inside_its_interval(wecom: Wecom):
    body = text(enable_duplicate_check=1, duplicate_check_interval=600)

    first, second = (wecom.data("message/send", body)["msgid"] for _ in range(2))
    wecom.pass_time(600)
    third = wecom.data("message/send", body)["msgid"]

    assert first == second != third
    assert len(shown(wecom)) == 2


def test_what_is_over_a_persons_limit_is_dropped_without_a_word(wecom: Wecom):
    wecom.register(rate_scale=0.1)

    codes = [wecom.refusal("message/send", text(f"{number}")) for number in range(4)]

    assert codes == [0, 0, 0, 0]
    assert [to for to, _ in shown(wecom)] == [[], ["lead"], ["lead"], ["lead"]]


def test_a_message_is_recalled_by_its_app_within_a_day(wecom: Wecom):
    first, second = (wecom.data("message/send", text())["msgid"] for _ in range(2))

    assert wecom.refusal("message/recall", {"msgid": "none"}) == 40058
    wecom.data("message/recall", {"msgid": first})
    wecom.pass_time(24 * 3600 + 1)
    assert wecom.refusal("message/recall", {"msgid": second}) == 42052
    assert [one["state"] for one in wecom.control("GET", "messages")["messages"]] == ["", "recalled"]


def test_cards_with_buttons_need_an_address_and_a_new_task(wecom: Wecom):
    assert wecom.refusal("message/send", card()) == 43012
    with app_server() as server:
        wecom.register(request_url=server.url)

        assert wecom.data("message/send", card())["response_code"]
        assert wecom.refusal("message/send", card()) == 42014
        assert wecom.refusal("message/send", card(task_id="a b")) == 42014
        assert wecom.refusal("message/send", card(task_id="2", button_list=[])) == 42038
        twice = [{"text": "A", "key": "k"}, {"text": "B", "key": "k"}]
        assert wecom.refusal("message/send", card(task_id="2", button_list=twice)) == 42039
    notice = card(card_type="text_notice")
    assert wecom.refusal("message/send", notice) == 42045
    notice["template_card"]["card_action"] = {"type": 1, "url": "https://ci.example.com/42"}
    assert "response_code" not in wecom.data("message/send", notice)


def test_a_card_is_replaced_once_by_its_code(wecom: Wecom):
    path = "message/update_template_card"
    with app_server() as server:
        wecom.register(request_url=server.url)
        code = wecom.data("message/send", card())["response_code"]
        action = {"type": 1, "url": "https://ci.example.com/42"}
        new = {"card_type": "text_notice", "main_title": {"title": "Approved"}, "card_action": action}
        body = {"atall": 1, "agentid": 1000002, "response_code": code, "template_card": new}

        assert wecom.refusal(path, body | {"agentid": 1000003}) == 40056
        assert wecom.refusal(path, body | {"atall": 0}) == 40035
        assert wecom.refusal(path, body | {"atall": 0, "userids": "lead"}) == 40058
        assert wecom.refusal(path, body | {"template_card": {**new, "card_action": None}}) == 42045
        assert wecom.data(path, body)["invaliduser"] == []
        assert wecom.refusal(path, body) == 40058

    (message,) = wecom.control("GET", "messages")["messages"]
    assert (message["title"], message["state"]) == ("Approved", "edited")


def test_a_card_is_replaceable_for_three_days_and_its_button_can_be_made_grey(wecom: Wecom):
    path = "message/update_template_card"
    with app_server() as server:
        wecom.register(request_url=server.url)
        codes = [wecom.data("message/send", card(task_id=f"t{number}"))["response_code"] for number in range(2)]
        body = {"userids": ["lead"], "agentid": 1000002, "button": {"replace_name": "已同意"}}

        wecom.data(path, body | {"response_code": codes[0]})
        wecom.pass_time(72 * 3600 + 1)
        assert wecom.refusal(path, body | {"response_code": codes[1]}) == 40058

    texts = [text for _, text in shown(wecom)]
    assert sorted(texts) == ["", "[已同意]"]


def test_chats_and_robots_alert_whom_they_name(wecom: Wecom):
    chat = {"chatid": "oc_demo_releases", "msgtype": "text", "text": {"content": "go", "mentioned_list": ["lead"]}}
    wecom.data("appchat/send", chat)
    robot(wecom, {"msgtype": "markdown", "markdown": {"content": "<@ops> **@lead** <@all>"}})

    mentions = [one["mentions"] for one in wecom.control("GET", "messages")["messages"]]

    assert mentions[::-1] == [["lead"], ["ops", "all"]]


def test_a_text_card_is_shown_with_its_link(wecom: Wecom):
    content = {
        "title": "Approved",
        "description": '<div class="gray">2026</div>by <font color="info">lead</font>',
        "url": "https://ci.example.com/42",
    }
    wecom.data("message/send", text(msgtype="textcard", textcard=content))

    (message,) = wecom.control("GET", "messages")["messages"]

    assert (message["title"], message["text"]) == ("Approved", "2026by lead")
    assert message["links"] == [["详情", "https://ci.example.com/42"]]


def test_an_app_makes_a_chat_and_writes_to_it(wecom: Wecom):
    made = wecom.data(
        "appchat/create", {"name": "Release", "owner": "lead", "userlist": ["lead", "qa"], "chatid": "r1"}
    )

    wecom.data("appchat/send", {"chatid": made["chatid"], "msgtype": "text", "text": {"content": "go"}})

    assert shown(wecom) == [(["lead", "qa"], "go")]
    assert wecom.refusal("appchat/create", {"userlist": ["lead", "qa"], "chatid": "r1"}) == 86215
    assert wecom.refusal("appchat/send", {"chatid": "none", "msgtype": "text", "text": {"content": "go"}}) == 86001
    wecom.control("POST", "apps", {**NARROW, "scopes": ["message"]})
    assert wecom.refusal("appchat/create", {"userlist": ["ops", "oncall"]}, app=NARROW) == 48002


def robot(wecom: Wecom, body: object, key: str = "demo-ops-robot") -> int:
    return int(wecom.http.post("/cgi-bin/webhook/send", params={"key": key}, json=body).json()["errcode"])


def test_a_robot_writes_to_its_chat(wecom: Wecom):
    assert robot(wecom, {"msgtype": "markdown", "markdown": {"content": "**red** [log](https://ci.example.com)"}}) == 0

    assert shown(wecom) == [(["lead", "ops", "oncall"], "red log")]
    assert robot(wecom, {"msgtype": "text", "text": {"content": "x"}}, key="none") == 93000
    assert robot(wecom, {"msgtype": "text", "text": {"content": "x" * 2049}}) == 45002
    assert robot(wecom, {"msgtype": "text", "text": {}}) == 44004
    assert robot(wecom, []) == 47001


def test_a_robot_takes_twenty_messages_a_minute(wecom: Wecom):
    body = {"msgtype": "text", "text": {"content": "x"}}

    codes = [robot(wecom, body) for _ in range(21)]

    assert codes == [0] * 20 + [45009]
    wecom.pass_time(60)
    assert robot(wecom, body) == 0
