"""Calls of the messenger, and what it makes of every answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from approval_gate.domain.message import Destination, DestinationKind, Field, Link, Message
from approval_gate.domain.people import Identity
from approval_gate.errors import (
    ProviderError,
    ProviderQuotaUsedUp,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from approval_gate.ports import App
from approval_gate.ports.messages import Parcel, Recipient, Robot
from approval_gate.providers.feishu.credentials import Credentials
from approval_gate.providers.feishu.messenger import Messenger
from approval_gate.providers.feishu.refusals import MESSAGE_GONE
from approval_gate.providers.feishu.robots import hook_signature
from approval_gate.providers.lark.messenger import Messenger as LarkMessenger
from tests.providers.feishu.fake_platform import APP_ID, APP_SECRET, NOW, MemoryForms, MemoryTokens, refusal

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors", "feishu-lark.json").read_text(encoding="utf-8"))
SEND = "/open-apis/im/v1/messages"
BATCH = "/open-apis/message/v4/batch_send/"
HOOK = "https://open.feishu.cn/open-apis/bot/v2/hook/0b1c2d3e-secret"
SENT = {"code": 0, "msg": "success", "data": {"message_id": "om_1", "chat_id": "oc_1"}}
MESSAGE = Message("Deployed", "web 1.42.0 is **live**")
HUGE = Message(
    "长" * 5000,
    "<&*_`" * 20_000,
    fields=tuple(Field("名" * 200, "*" * 3000) for _ in range(80)),
    links=tuple(Link(f"L{n}", f"https://e.example/{'q' * 1900}{n}") for n in range(30)),
)


@dataclass
class Wire:
    """Answers every call but the token's with what a test lined up, success when nothing is."""

    answers: list[httpx.Response | Exception] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/tenant_access_token/internal"):
            return httpx.Response(200, json={"code": 0, "tenant_access_token": "t-1", "expire": 7200})
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else httpx.Response(200, json=SENT)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]

    def messenger(self, of: type[Messenger] = Messenger, base_url: str = "") -> Messenger:
        return of(
            app=App("acme", "prod", "feishu", base_url=base_url),
            credentials=Credentials(APP_ID, APP_SECRET),
            http=httpx.Client(transport=httpx.MockTransport(self.handle)),
            tokens=MemoryTokens(),
            forms=MemoryForms(),
            clock=lambda: NOW,
        )


@pytest.fixture
def wire() -> Wire:
    return Wire()


def person(open_id: str = "ou_1", other_id: str = "") -> Recipient:
    return Recipient(Destination(DestinationKind.EMAIL, "a@example.com"), person=Identity(open_id, other_id=other_id))


def chat() -> Recipient:
    return Recipient(Destination(DestinationKind.CHAT, "oc_1"))


def departments(*ids: str) -> tuple[Recipient, ...]:
    return tuple(Recipient(Destination(DestinationKind.DEPARTMENT, each)) for each in ids)


def robot(url: str = HOOK, secret: str = "s3cret") -> Recipient:
    return Recipient(Destination(DestinationKind.ROBOT, "ops"), robot=Robot("ops", url, secret))


def parcel(*to: Recipient, message: Message = MESSAGE, mentions: tuple[Identity, ...] = ()) -> Parcel:
    return Parcel("dlv_01", message, to, mentions)


# -- calls


@pytest.mark.parametrize(
    ("recipient", "id_type", "receiver"),
    [
        (person("ou_1"), "open_id", "ou_1"),
        (person("b0b00002"), "user_id", "b0b00002"),
        (person("b0b00002", "ou_2"), "open_id", "ou_2"),
        (chat(), "chat_id", "oc_1"),
    ],
)
def test_a_single_message_names_its_receiver_and_the_parcel(
    wire: Wire, recipient: Recipient, id_type: str, receiver: str
) -> None:
    (receipt,) = wire.messenger().send(parcel(recipient))

    (request,), (body,) = wire.requests, wire.bodies
    assert (request.method, request.url.path, dict(request.url.params)) == ("POST", SEND, {"receive_id_type": id_type})
    assert (body["receive_id"], body["msg_type"], body["uuid"]) == (receiver, "interactive", "dlv_01")
    assert json.loads(body["content"])["header"]["title"]["content"] == "Deployed"
    assert (receipt.is_sent, receipt.message_id) == (True, "om_1")


