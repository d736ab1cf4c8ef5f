"""DingTalk, out of order in the ways an administrator can bring about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from approval_gate.ports.checks import CheckStatus
from tests.examiner_kits import ExaminerKit, Trouble
from tests.fakes.examined_site import ExaminedSite
from tests.sender_kits import Call
from tests.sender_kits.dingtalk import KITS as SENDERS

__all__ = ["KITS"]

_SCOPES = (
    "qyapi_base",
    "Workflow.Form.Read",
    "Workflow.Form.Write",
    "Workflow.Instance.Read",
    "Workflow.Instance.Write",
    "qyapi_get_department_list",
    "qyapi_get_department_member",
    "qyapi_get_member",
    "qyapi_get_member_by_mobile",
    "qyapi_robot_sendmsg",
)
_CHECKS = (
    "credentials",
    "trusted_ip",
    "permission_approvals",
    "permission_messages",
    "permission_contacts",
    "contact_range",
    "event_subscription",
    "quota",
    "clock",
)
_AFTER_CREDENTIALS = frozenset(_CHECKS) - {"credentials", "clock"}
_AFTER_ADDRESS = _AFTER_CREDENTIALS - {"trusted_ip"}
_WITHOUT = {
    "Workflow.Form.Read": "permission_approvals",
    "Workflow.Form.Write": "permission_approvals",
    "Workflow.Instance.Read": "permission_approvals",
    "Workflow.Instance.Write": "permission_approvals",
    "qyapi_get_department_list": "permission_contacts",
    "qyapi_get_department_member": "permission_contacts",
    "qyapi_get_member": "permission_contacts",
    "qyapi_get_member_by_mobile": "permission_contacts",
}

type Step = Callable[[ExaminedSite], object]


def _wrong(**credentials: str) -> Step:
    return lambda site: site.credentials.update(credentials)


def _set(**fields: object) -> Step:
    return lambda site: site.change_app(**fields)


def _without(*scopes: str) -> Step:
    return _set(scopes=[each for each in _SCOPES if each not in scopes])


def _refused(path: str, code: int | str) -> Step:
    return lambda site: site.refuse(path, code, status=200 if isinstance(code, int) else 403)


def _missing(scope: str, check: str) -> Trouble:
    return Trouble(
        name=f"without {scope}",
        arrange=_without(scope),
        check=check,
        says=(f"lacks a permission: {scope}.", "Permission management (权限管理)"),
        says_zh=(f"应用缺少权限：{scope}。", "权限管理"),
    )


_TROUBLES = (
    Trouble(
        "wrong secret",
        _wrong(app_secret="another-secret"),
        "credentials",
        ("AppKey and AppSecret", "Credentials and basic information"),
        ("钉钉不接受该 AppKey 和 AppSecret", "凭证与基础信息"),
        skipped=_AFTER_CREDENTIALS,
    ),
    Trouble(
        "unknown app",
        _wrong(app_key="dingnosuchapp000001"),
        "credentials",
        ("does not accept the AppKey", "Client ID"),
        ("钉钉不接受该 AppKey", "Client ID"),
        skipped=_AFTER_CREDENTIALS,
    ),
    Trouble(
        "blocked address",
        lambda site: site.control("POST", "settings", {"ip_flood": 1}) and site.examine(),
        "credentials",
        ("blocks this address",),
        ("封禁",),
        skipped=_AFTER_CREDENTIALS,
    ),
    Trouble(
        "foreign address",
        _set(ip_allow_list=["203.0.113.1"]),
        "trusted_ip",
        ("Add 127.0.0.1 in", "Server egress IP (服务器出口IP)"),
        ("添加 127.0.0.1", "服务器出口IP"),
        skipped=_AFTER_ADDRESS,
    ),
    Trouble(
        "foreign address, told by the newer host",
        _refused("/v1.0/workflow/", "Forbidden.AccessDenied.IpNotInWhiteList"),
        "trusted_ip",
        ("does not take calls", "Add the gate's outgoing IP address in"),
        ("网关的出口 IP 地址", "服务器出口IP"),
        skipped=_AFTER_ADDRESS,
    ),
    *(_missing(scope, check) for scope, check in _WITHOUT.items()),
    Trouble(
        "without permissions for approvals",
        _without("Workflow.Form.Write", "Workflow.Instance.Write"),
        "permission_approvals",
        ("Workflow.Form.Write, Workflow.Instance.Write",),
        ("Workflow.Form.Write, Workflow.Instance.Write",),
    ),
    Trouble(
        "without permission for the robot",
        _without("qyapi_robot_sendmsg"),
        "permission_messages",
        ("qyapi_robot_sendmsg", "group chats only"),
        ("qyapi_robot_sendmsg", "群聊"),
        CheckStatus.WARNING,
    ),
    Trouble(
        "wrong agent",
        _wrong(agent_id="999999"),
        "permission_messages",
        ("agent_id is not the app's", "Copy AgentId"),
        ("agent_id 不是该应用的", "AgentId"),
    ),
    Trouble(
        "no agent",
        _wrong(agent_id=""),
        "permission_messages",
        ("agent_id is not set", "Copy AgentId"),
        ("未设置 agent_id",),
        CheckStatus.WARNING,
    ),
    Trouble(
        "sees nobody",
        _set(contact_range={"departments": [], "people": []}),
        "contact_range",
        ("Nobody is in the app's visible range", "Version management"),
        ("没有任何人", "版本管理与发布"),
    ),
    Trouble(
        "sees a part",
        _set(contact_range={"departments": ["d-operations"], "people": ["lead"]}),
        "contact_range",
        ("(departments: 1, people besides: 1)", "Version management"),
        ("部门：1，另有人员：1", "版本管理与发布"),
        CheckStatus.WARNING,
    ),
    Trouble(
        "quota used up",
        _set(monthly_quota=0),
        "quota",
        ("monthly quota", "next month"),
        ("额度已用完", "下月"),
        skipped=frozenset({"permission_approvals", "permission_messages"}),
    ),
    Trouble(
        "too many calls",
        _refused("/v1.0/workflow/", "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"),
        "permission_approvals",
        ("slow down",),
        ("降低调用频率",),
        CheckStatus.WARNING,
    ),
    Trouble(
        "stopped app",
        _refused("/v1.0/workflow/", "InvalidAuthentication"),
        "permission_approvals",
        ("refused a fresh access token", "base_url"),
        ("拒绝了刚获取的访问凭证",),
    ),
)

KITS = [
    ExaminerKit(
        sender=replace(SENDERS[0], credentials={**SENDERS[0].credentials, "agent_id": "836390886"}),
        callback_fields=frozenset({"aes_key", "token"}),
        checks=_CHECKS,
        calls=(
            Call("POST", "/v1.0/oauth2/accessToken"),
            Call("GET", "/auth/scopes"),
            Call("GET", "/v1.0/workflow/processInstances"),
            Call("GET", "/v1.0/workflow/processes/userVisibilities/templates"),
            # Neither changes anything: a form of an invented code and without a name, an instance of an invented id.
            Call("POST", "/v1.0/workflow/forms"),
            Call("POST", "/v1.0/workflow/processInstances/terminate"),
            Call("POST", "/topapi/message/corpconversation/getsendprogress"),
            Call("GET", "/v1.0/robot/oToMessages/readStatus"),
            Call("POST", "/topapi/v2/department/listsub"),
            Call("POST", "/topapi/v2/user/list"),
            Call("POST", "/topapi/v2/user/get"),
            Call("POST", "/topapi/v2/user/getbymobile"),
        ),
        most_calls=12,
        deadline_s=1.5,
        troubles=_TROUBLES,
    )
]
