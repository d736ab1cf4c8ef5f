"""From what calls came to, to checks with their words; see `examiner`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from approval_gate.ports.checks import Check, CheckStatus, Words
from approval_gate.providers.wecom.advice import OUT_OF_RANGE
from approval_gate.providers.wecom.errcodes import AGENT_REFUSED
from approval_gate.providers.wecom.message_advice import SYSTEM_APP
from approval_gate.verdicts import advice, failed, passed, skipped, skipped_all, warned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from approval_gate.ports import App
    from approval_gate.providers.wecom.inquiry import Finding

__all__ = ["address", "agent", "contact_range", "messages", "permission", "quota", "subscription", "template"]

_COMPANY = "1"
_APPROVAL_APP = "3010040"
_CALL_FORBIDDEN = 48002
_NOBODY = advice(
    "Nobody is in the app's visible range.", OUT_OF_RANGE.fix.en, "应用的可见范围内没有任何人。", OUT_OF_RANGE.fix.zh
)
_PART = advice(
    "The app does not see the whole company (departments: {departments}, people besides: {people}, tags: {tags}): "
    "nobody "
    "else can request, approve or be notified.",
    "If somebody is missing, widen the range in the admin console > App Management (应用管理) > the app > Visible "
    "range "
    "(可见范围).",
    "应用只能看到企业的一部分（部门：{departments}，另有成员：{people}，标签：{tags}）：其他人无法申请、"
    "审批或收到通知。",
    "如果缺少人员，请在管理后台 > 应用管理 > 该应用 > 可见范围 中扩大范围。",
)
_TEMPLATE = advice(
    "WeCom does not know the template of template_id, or the app may not use it.",
    "Copy the id again from the admin console > Approval (审批) > the template > Edit: the last part of the page's "
    "address; or leave template_id empty, and the gate makes a template of its own.",
    "企业微信找不到 template_id 对应的模板，或应用无权使用该模板。",
    "请从管理后台 > 审批 > 该模板 > 编辑 页面地址的末尾重新复制模板 ID；也可留空 template_id，由网关创建模板。",
)
_APPROVAL_APPS_SECRET = advice(
    "This is the built-in Approval app (审批), which can probably not send messages.",
    SYSTEM_APP.fix.en,
    "这是内置的“审批”应用，可能无法发送消息。",
    SYSTEM_APP.fix.zh,
)
_SUBSCRIPTION = Words(
    "In the admin console tick the event Approval status (审批状态通知事件) at the app > Receive messages "
    "(接收消息), and the "
    "gate's template under Approval (审批) > API > Templates with callback (开启回调通知的模版): until that is "
    "done, its "
    "approvals send no callbacks.",
    "请在管理后台 该应用 > 接收消息 中勾选 审批状态通知事件，并在 审批 > API > 开启回调通知的模版 "
    "中勾选网关使用的模板：在此之前，这些审批不会触发回调。",
)


def address(found: Sequence[Finding]) -> Check:
    """Return `trusted_ip` when no call was refused for our address."""
    if any(each.error is None for each in found):
        return passed(
            "trusted_ip", "WeCom takes calls from the gate's address.", "企业微信接受来自网关 IP 地址的调用。"
        )
    return skipped("trusted_ip", "No call came far enough to tell.", "没有调用成功，无法判断。")


def agent(finding: Finding) -> Check:
    """Return `agent_id`."""
    if finding.error is None:
        return passed("agent_id", "The agent_id is that of the secret's app.", "agent_id 与 secret 属于同一个应用。")
    if finding.code in AGENT_REFUSED:
        return failed("agent_id", finding.advice)
    if finding.code == _CALL_FORBIDDEN:
        return skipped("agent_id", "WeCom does not tell this app.", "企业微信不向该应用提供此信息。")
    # The call is known from memory: a refusal that is none of the above may say nothing of the app.
    return warned("agent_id", finding.advice)


def messages(finding: Finding, agent_id: str) -> Check:
    """Return `permission_messages`: every app may send but the platform's own, and only by its own agent_id."""
    if finding.code in AGENT_REFUSED:
        return skipped_all(("permission_messages",), "agent_id")["permission_messages"]
    if finding.code == _CALL_FORBIDDEN:
        return failed("permission_messages", SYSTEM_APP)
    if agent_id == _APPROVAL_APP:
        return warned("permission_messages", _APPROVAL_APPS_SECRET)
    if finding.error is not None:
        return warned("permission_messages", finding.advice)
    return passed("permission_messages", "A self-built app may send messages.", "自建应用可以发送消息。")


def permission(name: str, finding: Finding) -> Check:
    """Return a check of permissions that one call tells of."""
    if finding.error is None:
        return passed(name, "The app may make these calls.", "应用具备所需的接口权限。")
    return warned(name, finding.advice) if finding.is_unclear else failed(name, finding.advice)


def template(finding: Finding | None) -> Check:
    """Return `approval_template`; None when no template is configured."""
    name = "approval_template"
    if finding is None:
        return skipped(
            name,
            "template_id is not set: the gate makes a template of its own with the first approval.",
            "未设置 template_id：网关会在首次审批时创建自己的模板。",
        )
    if finding.error is None:
        return passed(name, "The app can read the template.", "应用可以读取该模板。")
    return warned(name, finding.advice) if finding.is_unclear else failed(name, _TEMPLATE)


def contact_range(departments: Finding, agent_found: Finding) -> Check:
    """Return `contact_range` from the departments that the app sees and from its own description."""
    name = "contact_range"
    if departments.error is not None:
        return (
            warned(name, departments.advice)
            if departments.is_unclear
            else skipped_all((name,), "permission_contacts")[name]
        )
    numbers = {each.word("id") for each in departments.document.all("department_id")}
    if _COMPANY in numbers:
        return passed(name, "The app sees the whole company.", "应用可以看到整个企业。")
    people = len(agent_found.document.first("allow_userinfos").all("user"))
    tags = len(agent_found.document.first("allow_tags").all("tagid"))
    if not numbers and not people and not tags:
        # Without the app's own description it may still see single people.
        return failed(name, _NOBODY) if agent_found.error is None else warned(name, _NOBODY)
    facts = {"departments": str(len(numbers)), "people": str(people), "tags": str(tags)}
    return warned(name, _PART.filled(facts))


def subscription(app: App) -> Check:
    """Return `event_subscription`, which the platform cannot be asked about."""
    if app.callbacks == "none":
        return skipped("event_subscription", "The app is registered without callbacks.", "该应用未启用回调。")
    told = Words("WeCom does not tell which events it sends.", "企业微信不提供已勾选事件的查询。")
    return Check("event_subscription", CheckStatus.SKIPPED, told, _SUBSCRIPTION)


def quota(found: Sequence[Finding]) -> Check:
    """Return `quota`: there are limits per minute only."""
    throttled = next((each for each in found if each.is_throttled), None)
    if throttled:
        return warned("quota", throttled.advice)
    return skipped(
        "quota",
        "WeCom has no monthly quota of calls, only limits per minute, and does not tell what is left of them.",
        "企业微信没有每月调用额度，只有频率限制，且不提供剩余次数的查询。",
    )