def test_departments_share_one_call_and_answers_name_the_unknown(wire: Wire) -> None:
    data = {"message_id": "bm-1", "invalid_department_ids": ["od-2"], "invalid_open_ids": []}
    wire.answers.append(httpx.Response(200, json={"code": 0, "data": data}))

    receipts = wire.messenger().send(parcel(*departments("od-1", "od-2", "d-3")))

    assert wire.requests[0].url.path == BATCH
    assert wire.bodies[0]["department_ids"] == ["od-1", "od-2", "d-3"]
    assert isinstance(wire.bodies[0]["card"], dict)
    assert [(each.is_sent, each.message_id) for each in receipts] == [(True, "bm-1"), (False, ""), (True, "bm-1")]
    assert "availability" in receipts[1].problem


def test_everybody_is_the_root_department_and_a_refusal_says_what_to_do(wire: Wire) -> None:
    everyone = Recipient(Destination(DestinationKind.EVERYONE))
    wire.answers.append(httpx.Response(200, json={"code": 0, "data": {"invalid_department_ids": ["0"]}}))

    (receipt,) = wire.messenger().send(parcel(everyone))

    assert wire.bodies[0]["department_ids"] == ["0"]
    assert "all employees" in receipt.problem


def test_a_robot_gets_a_signed_card_without_an_access_token(wire: Wire) -> None:
    (receipt,) = wire.messenger().send(parcel(robot(), mentions=(Identity("ou_1"),)))

    (request,), (body,) = wire.requests, wire.bodies
    assert str(request.url) == HOOK
    assert "authorization" not in request.headers
    assert (body["timestamp"], body["sign"]) == hook_signature("s3cret", NOW)
    assert "<at id=ou_1></at>" in json.dumps(body["card"])
    assert (receipt.is_sent, receipt.message_id) == (True, "")


def test_a_robot_without_a_secret_gets_no_signature(wire: Wire) -> None:
    wire.messenger().send(parcel(robot(secret="")))

    assert wire.bodies[0].keys() == {"msg_type", "card"}


@pytest.mark.parametrize("vector", VECTORS["custom_bot_sign"], ids=lambda vector: vector["timestamp"])
def test_robots_are_signed_as_published(vector: dict[str, str]) -> None:
    at = datetime.fromtimestamp(int(vector["timestamp"]), UTC)

    assert hook_signature(vector["secret"], at) == (vector["timestamp"], vector["sign"])


def test_lark_goes_to_its_own_host_in_english(wire: Wire) -> None:
    messenger = wire.messenger(LarkMessenger)
    messenger.send(parcel(chat()))
    (receipt,) = messenger.send(parcel(robot()))

    assert [request.url.host for request in wire.requests] == ["open.larksuite.com"]
    assert messenger.locale == "en"
    assert wire.messenger().locale == "zh-CN"
    assert "needs an app of Feishu" in receipt.problem


def test_a_robot_of_the_private_installation_that_the_app_uses_is_called(wire: Wire) -> None:
    url = HOOK.replace("https://open.feishu.cn", "https://feishu.intra.example/open")

    (receipt,) = wire.messenger(base_url="https://feishu.intra.example/open/").send(parcel(robot(url)))

    assert receipt.is_sent
    assert str(wire.requests[0].url) == url


