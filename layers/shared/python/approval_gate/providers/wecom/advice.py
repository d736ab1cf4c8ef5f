"""
What the platform's refusals mean and what to press, in English and Chinese. Pure text; `errcodes` says which code is
which, `message_advice` has what concerns messages only.

Pages are named as the admin console (管理后台) shows them. Source: WeCom developer docs, "Global error codes", "Access
frequency limits", "Get access_token", "Callback configuration" and the pages of the approval calls, read 2026-02-28.
"""

from __future__ import annotations

from approval_gate.verdicts import advice

__all__ = [
    "AGENT",
    "APPROVALS_FORBIDDEN",
    "APPROVAL_OFF",
    "APP_DISABLED",
    "BAD_CORP_ID",
    "BAD_SECRET",
    "BUSY",
    "CALL_FORBIDDEN",
    "CONTACTS_ADDRESS",
    "FOREIGN_SECRET",
    "INCOMPLETE",
    "INTERNAL",
    "INVALID",
    "IP_DENIED",
    "NO_ANSWER",
    "OUT_OF_RANGE",
    "PARAMETERS",
    "PERSON",
    "RANGE_TOO_WIDE",
    "RECEIVERS",
    "SLOW_DOWN",
    "STALE_TOKEN",
    "TEMPLATE_CONTROLS",
    "TIME_CONFLICT",
    "TOO_MANY_TEMPLATES",
    "UNCLEAR",
    "UNKNOWN_CODE",
    "UNREADABLE",
    "UNTRUSTED_DOMAIN",
]

