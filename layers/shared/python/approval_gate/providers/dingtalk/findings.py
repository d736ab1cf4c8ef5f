"""From what calls came to, to checks with their words; see `examiner`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from approval_gate.ports.checks import Check, CheckStatus, Words
from approval_gate.providers.dingtalk.advice import OUT_OF_RANGE
from approval_gate.providers.dingtalk.errcodes import missing_permissions
from approval_gate.providers.dingtalk.message_errcodes import AGENT_REFUSED
from approval_gate.providers.dingtalk.reading import ids
from approval_gate.untrusted import mapping
from approval_gate.verdicts import Advice, advice, failed, passed, skipped, skipped_all, warned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from approval_gate.ports import App
    from approval_gate.providers.dingtalk.inquiry import Finding

__all__ = ["address", "contact_range", "messages", "permission", "quota", "subscription"]

_ROOT = "1"
_ROBOT = "check_robot"
_NO_AGENT = advice(
    "agent_id is not set, so people and departments cannot be sent messages; approvals do without.",
    "Copy AgentId from the developer console > the app > Credentials and basic information (凭证与基础信息) and "
    "update the "
    "app in the gate.",
    "未设置 agent_id，因此无法向人员和部门发送消息；审批不受影响。",
    "请从开发者后台 > 该应用 > 凭证与基础信息 复制 AgentId，并在网关中更新该应用。",
)
_NOBODY = advice(
    "Nobody is in the app's visible range.",
    OUT_OF_RANGE.fix.en,
    "应用的可见范围内没有任何人。",
    OUT_OF_RANGE.fix.zh,
)
_PART = advice(
    "The app does not see the whole organisation (departments: {departments}, people besides: {people}): nobody "
    "else can "
    "request, approve or be notified.",
    "If somebody is missing, widen the range in the developer console > the app > Version management (版本管理与发布).",
    "应用只能看到企业的一部分（部门：{departments}，另有人员：{people}）：其他人无法申请、审批或收到通知。",
    "如果缺少人员，请在开发者后台 > 该应用 > 版本管理与发布 中扩大可用范围。",
)
_SUBSCRIPTION = Words(
    "In the developer console > the app > Event subscription (事件订阅), see that the push mode is HTTP and that "
    "bpms_task_change and bpms_instance_change are ticked.",
    "请在开发者后台 > 该应用 > 事件订阅 中确认推送方式为 HTTP推送，并已勾选 bpms_task_change 和 bpms_instance_change。",
)


def address(found: Sequence[Finding]) -> Check:
    """Return `trusted_ip` when no call was refused for our address."""
    if any(each.is_past_the_gateway for each in found):
        return passed("trusted_ip", "DingTalk takes calls from the gate's address.", "钉钉接受来自网关 IP 地址的调用。")
    return skipped("trusted_ip", "No call came far enough to tell.", "没有调用成功，无法判断。")


def permission(name: str, found: Sequence[Finding]) -> Check:
    """Return a check of permissions: what is missing first, then whatever else went wrong."""
    lacking = [each for each in found if each.is_permission_missing]
    if lacking:
        return failed(name, _missing(lacking))
    if any(each.is_quota_used_up for each in found):
        return skipped_all((name,), "quota")[name]
    trouble = [each for each in found if not each.is_past_the_gateway]
    if not trouble:
        return passed(name, "The app has the permissions for these calls.", "应用具备所需的接口权限。")
    clear = next((each for each in trouble if not each.is_unclear), None)
    return failed(name, clear.advice) if clear else warned(name, trouble[0].advice)


def messages(found: Sequence[Finding], *, has_agent: bool) -> Check:
    """Return `permission_messages`: the agent_id, and the robot that writes to group chats."""
    wrong_agent = next((each for each in found if each.code in AGENT_REFUSED), None)
    if wrong_agent:
        return failed("permission_messages", wrong_agent.advice)
    robots = [each for each in found if each.operation == _ROBOT and each.is_permission_missing]
    others = [each for each in found if each not in robots]
    check = permission("permission_messages", others)
    if check.status is not CheckStatus.OK:
        return check
    if not has_agent:
        return warned("permission_messages", _NO_AGENT)
    return warned("permission_messages", _for_groups(_missing(robots))) if robots else check


def contact_range(finding: Finding) -> Check:
    """Return `contact_range` from the answer to /auth/scopes."""
    if finding.error is not None:
        return permission("contact_range", [finding])
    scopes = mapping(finding.body, "auth_org_scopes")
    departments, people = (ids(scopes, name) for name in ("authed_dept", "authed_user"))
    if _ROOT in departments:
        return passed("contact_range", "The app sees the whole organisation.", "应用可以看到整个企业。")
    if not departments and not people:
        return failed("contact_range", _NOBODY)
    return warned("contact_range", _PART.filled({"departments": str(len(departments)), "people": str(len(people))}))


def subscription(app: App) -> Check:
    """Return `event_subscription`, which the platform cannot be asked about."""
    if app.callbacks == "none":
        return skipped("event_subscription", "The app is registered without callbacks.", "该应用未启用回调。")
    told = Words("DingTalk does not tell which events are subscribed.", "钉钉不提供已订阅事件的查询。")
    return Check("event_subscription", CheckStatus.SKIPPED, told, _SUBSCRIPTION)


def quota(counted: Sequence[Finding]) -> Check:
    """Return `quota` from the calls that count against it."""
    refused = next((each for each in counted if each.is_quota_used_up), None)
    if refused:
        return failed("quota", refused.advice)
    if any(each.is_past_the_gateway for each in counted):
        return passed(
            "quota",
            "The month's API calls are not used up; DingTalk does not tell how many are left.",
            "当月 API 调用额度尚未用完；钉钉不提供剩余额度的查询。",
        )
    return skipped("quota", "No call came far enough to tell.", "没有调用成功，无法判断。")


def _missing(found: Sequence[Finding]) -> Advice:
    return missing_permissions((each.operation, each.complaint) for each in found if each.complaint)


def _for_groups(missing: Advice) -> Advice:
    found = Words(
        f"{missing.found.en} It is needed for group chats only.", f"{missing.found.zh}仅向群聊发送消息时需要。"
    )
    return Advice(found, missing.fix)
