"""The simulator as wechatpy sees it: its client calls, its crypto opens, its parser reads. Not our own code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wechatpy.enterprise import WeChatClient
from wechatpy.enterprise.crypto import WeChatCrypto
from wechatpy.enterprise.exceptions import InvalidCorpIdException
from wechatpy.exceptions import APILimitedException, InvalidSignatureException, WeChatClientException

from local.simulators.wecom.templates import CONSOLE_TEMPLATE
from tests.simulators.wecom import CORP, GATE, KEY, NARROW, TOKEN, Arrived, Wecom, app_server, wecom_serving

pytestmark = pytest.mark.filterwarnings("ignore:`_(get|post)` method of:DeprecationWarning")


class Client(WeChatClient):
    """The SDK's client with the simulator for a host: its own address is written into it."""

    def __init__(self, wecom: Wecom, app: dict[str, str] = GATE, **changes: Any) -> None:
        self.API_BASE_URL = f"{wecom.simulator.base_url}/cgi-bin/"
        super().__init__(app["corp_id"], app["secret"], **changes)
        self._http.trust_env = False

    def fetch_access_token(self) -> dict[str, Any]:
        query = {"corpid": self.corp_id, "corpsecret": self.secret}
        fetched: dict[str, Any] = self._fetch_access_token(f"{self.API_BASE_URL}gettoken", query)
        return fetched


@pytest.fixture
def wecom(tmp_path: Path) -> Iterator[Wecom]:
    with wecom_serving(tmp_path / "wecom.db") as running:
        yield running


def test_its_client_finds_its_way(wecom: Wecom):
    client = Client(wecom)

    assert client.user.get("lead")["name"] == "林悦"
    assert client.department.get()[0]["name"] == "Simulated company"
    assert [one["userid"] for one in client.user.list(5, simple=True)] == ["ops", "oncall"]
    assert client.tag.list()[0]["tagname"] == "发布委员会 Release managers"
    assert client.misc.get_wechat_ips() == ["127.0.0.1"]
    assert client.OA.get_template_detail(CONSOLE_TEMPLATE)["template_content"]["controls"]


def test_its_client_reads_applications_by_the_older_cursor(wecom: Wecom):
    made = [wecom.apply() for _ in range(3)]
    client = Client(wecom)
    detail = client.OA.get_approval_detail(made[0])["info"]
    around = (detail["apply_time"] - 60, detail["apply_time"] + 60)

    first = client.OA.get_approval_info(*around, cursor=0, size=2)
    second = client.OA.get_approval_info(*around, cursor=first["next_cursor"], size=2)

    assert detail["applyer"]["userid"] == "dev"
    assert first["sp_no_list"] + second["sp_no_list"] == made
    assert "next_cursor" not in second


def test_its_client_sends_messages_and_makes_chats(wecom: Wecom):
    client = Client(wecom)

    sent = client.message.send_text(1000002, ["lead", "Nobody"], "hello")
    client.appchat.create("r1", "Release", "lead", ["lead", "qa"])

    assert sent["invaliduser"] == "nobody"
    assert client.appchat.get("r1")["userlist"] == ["lead", "qa"]


def test_its_client_renews_an_expired_token(wecom: Wecom):
    client = Client(wecom)
    client.user.get("lead")
    wecom.pass_time(7200)

    assert client.user.get("qa")["userid"] == "qa"


def test_its_client_reads_refusals(wecom: Wecom):
    with pytest.raises(WeChatClientException) as hidden:
        Client(wecom, NARROW).user.get("lead")
    wecom.register(rate_scale=0.00001)
    with pytest.raises(APILimitedException):
        Client(wecom).user.get("lead")
    with pytest.raises(WeChatClientException) as unknown:
        Client(wecom, {**GATE, "secret": "wrong"}).user.get("lead")

    assert (hidden.value.errcode, unknown.value.errcode) == (60111, 40001)


def test_its_crypto_answers_the_address_check_and_opens_events(wecom: Wecom):
    crypto = WeChatCrypto(TOKEN, KEY, CORP)

    def answer(check: Arrived) -> tuple[int, bytes]:
        given = check.parameters
        echoed = crypto.check_signature(given["msg_signature"], given["timestamp"], given["nonce"], given["echostr"])
        return 200, echoed.encode()

    with app_server() as server:
        server.on_check = answer
        wecom.register(request_url=server.url)
        for text in ("x" * length for length in range(32)):
            wecom.decide(wecom.apply(), "approve", comment=text)
        arrived = [server.next() for _ in range(64)]

    for one in arrived:
        given = one.parameters
        proof = (given["msg_signature"], given["timestamp"], given["nonce"])
        assert "sys_approval_change" in crypto.decrypt_message(one.body.decode(), *proof)
    with pytest.raises(InvalidSignatureException):
        WeChatCrypto("other", KEY, CORP).decrypt_message(arrived[0].body.decode(), *proof)
    with pytest.raises(InvalidCorpIdException):
        WeChatCrypto(TOKEN, KEY, "wwother").decrypt_message(arrived[-1].body.decode(), *proof)


def test_a_reply_that_its_crypto_sealed_counts_as_delivered(wecom: Wecom):
    reply = WeChatCrypto(TOKEN, KEY, CORP).encrypt_message("<xml></xml>", "nonce", "1768448112").encode()
    with app_server() as server:
        wecom.register(request_url=server.url)
        server.answer = lambda _: (200, reply)

        (delivery,) = wecom.settled(wecom.apply())

    assert delivery["status"] == "delivered"
