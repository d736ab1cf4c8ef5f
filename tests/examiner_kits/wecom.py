"""WeCom, out of order in the ways an administrator can bring about."""

from __future__ import annotations

from collections.abc import Callable

from approval_gate.ports.checks import CheckStatus
from tests.examiner_kits import ExaminerKit, Trouble
from tests.fakes.examined_site import ExaminedSite
from tests.sender_kits import Call
from tests.sender_kits.wecom import KITS as SENDERS

__all__ = ["KITS"]

_CHECKS = (
    "credentials",
    "trusted_ip",
    "agent_id",
    "permission_approvals",
    "approval_template",
    "permission_messages",
    "permission_contacts",
    "contact_range",
    "event_subscription",
    "quota",
    "clock",
)
_AFTER_CREDENTIALS = frozenset(_CHECKS) - {"credentials", "clock"}
_AFTER_ADDRESS = _AFTER_CREDENTIALS - {"trusted_ip"}
_LIST, _AGENT, _DEPARTMENTS = "/cgi-bin/oa/getapprovalinfo", "/cgi-bin/agent/get", "/cgi-bin/department/simplelist"

type Step = Callable[[ExaminedSite], object]


def _wrong(**credentials: str) -> Step:
    return lambda site: site.credentials.update(credentials)


def _set(**fields: object) -> Step:
    return lambda site: site.change_app(**fields)


def _refused(path: str, code: int) -> Step:
    return lambda site: site.refuse(path, code, status=200)


def _foreign_secret(site: ExaminedSite) -> None:
    other = {"corp_id": "ww0another0company", "agent_id": "1000009", "secret": "another-company-secret"}
    site.control("POST", "apps", other)
    site.credentials["secret"] = "another-company-secret"


def _about_credentials(name: str, arrange: Step, says: tuple[str, ...], says_zh: tuple[str, ...]) -> Trouble:
    return Trouble(name, arrange, "credentials", says, says_zh, skipped=_AFTER_CREDENTIALS)