BAD_CORP_ID = advice(
    "WeCom does not know the corp_id.",
    "Copy it again from the admin console > My Company (我的企业) > Company ID (企业ID) and update the app in the "
    "gate.",
    "企业微信找不到该 corp_id。",
    "请从管理后台 > 我的企业 > 企业ID 重新复制，并在网关中更新该应用。",
)
BAD_SECRET = advice(
    "WeCom does not accept the secret for this corp_id.",
    "Copy it again from the admin console > App Management (应用管理) > the app > Secret, make sure that the app is "
    "enabled and that corp_id is My Company (我的企业) > Company ID (企业ID), and update the app in the gate.",
    "企业微信不接受该 corp_id 对应的 secret。",
    "请从管理后台 > 应用管理 > 该应用 > Secret 重新复制，确认应用已启用、corp_id 与 我的企业 > 企业ID 一致，"
    "并在网关中更新该应用。",
)
FOREIGN_SECRET = advice(
    "The secret belongs to an app of another company than the corp_id.",
    "Copy both from the same company's admin console: My Company (我的企业) > Company ID (企业ID), and App Management "
    "(应用管理) > the app > Secret; then update the app in the gate.",
    "该 secret 属于另一个企业的应用，与 corp_id 不符。",
    "请从同一企业的管理后台复制 我的企业 > 企业ID 和 应用管理 > 该应用 > Secret，并在网关中更新该应用。",
)
APP_DISABLED = advice(
    "The app, or the company itself, is disabled in WeCom.",
    "Enable it in the admin console > App Management (应用管理) > the app.",
    "该应用或该企业在企业微信中已被停用。",
    "请在管理后台 > 应用管理 > 该应用 中启用。",
)
STALE_TOKEN = advice(
    "WeCom refused a fresh access token.",
    "Check that base_url leads to WeCom and that the app is enabled.",
    "企业微信拒绝了刚获取的 access_token。",
    "请检查 base_url 是否指向企业微信，以及该应用是否已启用。",
)
INCOMPLETE = advice(
    "WeCom found the call incomplete.",
    "Check base_url and proxies; report this if they are right.",
    "企业微信认为请求缺少参数。",
    "请检查 base_url 和代理；如果没有问题，请反馈此问题。",
)
IP_DENIED = advice(
    "WeCom does not take calls from {address}.",
    "Add that address in the admin console > App Management (应用管理) > the app > Trusted IPs (企业可信IP); it "
    "works a "
    "minute later. The page opens once a trusted domain or a callback address was saved. Use a fixed outgoing address, "
    "or base_url with a fixed-IP proxy.",
    "企业微信不接受来自 {address} 的调用。",
    "请在管理后台 > 应用管理 > 该应用 > 企业可信IP 中添加该地址，一分钟后生效。需先保存可信域名或接收消息服务器URL，"
    "该页面才能打开。"
    "请使用固定出口 IP，或将 base_url 设为固定 IP 的代理。",
)
AGENT = advice(
    "The agent_id is not that of the secret's app.",
    "Copy AgentId and Secret from the same page of the admin console: App Management (应用管理) > the app.",
    "agent_id 与 secret 不属于同一个应用。",
    "请从管理后台 > 应用管理 > 该应用 的同一页面复制 AgentId 和 Secret。",
)
PERSON = advice(
    "WeCom does not know one of the people, or the app may not see them.",
    "Correct the userid, or widen the app's visible range in the admin console > App Management (应用管理) > the app.",
    "企业微信找不到其中某位人员，或应用无权查看该人员。",
    "请更正 userid，或在管理后台 > 应用管理 > 该应用 > 可见范围 中扩大范围。",
)
OUT_OF_RANGE = advice(
    "A person or department is outside the app's visible range.",
    "Widen it in the admin console > App Management (应用管理) > the app > Visible range (可见范围).",
    "有人员或部门不在应用的可见范围内。",
    "请在管理后台 > 应用管理 > 该应用 > 可见范围 中扩大范围。",
)
CALL_FORBIDDEN = advice(
    "WeCom does not offer this call to this app.",
    "Use a self-built app (自建应用), not a system app's secret.",
    "企业微信不向该应用开放此接口。",
    "请使用自建应用，而不是系统应用的 secret。",
)
CONTACTS_ADDRESS = advice(
    "WeCom does not let this address read contacts.",
    "Use a self-built app's secret, with the gate's address among its Trusted IPs (企业可信IP).",
    "企业微信不允许该 IP 地址读取通讯录。",
    "请使用自建应用的 secret，并将网关的出口 IP 地址加入 企业可信IP。",
)
PARAMETERS = advice(
    "WeCom refused the application.",
    "Check that the applicant is inside the app's visible range, that every userid exists, and that the template is "
    "enabled and has no mandatory fields but one multi-line text.",
    "企业微信拒绝了该审批申请。",
    "请确认申请人在应用的可见范围内、所有 userid 均存在，且模板已启用、除一个多行文本外没有其他必填控件。",
)
APPROVALS_FORBIDDEN = advice(
    "The app may not use approvals, or may not see one of the people.",
    "In the admin console open Approval (审批) > API > Apps that may call (可调用接口的应用) and add it; its "
    "visible range "
    "must cover applicant and approvers.",
    "应用没有审批接口权限，或无权查看其中某位人员。",
    "请在管理后台 > 应用管理 > 审批 > API > 可调用接口的应用 中添加该应用；其可见范围必须包含申请人和审批人。",
)
APPROVAL_OFF = advice(
    "The Approval app (审批) is disabled.",
    "Enable it in the admin console > App Management (应用管理) > Approval (审批).",
    "“审批”应用已停用。",
    "请在管理后台 > 应用管理 > 审批 中启用。",
)
TEMPLATE_CONTROLS = advice(
    "WeCom refused the fields of the template.",
    "Report this with the code.",
    "企业微信拒绝了模板的控件。",
    "请附上错误码反馈此问题。",
)
TOO_MANY_TEMPLATES = advice(
    "The company has too many templates.",
    "Delete some under Approval (审批), or put an existing one's id into template_id.",
    "企业的审批模板数量已达上限。",
    "请在“审批”应用中删除部分模板，或将已有模板的 ID 填入 template_id。",
)
TIME_CONFLICT = advice(
    "WeCom finds the times of the application in conflict with attendance: the template is one of attendance.",
    "Put the id of a template with one multi-line text into template_id.",
    "申请的时间与考勤冲突：所用的是考勤类模板。",
    "请将只含一个多行文本的模板 ID 填入 template_id。",
)
UNTRUSTED_DOMAIN = advice(
    "The address is not in the app's trusted domain.",
    "Set the domain in the admin console > App Management (应用管理) > the app > Trusted domain (可信域名).",
    "该地址不在应用的可信域名内。",
    "请在管理后台 > 应用管理 > 该应用 > 可信域名 中设置。",
)
INVALID = advice(
    "WeCom found the request invalid.",
    "Report this with the code if the gate built it.",
    "企业微信认为请求参数无效。",
    "如果该请求由网关生成，请附上错误码反馈此问题。",
)
RECEIVERS = advice(
    "No receiver is known to WeCom and visible to the app.",
    "Check the receivers, and widen the app's visible range (可见范围) if they are right.",
    "所有接收人均无效，或不在应用的可见范围内。",
    "请检查接收人；如果无误，请扩大应用的 可见范围。",
)
RANGE_TOO_WIDE = advice(
    "Too many approvals were made in the time asked for.",
    "Report this with the code.",
    "所查询时间段内的审批数量过多。",
    "请附上错误码反馈此问题。",
)
UNCLEAR = advice(
    "WeCom had an internal problem and may have opened the application all the same.",
    "The gate looks for it by itself.",
    "企业微信内部出现问题，审批申请可能已经提交。",
    "网关会自动查找该申请。",
)
INTERNAL = advice(
    "WeCom had an internal problem, or the template is not audited yet.",
    "Trying again later usually helps.",
    "企业微信内部出现问题，或模板尚未审核。",
    "通常稍后重试即可。",
)
BUSY = advice(
    "WeCom had an internal problem.",
    "Trying again later usually helps.",
    "企业微信内部出现问题。",
    "通常稍后重试即可。",
)
SLOW_DOWN = advice(
    "WeCom asked to slow down.",
    "The gate tries again by itself; if this goes on, find out what else calls with the same company or from the same "
    "address. Many refused secrets ban an address for an hour.",
    "企业微信要求降低调用频率。",
    "网关会自动重试；如果持续出现，请检查是否有其他程序使用同一企业或同一 IP 地址调用接口。多次使用错误的 secret "
    "会使 IP 被封禁一小时。",
)
UNKNOWN_CODE = advice(
    "WeCom refused with code {code}.",
    "Look the code up in its documentation.",
    "企业微信拒绝了请求，错误码 {code}。",
    "请在其官方文档中查询该错误码。",
)
UNREADABLE = advice(
    "The answer (HTTP {status}) was not WeCom's JSON.",
    "Check base_url and proxies.",
    "返回内容（HTTP {status}）不是企业微信的 JSON。",
    "请检查 base_url 和代理。",
)
NO_ANSWER = advice(
    "There was no usable answer from WeCom.",
    "Check base_url, the network and any proxy on the way, then look again.",
    "未收到企业微信的有效应答。",
    "请检查 base_url、网络以及途经的代理，然后重新检查。",
)
