"""Whatever is sent, the platform answers: every member of every body replaced by what does not belong there."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.wecom import ALL, Wecom, application, template, wecom_serving

ODD: list[Any] = [None, True, 0, -1, 1.5, 10**30, "", "x", "\ud800", "9" * 5000, [], [None], ["x"], [[]], {}, {"x": []}]

CARD = {
    "card_type": "button_interaction",
    "main_title": {"title": "Deploy?"},
    "task_id": "t",
    "button_list": [{"text": "A", "key": "a", "type": 0}],
    "card_action": {"type": 1, "url": "https://ci.example.com"},
    "horizontal_content_list": [{"keyname": "Env", "value": "prod"}],
    "jump_list": [{"title": "x", "url": "https://ci.example.com"}],
}
SELECTOR = {"type": "single", "options": [{"key": "option-1", "value": [{"text": "A", "lang": "zh_CN"}]}]}
WHOLE: dict[str, Any] = {
    "touser": "lead",
    "toparty": "2",
    "totag": "1",
    "agentid": 1000002,
    "enable_duplicate_check": 1,
}


def with_selector() -> dict[str, Any]:
    body = template("Selection")
    control = copy.deepcopy(body["template_content"]["controls"][0])
    control["property"] |= {"control": "Selector", "id": "Selector-1", "title": [{"text": "Which", "lang": "zh_CN"}]}
    body["template_content"]["controls"].append(control | {"config": {"selector": SELECTOR}})
    return body


BODIES: list[tuple[str, dict[str, Any]]] = [
    ("oa/applyevent", application((ALL, ["lead"]), choose_department=3)),
    ("oa/applyevent", {**application(), "process": None, "approver": [{"attr": 1, "userid": ["lead"]}]}),
    ("oa/applyevent", application(notifyer=["qa"], notify_type=1)),
    ("oa/approval/create_template", with_selector()),
    ("oa/approval/update_template", {**with_selector(), "template_id": "none"}),
    ("oa/gettemplatedetail", {"template_id": "none"}),
    ("oa/getapprovaldetail", {"sp_no": "202601010001"}),
    (
        "oa/getapprovalinfo",
        {
            "starttime": "1",
            "endtime": "9",
            "new_cursor": "0",
            "cursor": 0,
            "size": 10,
            "filters": [{"key": "creator", "value": "dev"}],
        },
    ),
    ("user/getuserid", {"mobile": "13800000001"}),
    ("user/get_userid_by_email", {"email": "lead@example.com", "email_type": 1}),
    ("user/get", {"userid": "lead"}),
    ("user/simplelist", {"department_id": 2}),
    ("department/list", {"id": 2}),
    ("tag/get", {"tagid": 1}),
    ("message/send", {**WHOLE, "msgtype": "text", "text": {"content": "x"}, "duplicate_check_interval": 60}),
    (
        "message/send",
        {**WHOLE, "msgtype": "textcard", "textcard": {"title": "t", "description": "d", "url": "http://x"}},
    ),
    ("message/send", {**WHOLE, "msgtype": "news", "news": {"articles": [{"title": "t", "url": "http://x"}]}}),
    ("message/send", {**WHOLE, "msgtype": "template_card", "template_card": {**CARD, "card_type": "text_notice"}}),
    ("message/send", {**WHOLE, "msgtype": "template_card", "template_card": CARD}),
    ("message/recall", {"msgid": "m"}),
    ("appchat/create", {"name": "n", "owner": "lead", "userlist": ["lead", "qa"], "chatid": "c"}),
    ("appchat/send", {"chatid": "oc_demo_releases", "msgtype": "text", "text": {"content": "x"}}),
    ("webhook/send", {"msgtype": "markdown", "markdown": {"content": "x"}}),
    ("webhook/send", {"msgtype": "template_card", "template_card": {**CARD, "card_type": "text_notice"}}),
]


@pytest.fixture
def wecom(tmp_path: Path) -> Iterator[Wecom]:
    with wecom_serving(tmp_path / "wecom.db") as running:
        yield running


def variants(value: Any) -> Iterator[Any]:
    """The value with one part of it replaced, for every part and everything odd."""
    yield from ODD
    if isinstance(value, dict):
        for name, part in value.items():
            yield {key: one for key, one in value.items() if key != name}
            yield from ({**value, name: odd} for odd in variants(part))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from ([*value[:index], odd, *value[index + 1 :]] for odd in variants(part))


@pytest.mark.parametrize(("path", "body"), BODIES, ids=[f"{n}-{path}" for n, (path, _) in enumerate(BODIES)])
def test_every_odd_body_gets_an_answer_of_the_platform(wecom: Wecom, path: str, body: dict[str, Any]):
    params = {"access_token": wecom.token(), "key": "demo-ops-robot"}
    for odd in variants(body):
        answer = wecom.http.post(f"/cgi-bin/{path}", params=params, content=json.dumps(odd))
        assert answer.status_code == 200, (odd, answer.text)
        assert isinstance(answer.json()["errcode"], int)

    assert wecom.http.get("/?as=lead&tab=messages").status_code == 200
    assert wecom.http.get("/?as=dev&tab=started").status_code == 200
    assert wecom.control("GET", "approvals").keys() == {"approvals"}


@pytest.mark.parametrize("name", ["corpid", "corpsecret", "access_token", "userid", "id", "department_id", "cursor"])
def test_every_odd_query_gets_an_answer_of_the_platform(wecom: Wecom, name: str):
    token = wecom.token()
    for path in ("gettoken", "user/get", "department/list", "user/simplelist", "tag/get", "appchat/get", "no/such"):
        for odd in ("", "\0", "-1", "9" * 5000, "²", "好"):
            answer = wecom.http.get(f"/cgi-bin/{path}", params={"access_token": token, "corpid": "x", name: odd})
            assert answer.status_code == (404 if path == "no/such" else 200)
