"""
What the platform's refusals mean and what to press, in English and Chinese. Pure text; `errcodes` says which code is
which.

Where an administrator finds a page: `{console}` is the address of the developer console, then the menu as it is shown
there. Source: Feishu developer docs, "Generic error codes", "Event subscription guide", "Set an IP allow list", "Custom
app API call limit", read 2026-02-28. The docs name few menus; their Chinese names are the console's as remembered, not
read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from approval_gate.verdicts import advice as sentences

if TYPE_CHECKING:
    from approval_gate.providers.feishu.edition import Edition
    from approval_gate.verdicts import Advice

__all__ = [
    "APP_STOPPED",
    "BAD_CARD",
    "BAD_CREDENTIALS",
    "BUSY",
    "CENSORED",
    "CONTACT_RANGE",
    "DEFINITION",
    "DUPLICATE",
    "EDITION_TOO_SMALL",
    "INSTANCE",
    "INVALID",
    "IN_FLIGHT",
    "IP_DENIED",
    "NO_BOT",
    "NO_PERMISSION",
    "NO_RIGHT",
    "NO_SUCH_CALL",
    "PERSON",
    "QUOTA",
    "SCOPE_MISSING",
    "SLOW_DOWN",
    "STALE_TOKEN",
    "TASK",
    "TOO_LARGE",
    "UNKNOWN_APP",
    "UNSUPPORTED",
    "WRONG_SECRET",
    "filled",
]


def filled(advice: Advice, edition: Edition, **facts: str) -> Advice:
    """Return the advice with its gaps filled for one edition: `{name}`, `{other}`, `{console}` and these facts."""
    en = {"name": edition.name, "other": edition.other_name, "console": edition.console_url} | facts
    return advice.filled(en, {"name": edition.name_zh, "other": edition.other_name_zh})


BAD_CREDENTIALS = sentences(
    "{name} does not accept the App ID and App Secret.",
    "Copy both again from {console} > the app > Credentials & Basic Info and update the app in the gate. An app made "
    "on {other} does not exist on {name}: register it with the other provider name then.",
    "{name}不接受该 App ID 和 App Secret。",
    "请从 {console} > 该应用 > 凭证与基础信息 重新复制这两项，并在网关中更新该应用。"
    "在{other}创建的应用在{name}上不存在：如属此情况，请改用另一个 provider 名称注册。",
)
UNKNOWN_APP = sentences(
    "{name} knows no app of this App ID, or the app is stopped.",
    "Copy the App ID and App Secret again from {console} > the app > Credentials & Basic Info, and update the app in "
    "the gate; see there that it is not stopped. An app made on {other} does not exist on {name}: register it with the "
    "other provider name then.",
    "{name}上没有该 App ID 对应的应用，或应用已停用。",
    "请从 {console} > 该应用 > 凭证与基础信息 重新复制 App ID 和 App Secret，在网关中更新该应用，并确认应用未停用。"
    "在{other}创建的应用在{name}上不存在：如属此情况，请改用另一个 provider 名称注册。",
)
WRONG_SECRET = sentences(
    "{name} knows the app, but does not accept its App Secret.",
    "Copy the App ID and App Secret again from {console} > the app > Credentials & Basic Info, and update the app in "
    "the gate; a reset there makes a new secret.",
    "{name}找到了该应用，但不接受其 App Secret。",
    "请从 {console} > 该应用 > 凭证与基础信息 重新复制 App ID 和 App Secret，并在网关中更新该应用；"
    "在该页面重置后会生成新的 App Secret。",
)
APP_STOPPED = sentences(
    "The app is stopped or not installed in this tenant.",
    "Publish a version of it at {console} and have an administrator enable it in the {name} admin console > Workplace "
    "> App management.",
    "该应用已停用，或未在本企业安装。",
    "请在 {console} 发布应用版本，并由管理员在{name}管理后台 > 工作台 > 应用管理 中启用该应用。",
)
STALE_TOKEN = sentences(
    "{name} refused a fresh access token.",
    "Check that base_url leads to {name} and that the app is enabled at {console}.",
    "{name}拒绝了刚获取的访问凭证。",
    "请检查 base_url 是否指向{name}，以及该应用是否已在 {console} 启用。",
)
SCOPE_MISSING = sentences(
    "The app lacks a permission: {scopes}.",
    "Add it at {console} > the app > Permissions & Scopes, then publish a new version under Version Management & "
    "Release.",
    "应用缺少权限：{scopes}。",
    "请在 {console} > 该应用 > 权限管理 中开通，然后在 版本管理与发布 中发布新版本。",
)
IP_DENIED = sentences(
    "{name} does not take calls from this address{address}.",
    "Add the gate's outgoing IP address at {console} > the app > Security Settings > IP allow list (single IPv4 "
    "addresses only).",
    "{name}不接受来自该 IP 地址{address}的调用。",
    "请在 {console} > 该应用 > 安全设置 > IP 白名单 中添加网关的出口 IP 地址（只支持单个 IPv4 地址）。",
)
QUOTA = sentences(
    "The tenant's monthly quota of API calls is used up for all its apps.",
    "Calls work again next month, or at once with a paid {name} edition; ask the tenant's administrator.",
    "本企业所有应用的当月 API 调用额度已用完。",
    "下月自动恢复；如需立即恢复，请联系企业管理员升级{name}付费版本。",
)
NO_SUCH_CALL = sentences(
    "This host does not offer the call.",
    "Check the base_url of the app; some newer calls exist on Feishu but not on Lark.",
    "该地址不提供此接口。",
    "请检查应用的 base_url；部分新接口只在飞书提供，Lark 没有。",
)
PERSON = sentences(
    "{name} does not know one of the people, or the app may not see them.",
    "An open_id belongs to one app only: use e-mail or mobile, and widen the app's availability and contact range at "
    "{console} if needed.",
    "{name}找不到其中某位人员，或应用无权查看该人员。",
    "open_id 只属于一个应用：请改用邮箱或手机号；必要时在 {console} 扩大应用的可用范围和通讯录权限范围。",
)
CONTACT_RANGE = sentences(
    "A person, department or group is outside what the app may see.",
    "Widen the contact range at {console} > the app > Permissions & Scopes > Data permissions, then publish a new "
    "version under Version Management & Release.",
    "该人员、部门或用户组不在应用的通讯录权限范围内。",
    "请在 {console} > 该应用 > 权限管理 > 数据权限 中扩大通讯录权限范围，然后在 版本管理与发布 中发布新版本。",
)
INVALID = sentences(
    "{name} found the request invalid{fields}.",
    "Report this with the request id if the gate built it.",
    "{name}认为请求参数无效{fields}。",
    "如果该请求由网关生成，请附上请求 ID 反馈此问题。",
)
DEFINITION = sentences(
    "The approval definition is gone or stopped.",
    "A new one is made at the next attempt.",
    "审批定义已被删除或停用。",
    "下次重试时会自动创建新的审批定义。",
)
INSTANCE = sentences(
    "{name} does not know this approval.",
    "It may belong to another app: check whether the app's credentials were changed.",
    "{name}找不到该审批。",
    "它可能属于另一个应用：请检查该应用的凭证是否被更换过。",
)
NO_PERMISSION = sentences(
    "{name} does not allow this operation to this person or app.",
    "Do it in the {name} client, or ask the requester: only they may withdraw an approval.",
    "{name}不允许该人员或应用执行此操作。",
    "请在{name}客户端中操作，或请申请人处理：只有申请人可以撤回审批。",
)
TASK = sentences(
    "The task does not exist or was handled already.",
    "Nothing is to be done; GET the approval shows who decided.",
    "该审批任务不存在或已被处理。",
    "无需处理；查询该审批可以看到由谁处理。",
)
UNSUPPORTED = sentences(
    "{name} does not offer this for the approval's kind of process.",
    "Do it in the {name} client.",
    "{name}不支持对此类审批流程执行该操作。",
    "请在{name}客户端中操作。",
)
EDITION_TOO_SMALL = sentences(
    "The tenant's edition of {name} does not include this kind of approval.",
    "Ask the tenant's administrator for an edition that does.",
    "本企业的{name}版本不包含此类审批。",
    "请联系企业管理员升级到包含该功能的版本。",
)
BUSY = sentences(
    "{name} had an internal problem.",
    "Trying again later usually helps.",
    "{name}内部出现问题。",
    "通常稍后重试即可。",
)
DUPLICATE = sentences(
    "{name} holds an approval of this id but does not show it yet.",
    "It is looked for again by itself.",
    "{name}已有相同 ID 的审批，但暂时查询不到。",
    "系统会自动再次查询。",
)
SLOW_DOWN = sentences(
    "{name} asked to slow down.",
    "The gate tries again by itself; if this goes on, find out what else calls with the same app.",
    "{name}要求降低调用频率。",
    "网关会自动重试；如果持续出现，请检查是否有其他程序在使用同一应用调用接口。",
)
NO_BOT = sentences(
    "The app has no bot yet.",
    "Enable it at {console} > the app > Add Features > Bot, then publish a new version under Version Management & "
    "Release.",
    "该应用尚未启用机器人。",
    "请在 {console} > 该应用 > 添加应用能力 > 机器人 中启用，然后在 版本管理与发布 中发布新版本。",
)
NO_RIGHT = sentences(
    "The app lacks the permission to send messages (im:message:send_as_bot), or the message is another app's.",
    "Add the permission at {console} > the app > Permissions & Scopes and publish a new version.",
    "应用缺少发送消息的权限（im:message:send_as_bot），或该消息属于另一个应用。",
    "请在 {console} > 该应用 > 权限管理 中开通该权限，并发布新版本。",
)
CENSORED = sentences(
    "{name} refused the content of the message (sensitive words, or data loss prevention).",
    "Change the text.",
    "{name}拒绝了消息内容（包含敏感词，或触发数据防泄漏规则）。",
    "请修改消息文字。",
)
BAD_CARD = sentences(
    "{name} cannot show the message.",
    "Report this with the request id.",
    "{name}无法展示该消息。",
    "请附上请求 ID 反馈此问题。",
)
TOO_LARGE = sentences(
    "{name} finds the message too large.",
    "Report this with the request id.",
    "{name}认为消息过大。",
    "请附上请求 ID 反馈此问题。",
)
IN_FLIGHT = sentences(
    "{name} is still sending this message.",
    "It is tried again by itself.",
    "{name}仍在发送该消息。",
    "系统会自动重试。",
)
