"""What an examination finds beside refusals, in English and Chinese. Pure text; `advice` tells form and sources."""

from __future__ import annotations

from approval_gate.verdicts import Advice
from approval_gate.verdicts import advice as sentences

__all__ = [
    "ADDRESS_TAKEN",
    "APP_ENABLED",
    "APP_STATES",
    "CREDENTIALS_RIGHT",
    "NOT_ASKED",
    "NOT_TOLD",
    "NO_CALLBACKS",
    "OTHER_HOST",
    "PERMITTED",
    "QUOTA_LEFT",
    "RANGE_EMPTY",
    "RANGE_FULL",
    "RANGE_PART",
    "READ_ONLY",
    "SCOPES_ADVISED",
    "SUBSCRIPTION",
    "UNREACHABLE",
    "WRONG_SIDE",
]

CREDENTIALS_RIGHT = sentences(
    "{name} accepts the App ID and App Secret.", "", "{name}已接受 App ID 和 App Secret。", ""
)
UNREACHABLE = sentences(
    "{name} did not answer at {host}, or something else did.",
    "Check the app's base_url, and the gate's way out of its network: DNS, NAT, firewall, proxy. Then check again.",
    "{name}在 {host} 无响应，或响应并非来自{name}。",
    "请检查应用的 base_url，以及网关的出网路径：DNS、NAT、防火墙、代理，然后重新检查。",
)
WRONG_SIDE = sentences(
    "This app was made on {other}, not on {name}: the two do not know each other.",
    'Register it again with "provider": "{other_provider}", and delete this registration.',
    "该应用是在{other}创建的，而不是{name}：两者互不相通。",
    '请用 "provider": "{other_provider}" 重新注册该应用，并删除当前注册。',
)
OTHER_HOST = sentences(
    "The app is registered as {name}, but its base_url is {other}'s host: links lead people to {name}.",
    'Register it again with "provider": "{other_provider}" and without base_url, and delete this registration.',
    "该应用注册为{name}，但 base_url 是{other}的地址：链接会把人带到{name}。",
    '请用 "provider": "{other_provider}" 重新注册（不填 base_url），并删除当前注册。',
)
NOT_ASKED = sentences(
    "Not looked at: mend {cause} first, then check again.", "", "未检查：请先解决 {cause}，然后重新检查。", ""
)
NOT_TOLD = sentences(
    "Not looked at: {name} did not tell which permissions the app has.",
    "",
    "未检查：{name}没有返回应用已开通的权限。",
    "",
)
ADDRESS_TAKEN = sentences("{name} takes calls from the gate's address.", "", "{name}接受来自网关出口 IP 的调用。", "")
APP_ENABLED = sentences("The app is enabled in this tenant.", "", "该应用已在本企业启用。", "")
_WAITING = "Have an administrator approve the version in the {name} admin console > Workplace > App review."
_WAITING_ZH = "请管理员在{name}管理后台 > 工作台 > 应用审核 中通过该版本。"
_EXPIRED = "Have an administrator renew it in the {name} admin console > Workplace > App management."
_EXPIRED_ZH = "请管理员在{name}管理后台 > 工作台 > 应用管理 中续期。"
_ENABLE = (
    "Publish a version at {console} > the app > Version Management & Release, and have an administrator enable it in "
    "the {name} admin console > Workplace > App management."
)
_ENABLE_ZH = (
    "请在 {console} > 该应用 > 版本管理与发布 中发布版本，并由管理员在{name}管理后台 > 工作台 > 应用管理 中启用该应用。"
)
# `activate_status`. Source: Feishu developer docs, "Obtain bot info", read 2026-02-28.
APP_STATES: dict[int, Advice] = {
    0: sentences("The app is not installed in this tenant.", _ENABLE, "该应用未在本企业安装。", _ENABLE_ZH),
    1: sentences("The app is stopped in this tenant.", _ENABLE, "该应用已在本企业停用。", _ENABLE_ZH),
    3: sentences(
        "The app is installed, but still waits to be enabled.", _WAITING, "该应用已安装，等待启用。", _WAITING_ZH
    ),
    4: sentences(
        "A new version of the app waits for an administrator; until then the old one counts, with its permissions.",
        _WAITING,
        "应用的新版本等待管理员审核；在此之前以旧版本及其权限为准。",
        _WAITING_ZH,
    ),
    5: sentences("The app's licence has expired.", _EXPIRED, "该应用的许可已到期。", _EXPIRED_ZH),
    6: sentences("The app's plan has expired.", _EXPIRED, "该应用的套餐已到期。", _EXPIRED_ZH),
}
PERMITTED = sentences("The app has the permissions: {scopes}.", "", "应用已具备权限：{scopes}。", "")
READ_ONLY = sentences(
    "Approvals can be read. Whether they can be created could not be asked: {name} did not tell the app's permissions.",
    "If creating one fails, add approval:approval at {console} > the app > Permissions & Scopes and publish a new "
    "version.",
    "可以读取审批。能否创建审批无法确认：{name}没有返回应用已开通的权限。",
    "如果创建失败，请在 {console} > 该应用 > 权限管理 中开通 approval:approval，并发布新版本。",
)
SCOPES_ADVISED = sentences(
    "The app works, but lacks permissions that some features need: {scopes} ({features}).",
    "If you need these, add them at {console} > the app > Permissions & Scopes, then publish a new version under "
    "Version Management & Release.",
    "应用可以工作，但缺少部分功能所需的权限：{scopes}（{features_zh}）。",
    "如需这些功能，请在 {console} > 该应用 > 权限管理 中开通，然后在 版本管理与发布 中发布新版本。",
)
_WIDEN = (
    "Set it at {console} > the app > Permissions & Scopes > Data permissions > Contacts range, then publish a new "
    "version under Version Management & Release."
)
_WIDEN_ZH = "请在 {console} > 该应用 > 权限管理 > 数据权限 > 通讯录权限范围 中设置，并在 版本管理与发布 中发布版本。"
RANGE_FULL = sentences("The app may see everybody.", "", "应用可以查看全体成员。", "")
RANGE_EMPTY = sentences(
    "The app may see nobody: no approver can be found.",
    _WIDEN,
    "应用的通讯录权限范围为空：找不到任何审批人。",
    _WIDEN_ZH,
)
RANGE_PART = sentences(
    "The app may see only a part of the organisation (departments: {departments}, people: {people}, user groups: "
    "{groups}{more}); everybody else is unknown to it.",
    "If approvers are missing, widen the range. " + _WIDEN,
    "应用只能查看部分成员（部门 {departments} 个、成员 {people} 名、用户组 {groups} 个{more_zh}），其他人对它不可见。",
    "如果找不到审批人，请扩大范围。" + _WIDEN_ZH,
)
QUOTA_LEFT = sentences(
    "The monthly quota of calls is not used up. {name} does not tell what is left; a free tenant has 10,000 calls a "
    "month for all its apps.",
    "",
    "当月 API 调用额度尚未用完。{name}不返回剩余额度；免费版企业所有应用每月共 10,000 次。",
    "",
)
SUBSCRIPTION = sentences(
    "{name} cannot be asked which events the app receives; callback_seen tells whether any arrived.",
    "At {console} > the app > Events & Callbacks > Event Configuration, the events approval_instance and approval_task "
    "must be listed; the gate subscribes to its approval definitions by itself.",
    "{name}没有查询事件订阅的接口；callback_seen 会显示是否收到过回调。",
    "请确认 {console} > 该应用 > 事件与回调 > 事件配置 中已添加 approval_instance 和 approval_task 事件；"
    "审批定义由网关自动订阅。",
)
NO_CALLBACKS = sentences(
    "The app is registered without callbacks: no events are needed.", "", "该应用未启用回调，无需订阅事件。", ""
)
