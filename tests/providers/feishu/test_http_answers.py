"""Every recorded answer of the platform, replayed through our client."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from approval_gate.errors import (
    ProviderError,
    ProviderQuotaUsedUp,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from approval_gate.ports import App
from approval_gate.providers.feishu.client import Client
from approval_gate.providers.feishu.credentials import Credentials
from approval_gate.providers.feishu.edition import FEISHU
from approval_gate.providers.feishu.errcodes import ALREADY_SUBSCRIBED, INSTANCE_UNKNOWN
from tests.providers.feishu.fake_platform import APP_ID, APP_SECRET, MemoryTokens

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors", "feishu-lark.json").read_text(encoding="utf-8"))
ANSWERS: list[dict[str, Any]] = VECTORS["http_answers"]
TOKEN = {"code": 0, "msg": "ok", "tenant_access_token": "t-fresh", "expire": 7140}

# What each code must become, and what its text must say. A code that is not here fails the test.
EXPECTED: dict[int, tuple[type[ProviderError] | None, str]] = {
    0: (None, ""),
    10003: (ProviderRejected, "App ID and App Secret"),
    10014: (ProviderRejected, "App ID and App Secret"),
    19021: (ProviderRejected, "19021"),
    99991400: (ProviderThrottled, "slow down"),
    99991403: (ProviderQuotaUsedUp, "quota"),
    99991663: (ProviderRejected, "access token"),
    99991672: (ProviderRejected, "approval:approval"),
    1390003: (ProviderRejected, "credentials were changed"),
    1390007: (ProviderRejected, ""),
    1395001: (ProviderUnavailable, "later"),
}


@dataclass
class Platform:
    """Answers every call with one recorded answer, and token calls with a token."""

    recorded: dict[str, Any]
    tokens: int = 0
    calls: int = 0

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/tenant_access_token/internal"):
            self.tokens += 1
            return httpx.Response(200, json=TOKEN)
        self.calls += 1
        answer = self.recorded
        return httpx.Response(answer["http"], json=answer["body"], headers=answer.get("headers"))

    def client(self) -> Client:
        app = App(tenant="acme", id="prod", provider="feishu")
        http = httpx.Client(transport=httpx.MockTransport(self.handle))
        return Client(FEISHU, app, Credentials(APP_ID, APP_SECRET), http, MemoryTokens())


@pytest.mark.parametrize("recorded", ANSWERS, ids=lambda recorded: recorded["meaning"][:40])
def test_a_recorded_answer_means_what_the_sheet_says(recorded: dict[str, Any]) -> None:
    platform = Platform(recorded)
    kind, text = EXPECTED[recorded["body"]["code"]]

    if kind is None:
        assert platform.client().call("any", "POST", "/open-apis/any") == recorded["body"].get("data", {})
        return
    with pytest.raises(ProviderError) as caught:
        platform.client().call("any", "POST", "/open-apis/any")

    assert type(caught.value) is kind
    assert text in caught.value.message
    assert caught.value.vendor_code == str(recorded["body"]["code"])


def answers_of(code: int) -> list[dict[str, Any]]:
    return [recorded for recorded in ANSWERS if recorded["body"]["code"] == code]


def test_a_refused_token_is_replaced_and_the_call_repeated_exactly_once() -> None:
    (recorded,) = answers_of(99991663)
    platform = Platform(recorded)

    with pytest.raises(ProviderRejected):
        platform.client().call("any", "POST", "/open-apis/any")

    assert (platform.tokens, platform.calls) == (2, 2)


def test_the_pause_a_throttled_call_asks_for_is_told() -> None:
    pauses = []
    for recorded in answers_of(99991400):
        with pytest.raises(ProviderThrottled) as caught:
            Platform(recorded).client().call("any", "POST", "/open-apis/any")
        pauses.append(caught.value.retry_after_s)

    assert pauses == [12, None]


def test_codes_that_are_good_news_are_known_as_such() -> None:
    assert answers_of(1390007)
    assert "1390007" in ALREADY_SUBSCRIBED
    assert answers_of(1390003)
    assert "1390003" in INSTANCE_UNKNOWN
