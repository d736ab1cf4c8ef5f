"""What the doctor says of WeCom: every refusal from the simulator, the calls it makes, the address check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from approval_gate.errors import ProviderError
from approval_gate.ports.checks import Check, CheckStatus
from approval_gate.providers.wecom.credentials import Credentials
from approval_gate.providers.wecom.examiner import Examiner
from approval_gate.providers.wecom.inquiry import Finding, Inquiry
from approval_gate.web import WebResponse
from local.simulators.wecom import sealing
from tests.examiner_kits.wecom import KITS
from tests.fakes.aws import aws
from tests.fakes.examined_site import ExaminedSite
from tests.kits.wecom import wecom_kit
from tests.sender_kits import Call

_LIST = "/cgi-bin/oa/getapprovalinfo"
(KIT,) = KITS

# What an administrator or the author of a pipeline can bring about, with the page to open or the thing to change.
_REFUSALS = [
    (40001, "the app > Secret", "该应用 > Secret"),
    (40013, "Company ID (企业ID)", "企业ID"),
    (40091, "the same company's admin console", "同一企业"),
    *((code, "Enable it", "启用") for code in (50003, 50006, 301007)),
    *((code, "base_url leads to WeCom", "base_url 是否指向企业微信") for code in (40014, 42001)),
    *((code, "Check base_url and proxies", "检查 base_url 和代理") for code in (41001, 41002, 41004)),
    (60020, "Add that address in the admin console", "企业可信IP"),
    *((code, "Copy AgentId and Secret from the same page", "同一页面复制 AgentId") for code in (40056, 301002)),
    *((code, "Correct the userid", "更正 userid") for code in (40003, 46004, 60111)),
    *((code, "Visible range (可见范围)", "可见范围") for code in (50002, 60011)),
    (48002, "self-built app", "自建应用"),
    (48009, "Trusted IPs (企业可信IP)", "企业可信IP"),
    (301025, "every userid exists", "所有 userid 均存在"),
    *((code, "Apps that may call (可调用接口的应用)", "可调用接口的应用") for code in (301055, 301088)),
    (301056, "Enable it", "启用"),
    (301079, "one multi-line text", "多行文本"),
    (301086, "Report this", "反馈此问题"),
    (301087, "template_id", "template_id"),
    (301112, "Report this", "反馈此问题"),
    (50001, "Trusted domain (可信域名)", "可信域名"),
    (81013, "Check the receivers", "检查接收人"),
    *((code, "Report this", "反馈此问题") for code in (40008, 40035, 40058, 40063, 42052, 44004, 45002)),
    (43012, "Receive messages (接收消息)", "接收消息"),
    *((code, "a field of the card", "卡片的字段") for code in (42014, 42016, 42027, 42051)),
    *((code, "Contacts (通讯录)", "通讯录") for code in (60003, 60123)),
    *((code, "add a group robot", "添加群机器人") for code in (86001, 86215, 86224)),
    (93000, "Copy the Webhook", "Webhook"),
    (93004, "Enable it in the group", "在群中启用"),
    (93008, "Add it again", "重新添加"),
    *((code, "what else calls", "其他程序") for code in (45009, 45033)),
    (301026, "not audited yet", "尚未审核"),
    (301057, "looks for it by itself", "自动查找"),
    *((code, "Trying again later", "稍后重试") for code in (-1, 6000, 620004)),
    (987654, "refused with code 987654", "错误码 987654"),
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


def ask(site: ExaminedSite, code: int) -> Finding:
    """Have the simulator refuse a call with a code."""
    site.refuse(_LIST, code, status=200)
    inquiry = Inquiry(site.app, Credentials.from_fields(site.credentials), site._http, site.clock)
    return inquiry.approvals()


@pytest.mark.parametrize(("code", "english", "chinese"), _REFUSALS, ids=lambda each: str(each)[:60])
def test_every_refusal_says_what_to_do_in_both_languages(
    site: ExaminedSite, code: int, english: str, chinese: str
) -> None:
    found = ask(site, code)

    assert english in found.advice.english
    assert chinese in found.advice.found.zh + found.advice.fix.zh
    assert isinstance(found.error, ProviderError)
    assert found.error.message == f"{found.operation}: {found.advice.english}"


def test_the_address_to_add_is_the_one_the_platform_saw(site: ExaminedSite) -> None:
    found = ask(site, 60020)

    assert "does not take calls from 127.0.0.1." in found.advice.found.en
    assert "127.0.0.1" in found.advice.found.zh


# -- the calls


def test_a_stored_access_token_does_not_hide_a_wrong_secret(site: ExaminedSite) -> None:
    site.people("dev")
    site.credentials["secret"] = "another-secret"

    assert site.examine()["credentials"].status is CheckStatus.FAILED


@pytest.mark.parametrize(
    ("arrange", "calls"),
    [
        (lambda site: site.credentials.update(secret="another-secret"), 1),
        (lambda site: site.change_app(ip_allow_list=["203.0.113.1"]), 2),
    ],
    ids=["wrong secret", "foreign address"],
)
def test_after_a_refusal_of_everything_nothing_else_is_asked(site: ExaminedSite, arrange: Any, calls: int) -> None:
    arrange(site)
    before = len(site.wire.exchanges)

    site.examine()

    assert len([each for each in site.wire.exchanges[before:] if each.path.startswith("/cgi-bin/")]) == calls


def test_a_configured_template_is_read(site: ExaminedSite) -> None:
    site.sender().open_approval(site.draft(), may_exist=False)
    (ref,) = site.refs()
    site.credentials["template_id"] = site.control("GET", f"approvals/{ref}")["raw"]["template_id"]

    assert site.examine()["approval_template"].status is CheckStatus.OK


def test_the_built_in_approval_app_is_told_that_it_may_send_nothing(site: ExaminedSite) -> None:
    app = {"corp_id": site.credentials["corp_id"], "agent_id": "3010040", "secret": "approval-app-secret"}
    site.control("POST", "apps", app)
    site.credentials.update(app)

    check = site.examine()["permission_messages"]

    assert check.status is CheckStatus.WARNING
    assert "self-built app" in check.fix.en


def test_without_the_apps_own_description_its_agent_id_is_in_doubt_and_nothing_fails(site: ExaminedSite) -> None:
    site.control("POST", "faults", {"path": "/cgi-bin/agent/get", "status": 404, "body": "404", "times": None})

    checks = site.examine()

    assert checks["agent_id"].status is CheckStatus.WARNING
    assert {each.status for each in checks.values()} & {CheckStatus.FAILED} == set()


def test_without_callbacks_no_event_needs_to_be_ticked(site: ExaminedSite) -> None:
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

_KEY, _TOKEN, _CORP = (KIT.sender.credentials[name] for name in ("encoding_aes_key", "token", "corp_id"))


def test_the_rehearsed_check_is_the_platforms(site: ExaminedSite) -> None:
    rehearsal = site.examiner().rehearsal()
    assert rehearsal is not None

    query = rehearsal.request.query
    echo, receiver = sealing.opened(query["echostr"], _KEY)

    assert rehearsal.request.method == "GET"
    assert receiver == _CORP
    assert echo.isdigit()
    assert sealing.is_signed(query["msg_signature"], _TOKEN, query["timestamp"], query["nonce"], query["echostr"])
    assert int(query["timestamp"]) == site.now.timestamp()
    assert rehearsal.is_right(WebResponse(body=echo, content_type="text/plain"))
    assert [rehearsal.is_right(WebResponse(body=each)) for each in (echo + b"\n", b'"%s"' % echo, b"success")] == (
        [False] * 3
    )


def test_the_receiver_answers_what_was_sealed(site: ExaminedSite) -> None:
    platform = wecom_kit()
    site.credentials, site.now = dict(platform.credentials), platform.now
    rehearsal = site.examiner().rehearsal()
    assert rehearsal is not None

    answer = platform.receiver().open(rehearsal.request).response

    assert (
        answer.body == sealing.opened(rehearsal.request.query["echostr"], platform.credentials["encoding_aes_key"])[0]
    )
