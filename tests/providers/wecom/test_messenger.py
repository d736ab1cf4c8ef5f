"""What only this platform's messages have; what all have in common is in `tests/contract/test_messengers*.py`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from approval_gate.domain.message import Destination, DestinationKind, Field, Level, Link, Message
from approval_gate.domain.people import Identity
from approval_gate.errors import ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.ports import App
from approval_gate.ports.messages import Parcel, Recipient, Robot
from approval_gate.providers.wecom.credentials import Credentials
from approval_gate.providers.wecom.messenger import Messenger
from tests.fakes.aws import aws
from tests.fakes.mail_site import MailSite, message
from tests.fakes.memory import MemoryForms, MemoryTokens
from tests.messenger_kits.wecom import KITS
from tests.providers.wecom.fake_platform import NOW
from tests.sender_kits import Call
from tests.sender_kits.wecom import KITS as SENDER_KITS
from tests.simulators.wecom import app_server

SEND = Call("POST", "/cgi-bin/message/send")
UPDATE = Call("POST", "/cgi-bin/message/update_template_card")
KEY = "demoGateEncodingAESKey0demoGateEncodingAES0"
LINKED = Message("Deployed", "ok", fields=(Field("Commit", "9f1c2ab"),), links=(Link("Log", "https://a.example/1"),))
ROBOT = Robot("ops", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0a-1b")


def ok(**more: Any) -> httpx.Response:
    return httpx.Response(200, json={"errcode": 0, "errmsg": "ok", **more})


def failed(code: int, text: str = "vendor text") -> httpx.Response:
    return httpx.Response(200, json={"errcode": code, "errmsg": text})


@dataclass
class Platform:
    """Answers access tokens itself, and everything else as told."""

    answer: Callable[[dict[str, Any]], httpx.Response] = lambda _: ok(msgid="msg-1")
    requests: list[httpx.Request] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/cgi-bin/gettoken":
            return ok(access_token="token-1", expires_in=7200)
        self.requests.append(request)
        return self.answer(json.loads(request.content))

    def messenger(self, *, callbacks: bool = False, base_url: str = "") -> Messenger:
        keys = {"token": "demoGateToken2026", "encoding_aes_key": KEY} if callbacks else {}
        return Messenger(
            app=App("acme", "wecom-main", "wecom", base_url=base_url),
            credentials=Credentials("ww0", "1000002", "very-secret", **keys),
            http=httpx.Client(transport=httpx.MockTransport(self.handle)),
            tokens=MemoryTokens(),
            forms=MemoryForms(),
            clock=lambda: NOW,
        )

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]


def people(*userids: str, what: Message = LINKED) -> Parcel:
    to = tuple(Recipient(Destination(DestinationKind.USER_ID, each), Identity(each)) for each in userids)
    return Parcel("dlv_1", what, to)


def one(kind: DestinationKind, value: str = "", robot: Robot | None = None) -> Parcel:
    return Parcel("dlv_1", LINKED, (Recipient(Destination(kind, value), robot=robot),))


# -- people and departments


def test_a_thousand_people_are_one_call() -> None:
    platform = Platform()
    ids = [f"user{number:04d}" for number in range(platform.messenger().recipients_per_call(DestinationKind.USER_ID))]

    receipts = platform.messenger(callbacks=True).send(people(*ids))

    (body,) = platform.bodies()
    assert len(ids) == 1000
    assert (body["touser"], body["msgtype"], body["agentid"]) == ("|".join(ids), "markdown", 1000002)
    assert (body["enable_duplicate_check"], body["duplicate_check_interval"]) == (1, 14400)
    assert {receipt.message_id for receipt in receipts} == {"msg-1"}


def test_those_whom_the_answer_names_are_told_apart_whatever_their_case() -> None:
    platform = Platform(lambda _: ok(msgid="m", invaliduser="bob|", unlicenseduser="carol"))

    receipts = platform.messenger().send(people("Alice", "Bob", "Carol", "a|b", "@all", "bobby"))

    assert [receipt.error_code for receipt in receipts] == ["", "81013", "unlicenseduser", "81013", "81013", ""]
    assert all(receipt.problem.endswith(".") for receipt in receipts if not receipt.is_sent)
    assert platform.bodies()[0]["touser"] == "Alice|Bob|Carol|bobby"


def test_if_the_platform_knows_nobody_each_hears_it() -> None:
    receipts = Platform(lambda _: failed(81013)).messenger().send(people("a", "b"))

    assert [receipt.error_code for receipt in receipts] == ["81013", "81013"]


def test_departments_the_answer_names_are_told_apart() -> None:
    platform = Platform(lambda _: ok(msgid="m", invalidparty="2"))
    to = tuple(Recipient(Destination(DestinationKind.DEPARTMENT, each)) for each in ("1", "2", "22", "1|2", "root"))

    receipts = platform.messenger().send(Parcel("dlv_1", LINKED, to))

    assert [receipt.is_sent for receipt in receipts] == [True, False, True, False, False]
    assert platform.bodies()[0]["toparty"] == "1|2|22"


def test_everyone_is_the_visible_range() -> None:
    platform = Platform()

    platform.messenger(callbacks=True).send(one(DestinationKind.EVERYONE))

    assert platform.bodies()[0]["touser"] == "@all"
    with pytest.raises(ProviderRejected, match="visible range"):
        Platform(lambda _: failed(81013)).messenger().send(one(DestinationKind.EVERYONE))


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (failed(60020, "not allow to access from your ip, from ip: 203.0.113.7"), ProviderRejected, "203.0.113.7"),
        (failed(48002), ProviderRejected, "self-built"),
        (failed(301002), ProviderRejected, "agent_id"),
        (failed(45009), ProviderThrottled, "slow down"),
        (failed(-1), ProviderUnavailable, "internal problem"),
        (failed(999), ProviderRejected, "999"),
    ],
)
def test_errors_say_what_to_do(answer: httpx.Response, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        Platform(lambda _: answer).messenger().send(people("a"))

    assert type(caught.value) is error


# -- cards


def cards_refused(code: int) -> Callable[[dict[str, Any]], httpx.Response]:
    return lambda body: failed(code) if body["msgtype"] == "template_card" else ok(msgid="m")


def test_few_people_get_a_card_each_and_each_can_be_replaced() -> None:
    platform = Platform(lambda body: ok(msgid="m", response_code=f"code-{body['touser']}"))

    receipts = platform.messenger(callbacks=True).send(people("Alice", "Bob"))

    assert [body["msgtype"] for body in platform.bodies()] == ["template_card", "template_card"]
    assert [receipt.message_id for receipt in receipts] == ["card:code-Alice", "card:code-Bob"]


def test_an_app_without_callbacks_sends_none() -> None:
    platform = Platform()

    platform.messenger().send(people("Alice"))

    assert [body["msgtype"] for body in platform.bodies()] == ["markdown"]


@pytest.mark.parametrize("code", [43012, 42027, 42039, 42051])
def test_a_card_that_is_refused_is_sent_as_markdown(code: int) -> None:
    platform = Platform(cards_refused(code))

    receipts = platform.messenger(callbacks=True).send(people("Alice", "Bob"))

    assert [receipt.message_id for receipt in receipts] == ["m", "m"]
    assert [(body["msgtype"], body["touser"]) for body in platform.bodies()] == [
        ("template_card", "Alice"),
        ("markdown", "Alice"),
        ("template_card", "Bob"),
        ("markdown", "Bob"),
    ]


def test_a_card_whose_task_exists_was_sent_before() -> None:
    platform = Platform(cards_refused(42014))

    (receipt,) = platform.messenger(callbacks=True).send(people("Alice"))

    assert receipt.is_sent
    assert receipt.message_id == ""
    assert len(platform.requests) == 1


def test_one_unknown_person_keeps_the_card_from_nobody_else() -> None:
    def answer(body: dict[str, Any]) -> httpx.Response:
        return failed(81013) if body["touser"] == "nobody" else ok(msgid="m", response_code="c")

    receipts = Platform(answer).messenger(callbacks=True).send(people("Alice", "nobody", "a b", "Bob"))

    assert [receipt.is_sent for receipt in receipts] == [True, False, False, True]


@pytest.mark.parametrize("message_id", ["", "msg-1", "card:", "card:a b", "card:" + "x" * 501])
def test_what_is_no_card_is_not_replaced_and_nobody_called(message_id: str) -> None:
    platform = Platform()

    assert not platform.messenger(callbacks=True).update(message_id, LINKED)
    assert platform.requests == []


@pytest.mark.parametrize("answer", [failed(45009), failed(-1), httpx.Response(502), httpx.Response(200, json={})])
def test_a_replacement_that_may_work_later_is_no_refusal(answer: httpx.Response) -> None:
    with pytest.raises(ProviderUnavailable):
        Platform(lambda _: answer).messenger(callbacks=True).update("card:code", LINKED)


# -- chats and robots


@pytest.mark.parametrize("code", [86001, 86008])
def test_a_chat_of_somebody_else_is_a_receipt(code: int) -> None:
    (receipt,) = Platform(lambda _: failed(code)).messenger().send(one(DestinationKind.CHAT, "chat1"))

    assert receipt.error_code == str(code)
    assert "group robot" in receipt.problem


def test_an_app_that_does_not_see_the_whole_company_hears_so() -> None:
    with pytest.raises(ProviderRejected, match="whole company"):
        Platform(lambda _: failed(48002)).messenger().send(one(DestinationKind.CHAT, "chat1"))


def test_a_robot_is_posted_to_without_an_access_token() -> None:
    platform = Platform(lambda _: ok())

    (receipt,) = platform.messenger().send(one(DestinationKind.ROBOT, "ops", ROBOT))

    assert receipt.is_sent
    assert [str(request.url) for request in platform.requests] == [ROBOT.url]


@pytest.mark.parametrize("code", [93000, 93004, 93008, 45002])
def test_a_robots_refusal_is_a_receipt(code: int) -> None:
    (receipt,) = Platform(lambda _: failed(code)).messenger().send(one(DestinationKind.ROBOT, "ops", ROBOT))

    assert receipt.error_code == str(code)
    assert "send_to_robot" not in receipt.problem
    assert receipt.problem.endswith(".")


def test_a_robot_that_was_too_fast_waits_for_a_minute() -> None:
    with pytest.raises(ProviderThrottled) as caught:
        Platform(lambda _: failed(45009)).messenger().send(one(DestinationKind.ROBOT, "ops", ROBOT))

    assert caught.value.retry_after_s == 60


@pytest.mark.parametrize(
    "url",
    [
        "https://qyapi.weixin.qq.com@example.com/cgi-bin/webhook/send?key=x",
        "http://169.254.169.254/cgi-bin/webhook/send?key=x",
        "http://127.0.0.1:9104/cgi-bin/webhook/send?key=x",
    ],
)
def test_an_address_that_is_not_the_platforms_is_never_called(url: str) -> None:
    platform = Platform()

    (receipt,) = platform.messenger().send(one(DestinationKind.ROBOT, "ops", Robot("ops", url)))

    assert (receipt.error_code, platform.requests) == ("robot_address", [])
    assert url not in receipt.problem


# -- against the simulator, with an app that has a callback address


@pytest.fixture
def site() -> Iterator[MailSite]:
    with aws() as client, app_server() as server:
        site = MailSite(replace(KITS[0], sender=SENDER_KITS[0]), client)
        try:
            site.control("POST", "apps", {**SENDER_KITS[0].credentials, "request_url": server.url})
            yield site
        finally:
            site.close()


def test_a_card_is_replaced_in_place_once(site: MailSite) -> None:
    waiting = message("Approval needed", "Please decide.", level=Level.INFO)
    receipt = site.send_to(DestinationKind.USER_ID, waiting)
    (before,) = site.arrived()

    assert site.messenger().update(receipt.message_id, message("Approved", "Nothing left to do."))
    assert not site.messenger().update(receipt.message_id, message("Approved again"))

    (after,) = site.arrived()
    assert (before["kind"], before["title"], before["state"]) == ("template_card", "Approval needed", "")
    assert ["Build 42", "https://ci.example.com/42?a=1&b=2"] in before["links"]
    assert (after["id"], after["title"], after["state"]) == (before["id"], "Approved", "edited")
    assert "Nothing left to do." in after["text"]


def test_a_card_cannot_be_replaced_after_three_days(site: MailSite) -> None:
    receipt = site.send_to(DestinationKind.USER_ID)
    site.later(72 * 3600 + 60)

    assert not site.messenger().update(receipt.message_id, message("Approved"))


def test_every_copy_is_replaced_on_its_own(site: MailSite) -> None:
    parcel = site.parcel(*(site.recipient(DestinationKind.USER_ID, name) for name in ("lead", "qa")))
    first, second = site.send(parcel)

    assert site.messenger().update(first.message_id, message("Approved"))
    assert sorted(shown["title"] for shown in site.arrived()) == ["Approved", "部署完成 Deployed"]
    assert site.messenger().update(second.message_id, message("Approved"))
    assert [shown["title"] for shown in site.arrived()] == ["Approved", "Approved"]


@pytest.mark.parametrize("fault", [httpx.ReadTimeout("slow"), httpx.Response(502)])
def test_a_lost_answer_never_makes_a_second_card(site: MailSite, fault: httpx.Response | Exception) -> None:
    parcel = site.parcel(*(site.recipient(DestinationKind.USER_ID, name) for name in ("lead", "qa")))
    site.lose(SEND, fault)
    with pytest.raises(ProviderUnavailable):
        site.send(parcel)
    site.later(5 * 3600)

    receipts = site.send(parcel)

    assert all(receipt.is_sent for receipt in receipts)
    assert sorted(shown["to"] for shown in site.arrived()) == [["lead"], ["qa"]]


def test_a_lost_answer_to_a_replacement_leaves_it_replaced(site: MailSite) -> None:
    receipt = site.send_to(DestinationKind.USER_ID)
    site.lose(UPDATE, httpx.ReadTimeout("slow"))
    with pytest.raises(ProviderUnavailable):
        site.messenger().update(receipt.message_id, message("Approved"))

    assert not site.messenger().update(receipt.message_id, message("Approved"))
    assert [shown["title"] for shown in site.arrived()] == ["Approved"]


def test_a_card_and_markdown_read_the_same(site: MailSite) -> None:
    site.send_to(DestinationKind.USER_ID)
    site.send_to(DestinationKind.EVERYONE)

    for shown in site.arrived():
        read = site.read(shown)
        for part in ("部署完成 Deployed", "1.42.0 is live", "Commit", "9f1c2ab", "耗时", "Build 42", "成功"):
            assert part in read


def test_the_pace_keeps_members_below_what_is_dropped_without_a_word(site: MailSite) -> None:
    pace = site.messenger().pace(DestinationKind.USER_ID)
    assert pace is not None

    for _ in range(2):
        for _ in range(pace.messages):
            site.messenger().send(site.parcel(site.recipient(DestinationKind.USER_ID)))
        site.later(pace.per_s)

    assert [shown["to"] for shown in site.arrived()] == [["lead"]] * 2 * pace.messages
