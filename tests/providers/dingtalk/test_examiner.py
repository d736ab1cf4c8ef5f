"""What the doctor says of DingTalk: every refusal from the simulator, the calls it makes, the address check."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from approval_gate.errors import ProviderError
from approval_gate.ports.checks import Check, CheckStatus
from approval_gate.providers.dingtalk.credentials import Credentials
from approval_gate.providers.dingtalk.examiner import Examiner
from approval_gate.providers.dingtalk.inquiry import Finding, Inquiry
from approval_gate.web import WebResponse
from local.simulators.dingtalk import sealing
from tests.examiner_kits.dingtalk import KITS
from tests.fakes.aws import aws
from tests.fakes.examined_site import ExaminedSite
from tests.kits.dingtalk import KITS as PLATFORMS
from tests.sender_kits import Call

_NEWER, _OLDER = "/v1.0/workflow/processInstances", "/topapi/v2/user/get"
(KIT,) = KITS

# What an administrator or the author of a pipeline can bring about, in the words of the newer API and the numbers of
# the older one, with the page to open or the thing to change.
_REFUSALS = [
    ("invalidClientIdOrSecret", "Credentials and basic information", "凭证与基础信息"),
    (40096, "Credentials and basic information", "凭证与基础信息"),
    (40089, "Credentials and basic information", "凭证与基础信息"),
    ("InvalidAuthentication", "base_url leads to DingTalk", "base_url 是否指向钉钉"),
    ("AuthenticationFailed.MissingParameter", "base_url leads to DingTalk", "base_url 是否指向钉钉"),
    *((code, "base_url leads to DingTalk", "base_url 是否指向钉钉") for code in (40014, 42001, 40001, 41001, 40000)),
    ("Forbidden.AccessDenied.AccessTokenPermissionDenied", "Permission management (权限管理)", "权限管理"),
    ("permission.error", "Permission management (权限管理)", "权限管理"),
    ("processSetupNoPermission", "Permission management (权限管理)", "权限管理"),
    *((code, "Permission management (权限管理)", "权限管理") for code in (60011, 43007, 48002, 50003, 50005)),
    ("Forbidden.AccessDenied.IpNotInWhiteList", "Server egress IP (服务器出口IP)", "服务器出口IP"),
    ("ip.not.match", "Server egress IP (服务器出口IP)", "服务器出口IP"),
    (60020, "Server egress IP (服务器出口IP)", "服务器出口IP"),
    ("Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", "what else calls", "其他程序"),
    ("Forbidden.AccessDenied.QpmLimitForAppkeyAndApi", "what else calls", "其他程序"),
    ("Forbidden.AccessDenied.QpsLimitForApi", "what else calls", "其他程序"),
    ("autoflowLikeTriggerRateLimited", "what else calls", "其他程序"),
    *((code, "what else calls", "其他程序") for code in (90018, 90002)),
    ("Forbidden.AccessDenied.ApiCountLimitForOrg", "next month", "下月"),
    (90020, "next month", "下月"),
    ("needAuth", "let everyone submit the form", "允许全员提交"),
    (8100017, "let everyone submit the form", "允许全员提交"),
    *((code, "visible range", "可见范围") for code in (50002, 50004)),
    ("formName.error", "Rename or delete it", "改名或删除"),
    ("formConverterError", "Rename or delete it", "改名或删除"),
    ("illegalComponent", "Rename or delete it", "改名或删除"),
    ("targetSelectApproverScopeError", "Rename or delete the form", "改名或删除"),
    ("targetSelectApproverMissing", "Rename or delete the form", "改名或删除"),
    ("benefitStatusInvalid", "edition", "升级"),
    *(
        (code, "form is gone", "表单已被删除")
        for code in (
            *("processCodeError", "processGetFailed", "processGroupGetFailed", "processcode.error"),
            *(820001, 830001, 820004),
        )
    ),
    *(
        (code, "credentials were changed", "凭证是否被更换")
        for code in ("processInstanceNotExist", "invalidInstanceId")
    ),
    *((code, "15 seconds", "15 秒") for code in ("aflowProcessInstStatusException", "task.status.error")),
    *((code, "allow submitters to withdraw", "允许提交人撤销") for code in (820005, 820006, 820008)),
    *((code, "mobile number", "手机号") for code in ("userNotExist", "invalidUserIds", "staffId.notExisted")),
    *((code, "mobile number", "手机号") for code in (33012, 60121, 40031, 40104)),
    *((code, "request id", "请求 ID") for code in ("invalidParameter", "formschema.error", 40035, 400002)),
    ("processInstanceStartFailed", "still work here", "在职"),
    (22, "base_url", "base_url"),
    *((code, "Copy AgentId", "AgentId") for code in (40056, "invalidAgentId")),
    (1430000, "Name people or departments", "人员或部门"),
    (60003, "Contacts (通讯录)", "通讯录"),
    *((code, "Send fewer", "减少发送") for code in (143105, 143205)),
    *((code, "once a day", "每天只展示一次") for code in (143106, 143206)),
    *((code, "Change them", "修改消息文字") for code in (1430002, 430104, "contain.notAllowed.text")),
    *((code, "review the site", "网址复核") for code in (430101, 430102, 430103, "contain.unsafe.url")),
    (310000, "加签", "加签"),
    *((code, "Copy the Webhook", "Webhook") for code in (300005, 400101)),
    *((code, "Add it again", "重新添加") for code in (400102, 400106)),
    (400013, "another group", "其他群"),
    *((code, "silences it for ten minutes", "限流十分钟") for code in (410100, 660026, 130101)),
    ("invalidParameter.robotCode.notExsit", "openConversationId", "openConversationId"),
    ("robot.oto.notExist", "openConversationId", "openConversationId"),
    ("chatbotId.notAllow.sendOTO", "robot ability (机器人)", "机器人能力"),
    ("anInventedCode", "refused with code anInventedCode", "错误码 anInventedCode"),
]


@pytest.fixture(scope="module")
def shared_table() -> Iterator[Any]:
    with aws() as client:
        yield client


@pytest.fixture
def site(shared_table: Any) -> Iterator[ExaminedSite]:
    made = ExaminedSite(KIT.sender, shared_table)
    yield made
    made.close()


def ask(site: ExaminedSite, code: int | str) -> Finding:
    """Have the simulator refuse a call with a code."""
    if isinstance(code, int):
        site.refuse(_OLDER, code, status=200)
    else:
        site.refuse(_NEWER, code, status=403 if code.startswith("Forbidden") else 400)
    inquiry = Inquiry(site.app, Credentials.from_fields(site.credentials), site._http, site.clock)
    if isinstance(code, int):
        return inquiry.ask("read_person", lambda: inquiry.client.call_older("read_person", _OLDER, {"userid": "dev"}))
    return inquiry.ask("create_instance", lambda: inquiry.client.call("create_instance", "POST", _NEWER, body={}))


@pytest.mark.parametrize(("code", "english", "chinese"), _REFUSALS, ids=lambda each: str(each)[:60])
def test_every_refusal_says_what_to_do_in_both_languages(
    site: ExaminedSite, code: int | str, english: str, chinese: str
) -> None:
    found = ask(site, code)

    assert english in found.advice.english
    assert chinese in found.advice.found.zh + found.advice.fix.zh
    assert isinstance(found.error, ProviderError)
    assert found.error.message == f"{found.operation}: {found.advice.english}"


@pytest.mark.parametrize(
    "code", ["processInstanceNotExist", "invalidParameter", "anInventedCode", 60121, 50004, 400002]
)
def test_what_only_a_permitted_call_hears_shows_the_permission(site: ExaminedSite, code: int | str) -> None:
    assert ask(site, code).is_past_the_gateway


@pytest.mark.parametrize(
    "code",
    [
        *(60011, 60020, 90020, 90018, 40014, 22, -1),
        *("Forbidden.AccessDenied.SomethingNew", "InvalidAuthentication", "permission.error"),
    ],
)
def test_what_the_gateway_refuses_shows_no_permission(site: ExaminedSite, code: int | str) -> None:
    assert not ask(site, code).is_past_the_gateway


# -- the calls


def test_a_stored_access_token_does_not_hide_a_wrong_secret(site: ExaminedSite) -> None:
    site.people("dev")
    site.credentials["app_secret"] = "another-secret"

    assert site.examine()["credentials"].status is CheckStatus.FAILED


def test_after_refused_credentials_nothing_else_is_asked(site: ExaminedSite) -> None:
    site.credentials["app_secret"] = "another-secret"

    site.examine()

    assert [each.path for each in site.wire.exchanges] == ["/v1.0/oauth2/accessToken"]


def test_from_a_foreign_address_one_call_is_enough(site: ExaminedSite) -> None:
    site.change_app(ip_allow_list=["203.0.113.1"])

    site.examine()

    assert [each.path for each in site.wire.exchanges if each.path.startswith("/v1.0/workflow")] == []


@pytest.mark.parametrize(("left", "status"), [(6, CheckStatus.OK), (5, CheckStatus.FAILED)])
def test_an_examination_costs_six_calls_of_the_quota(site: ExaminedSite, left: int, status: CheckStatus) -> None:
    site.change_app(monthly_quota=left)

    assert site.examine()["quota"].status is status


def test_no_form_is_made(site: ExaminedSite) -> None:
    site.examine()

    inquiry = Inquiry(site.app, Credentials.from_fields(site.credentials), site._http, site.clock)
    listed = inquiry.client.call("find_form", "GET", "/v1.0/workflow/processes/userVisibilities/templates")
    assert listed["result"]["processList"] == []


def test_missing_permissions_are_told_together_and_once(site: ExaminedSite) -> None:
    site.change_app(scopes=["qyapi_base"])

    checks = site.examine()

    assert "Workflow.Instance.Read, Workflow.Form.Read, Workflow.Form.Write, Workflow.Instance.Write." in (
        checks["permission_approvals"].detail.en
    )
    assert "qyapi_get_member_by_mobile" in checks["permission_contacts"].detail.zh
    assert checks["contact_range"].status is CheckStatus.OK


def test_without_callbacks_no_event_needs_to_be_subscribed(site: ExaminedSite) -> None:
    check = examined_as(site, callbacks="none")["event_subscription"]

    assert "without callbacks" in check.detail.en


@pytest.mark.parametrize("base_url", ["ftp://platform.test", "platform.test", "https://["])
def test_an_address_that_is_none_is_told(site: ExaminedSite, base_url: str) -> None:
    with httpx.Client() as http:  # no address, no network
        check = examined_as(site, http, base_url=base_url)["credentials"]

    assert check.status is CheckStatus.FAILED
    assert "base_url" in check.fix.en
    assert "base_url" in check.fix.zh


def test_a_proxys_time_is_not_the_platforms(site: ExaminedSite) -> None:
    site.skew_s = 3600
    for method in ("GET", "POST"):
        site.fail(Call(method, "*"), httpx.Response(502, text="Bad gateway"), times=99)

    assert site.examine()["clock"].status is CheckStatus.SKIPPED


def examined_as(site: ExaminedSite, http: httpx.Client | None = None, **changes: Any) -> dict[str, Check]:
    """Examine the app as if it were registered otherwise."""
    examiner = Examiner(
        replace(site.app, **changes),
        Credentials.from_fields(site.credentials),
        http or site._http,
        tokens=None,  # type: ignore[arg-type] # not used
        forms=None,  # type: ignore[arg-type] # not used
        clock=site.clock,
    )
    return {each.name: each for each in examiner.examine()}


# -- the address check

_KEY, _TOKEN, _OWNER = (KIT.sender.credentials[name] for name in ("aes_key", "token", "app_key"))


def test_the_rehearsed_check_is_the_platforms(site: ExaminedSite) -> None:
    rehearsal = site.examiner().rehearsal()
    assert rehearsal is not None

    query, encrypt = rehearsal.request.query, json.loads(rehearsal.request.body)["encrypt"]

    body, owner = sealing.unseal(encrypt, sealing.key_of(_KEY))
    assert (json.loads(body), owner) == ({"EventType": "check_url"}, _OWNER)
    signed = sealing.signature(_TOKEN, query["timestamp"], query["nonce"], encrypt)
    assert query["msg_signature"] == query["signature"] == signed
    assert int(query["timestamp"]) == site.now.timestamp() * 1000


def reply(word: bytes = b"success", owner: str = _OWNER, token: str = _TOKEN, key: str = _KEY) -> dict[str, str]:
    """Return an answer made by the simulator's own sealing."""
    encrypt = sealing.seal(word, sealing.key_of(key), owner, bytes(16))
    signed = sealing.signature(token, "1768467600000", "abc", encrypt)
    return {"msg_signature": signed, "timeStamp": "1768467600000", "nonce": "abc", "encrypt": encrypt}