@pytest.mark.parametrize("recipient", [person(), chat(), robot(), *departments("od-1" * 30)], ids=str)
def test_no_request_is_larger_than_the_platform_takes(wire: Wire, recipient: Recipient) -> None:
    wire.messenger().send(parcel(recipient, message=HUGE, mentions=tuple(Identity(f"ou_{n:032d}") for n in range(200))))
    wire.messenger().update("om_1", HUGE)

    limits = [20_000 if recipient.robot else 30_000, 30_000]
    for request, limit in zip(wire.requests, limits, strict=True):
        assert limit * 0.9 < len(request.content) <= limit


def test_a_hundred_departments_leave_room_for_the_message(wire: Wire) -> None:
    messenger = wire.messenger()
    most = messenger.recipients_per_call(DestinationKind.DEPARTMENT)

    messenger.send(parcel(*departments(*(f"od-{n:064d}" for n in range(most))), message=HUGE))

    assert 27_000 < len(wire.requests[0].content) <= 30_000


@pytest.mark.parametrize("kind", [DestinationKind.WEBHOOK, DestinationKind.EVENT_BUS])
def test_what_is_no_platforms_business_is_not_reached(wire: Wire, kind: DestinationKind) -> None:
    messenger = wire.messenger()

    assert messenger.recipients_per_call(kind) == 0
    with pytest.raises(ValueError, match="cannot be written to"):
        messenger.send(parcel(Recipient(Destination(kind, "https://e.example"))))


@pytest.mark.parametrize("kind", [DestinationKind.EMAIL, DestinationKind.ROBOT])
def test_a_recipient_that_was_not_resolved_is_our_own_mistake(wire: Wire, kind: DestinationKind) -> None:
    with pytest.raises(ValueError, match=r"cannot|needs"):
        wire.messenger().send(parcel(Recipient(Destination(kind, "x"))))

    assert wire.requests == []


# -- mentions


def test_a_mention_that_spoils_the_card_is_left_out(wire: Wire) -> None:
    wire.answers.append(refusal(230099))

    (receipt,) = wire.messenger().send(parcel(chat(), mentions=(Identity("ou_gone"),)))

    assert receipt.is_sent
    assert ["<at" in body["content"] for body in wire.bodies] == [True, False]
    assert {body["uuid"] for body in wire.bodies} == {"dlv_01"}


def test_a_card_that_is_refused_without_mentions_is_refused(wire: Wire) -> None:
    wire.answers += [refusal(230099), refusal(230099)]

    with pytest.raises(ProviderRejected, match="cannot show"):
        wire.messenger().send(parcel(chat(), mentions=(Identity("ou_gone"),)))

    assert len(wire.requests) == 2


def test_nobody_is_mentioned_in_a_message_of_their_own(wire: Wire) -> None:
    wire.messenger().send(parcel(person(), mentions=(Identity("ou_1"),)))

    assert "<at" not in wire.bodies[0]["content"]


# -- answers


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (230002, "Settings > Bots"),
        (230013, "availability"),
        (230029, "availability"),
        (230034, "chat_id"),
        (230035, "owner"),
        (230053, "blocked"),
        (232009, "dissolved"),
        (230015, "rules"),
        (230038, "rules"),
        (99992351, "e-mail"),
        (99992360, "e-mail"),
        (99992361, "one app only"),
    ],
)
def test_what_is_said_against_a_recipient_is_a_receipt(wire: Wire, code: int, advice: str) -> None:
    wire.answers.append(refusal(code))

    (receipt,) = wire.messenger().send(parcel(chat()))

    assert (receipt.is_sent, receipt.error_code) == (False, str(code))
    assert advice in receipt.problem
    assert receipt.problem[0].isupper()
    assert receipt.problem.endswith(".")
    assert "{" not in receipt.problem


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (9499, "shorter"),
        (19001, "webhook address"),
        (19002, "shorter"),
        (19021, "signing secret"),
        (19022, "outgoing IP"),
        (19024, "keyword"),
    ],
)
def test_what_is_said_against_a_robot_is_a_receipt(wire: Wire, code: int, advice: str) -> None:
    wire.answers.append(httpx.Response(200, json={"code": code, "msg": "vendor", "data": {}}))

    (receipt,) = wire.messenger().send(parcel(robot()))

    assert (receipt.is_sent, receipt.error_code) == (False, str(code))
    assert advice in receipt.problem
    assert "secret" not in receipt.problem.replace("signing secret", "")


