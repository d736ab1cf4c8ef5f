"""What only this platform's messages have; what all have in common is in `tests/contract/test_messengers*.py`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from approval_gate.domain.message import Destination, DestinationKind, Message
from approval_gate.domain.people import Identity
from approval_gate.errors import ProviderQuotaUsedUp, ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.ports import App
from approval_gate.ports.messages import Parcel, Receipt, Recipient, Robot
from approval_gate.providers.dingtalk.credentials import Credentials
from approval_gate.providers.dingtalk.messenger import Messenger
from tests.fakes.aws import aws
from tests.fakes.mail_site import MailSite
from tests.fakes.memory import MemoryForms, MemoryTokens
from tests.messenger_kits.dingtalk import KITS
from tests.providers.dingtalk.fake_platform import NOW, TOKEN, newer, older

WORK = "/topapi/message/corpconversation/asyncsend_v2"
GROUP = "/v1.0/robot/groupMessages/send"
ROBOT = Robot("ops", "https://oapi.dingtalk.com/robot/send?access_token=0a1b", "SEC123")


@dataclass
class Platform:
    """Answers access tokens itself, and everything else as told."""

    answer: Callable[[dict[str, Any]], httpx.Response] = lambda _: older(0, task_id=256271667526)
    requests: list[httpx.Request] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == TOKEN:
            return httpx.Response(200, json={"accessToken": "token-1", "expireIn": 7200})
        self.requests.append(request)
        return self.answer(json.loads(request.content))

    def messenger(self, agent_id: str = "836390886", base_url: str = "") -> Messenger:
        return Messenger(
            app=App("acme", "dingtalk-main", "dingtalk", base_url=base_url),
            credentials=Credentials("dingabcdefgh12345678", "very-secret", agent_id=agent_id),
            http=httpx.Client(transport=httpx.MockTransport(self.handle)),
            tokens=MemoryTokens(),
            forms=MemoryForms(),
            clock=lambda: NOW,
        )

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]


def people(*user_ids: str) -> Parcel:
    to = tuple(Recipient(Destination(DestinationKind.USER_ID, each), Identity(each)) for each in user_ids)
    return Parcel("dlv_1", Message("Deployed"), to)


def one(kind: DestinationKind, value: str = "", robot: Robot | None = None) -> Parcel:
    return Parcel("dlv_1", Message("Deployed"), (Recipient(Destination(kind, value), robot=robot),))


def refusing(*bad: str, code: int = 33012, of: str = "userid_list") -> Callable[[dict[str, Any]], httpx.Response]:
    def answer(body: dict[str, Any]) -> httpx.Response:
        is_bad = any(each in body.get(of, "").split(",") for each in bad)
        return older(code) if is_bad else older(0, task_id=256271667526)

    return answer


# -- work notifications


def test_a_hundred_people_are_one_call() -> None:
    platform = Platform()
    ids = [f"user{number:03d}" for number in range(platform.messenger().recipients_per_call(DestinationKind.USER_ID))]

    receipts = platform.messenger().send(people(*ids))

    (body,) = platform.bodies()
    assert len(ids) == 100
    assert body["userid_list"] == ",".join(ids)
    assert body["agent_id"] == 836390886
    assert {receipt.message_id for receipt in receipts} == {"256271667526"}


@pytest.mark.parametrize("code", [33012, 40031, 60121, 50002])
def test_one_wrong_id_keeps_the_message_from_nobody_else(code: int) -> None:
    platform = Platform(refusing("bad1", "bad2", code=code))

    receipts = platform.messenger().send(people("a", "bad1", "b", "c", "d", "bad2", "e"))

    assert [receipt.is_sent for receipt in receipts] == [True, False, True, True, True, False, True]
    assert {receipt.error_code for receipt in receipts if not receipt.is_sent} == {str(code)}
    sent = [
        body["userid_list"].split(",")
        for body in platform.bodies()
        if not {"bad1", "bad2"} & set(body["userid_list"].split(","))
    ]
    assert sorted(each for ids in sent for each in ids) == ["a", "b", "c", "d", "e"]


def test_a_half_that_has_to_wait_is_sent_again_as_the_very_same() -> None:
    answers = iter([older(33012), older(0, task_id=1), older(88, sub_code="90018")])
    platform = Platform(lambda _: next(answers))
    parcel = people("a", "b", "bad", "c")

    with pytest.raises(ProviderThrottled):
        platform.messenger().send(parcel)
    platform.answer = refusing("bad")
    receipts = platform.messenger().send(parcel)

    assert [receipt.is_sent for receipt in receipts] == [True, True, False, True]
    assert len({json.dumps(body["msg"]) for body in platform.bodies()}) == 1


@pytest.mark.parametrize("code", [60003, 50004])
def test_the_same_holds_for_departments(code: int) -> None:
    platform = Platform(refusing("2", code=code, of="dept_id_list"))
    to = tuple(Recipient(Destination(DestinationKind.DEPARTMENT, each)) for each in ("1", "2", "x,1", "3"))

    receipts = platform.messenger().send(Parcel("dlv_1", Message("Deployed"), to))

    assert [receipt.is_sent for receipt in receipts] == [True, False, False, True]
    assert [receipt.destination.value for receipt in receipts] == ["1", "2", "x,1", "3"]
    assert all(receipt.problem.endswith(".") for receipt in receipts if not receipt.is_sent)
    assert all("x" not in body["dept_id_list"] for body in platform.bodies())


def test_an_id_cannot_smuggle_another() -> None:
    platform = Platform()

    receipts = platform.messenger().send(people("a,b", "", "@all", "c"))

    assert [receipt.is_sent for receipt in receipts] == [False, False, True, True]
    assert [body["userid_list"] for body in platform.bodies()] == ["@all,c"]
    assert "to_all_user" not in platform.bodies()[0]


def test_nobody_with_a_possible_id_is_no_call() -> None:
    platform = Platform()

    (receipt,) = platform.messenger().send(people("a b"))

    assert (receipt.error_code, platform.requests) == ("33012", [])


def test_everyone_is_said_so() -> None:
    platform = Platform()

    (receipt,) = platform.messenger().send(one(DestinationKind.EVERYONE))

    (body,) = platform.bodies()
    assert receipt.is_sent
    assert body["to_all_user"] is True
    assert not {"userid_list", "dept_id_list"} & body.keys()


def test_without_an_agent_id_the_remedy_is_told_and_nobody_called() -> None:
    platform = Platform()

    with pytest.raises(ProviderRejected, match=r"agent_id.*AgentId"):
        platform.messenger(agent_id="").send(people("a"))

    assert platform.requests == []


@pytest.mark.parametrize("code", [143106, 143206])
def test_a_text_that_was_shown_already_has_arrived(code: int) -> None:
    platform = Platform(lambda _: older(code))

    assert [receipt.is_sent for receipt in platform.messenger().send(people("a", "b"))] == [True, True]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (older(40056), ProviderRejected, "AgentId"),
        (older(1430002), ProviderRejected, "words"),
        (older(143105), ProviderRejected, "today"),
        *((older(code), ProviderThrottled, "slow down") for code in (143103, 143104, 143203, 143204)),
        (older(88, sub_code="60020", sub_msg="request ip=203.0.113.7"), ProviderRejected, "203.0.113.7"),
        (older(88, sub_code="60011", sub_msg="[qyapi_base]"), ProviderRejected, "qyapi_base"),
        (older(90020), ProviderQuotaUsedUp, "quota"),
        (older(-1), ProviderUnavailable, "internal problem"),
        (older(0), ProviderUnavailable, "task_id"),
        (older(99999999), ProviderRejected, "99999999"),
    ],
)
def test_errors_say_what_to_do(answer: httpx.Response, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        Platform(lambda _: answer).messenger().send(people("a"))

    assert type(caught.value) is error


# -- chats


def test_a_chat_is_written_to_by_the_apps_robot() -> None:
    platform = Platform(lambda _: httpx.Response(200, json={"processQueryKey": "key=="}))

    (receipt,) = platform.messenger().send(one(DestinationKind.CHAT, "cid123=="))

    (body,) = platform.bodies()
    assert platform.requests[0].url.path == GROUP
    assert (body["robotCode"], body["openConversationId"]) == ("dingabcdefgh12345678", "cid123==")
    assert receipt.message_id == "key=="


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("send.too.fast", 400, ProviderThrottled),
        ("system.error", 500, ProviderUnavailable),
        ("contain.unsafe.url", 400, ProviderRejected),
        ("Forbidden.AccessDenied.AccessTokenPermissionDenied", 403, ProviderRejected),
    ],
)
def test_errors_of_chats(code: str, status: int, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        Platform(lambda _: newer(code, status=status)).messenger().send(one(DestinationKind.CHAT, "cid"))

    assert type(caught.value) is error


def test_a_chat_without_the_robot_is_a_receipt() -> None:
    platform = Platform(lambda _: newer("invalidParameter.robotCode.notExsit"))

    (receipt,) = platform.messenger().send(one(DestinationKind.CHAT, "cid"))

    assert receipt.error_code == "invalidParameter.robotCode.notExsit"
    assert receipt.problem.startswith("The app's robot is not in this chat.")


# -- custom robots


def robots_receipt(platform: Platform, robot: Robot = ROBOT, base_url: str = "") -> Receipt:
    (receipt,) = platform.messenger(base_url=base_url).send(one(DestinationKind.ROBOT, "ops", robot))
    return receipt


def test_a_robot_is_posted_to_signed_and_without_an_access_token() -> None:
    platform = Platform(lambda _: httpx.Response(200, json={"errcode": "0", "errmsg": "ok"}))

    assert robots_receipt(platform).is_sent

    (request,) = platform.requests
    assert str(request.url).startswith("https://oapi.dingtalk.com/robot/send?access_token=0a1b&timestamp=")
    assert request.url.params["sign"]
    assert "token-1" not in str(request.headers)
    assert platform.bodies()[0]["msgUuid"] == "dlv_1"


@pytest.mark.parametrize("code", [310000, 300005, 400101, 400102, 400106, 400013, 400105, 40035, 43004, 430101, 430104])
def test_a_robots_refusal_is_a_receipt(code: int) -> None:
    receipt = robots_receipt(Platform(lambda _: older(code)))

    assert receipt.error_code == str(code)
    assert "send_to_robot" not in receipt.problem
    assert receipt.problem.endswith(".")


@pytest.mark.parametrize("code", [410100, 660026, "130101"])
def test_a_robot_that_was_too_fast_is_silent_for_ten_minutes(code: int | str) -> None:
    with pytest.raises(ProviderThrottled) as caught:
        robots_receipt(Platform(lambda _: older(code)))

    assert caught.value.retry_after_s == 600


def test_a_busy_platform_is_no_refusal_of_the_robot() -> None:
    with pytest.raises(ProviderUnavailable):
        robots_receipt(Platform(lambda _: older(-1)))


@pytest.mark.parametrize(
    "url",
    [
        "https://oapi.dingtalk.com.example.com/robot/send?access_token=x",
        "http://169.254.169.254/robot/send?access_token=x",
        "http://127.0.0.1:9103/robot/send?access_token=x",
    ],
)
def test_an_address_that_is_not_the_platforms_is_never_called(url: str) -> None:
    platform = Platform()

    receipt = robots_receipt(platform, Robot("ops", url))

    assert (receipt.error_code, platform.requests) == ("robot_address", [])
    assert url not in receipt.problem


def test_a_redirect_is_not_followed() -> None:
    platform = Platform(lambda _: httpx.Response(302, headers={"location": "http://169.254.169.254/"}))

    with pytest.raises(ProviderUnavailable):
        robots_receipt(platform)

    assert len(platform.requests) == 1


# -- against the simulator


@pytest.fixture
def site() -> Iterator[MailSite]:
    with aws() as client:
        site = MailSite(KITS[0], client)
        yield site
        site.close()


def test_the_pace_of_robots_keeps_them_from_a_ban(site: MailSite) -> None:
    pace = site.messenger().pace(DestinationKind.ROBOT)
    assert pace is not None

    for _ in range(3):
        for _ in range(pace.messages):
            assert site.messenger().send(site.parcel(site.recipient(DestinationKind.ROBOT)))[0].is_sent
        site.later(pace.per_s)

    assert len(site.arrived()) == 3 * pace.messages


def test_the_pace_keeps_a_persons_day_below_what_is_dropped_without_a_word(site: MailSite) -> None:
    pace = site.messenger().pace(DestinationKind.USER_ID)
    assert pace is not None

    for _ in range(2):
        for _ in range(pace.messages):
            site.send(site.parcel(site.recipient(DestinationKind.USER_ID)))
        site.later(pace.per_s)

    assert [shown["to"] for shown in site.arrived()] == [["lead"]] * 2 * pace.messages


def test_a_ban_lasts_as_long_as_the_pace_says(site: MailSite) -> None:
    pace = site.messenger().pace(DestinationKind.ROBOT)
    assert pace is not None
    for _ in range(pace.messages):
        site.messenger().send(site.parcel(site.recipient(DestinationKind.ROBOT)))
    with pytest.raises(ProviderThrottled) as caught:
        site.messenger().send(site.parcel(site.recipient(DestinationKind.ROBOT)))

    assert caught.value.retry_after_s == pace.ban_s
    site.later(pace.ban_s - 1)
    with pytest.raises(ProviderThrottled):
        site.messenger().send(site.parcel(site.recipient(DestinationKind.ROBOT)))
    site.later(pace.ban_s)
    assert site.messenger().send(site.parcel(site.recipient(DestinationKind.ROBOT)))[0].is_sent


def test_a_card_with_mentions_is_not_used_since_it_alerts_nobody(site: MailSite) -> None:
    parcel = site.parcel(site.recipient(DestinationKind.ROBOT), mentions=site.people("lead"))

    site.send(parcel)

    (shown,) = site.arrived()
    assert (shown["kind"], shown["mentions"]) == ("markdown", ["lead"])
