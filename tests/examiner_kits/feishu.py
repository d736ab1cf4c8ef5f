"""Feishu and Lark out of order."""

from __future__ import annotations

from approval_gate.ports.checks import CheckStatus
from tests.examiner_kits import ExaminerKit, Trouble
from tests.fakes.examined_site import ExaminedSite
from tests.sender_kits import Call, SenderKit
from tests.sender_kits.feishu import KITS as SENDER_KITS

__all__ = ["KITS"]

_TOKEN = "/open-apis/auth/v3/tenant_access_token/internal"
_BOT = "/open-apis/bot/v3/info"
_SCOPES = "/open-apis/application/v6/scopes"
_READ = "/open-apis/approval/v4/instances/"
_LOOK_UP = "/open-apis/contact/v3/users/batch_get_id"
_RANGE = "/open-apis/contact/v3/scopes"
_PERMISSIONS = frozenset({"permission_approvals", "permission_messages", "permission_contacts"})
_ALL_LATER = _PERMISSIONS | {"contact_range", "quota"}
_WITHOUT_TOKEN = _ALL_LATER | {"trusted_ip", "app_status"}
_WARNING = CheckStatus.WARNING

_CONTACTS = ["contact:user.id:readonly", "contact:contact.base:readonly", "contact:user.base:readonly"]
_CONTACTS += ["contact:user.employee_id:readonly", "contact:department.base:readonly"]
_CONTACTS += ["contact:department.organize:readonly"]
_MESSAGES = ["im:message:send_as_bot", "im:message:send_multi_depts"]


def _typed(name: str, value: str, says: str, says_zh: str) -> Trouble:
    """Return what comes of a slip while credentials were copied."""

    def arrange(site: ExaminedSite) -> None:
        site.credentials[name] = value

    english = (says, "/app > the app > Credentials & Basic Info")
    chinese = (says_zh, "/app > 该应用 > 凭证与基础信息")
    return Trouble(f"wrong {name}", arrange, "credentials", english, chinese, skipped=_WITHOUT_TOKEN)


def _scopes(name: str, granted: list[str], check: str, scope: str, status: CheckStatus = CheckStatus.FAILED) -> Trouble:
    return Trouble(
        name,
        lambda site: site.change_app(scopes=granted),
        check,
        (scope, "Permissions & Scopes", "Version Management & Release"),
        (scope, "权限管理", "版本管理与发布"),
        status,
    )


def _state(state: int, says: str, says_zh: str, *, status: CheckStatus = CheckStatus.FAILED) -> Trouble:
    return Trouble(
        f"state {state}",
        lambda site: site.change_app(activate_status=str(state)),
        "app_status",
        (says, "admin console > Workplace"),
        (says_zh, "管理后台 > 工作台"),
        status,
        skipped=_ALL_LATER if status is CheckStatus.FAILED else frozenset(),
    )


def _answer(path: str, body: str) -> dict[str, object]:
    return {"path": path, "status": 200, "body": body, "times": None}


def _use_up(site: ExaminedSite) -> None:
    site.change_app(monthly_quota=0)


_LIMITED = {"departments": ["d-operations"], "people": ["lead"]}

