"""
What the platform's refusals mean and what to press, in English and Chinese. Pure text; `errcodes` says which code is
which, `message_advice` has what concerns messages only.

Pages are named as the consoles show them: the developer console (开发者后台) with its menus of one app, and the OA
approval admin (OA审批后台) of the organisation. Source: DingTalk developer docs, "Server API error codes", "How to
process API throttling", "Configure HTTP push" and the pages of the calls, read 2026-02-28.
"""

from __future__ import annotations

from approval_gate.verdicts import advice

__all__ = [
    "ADDRESS_BLOCKED",
    "BAD_CREDENTIALS",
    "BUSY",
    "EDITION_TOO_SMALL",
    "FIELDS_CHANGED",
    "FLOW_CHANGED",
    "FORM",
    "INSTANCE",
    "INVALID",
    "IP_DENIED",
    "MAY_NOT_START",
    "NAME_TAKEN",
    "NO_ANSWER",
    "NO_PERMISSION",
    "NO_SUCH_CALL",
    "NO_WITHDRAWAL",
    "OUT_OF_RANGE",
    "PERSON",
    "QUOTA",
    "SLOW_DOWN",
    "STALE_TOKEN",
    "START_FAILED",
    "STATE",
    "UNKNOWN_CODE",
    "UNREADABLE",
]