def judged(site: ExaminedSite, content: object) -> bool:
    rehearsal = site.examiner().rehearsal()
    assert rehearsal is not None
    return rehearsal.is_right(WebResponse(body=json.dumps(content).encode()))


def test_the_sealed_word_success_is_right(site: ExaminedSite) -> None:
    assert judged(site, reply())


@pytest.mark.parametrize(
    "content",
    [
        "success",
        reply(b"failure"),
        reply(owner="dinganotherapp00001"),
        reply(token="anotherToken01"),
        reply(key="9" * 43),
        reply() | {"nonce": "abd"},
        reply() | {"encrypt": base64.b64encode(bytes(64)).decode()},
        reply() | {"timeStamp": 1768467600000},
        {name: value for name, value in reply().items() if name != "nonce"},
    ],
    ids=["plain", "word", "owner", "token", "key", "nonce", "encrypt", "number", "incomplete"],
)
def test_any_other_answer_is_wrong(site: ExaminedSite, content: object) -> None:
    assert not judged(site, content)


def test_the_independent_platform_takes_what_the_receiver_answers_to_the_rehearsal(site: ExaminedSite) -> None:
    platform = PLATFORMS[0]
    site.credentials, site.now = dict(platform.credentials), platform.now
    rehearsal = site.examiner().rehearsal()
    assert rehearsal is not None

    assert platform.accepts_address(platform.receiver().open(rehearsal.request).response)