_TROUBLES = (
    _about_credentials(
        "wrong secret",
        _wrong(secret="another-secret"),
        ("does not accept the secret", "the app > Secret"),
        ("不接受该 corp_id 对应的 secret", "应用管理 > 该应用 > Secret"),
    ),
    _about_credentials(
        "wrong CorpId",
        _wrong(corp_id="ww0no0such0company"),
        ("does not know the corp_id", "My Company (我的企业) > Company ID (企业ID)"),
        ("找不到该 corp_id", "我的企业 > 企业ID"),
    ),
    _about_credentials(
        "another company's secret",
        _foreign_secret,
        ("another company", "the same company's admin console"),
        ("另一个企业", "同一企业"),
    ),
    _about_credentials(
        "disabled app",
        _set(enabled="0"),
        ("disabled", "Enable it in the admin console"),
        ("已被停用", "中启用"),
    ),
    _about_credentials(
        "dissolved company",
        _refused("/cgi-bin/gettoken", 301007),
        ("the company itself, is disabled",),
        ("该企业在企业微信中已被停用",),
    ),
    _about_credentials(
        "banned address",
        _refused("/cgi-bin/gettoken", 45009),
        ("slow down", "ban an address for an hour"),
        ("降低调用频率", "封禁一小时"),
    ),
    Trouble(
        "foreign address",
        _set(ip_allow_list=["203.0.113.1"]),
        "trusted_ip",
        ("does not take calls from 127.0.0.1", "Trusted IPs (企业可信IP)", "a minute later"),
        ("不接受来自 127.0.0.1 的调用", "企业可信IP"),
        skipped=_AFTER_ADDRESS,
    ),
    Trouble(
        "foreign address for contacts only",
        _refused(_DEPARTMENTS, 60020),
        "trusted_ip",
        ("Trusted IPs",),
        ("企业可信IP",),
        skipped=_AFTER_ADDRESS,
    ),
    Trouble(
        "unknown AgentId",
        _wrong(agent_id="1999999"),
        "agent_id",
        ("agent_id is not that of the secret's app", "Copy AgentId and Secret from the same page"),
        ("agent_id 与 secret 不属于同一个应用", "同一页面"),
        skipped=frozenset({"permission_messages"}),
    ),
    Trouble(
        "another app's AgentId",
        _wrong(agent_id="1000003"),
        "agent_id",
        ("agent_id is not that of the secret's app", "App Management"),
        ("agent_id 与 secret 不属于同一个应用", "应用管理"),
        skipped=frozenset({"permission_messages"}),
    ),
    Trouble(
        "not callable for approvals",
        _set(scopes=["message", "contact"]),
        "permission_approvals",
        ("may not use approvals", "Apps that may call (可调用接口的应用)"),
        ("没有审批接口权限", "可调用接口的应用"),
    ),
    Trouble(
        "approvals are off",
        lambda site: site.control("POST", "settings", {"approval_app_enabled": 0}),
        "permission_approvals",
        ("The Approval app (审批) is disabled",),
        ("“审批”应用已停用",),
    ),
    Trouble(
        "system app's secret for approvals",
        _refused(_LIST, 48002),
        "permission_approvals",
        ("does not offer this call", "self-built app"),
        ("不向该应用开放此接口", "自建应用"),
    ),
    Trouble(
        "approvals throttled",
        _refused(_LIST, 45009),
        "quota",
        ("slow down",),
        ("降低调用频率",),
        CheckStatus.WARNING,
    ),
    Trouble(
        "approvals too many at once",
        _refused(_LIST, 45033),
        "permission_approvals",
        ("slow down",),
        ("降低调用频率",),
        CheckStatus.WARNING,
    ),
    Trouble(
        "unknown template",
        _wrong(template_id="NoSuchTemplate"),
        "approval_template",
        ("the template of template_id", "the last part of the page's address"),
        ("template_id 对应的模板", "页面地址的末尾"),
    ),
    Trouble(
        "template not audited",
        lambda site: (_wrong(template_id="Fresh")(site), _refused("/cgi-bin/oa/gettemplatedetail", 301026)(site)),
        "approval_template",
        ("the template is not audited yet",),
        ("模板尚未审核",),
        CheckStatus.WARNING,
    ),
    Trouble(
        "may not send messages",
        _set(scopes=["approval", "contact"]),
        "permission_messages",
        ("may not send messages", "self-built app's agent_id and secret"),
        ("无权发送消息", "自建应用"),
        skipped=frozenset({"agent_id"}),
    ),
    Trouble(
        "may not read contacts",
        _set(scopes=["approval", "message"]),
        "permission_contacts",
        ("does not offer this call", "self-built app"),
        ("不向该应用开放此接口", "自建应用"),
        skipped=frozenset({"contact_range"}),
    ),
    Trouble(
        "contacts from a new address",
        _refused(_DEPARTMENTS, 48009),
        "permission_contacts",
        ("does not let this address read contacts", "Trusted IPs"),
        ("不允许该 IP 地址读取通讯录", "企业可信IP"),
    ),
    Trouble(
        "contacts out of range",
        _refused(_DEPARTMENTS, 60011),
        "permission_contacts",
        ("outside the app's visible range", "Visible range (可见范围)"),
        ("不在应用的可见范围内", "可见范围"),
    ),
    Trouble(
        "sees nobody",
        _set(contact_range={"departments": [], "people": []}),
        "contact_range",
        ("Nobody is in the app's visible range", "Visible range (可见范围)"),
        ("没有任何人", "可见范围"),
    ),
    Trouble(
        "sees a part",
        _set(contact_range={"departments": ["d-operations"], "people": ["lead", "dev"]}),
        "contact_range",
        ("(departments: 1, people besides: 2, tags: 0)", "Visible range (可见范围)"),
        ("部门：1，另有成员：2", "可见范围"),
        CheckStatus.WARNING,
    ),
    Trouble(
        "refused token",
        _refused(_LIST, 40014),
        "permission_approvals",
        ("refused a fresh access token", "base_url"),
        ("拒绝了刚获取的 access_token", "base_url"),
    ),
)

KITS = [
    ExaminerKit(
        sender=SENDERS[0],
        callback_fields=frozenset({"token", "encoding_aes_key"}),
        checks=_CHECKS,
        calls=(
            Call("GET", "/cgi-bin/gettoken"),
            Call("GET", _AGENT),
            Call("POST", _LIST),
            Call("GET", _DEPARTMENTS),
            Call("POST", "/cgi-bin/oa/gettemplatedetail"),
        ),
        most_calls=4,
        deadline_s=1.0,
        troubles=_TROUBLES,
    )
]