BAD_CREDENTIALS = advice(
    "DingTalk does not accept the AppKey and AppSecret.",
    "Copy both again from the developer console > the app > Credentials and basic information (凭证与基础信息; "
    "there they may "
    "be called Client ID and Client Secret) and update the app in the gate.",
    "钉钉不接受该 AppKey 和 AppSecret。",
    "请从开发者后台 > 该应用 > 凭证与基础信息 重新复制这两项（也可能显示为 Client ID 和 Client Secret），"
    "并在网关中更新该应用。",
)
STALE_TOKEN = advice(
    "DingTalk refused a fresh access token.",
    "Check that base_url leads to DingTalk and that the app is enabled in the developer console.",
    "钉钉拒绝了刚获取的访问凭证。",
    "请检查 base_url 是否指向钉钉，以及该应用是否已在开发者后台启用。",
)
NO_PERMISSION = advice(
    "The app lacks a permission: {scopes}.",
    "Add it in the developer console > the app > Permission management (权限管理) and publish a version of the app "
    "under "
    "Version management (版本管理与发布).",
    "应用缺少权限：{scopes}。",
    "请在开发者后台 > 该应用 > 权限管理 中申请该权限，并在 版本管理与发布 中发布新版本。",
)
IP_DENIED = advice(
    "DingTalk does not take calls from this address.",
    "Add {address} in the developer console > the app > Security settings (安全设置) > Server egress IP "
    "(服务器出口IP).",
    "钉钉不接受来自该 IP 地址的调用。",
    "请在开发者后台 > 该应用 > 安全设置 > 服务器出口IP 中添加 {address}。",
)
QUOTA = advice(
    "The organisation's monthly quota of API calls is used up for all its apps.",
    "Calls work again next month, or at once with a paid DingTalk edition or an add-on pack; ask the organisation's "
    "administrator.",
    "本企业所有应用的当月 API 调用额度已用完。",
    "下月自动恢复；如需立即恢复，请联系企业管理员升级钉钉付费版本或购买加量包。",
)
SLOW_DOWN = advice(
    "DingTalk asked to slow down.",
    "The gate tries again by itself; if this goes on, find out what else calls with the same app.",
    "钉钉要求降低调用频率。",
    "网关会自动重试；如果持续出现，请检查是否有其他程序在使用同一应用调用接口。",
)
ADDRESS_BLOCKED = advice(
    "DingTalk blocks this address for some minutes because of too many calls from it.",
    "Find out what else calls DingTalk from this address: everything behind one NAT gateway counts together.",
    "由于调用过于频繁，钉钉将该 IP 地址封禁数分钟。",
    "请检查还有哪些程序从该 IP 地址调用钉钉：同一 NAT 网关后的调用会合并计算。",
)
BUSY = advice(
    "DingTalk had an internal problem.", "Trying again later usually helps.", "钉钉内部出现问题。", "通常稍后重试即可。"
)
OUT_OF_RANGE = advice(
    "Somebody is outside the app's visible range.",
    "Widen it in the developer console > the app > Version management (版本管理与发布) > the range of the version "
    "(可用范围).",
    "有人员或部门不在应用的可见范围内。",
    "请在开发者后台 > 该应用 > 版本管理与发布 中扩大版本的可用范围。",
)
MAY_NOT_START = advice(
    "The requester may not submit this form, or the app may not read it.",
    "In the OA approval admin, let everyone submit the form, and check that the requester is in the app's visible "
    "range.",
    "申请人无权提交该表单，或应用无权读取该表单。",
    "请在 OA审批后台 允许全员提交该表单，并确认申请人在应用的可见范围内。",
)
FORM = advice(
    "The approval form is gone or cannot be read.",
    "A new one is made at the next attempt.",
    "审批表单已被删除或无法读取。",
    "下次重试时会自动创建新的表单。",
)
FIELDS_CHANGED = advice(
    "A field of the approval form does not take its value: somebody changed the form.",
    "Rename or delete it in the OA approval admin, and the gate makes a new one.",
    "审批表单的控件不接受所填的值：表单被人修改过。",
    "请在 OA审批后台 将该表单改名或删除，网关会创建新的表单。",
)
FLOW_CHANGED = advice(
    "The approval form wants the requester to choose approvers: somebody changed its flow.",
    "Rename or delete the form in the OA approval admin, and the gate makes a new one.",
    "该审批表单要求发起人自选审批人：其流程被人修改过。",
    "请在 OA审批后台 将该表单改名或删除，网关会创建新的表单。",
)
EDITION_TOO_SMALL = advice(
    "The organisation's edition of DingTalk does not include this.",
    "Ask the organisation's administrator for an edition that does.",
    "本企业的钉钉版本不包含此功能。",
    "请联系企业管理员升级到包含该功能的版本。",
)
NAME_TAKEN = advice(
    "A form of the gate's name exists already.",
    "Rename or delete it in the OA approval admin.",
    "已存在与网关同名的审批表单。",
    "请在 OA审批后台 将其改名或删除。",
)
INSTANCE = advice(
    "DingTalk does not know this approval.",
    "It may have been deleted, or belong to another organisation: check whether the app's credentials were changed.",
    "钉钉找不到该审批。",
    "它可能已被删除，或属于另一个企业：请检查该应用的凭证是否被更换过。",
)
STATE = advice(
    "The approval has ended already or is less than 15 seconds old.",
    "Nothing is to be done; the gate looks again.",
    "该审批已结束，或发起不足 15 秒。",
    "无需处理，网关会再次查询。",
)
NO_WITHDRAWAL = advice(
    "DingTalk did not withdraw the approval.",
    "In the OA approval admin > the form > advanced settings (高级设置), allow submitters to withdraw running "
    "approvals.",
    "钉钉未能撤销该审批。",
    "请在 OA审批后台 > 该表单 > 高级设置 中允许提交人撤销审批中的单据。",
)
PERSON = advice(
    "DingTalk does not know one of the people, or they have left.",
    "Check the user_ids, or name people by mobile number.",
    "钉钉找不到其中某位人员，或其已离职。",
    "请检查 user_id，或改用手机号。",
)
INVALID = advice(
    "DingTalk found the request invalid.",
    "Report this with the request id if the gate built it.",
    "钉钉认为请求参数无效。",
    "如果该请求由网关生成，请附上请求 ID 反馈此问题。",
)
START_FAILED = advice(
    "DingTalk could not start the approval.",
    "Check that every approver and the requester still work here, then ask again.",
    "钉钉未能发起审批。",
    "请确认所有审批人和申请人均在职，然后重新发起。",
)
NO_SUCH_CALL = advice(
    "This host does not offer the call.",
    "Check the base_url of the app.",
    "该地址不提供此接口。",
    "请检查应用的 base_url。",
)
UNKNOWN_CODE = advice(
    "DingTalk refused with code {code}.",
    "Look the code up in its documentation.",
    "钉钉拒绝了请求，错误码 {code}。",
    "请在其官方文档中查询该错误码。",
)
UNREADABLE = advice(
    "The answer (HTTP {status}) was not DingTalk's JSON.",
    "Check base_url and proxies if it stays so.",
    "返回内容（HTTP {status}）不是钉钉的 JSON。",
    "如果持续出现，请检查 base_url 和代理。",
)
NO_ANSWER = advice(
    "There was no usable answer from DingTalk.",
    "Check base_url, the network and any proxy on the way, then look again.",
    "未收到钉钉的有效应答。",
    "请检查 base_url、网络以及途经的代理，然后重新检查。",
)
