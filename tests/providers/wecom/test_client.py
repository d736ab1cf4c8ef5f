"""Access tokens, errors and the log of calls."""

from __future__ import annotations

import logging
import traceback

import httpx
import pytest

from approval_gate.errors import ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.ports import Draft
from approval_gate.providers.wecom.sender import Sender
from tests.providers.wecom.fake_platform import (
    DETAIL,
    GETTOKEN,
    SECRET,
    FakePlatform,
    MemoryTokens,
    refusal,
    sender_of,
)

REF = "202601159999"


@pytest.fixture
def ref(sender: Sender, platform: FakePlatform, draft: Draft) -> str:
    ref = sender.open_approval(draft, may_exist=False).ref
    platform.calls.clear()
    return ref


def test_a_token_serves_many_calls(platform: FakePlatform, sender: Sender, ref: str) -> None:
    sender.read_truth(ref)
    sender.read_truth(ref)

    assert platform.called(GETTOKEN) == []


@pytest.mark.parametrize(("life_s", "kept_s"), [(7200, 6900), (100, 50)])
def test_a_token_is_given_up_before_it_expires(
    platform: FakePlatform, sender: Sender, tokens: MemoryTokens, life_s: int, kept_s: int
) -> None:
    platform.token_life_s = life_s
    with pytest.raises(ProviderRejected):
        sender.read_truth(REF)

    assert tokens.life_s == kept_s


@pytest.mark.parametrize("code", [40014, 42001])
def test_a_refused_token_is_fetched_anew_and_the_call_repeated_once(
    platform: FakePlatform, sender: Sender, ref: str, code: int
) -> None:
    platform.fail(DETAIL, refusal(code))

    sender.read_truth(ref)

    assert [call.path for call in platform.calls] == [DETAIL, GETTOKEN, DETAIL]
    first, second = platform.called(DETAIL)
    assert first.query["access_token"] != second.query["access_token"]
    assert first.body == second.body


def test_a_fresh_token_that_is_refused_is_an_error(platform: FakePlatform, sender: Sender, ref: str) -> None:
    platform.fail(DETAIL, refusal(40014), refusal(40014))

    with pytest.raises(ProviderRejected, match="fresh access token"):
        sender.read_truth(ref)

    assert len(platform.called(DETAIL)) == 2


@pytest.mark.parametrize("code", [40001, 40013, 40091, 41001])
def test_refused_credentials_are_never_tried_again(platform: FakePlatform, sender: Sender, ref: str, code: int) -> None:
    platform.fail(DETAIL, refusal(code))

    with pytest.raises(ProviderRejected):
        sender.read_truth(ref)

    assert len(platform.calls) == 1


def test_a_wrong_secret_is_asked_about_once(platform: FakePlatform) -> None:
    with pytest.raises(ProviderRejected, match="Secret") as caught:
        sender_of(platform, secret="wrong").read_truth(REF)

    assert caught.value.vendor_code == "40001"
    assert [call.path for call in platform.calls] == [GETTOKEN]


def test_an_untrusted_address_is_told_to_the_administrator(platform: FakePlatform, sender: Sender, ref: str) -> None:
    text = "not allow to access from your ip, hint: [1234567890], from ip: 203.0.113.77, more info at https://x"
    platform.fail(DETAIL, refusal(60020, errmsg=text))

    with pytest.raises(ProviderRejected, match=r"203\.0\.113\.77.*企业可信IP"):
        sender.read_truth(ref)


def test_a_blocked_token_call_waits_longer_than_others(platform: FakePlatform, sender: Sender) -> None:
    platform.fail(GETTOKEN, refusal(45009))

    with pytest.raises(ProviderThrottled) as caught:
        sender.read_truth(REF)

    assert caught.value.retry_after_s == 600


