"""Access tokens, errors of both APIs, and what is logged of a call."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from approval_gate.domain.approval import PersonKind, PersonRef
from approval_gate.errors import (
    PeopleNotFound,
    ProviderError,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from approval_gate.providers.dingtalk.sender import Sender
from tests.providers.dingtalk.fake_platform import (
    APP_SECRET,
    INSTANCES,
    MOBILE,
    TOKEN,
    FakePlatform,
    MemoryTokens,
    newer,
    older,
    sender_of,
)

SOMEBODY = PersonRef(PersonKind.MOBILE, "13800000001", "requester.mobile")
FORBIDDEN = "Forbidden.AccessDenied."


@pytest.fixture
def ref(platform: FakePlatform) -> str:
    platform.instances["i1"] = {"status": "RUNNING", "createTime": "2026-01-15T03:30Z"}
    return "i1"


def error_of(sender: Sender, ref: str = "i1") -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        sender.read_truth(ref)
    return caught.value


# -- access tokens


def test_one_token_serves_both_hosts(sender: Sender, platform: FakePlatform, tokens: MemoryTokens, ref: str) -> None:
    platform.people["13800000001"] = {"userid": "user001"}

    sender.read_truth(ref)
    sender.find_people([SOMEBODY])

    assert tokens.fetches == 1
    assert [(call.host, call.path) for call in platform.calls] == [
        ("api.dingtalk.com", TOKEN),
        ("api.dingtalk.com", INSTANCES),
        ("oapi.dingtalk.com", MOBILE),
    ]
    assert "access_token" not in platform.called(INSTANCES)[0].query
    assert tokens.life_s == 6600


def test_a_base_url_takes_the_place_of_both_hosts(platform: FakePlatform, ref: str) -> None:
    platform.people["13800000001"] = {"userid": "user001"}
    sender = sender_of(platform, base_url="https://proxy.example.com/")

    sender.read_truth(ref)
    sender.find_people([SOMEBODY])

    assert {call.host for call in platform.calls} == {"proxy.example.com"}


@pytest.mark.parametrize(
    "refusal",
    [
        newer("InvalidAuthentication"),
        newer("InvalidAuthentication", status=401),
        newer("AuthenticationFailed.MissingParameter"),
    ],
    ids=["400", "401", "missing"],
)
def test_a_refused_token_is_refreshed_once(
    sender: Sender, platform: FakePlatform, tokens: MemoryTokens, ref: str, refusal: httpx.Response
) -> None:
    platform.fail(INSTANCES, refusal)

    assert sender.read_truth(ref).ref == ref
    assert tokens.fetches == 2
    assert len({call.token for call in platform.called(INSTANCES)}) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        older(88, sub_code="40014"),
        older("88", sub_code="42001"),
        older(88, errmsg="ding talk error[subcode=40014,submsg=x]"),
        older(40014),
        older("42001"),
    ],
    ids=["sub_code", "text", "in-the-message", "plain", "plain-text"],
)
def test_a_refused_token_of_the_older_api_is_refreshed_once(
    sender: Sender, platform: FakePlatform, tokens: MemoryTokens, refusal: httpx.Response
) -> None:
    platform.people["13800000001"] = {"userid": "user001"}
    platform.fail(MOBILE, refusal)

    (person,) = sender.find_people([SOMEBODY])

    assert person.user_id == "user001"
    assert tokens.fetches == 2
    assert [call.token for call in platform.called(MOBILE)] == ["t1", "t2"]


def test_a_second_refusal_is_an_error(sender: Sender, platform: FakePlatform, tokens: MemoryTokens, ref: str) -> None:
    platform.fail(INSTANCES, *(newer("InvalidAuthentication") for _ in range(3)))

    error = error_of(sender)

    assert isinstance(error, ProviderRejected)
    assert tokens.fetches == 2
    assert len(platform.called(INSTANCES)) == 2


@pytest.mark.parametrize("code", ["IpNotInWhiteList", "AccessTokenPermissionDenied", "QpsLimitForApi"])
def test_a_403_is_never_taken_for_a_refused_token(
    sender: Sender, platform: FakePlatform, tokens: MemoryTokens, ref: str, code: str
) -> None:
    platform.fail(INSTANCES, newer(FORBIDDEN + code, status=403))

    error_of(sender)

    assert tokens.fetches == 1
    assert len(platform.called(INSTANCES)) == 1


def test_wrong_credentials_say_what_to_copy(platform: FakePlatform, ref: str) -> None:
    error = error_of(sender_of(platform, app_secret="wrong"))

    assert isinstance(error, ProviderRejected)
    assert error.operation == "fetch_token"
    assert "AppKey and AppSecret" in error.message
    assert len(platform.called(TOKEN)) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"accessToken": ""},
        {"accessToken": "t", "expireIn": 0},
        {"accessToken": "t", "expires_in": 7200},
        {"accessToken": "a b", "expireIn": 9},
    ],
)
def test_an_answer_without_a_token_can_be_tried_again(
    sender: Sender, platform: FakePlatform, ref: str, body: dict[str, Any]
) -> None:
    platform.fail(TOKEN, httpx.Response(200, json=body))

    assert isinstance(error_of(sender), ProviderUnavailable)


# -- errors


def test_an_address_that_is_not_trusted_is_named(sender: Sender, platform: FakePlatform, ref: str) -> None:
    platform.fail(
        INSTANCES, newer(FORBIDDEN + "IpNotInWhiteList", status=403, message="ip 203.0.113.9 not in whitelist")
    )

    error = error_of(sender)

    assert isinstance(error, ProviderRejected)
    assert "Add 203.0.113.9 in" in error.message
    assert "服务器出口IP" in error.message
    assert error.vendor_request_id == "REQ-1"


@pytest.mark.parametrize(
    ("message", "address"),
    [
        ("subcode=60020,submsg=访问ip不在白名单之中,request ip=2001:db8::7 appKey(dingabc)", "2001:db8::7"),
        ("request ip=203.0.113.9.", "203.0.113.9"),
        ("version 1.2.3 of 12:30", "the gate's outgoing IP address"),
        ("", "the gate's outgoing IP address"),
    ],
)
def test_the_older_api_names_the_address_too(
    sender: Sender, platform: FakePlatform, message: str, address: str
) -> None:
    platform.fail(MOBILE, older(88, sub_code="60020", errmsg=message))

    with pytest.raises(ProviderRejected) as caught:
        sender.find_people([SOMEBODY])

    assert f"Add {address} in" in caught.value.message
    assert caught.value.vendor_code == "60020"
    assert caught.value.vendor_request_id == "req-2"


@pytest.mark.parametrize("key", ["accessdenieddetail", "AccessDeniedDetail"])
def test_a_missing_permission_is_named(sender: Sender, platform: FakePlatform, ref: str, key: str) -> None:
    detail = {key: {"requiredScopes": ["Workflow.Instance.Read", "<script>", 7]}}
    platform.fail(INSTANCES, newer(FORBIDDEN + "AccessTokenPermissionDenied", status=403, **detail))

    error = error_of(sender)

    assert isinstance(error, ProviderRejected)
    assert "lacks a permission: Workflow.Instance.Read. Add" in error.message


def test_a_permission_that_the_platform_does_not_name_is_known_by_the_call(
    sender: Sender, platform: FakePlatform, ref: str
) -> None:
    platform.fail(INSTANCES, newer(FORBIDDEN + "AccessTokenPermissionDenied", status=403))

    assert "Workflow.Instance.Read" in error_of(sender).message


@pytest.mark.parametrize(
    ("code", "pause_s"), [("QpsLimitForAppkeyAndApi", 1.0), ("QpmLimitForAppkeyAndApi", 60.0), ("QpsLimitForApi", 10.0)]
)
def test_a_rate_says_when_to_try_again(
    sender: Sender, platform: FakePlatform, ref: str, code: str, pause_s: float
) -> None:
    platform.fail(INSTANCES, newer(FORBIDDEN + code, status=403))

    error = error_of(sender)

    assert isinstance(error, ProviderThrottled)
    assert error.retry_after_s == pause_s


def test_the_months_quota_is_not_tried_again(sender: Sender, platform: FakePlatform, ref: str) -> None:
    platform.fail(INSTANCES, newer(FORBIDDEN + "ApiCountLimitForOrg", status=403))

    error = error_of(sender)

    assert isinstance(error, ProviderRejected)
    assert "monthly quota" in error.message


def test_a_blocked_address_waits_five_minutes(sender: Sender, platform: FakePlatform, ref: str) -> None:
    body = {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "u"}
    platform.fail(INSTANCES, httpx.Response(200, json=body))

    error = error_of(sender)

    assert isinstance(error, ProviderThrottled)
    assert error.retry_after_s == 300.0


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(200, text="<html>too many</html>"), ProviderUnavailable),
        (httpx.Response(502, text="<html>bad gateway</html>"), ProviderUnavailable),
        (httpx.Response(404, text="not found"), ProviderRejected),
        (httpx.Response(302, headers={"location": "https://elsewhere.example.com"}), ProviderUnavailable),
        (httpx.Response(200, content=b"[]"), ProviderUnavailable),
        (httpx.Response(200, content=b'{"result":{}}'), ProviderUnavailable),
        (httpx.Response(200, content=b'{"result":{"status":"RUNNING","status":"COMPLETED"}}'), ProviderUnavailable),
        (httpx.Response(500, json={"code": "systemError"}), ProviderUnavailable),
        (httpx.Response(503, json={"Code": "ServiceUnavailable"}), ProviderUnavailable),
        (httpx.Response(429, json={}), ProviderThrottled),
        (httpx.Response(408, json={}), ProviderUnavailable),
        (newer("sysErrror"), ProviderUnavailable),
        (newer("processFormDataIsNull"), ProviderUnavailable),
        (newer("somethingNew"), ProviderRejected),
        (newer("needAuth"), ProviderRejected),
        (newer("{scopes}"), ProviderRejected),
        (httpx.Response(418, json={"code": ["x"]}), ProviderUnavailable),
    ],
    ids=lambda each: str(each)[:40],
)
def test_each_answer_has_its_class(
    sender: Sender, platform: FakePlatform, ref: str, answer: httpx.Response, kind: type[ProviderError]
) -> None:
    platform.fail(INSTANCES, answer)

    error = error_of(sender)

    assert type(error) is kind
    assert error.message.endswith(".")
    assert (error.provider, error.operation) == ("dingtalk", "get_instance")
    assert len(platform.called(INSTANCES)) == 1


@pytest.mark.parametrize("fault", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")])
def test_a_network_that_fails_can_be_tried_again(
    sender: Sender, platform: FakePlatform, ref: str, fault: Exception
) -> None:
    platform.fail(INSTANCES, fault)

    assert type(error_of(sender)) is ProviderUnavailable


def test_a_base_url_that_is_none_is_said_to_be(platform: FakePlatform) -> None:
    sender = sender_of(platform, base_url="ftp://nowhere", http=httpx.Client(trust_env=False))

    with pytest.raises(ProviderRejected, match="base_url"):
        sender.read_truth("i1")


def test_an_instance_of_another_id_is_refused(sender: Sender, platform: FakePlatform, ref: str) -> None:
    platform.instances[ref]["tasks"] = [{"taskId": 1, "processInstanceId": "another"}]

    assert "another approval" in error_of(sender).message


def test_an_unknown_instance_is_rejected(sender: Sender) -> None:
    error = error_of(sender, "nothing-here")

    assert isinstance(error, ProviderRejected)
    assert error.vendor_code == "processInstanceNotExist"


# -- the log


class _Kept(logging.Handler):
    """Keeps what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def lines() -> Iterator[list[logging.LogRecord]]:
    """Collect at the logger itself: a function's logger may have taken the package's records for itself."""
    handler = _Kept()
    logger = logging.getLogger("approval_gate.providers.dingtalk.client")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler.records
    logger.setLevel(level)
    logger.removeHandler(handler)


