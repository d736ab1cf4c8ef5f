"""
Every documented code that an administrator or the author of a pipeline can cause, produced by the simulator, and what
people are told then.

Source of the codes: Feishu developer docs, "Generic error codes" and the pages of each call, read 2026-02-28.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from approval_gate.domain.message import DestinationKind
from approval_gate.errors import ProviderRejected
from approval_gate.ports.checks import CheckStatus
from approval_gate.providers.feishu import refusals
from approval_gate.providers.feishu.edition import FEISHU
from approval_gate.providers.feishu.errcodes import Complaint, advice_on
from approval_gate.providers.lark.edition import LARK
from tests.fakes.aws import aws
from tests.fakes.examined_site import ExaminedSite
from tests.fakes.mail_site import MailSite
from tests.messenger_kits.feishu import KITS as MESSENGER_KITS
from tests.sender_kits.feishu import KITS as SENDER_KITS

TOKEN = "/open-apis/auth/v3/tenant_access_token/internal"
READ = "/open-apis/approval/v4/instances/"
LOOK_UP = "/open-apis/contact/v3/users/batch_get_id"
SEND = "/open-apis/im/v1/messages"

CREDENTIALS = {
    10003: ("App ID and App Secret", "凭证与基础信息"),
    10014: ("knows no app", "没有该 App ID"),
    10015: ("App Secret", "不接受其 App Secret"),
    20002: ("App ID and App Secret", "凭证与基础信息"),
    99991543: ("App ID and App Secret", "凭证与基础信息"),
    1000040351: ("was made on", "互不相通"),
}
CALLS = {
    99991201: ("base_url", "base_url"),
    99991301: ("base_url", "base_url"),
    99991661: ("access token", "访问凭证"),
    99991662: ("App management", "应用管理"),
    99991663: ("access token", "访问凭证"),
    99991664: ("access token", "访问凭证"),
    99991665: ("access token", "访问凭证"),
    99991668: ("access token", "访问凭证"),
    99991671: ("access token", "访问凭证"),
    99991673: ("App management", "应用管理"),
    99991677: ("access token", "访问凭证"),
    99991679: ("Permissions & Scopes", "权限管理"),
    212100: ("App management", "应用管理"),
    232034: ("App management", "应用管理"),
    99991401: ("Security Settings > IP allow list", "安全设置 > IP 白名单"),
    99992351: ("one app only", "只属于一个应用"),
    99992360: ("one app only", "只属于一个应用"),
    99992361: ("one app only", "只属于一个应用"),
    99992364: ("one app only", "只属于一个应用"),
    99992402: ("invalid", "参数无效"),
    40004: ("Data permissions", "通讯录权限范围"),
    40014: ("Data permissions", "通讯录权限范围"),
    41050: ("Data permissions", "通讯录权限范围"),
    42009: ("Data permissions", "通讯录权限范围"),
    1390001: ("invalid", "参数无效"),
    1390002: ("definition", "审批定义"),
    1390004: ("may not see them", "无权查看"),
    1390009: ("does not allow", "不允许"),
    1390010: ("handled already", "已被处理"),
    1390013: ("kind of process", "此类审批流程"),
    1390015: ("definition", "审批定义"),
    1390016: ("definition", "审批定义"),
    1390018: ("kind of process", "此类审批流程"),
    60001: ("invalid", "参数无效"),
    60002: ("definition", "审批定义"),
    60004: ("may not see them", "无权查看"),
    60006: ("invalid", "参数无效"),
    60009: ("does not allow", "不允许"),
    60010: ("handled already", "已被处理"),
    60011: ("edition", "版本不包含"),
    60013: ("edition", "版本不包含"),
    230006: ("Add Features > Bot", "添加应用能力 > 机器人"),
    232025: ("Add Features > Bot", "添加应用能力 > 机器人"),
}
# Refusals that pass: nothing is claimed of the app, but they are told.
PASSING = {
    99991400: ("slow down", "降低调用频率"),
    11232: ("slow down", "降低调用频率"),
    11233: ("slow down", "降低调用频率"),
    11247: ("slow down", "降低调用频率"),
    2200: ("later", "稍后重试"),
    1395001: ("later", "稍后重试"),
    60014: ("later", "稍后重试"),
}
MESSAGES = {
    230006: ("Add Features > Bot", "添加应用能力 > 机器人"),
    230022: ("sensitive words", "敏感词"),
    230025: ("too large", "消息过大"),
    230027: ("im:message:send_as_bot", "im:message:send_as_bot"),
    230028: ("data loss prevention", "数据防泄漏"),
    **dict.fromkeys((230001, 230054, 230055, 230075, 230099), ("cannot show", "无法展示")),
    232025: ("Add Features > Bot", "添加应用能力 > 机器人"),
}
RECIPIENTS = {
    230002: ("Settings > Bots", "群机器人"),
    230013: ("availability", "可用范围"),
    230015: ("rules of this group", "规则不允许"),
    230017: ("rules of this group", "规则不允许"),
    230018: ("rules of this group", "规则不允许"),
    230019: ("rules of this group", "规则不允许"),
    230029: ("somebody who has left", "已离职"),
    230034: ("chat_id again", "重新复制 chat_id"),
    230035: ("Who can send messages", "谁可以发言"),
    230036: ("rules of this group", "规则不允许"),
    230038: ("rules of this group", "规则不允许"),
    230053: ("blocked the bot", "屏蔽"),
    232009: ("dissolved", "已解散"),
    99992351: ("one app only", "只属于一个应用"),
    99992360: ("one app only", "只属于一个应用"),
    99992361: ("one app only", "只属于一个应用"),
    99992364: ("one app only", "只属于一个应用"),
}
ROBOTS = {
    9499: ("shorter", "缩短"),
    19001: ("webhook address again", "重新复制 webhook 地址"),
    19002: ("shorter", "缩短"),
    19021: ("signing secret", "签名密钥"),
    19022: ("outgoing IP address", "出口 IP"),
    19024: ("keyword", "关键词"),
}


@pytest.fixture(scope="module")
def shared_table() -> Iterator[Any]:
    with aws() as client:
        yield client


@pytest.fixture(params=SENDER_KITS, ids=lambda kit: kit.provider)
def examined(request: pytest.FixtureRequest, shared_table: Any) -> Iterator[ExaminedSite]:
    site = ExaminedSite(request.param, shared_table)
    yield site
    site.close()


@pytest.fixture
def mail(shared_table: Any) -> Iterator[MailSite]:
    site = MailSite(MESSENGER_KITS[0], shared_table)
    yield site
    site.close()


@pytest.mark.parametrize(("code", "says"), CREDENTIALS.items(), ids=str)
def test_refused_credentials(examined: ExaminedSite, code: int, says: tuple[str, str]) -> None:
    examined.refuse(TOKEN, code, status=200)

    check = examined.examine()["credentials"]

    assert check.status is CheckStatus.FAILED
    assert says[0] in f"{check.detail.en} {check.fix.en}"
    assert says[1] in f"{check.detail.zh} {check.fix.zh}"


@pytest.mark.parametrize(("code", "says"), CALLS.items(), ids=str)
def test_a_refused_call_is_told_by_the_doctor(examined: ExaminedSite, code: int, says: tuple[str, str]) -> None:
    examined.refuse(READ, code)

    check = examined.examine()["permission_approvals"]

    assert check.status is CheckStatus.FAILED
    assert says[0] in f"{check.detail.en} {check.fix.en}"
    assert says[1] in f"{check.detail.zh} {check.fix.zh}"


@pytest.mark.parametrize(("code", "says"), PASSING.items(), ids=str)
def test_a_refusal_that_passes_is_no_fault_of_the_app(examined: ExaminedSite, code: int, says: tuple[str, str]) -> None:
    examined.refuse(READ, code)

    check = examined.examine()["permission_approvals"]

    assert check.status is CheckStatus.WARNING
    assert says[0] in f"{check.detail.en} {check.fix.en}"
    assert says[1] in f"{check.detail.zh} {check.fix.zh}"


@pytest.mark.parametrize("code", CALLS)
def test_an_error_of_a_call_says_what_the_doctor_says(examined: ExaminedSite, code: int) -> None:
    examined.people("dev")
    examined.refuse(LOOK_UP, code)

    with pytest.raises(ProviderRejected) as caught:
        examined.people("lead")

    examined.control("DELETE", "faults")
    examined.refuse(READ, code)
    check = examined.examine()["permission_approvals"]
    assert caught.value.message == f"find_people: {check.detail.en} {check.fix.en}"


# -- by the simulator's own rules


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"activate_status": "0"}, "99991673", "App management"),
        ({"activate_status": "1"}, "99991662", "App management"),
        ({"ip_allow_list": ["203.0.113.9"]}, "99991401", "this address (127.0.0.1)"),
        ({"scopes": ["approval:approval"]}, "99991672", "permission: contact:user.id:readonly."),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_a_call_of_an_app_out_of_order_says_what_to_press(
    examined: ExaminedSite, change: dict[str, Any], code: str, says: str
) -> None:
    examined.people("dev")  # with an access token from before
    examined.change_app(**change)

    with pytest.raises(ProviderRejected) as caught:
        examined.people("lead")

    assert caught.value.vendor_code == code
    assert says in caught.value.message


def test_a_used_up_quota_is_told_by_the_call(examined: ExaminedSite) -> None:
    draft = examined.draft()
    examined.change_app(monthly_quota=0)

    with pytest.raises(ProviderRejected, match="monthly quota") as caught:
        examined.sender().open_approval(draft, may_exist=False)

    assert caught.value.vendor_code == "99991403"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ip 198.51.100.7 is denied by app setting", " (198.51.100.7)"),
        ("denied: 198.51.100.7, 203.0.113.9", " (198.51.100.7)"),
        ("client 300.1.1.1 is denied", ""),
        ("sdk 1.2.3.4.5 is denied", ""),
        ("v10.0.0.1 is denied", ""),
        ("ip <script>alert(1)</script> is denied", ""),
    ],
)
def test_only_an_address_is_taken_from_the_platforms_text(examined: ExaminedSite, text: str, address: str) -> None:
    examined.refuse("/open-apis/bot/v3/info", 99991401, msg=text)

    check = examined.examine()["trusted_ip"]

    assert f"from this address{address}." in check.detail.en
    assert f"IP 地址{address}的" in check.detail.zh


# -- messages


@pytest.mark.parametrize(("code", "says"), MESSAGES.items(), ids=str)
def test_a_refused_message_says_what_to_do(mail: MailSite, code: int, says: tuple[str, str]) -> None:
    mail.people("lead")
    mail.control("POST", "faults", {"path": SEND, "code": code, "times": None})

    with pytest.raises(ProviderRejected) as caught:
        mail.send_to(DestinationKind.USER_ID)

    advice = advice_on(FEISHU, Complaint(400, code))
    assert caught.value.message == f"send_message: {advice.english}"
    assert says[0] in advice.english
    assert says[1] in advice.found.zh + advice.fix.zh


@pytest.mark.parametrize(("code", "says"), RECIPIENTS.items(), ids=str)
def test_a_recipient_that_is_refused_says_what_to_do(mail: MailSite, code: int, says: tuple[str, str]) -> None:
    mail.control("POST", "faults", {"path": SEND, "code": code, "times": None})

    receipt = mail.send_to(DestinationKind.CHAT)

    advice = refusals.recipient_advice(FEISHU, str(code))
    assert advice is not None
    assert (receipt.error_code, receipt.problem) == (str(code), advice.english)
    assert says[0] in advice.english
    assert says[1] in advice.found.zh + advice.fix.zh


@pytest.mark.parametrize(("code", "says"), ROBOTS.items(), ids=str)
def test_a_robot_that_refuses_says_what_to_do(mail: MailSite, code: int, says: tuple[str, str]) -> None:
    mail.control("POST", "faults", {"path": "/open-apis/bot/v2/hook/", "code": code, "status": 200, "times": None})

    receipt = mail.send_to(DestinationKind.ROBOT)

    advice = refusals.robot_advice(FEISHU, str(code))
    assert advice is not None
    assert (receipt.error_code, receipt.problem) == (str(code), advice.english)
    assert says[0] in advice.english
    assert says[1] in advice.found.zh + advice.fix.zh


# -- how it is said


@pytest.mark.parametrize("code", [*CREDENTIALS, *CALLS, *PASSING, *MESSAGES, 99991403, 99991672, 1390003, 60012, 4242])
@pytest.mark.parametrize("edition", [FEISHU, LARK], ids=lambda edition: edition.provider)
def test_every_advice_is_whole_in_both_languages(code: int, edition: Any) -> None:
    advice = advice_on(edition, Complaint(400, code))

    for words in (advice.found, advice.fix):
        assert words.en.endswith(".")
        assert words.zh.endswith("。")
        assert "{" not in words.en + words.zh
    assert "飞书" not in advice.found.en + advice.fix.en
    if edition is LARK and code not in {10014, *CREDENTIALS, 99991201, 99991301}:
        assert "飞书" not in advice.found.zh + advice.fix.zh
