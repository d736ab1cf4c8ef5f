"""Lark: the same on other hosts."""

from __future__ import annotations

import httpx
import pytest

from approval_gate.errors import ProviderRejected
from approval_gate.ports import Draft
from approval_gate.providers.lark.sender import Sender as LarkSender
from tests.providers.feishu.fake_platform import FakePlatform, sender_of


def test_calls_go_to_larks_host() -> None:
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.host)
        return httpx.Response(200, json={"code": 10014, "msg": "app id not exists"})

    sender = sender_of(FakePlatform(), sender_class=LarkSender)
    sender._client._http = httpx.Client(transport=httpx.MockTransport(handle))
    with pytest.raises(ProviderRejected, match="made on Feishu") as caught:
        sender.read_truth("X")

    assert seen == ["open.larksuite.com"]
    assert caught.value.provider == "lark"


def test_an_approval_on_lark_is_english_first_and_links_to_lark(draft: Draft) -> None:
    platform = FakePlatform()

    opened = sender_of(platform, sender_class=LarkSender).open_approval(draft, may_exist=False)

    assert opened.open_url.startswith(
        "https://applink.larksuite.com/client/mini_program/open?appId=cli_9c7cc8a9a9edd105&"
    )
    (definition,) = platform.definitions.values()
    assert [each["locale"] for each in definition["i18n_resources"] if each["is_default"]] == ["en-US"]