@pytest.mark.parametrize(
    ("answer", "error", "advice"),
    [
        (refusal(230006), ProviderRejected, "Add Features > Bot"),
        (refusal(230022), ProviderRejected, "sensitive"),
        (refusal(230027), ProviderRejected, "send_as_bot"),
        (refusal(230049), ProviderUnavailable, "still sending"),
        (refusal(230020), ProviderThrottled, "slow down"),
        (refusal(99991672, permission_violations=[{"subject": "im:message"}]), ProviderRejected, "im:message"),
        (refusal(99991403), ProviderQuotaUsedUp, "quota"),
        (httpx.Response(200, json={"code": 11232}), ProviderThrottled, "slow down"),
        (httpx.Response(200, json={"code": 2200}), ProviderUnavailable, "later"),
        (httpx.Response(302, headers={"location": "https://evil.example"}), ProviderRejected, "JSON"),
        (httpx.Response(200, json={"code": "0"}), ProviderUnavailable, "JSON"),
    ],
    ids=lambda value: str(getattr(value, "text", value))[:40],
)
@pytest.mark.parametrize("recipient", [chat(), robot(), *departments("od-1")], ids=str)
def test_what_is_said_against_the_app_is_raised(
    wire: Wire, recipient: Recipient, answer: httpx.Response, error: type[ProviderError], advice: str
) -> None:
    wire.answers.append(answer)

    with pytest.raises(error, match=advice) as caught:
        wire.messenger().send(parcel(recipient))

    assert type(caught.value) is error
    assert HOOK not in str(caught.value)
    assert len(wire.requests) == 1


def test_the_wait_that_the_platform_asks_for_is_passed_on(wire: Wire) -> None:
    wire.answers.append(refusal(99991400, status=429, headers={"x-ogw-ratelimit-reset": "7"}))

    with pytest.raises(ProviderThrottled) as caught:
        wire.messenger().send(parcel(chat()))

    assert caught.value.retry_after_s == 7


# -- updates


def test_an_update_replaces_the_card_of_the_message(wire: Wire) -> None:
    assert wire.messenger().update("om_1", MESSAGE)

    assert (wire.requests[0].method, wire.requests[0].url.path) == ("PATCH", f"{SEND}/om_1")
    card = json.loads(wire.bodies[0]["content"])
    assert (card["schema"], card["config"]) == ("2.0", {"update_multi": True})


@pytest.mark.parametrize("code", sorted(MESSAGE_GONE))
def test_a_message_that_is_gone_cannot_be_updated(wire: Wire, code: str) -> None:
    wire.answers.append(refusal(int(code)))

    assert not wire.messenger().update("om_1", MESSAGE)


@pytest.mark.parametrize("message_id", ["", "bm-1", "../../x"])
def test_a_message_that_was_no_single_one_is_not_even_tried(wire: Wire, message_id: str) -> None:
    assert not wire.messenger().update(message_id, MESSAGE)
    assert wire.requests == []


def test_an_id_never_leaves_its_place_in_the_path(wire: Wire) -> None:
    wire.messenger().update("om_/../1?x=1", MESSAGE)

    assert wire.requests[0].url.raw_path == f"{SEND}/om_%2F..%2F1%3Fx%3D1".encode()


@pytest.mark.parametrize(
    ("code", "error"), [(230020, ProviderThrottled), (230099, ProviderRejected), (230001, ProviderRejected)]
)
def test_other_refusals_of_an_update_are_raised(wire: Wire, code: int, error: type[ProviderError]) -> None:
    wire.answers.append(refusal(code))

    with pytest.raises(error):
        wire.messenger().update("om_1", MESSAGE)