@pytest.mark.parametrize(
    "answer",
    [
        {"errcode": 0, "expires_in": 7200},
        {"errcode": 0, "access_token": "a b", "expires_in": 7200},
        {"errcode": 0, "access_token": "t", "expires_in": 0},
        {"errcode": 0, "access_token": "t"},
        {},
    ],
)
def test_an_answer_without_a_usable_token_is_no_token(
    platform: FakePlatform, sender: Sender, tokens: MemoryTokens, answer: dict[str, object]
) -> None:
    platform.fail(GETTOKEN, httpx.Response(200, json=answer))

    with pytest.raises(ProviderUnavailable, match="base_url"):
        sender.read_truth(REF)

    assert tokens.token == ""


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (httpx.ReadTimeout("t"), ProviderUnavailable),
        (httpx.ConnectError("c"), ProviderUnavailable),
        (httpx.RemoteProtocolError("r"), ProviderUnavailable),
        (httpx.Response(500, text="oops"), ProviderUnavailable),
        (httpx.Response(429, text="slow"), ProviderThrottled),
        (httpx.Response(200, text="<html>login</html>"), ProviderUnavailable),
        (httpx.Response(301, headers={"location": "https://example.invalid/"}), ProviderRejected),
        (httpx.Response(404, text="404 page not found"), ProviderRejected),
        (httpx.Response(404, json={}), ProviderRejected),
        (httpx.Response(200, json={"errcode": "zero"}), ProviderUnavailable),
        (httpx.Response(200, json={"errcode": 123456}), ProviderRejected),
        (httpx.Response(200, json=[]), ProviderUnavailable),
    ],
)
def test_every_failure_is_one_of_ours(
    platform: FakePlatform, sender: Sender, ref: str, fault: httpx.Response | Exception, error: type[Exception]
) -> None:
    platform.fail(DETAIL, fault)

    with pytest.raises(error) as caught:
        sender.read_truth(ref)

    assert type(caught.value) is error


def test_a_missing_errcode_is_success(platform: FakePlatform, sender: Sender) -> None:
    platform.fail(DETAIL, httpx.Response(200, json={"info": {"sp_no": "1", "sp_status": 1}}))

    assert sender.read_truth("1").ref == "1"


def test_a_base_url_with_a_path_is_kept(platform: FakePlatform) -> None:
    with pytest.raises(ProviderRejected):
        sender_of(platform, base_url="https://proxy.example.com/wecom/").read_truth(REF)

    assert platform.calls[0].path == "/wecom/cgi-bin/gettoken"


def test_a_base_url_that_is_none_is_told_and_the_secret_in_its_query_is_not(platform: FakePlatform) -> None:
    platform.fail(GETTOKEN, httpx.UnsupportedProtocol("no protocol"))

    for sender in (sender_of(platform), sender_of(platform, base_url="https://[::1")):
        with pytest.raises(ProviderRejected, match="base_url") as caught:
            sender.read_truth(REF)

        assert SECRET not in "".join(traceback.format_exception(caught.value))


# -- the log


def calls_in(caplog: pytest.LogCaptureFixture) -> list[tuple[object, ...]]:
    names = ("provider", "operation", "app", "status", "vendor_code")
    return [
        tuple(getattr(record, name) for name in names) for record in caplog.records if record.message == "provider_call"
    ]


def test_every_call_has_one_line_that_can_be_counted(
    platform: FakePlatform, sender: Sender, ref: str, caplog: pytest.LogCaptureFixture
) -> None:
    platform.fail(DETAIL, refusal(42001))

    with caplog.at_level(logging.INFO):
        sender.read_truth(ref)

    assert calls_in(caplog) == [
        ("wecom", "get_approval", "wecom-prod", 200, "42001"),
        ("wecom", "fetch_token", "wecom-prod", 200, "0"),
        ("wecom", "get_approval", "wecom-prod", 200, "0"),
    ]
    assert all(getattr(record, "took_ms", 0) == 0 for record in caplog.records)


def test_a_call_without_an_answer_is_counted_too(
    platform: FakePlatform, sender: Sender, ref: str, caplog: pytest.LogCaptureFixture
) -> None:
    platform.fail(DETAIL, httpx.ReadTimeout("lost"))

    with caplog.at_level(logging.INFO), pytest.raises(ProviderUnavailable):
        sender.read_truth(ref)

    assert calls_in(caplog) == [("wecom", "get_approval", "wecom-prod", 0, "ReadTimeout")]


def test_no_secret_and_no_token_is_ever_logged(
    platform: FakePlatform, sender: Sender, tokens: MemoryTokens, draft: Draft, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        ref = sender.open_approval(draft, may_exist=False).ref
        platform.fail(DETAIL, refusal(40014), httpx.ConnectError("down"))
        with pytest.raises(ProviderUnavailable) as caught:
            sender.read_truth(ref)

    assert any(record.name == "httpx" for record in caplog.records)
    logged = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    for secret in (SECRET, tokens.token, "corpsecret", "access_token=", draft.title):
        assert secret not in logged
        assert secret not in str(caught.value)