TROUBLES = (
    _typed("app_secret", "mistyped-secret", "does not accept its App Secret", "不接受其 App Secret"),
    _typed("app_id", "cli_of_somebody_else", "knows no app of this App ID", "没有该 App ID"),
    Trouble(
        "wrong deployment by the code",
        lambda site: site.refuse(_TOKEN, 1000040351, status=200),
        "credentials",
        ("was made on", '"provider": "'),
        ("互不相通", '"provider": "'),
        skipped=_WITHOUT_TOKEN,
    ),
    Trouble(
        "address not listed",
        lambda site: site.change_app(ip_allow_list=["203.0.113.9"]),
        "trusted_ip",
        ("127.0.0.1", "Security Settings > IP allow list"),
        ("127.0.0.1", "安全设置 > IP 白名单"),
        skipped=_ALL_LATER | {"app_status"},
    ),
    Trouble(
        "address not listed and not told",
        lambda site: site.refuse(_BOT, 99991401, msg="denied; 999.1.1.1 is no address"),
        "trusted_ip",
        ("from this address.", "outgoing IP address"),
        ("出口 IP",),
        skipped=_ALL_LATER,
    ),
    _state(0, "not installed", "未在本企业安装"),
    _state(1, "stopped", "已在本企业停用"),
    _state(3, "waits to be enabled", "等待启用"),
    _state(4, "new version", "新版本", status=_WARNING),
    _state(5, "licence has expired", "许可已到期"),
    _state(6, "plan has expired", "套餐已到期"),
    Trouble(
        "stopped, told by the code",
        lambda site: site.refuse(_BOT, 99991662),
        "app_status",
        ("stopped or not installed", "App management"),
        ("已停用", "应用管理"),
        skipped=_ALL_LATER | {"trusted_ip"},
    ),
    Trouble(
        "no bot",
        lambda site: site.refuse(_BOT, 232025),
        "app_status",
        ("no bot", "Add Features > Bot"),
        ("机器人", "添加应用能力"),
        _WARNING,
    ),
    _scopes("no approvals", [*_CONTACTS, *_MESSAGES], "permission_approvals", "approval:approval"),
    Trouble(
        "approvals to read only",
        lambda site: site.change_app(scopes=["approval:approval:readonly", *_CONTACTS, *_MESSAGES]),
        "permission_approvals",
        ("permission: approval:approval.", "Permissions & Scopes"),
        ("权限：approval:approval。", "权限管理"),
    ),
    _scopes("no messages", ["approval:approval", *_CONTACTS], "permission_messages", "im:message:send_as_bot"),
    _scopes(
        "no messages to departments",
        ["approval:approval", *_CONTACTS, "im:message:send_as_bot"],
        "permission_messages",
        "im:message:send_multi_depts",
        status=_WARNING,
    ),
    _scopes(
        "nobody can be looked up",
        ["approval:approval", *_MESSAGES, *_CONTACTS[1:]],
        "permission_contacts",
        "contact:user.id:readonly",
    ),
    _scopes(
        "no contacts",
        ["approval:approval", *_MESSAGES, _CONTACTS[0]],
        "permission_contacts",
        "contact:contact.base:readonly",
    ),
    _scopes(
        "contacts without names",
        ["approval:approval", *_MESSAGES, *_CONTACTS[:2], *_CONTACTS[3:]],
        "permission_contacts",
        "contact:user.base:readonly",
        status=_WARNING,
    ),
    Trouble(
        "permissions are not told",
        lambda site: site.control("POST", "faults", {**_answer(_SCOPES, "404 page not found"), "status": 404}),
        "permission_approvals",
        ("could not be asked", "approval:approval"),
        ("无法确认", "approval:approval"),
        _WARNING,
        skipped=frozenset({"permission_messages"}),
    ),
    Trouble(
        "a part of the organisation",
        lambda site: site.change_app(contact_range=_LIMITED),
        "contact_range",
        ("departments: 1, people: 1,", "Contacts range"),
        ("部门 1 个、成员 1 名", "通讯录权限范围"),
        _WARNING,
    ),
    Trouble(
        "nobody in range",
        lambda site: site.control("POST", "faults", _answer(_RANGE, '{"code":0,"data":{"has_more":false}}')),
        "contact_range",
        ("nobody", "Contacts range"),
        ("范围为空", "通讯录权限范围"),
    ),
    Trouble(
        "quota used up",
        _use_up,
        "quota",
        ("monthly quota", "administrator"),
        ("额度已用完", "企业管理员"),
        skipped=frozenset({"trusted_ip", "app_status", "permission_approvals", "permission_messages"}),
    ),
    Trouble(
        "quota used up meanwhile",
        lambda site: site.change_app(monthly_quota=2),
        "quota",
        ("monthly quota",),
        ("额度已用完",),
        skipped=frozenset({"permission_approvals"}),
    ),
    Trouble(
        "too fast",
        lambda site: site.refuse(_READ, 99991400, status=429),
        "permission_approvals",
        ("slow down",),
        ("降低调用频率",),
        _WARNING,
    ),
    Trouble(
        "an edition without approvals",
        lambda site: site.refuse(_READ, 60013),
        "permission_approvals",
        ("edition",),
        ("版本不包含",),
    ),
    Trouble(
        "a host without the call",
        lambda site: site.refuse(_READ, 99991201, status=404),
        "permission_approvals",
        ("base_url",),
        ("base_url",),
    ),
    Trouble(
        "a code that nobody documented",
        lambda site: site.refuse(_LOOK_UP, 4242424),
        "permission_contacts",
        ("4242424",),
        ("4242424",),
    ),
)


def _kit(sender: SenderKit) -> ExaminerKit:
    return ExaminerKit(
        sender=sender,
        callback_fields=frozenset({"encrypt_key", "verification_token"}),
        checks=(
            "credentials",
            "trusted_ip",
            "app_status",
            "permission_approvals",
            "permission_messages",
            "permission_contacts",
            "contact_range",
            "quota",
            "event_subscription",
            "clock",
        ),
        calls=(
            Call("POST", _TOKEN),
            Call("GET", _BOT),
            Call("GET", _SCOPES),
            Call("GET", f"{_READ}00000000-*"),
            Call("POST", _LOOK_UP),
            Call("GET", _RANGE),
        ),
        most_calls=6,
        deadline_s=1.0,
        troubles=TROUBLES,
    )


KITS = [_kit(sender) for sender in SENDER_KITS]
