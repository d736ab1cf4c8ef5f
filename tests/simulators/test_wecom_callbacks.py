"""The check of an address, events, and their delivery."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.simulators.wecom.sealing import sealed, signature
from tests.simulators.wecom import (
    ALL,
    CORP,
    GATE,
    KEY,
    NARROW,
    TOKEN,
    AppServer,
    Arrived,
    Wecom,
    app_server,
    application,
    template,
    textarea,
    unsealed,
    wecom_serving,
)


@pytest.fixture
def wecom(tmp_path: Path) -> Iterator[Wecom]:
    with wecom_serving(tmp_path / "wecom.db") as running:
        yield running


@pytest.fixture
def server() -> Iterator[AppServer]:
    with app_server() as serving:
        yield serving


@pytest.fixture
def listening(wecom: Wecom, server: AppServer) -> AppServer:
    wecom.register(request_url=server.url)
    return server


# -- the check of an address


def test_the_check_is_escaped_and_opens_to_a_number(wecom: Wecom, server: AppServer):
    checks: list[Arrived] = []

    def answer(check: Arrived) -> tuple[int, bytes]:
        checks.append(check)
        return 200, check.plain

    server.on_check = answer
    wecom.register(request_url=server.url)

    (check,) = checks
    assert check.plain.isdigit()
    assert all(escaped in check.query for escaped in ("%2B", "%2F", "%3D"))


def test_an_address_with_a_query_of_its_own_keeps_it(wecom: Wecom, server: AppServer):
    checks: list[Arrived] = []
    server.on_check = lambda check: (checks.append(check), (200, check.plain))[1]

    wecom.register(request_url=f"{server.url}?room=1")

    assert checks[0].parameters["room"] == "1"


@pytest.mark.parametrize(
    ("status", "make", "complaint"),
    [
        (201, lambda plain: plain, "HTTP 201"),
        (200, lambda plain: b'"' + plain + b'"', "nothing else"),
        (200, lambda plain: plain + b"\n", "nothing else"),
        (200, lambda plain: b"\xef\xbb\xbf" + plain, "nothing else"),
        (200, lambda _: b"success", "not the opened echostr"),
        (200, lambda _: b"", "not the opened echostr"),
    ],
)
def test_an_address_that_does_not_answer_to_the_byte_is_not_saved(
    wecom: Wecom, server: AppServer, status: int, make: Any, complaint: str
):
    server.on_check = lambda check: (status, make(check.plain))

    answer = wecom.control("POST", "apps", {**GATE, "request_url": server.url}, status=400)

    assert complaint in answer["error"]
    assert [one["request_url"] for one in wecom.control("GET", "apps")["apps"]] == ["", ""]


def test_an_address_needs_token_and_key_first(wecom: Wecom, server: AppServer):
    answer = wecom.control("POST", "apps", {**NARROW, "request_url": server.url}, status=400)

    assert "token and encoding_aes_key" in answer["error"]


# -- events


def test_a_submission_is_told_with_everything(wecom: Wecom, listening: AppServer):
    sp_no = wecom.apply((ALL, ["lead", "qa"]))

    arrived = listening.next()

    event = arrived.event
    assert (event.findtext("ToUserName"), event.findtext("FromUserName"), event.findtext("Event")) == (
        CORP,
        "sys",
        "sys_approval_change",
    )
    assert event.findtext("AgentID") == "1000002"
    info = event.find("ApprovalInfo")
    assert info is not None
    assert (info.findtext("SpNoStr"), info.findtext("SpNo"), arrived.change) == (sp_no, sp_no, (1, 1))
    people = [one.findtext("UserInfo/UserId") for one in info.iterfind("ProcessList/NodeList/SubNodeList")]
    assert people == ["lead", "qa"]


def test_every_step_is_told_with_the_status_after_it(wecom: Wecom, listening: AppServer):
    sp_no = wecom.apply((ALL, ["lead", "qa"]))
    told = [listening.next().change]

    for action in (
        {"decision": "urge"},
        {"decision": "comment", "user_id": "qa", "comment": "hm"},
        {"decision": "transfer", "user_id": "lead", "to": "ops"},
        {"decision": "approve", "user_id": "ops"},
        {"decision": "countersign", "user_id": "qa", "to": "release"},
        {"decision": "approve", "user_id": "release"},
        {"decision": "revert"},
    ):
        wecom.control("POST", f"approvals/{sp_no}/decide", action)
        told.append(listening.next().change)

    assert told == [(1, 1), (5, 1), (10, 1), (4, 1), (2, 1), (13, 1), (2, 2), (8, 6)]


@pytest.mark.parametrize(("decision", "change"), [("reject", (3, 3)), ("withdraw", (6, 4)), ("approve", (2, 2))])
def test_every_end_is_told(wecom: Wecom, listening: AppServer, decision: str, change: tuple[int, int]):
    sp_no = wecom.apply()
    listening.next()

    wecom.decide(sp_no, decision)

    assert listening.next().change == change


def test_a_comment_can_not_break_out_of_its_event(wecom: Wecom, listening: AppServer):
    sp_no = wecom.apply()
    listening.next()

    wecom.decide(sp_no, "approve", comment="]]></Speech><SpStatus>3</SpStatus>\x0b&<![CDATA[")

    event = listening.next().event
    assert event.findtext("ApprovalInfo/SpStatus") == "2"
    assert event.findtext("ApprovalInfo/SpRecord/Details/Speech") == "]]></Speech><SpStatus>3</SpStatus>&<![CDATA["


def test_a_template_that_nobody_ticked_sends_nothing(wecom: Wecom, listening: AppServer):
    wecom.settings(ticked_templates=0)
    template_id = wecom.data("oa/approval/create_template", template())["template_id"]

    wecom.apply(template_id=template_id, apply_data={"contents": [textarea("go", "Textarea-1")]})

    assert wecom.control("GET", "callbacks")["callbacks"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": ["message"]},
        {"contact_range": {"departments": ["d-operations"], "people": []}},
        {"events": ["change_contact"]},
    ],
    ids=["not listed as callable", "applicant out of range", "event not ticked"],
)
def test_an_app_that_may_not_have_events_gets_none(wecom: Wecom, listening: AppServer, change: dict[str, Any]):
    wecom.control("POST", "people", {"people": [{"user_id": "pipeline", "name": "CI", "departments": []}]})
    body = {"creator_userid": "pipeline", "process": {"node_list": [{"type": 1, "apv_rel": 1, "userid": ["ops"]}]}}
    poster = {"corp_id": CORP, "agent_id": "1000009", "secret": "poster-secret"}
    wecom.control("POST", "apps", poster)
    wecom.register(**change)

    wecom.data("oa/applyevent", application(**body), app=poster)

    assert wecom.control("GET", "callbacks")["callbacks"] == []


# -- delivery


def test_a_repetition_is_the_same_document_under_a_new_seal(wecom: Wecom, listening: AppServer):
    answers = iter([500, 302, 200])
    listening.answer = lambda _: (next(answers, 200), b"")

    sp_no = wecom.apply()

    arrived = [listening.next() for _ in range(3)]
    assert len({one.plain for one in arrived}) == 1
    assert len({one.sealed for one in arrived}) == 3
    assert [one["status"] for one in wecom.settled(sp_no)[0]["attempts"]] == [500, 302, 200]


def test_after_three_repetitions_the_event_is_given_up(wecom: Wecom, listening: AppServer):
    listening.answer = lambda _: (500, b"")

    (delivery,) = wecom.settled(wecom.apply())

    assert (delivery["status"], len(delivery["attempts"])) == ("given_up", 4)


def test_a_refused_event_is_not_sent_again_where_only_silence_is(wecom: Wecom, listening: AppServer):
    wecom.settings(retry_refused=0)
    listening.answer = lambda _: (500, b"")

    (delivery,) = wecom.settled(wecom.apply())

    assert [one["status"] for one in delivery["attempts"]] == [500]


def test_an_event_does_not_wait_for_the_one_before(wecom: Wecom, listening: AppServer):
    listening.answer = lambda arrived: (500 if arrived.change == (1, 1) else 200, b"")
    sp_no = wecom.apply()

    wecom.decide(sp_no, "approve")

    assert [one["status"] for one in wecom.settled(sp_no)] == ["given_up", "delivered"]


@pytest.mark.parametrize(("body", "counts"), [(b"", True), (b"success", True), (b"ok", False), (b"{}", False)])
def test_only_documented_answers_count(wecom: Wecom, listening: AppServer, body: bytes, counts: bool):
    listening.answer = lambda _: (200, body)

    (delivery,) = wecom.settled(wecom.apply())

    assert delivery["status"] == ("delivered" if counts else "given_up")


@pytest.mark.parametrize(
    ("receiver", "token", "complaint"),
    [(CORP, TOKEN, ""), ("wwother", TOKEN, "another receiver"), (CORP, "other", "wrong signature")],
)
def test_a_sealed_reply_is_opened(wecom: Wecom, listening: AppServer, receiver: str, token: str, complaint: str):
    text = sealed(b"<xml></xml>", KEY, receiver, b"0123456789abcdef")
    reply = (
        f"<xml><Encrypt><![CDATA[{text}]]></Encrypt><MsgSignature><![CDATA[{signature(token, '1', 'n', text)}]]>"
        "</MsgSignature><TimeStamp>1</TimeStamp><Nonce><![CDATA[n]]></Nonce></xml>"
    )
    listening.answer = lambda _: (200, reply.encode())

    (delivery,) = wecom.settled(wecom.apply())

    assert complaint in delivery["attempts"][0]["error"]
    assert delivery["status"] == ("given_up" if complaint else "delivered")


def test_a_dropped_event_can_be_delivered_again(wecom: Wecom, listening: AppServer):
    wecom.control("POST", "faults", {"drop_callbacks": 1})
    (dropped,) = wecom.settled(wecom.apply())
    assert dropped["status"] == "dropped"

    wecom.control("POST", f"callbacks/{dropped['id']}/redeliver")

    assert listening.next().change == (1, 1)


def test_the_envelope_names_company_and_app(wecom: Wecom, listening: AppServer):
    wecom.apply()

    body = listening.next().body.decode()

    assert f"<ToUserName><![CDATA[{CORP}]]></ToUserName>" in body
    assert "<AgentID><![CDATA[1000002]]></AgentID>" in body


def test_what_is_sealed_for_one_key_does_not_open_with_another(wecom: Wecom, listening: AppServer):
    wecom.apply()

    with pytest.raises(AssertionError):
        unsealed(listening.next().sealed, "9" * 43)