def test_each_call_leaves_one_line_without_secrets(
    sender: Sender, platform: FakePlatform, ref: str, lines: list[logging.LogRecord]
) -> None:
    platform.fail(INSTANCES, newer("InvalidAuthentication"))
    platform.fail(MOBILE, httpx.ReadTimeout("x"))

    sender.read_truth(ref)
    with pytest.raises(ProviderUnavailable):
        sender.find_people([SOMEBODY])
    with pytest.raises(PeopleNotFound):
        sender.find_people([SOMEBODY])

    facts = [(line.__dict__["operation"], line.__dict__["status"], line.__dict__["vendor_code"]) for line in lines]
    assert facts == [
        ("fetch_token", 200, ""),
        ("get_instance", 400, "InvalidAuthentication"),
        ("fetch_token", 200, ""),
        ("get_instance", 200, ""),
        ("find_people", 0, "timeout"),
        ("find_people", 200, "60121"),
    ]
    assert {line.getMessage() for line in lines} == {"provider_call"}
    assert {(line.__dict__["provider"], line.__dict__["app"]) for line in lines} == {("dingtalk", "dingtalk-main")}
    assert all(line.__dict__["took_ms"] >= 0 for line in lines)
    shown = " ".join(str(line.__dict__) for line in lines)
    assert not any(secret in shown for secret in (APP_SECRET, "t1", "access_token", "13800000001", "https://"))
