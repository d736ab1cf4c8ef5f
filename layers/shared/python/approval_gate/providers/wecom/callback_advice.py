"""
What to press when callbacks are refused, by the check of `callbacks.Receiver` that refused them.

Source: WeCom developer docs, "Callback configuration", "Receive messages", "Encryption and decryption", read
2026-02-28.
"""

from __future__ import annotations

from approval_gate.ports.checks import Words

__all__ = ["about_refusal"]

_NOT_SET = Words(
    "Token and EncodingAESKey are not set in the gate. Copy both from the admin console > App Management (应用管理) "
    "> the "
    "app > Receive messages (接收消息) > Set API reception (设置API接收) and send them with PUT /v1/apps/…, before "
    "you press "
    "Save there.",
    "网关中尚未设置 Token 和 EncodingAESKey。请从管理后台 > 应用管理 > 该应用 > 接收消息 > 设置API接收 复制这两项，"
    "通过 PUT /v1/apps/… "
    "提交，然后再在该页面点击保存。",
)
_TOKEN = Words(
    "The Token in the gate is not the one in the admin console, or a proxy changes the address's query. Copy it again "
    "from the app > Receive messages (接收消息) > Set API reception (设置API接收) and update the app in the gate.",
    "网关中的 Token 与管理后台不一致，或途经的代理修改了请求参数。请从 该应用 > 接收消息 > 设置API接收 重新复制 "
    "Token，并在网关中更新该应用。",
)
_KEY = Words(
    "The EncodingAESKey in the gate is not the one in the admin console. Copy it again (43 characters) from the app > "
    "Receive messages (接收消息) > Set API reception (设置API接收) and update the app in the gate.",
    "网关中的 EncodingAESKey 与管理后台不一致。请从 该应用 > 接收消息 > 设置API接收 重新复制（43 个字符），"
    "并在网关中更新该应用。",
)
_OTHER_COMPANY = Words(
    "The callback is sealed for another company. Check corp_id against My Company (我的企业) > Company ID (企业ID), "
    "upper and "
    "lower case included, and that this address is saved in that company's app only.",
    "该回调属于另一个企业。请核对 corp_id 与 我的企业 > 企业ID 是否一致（区分大小写），"
    "并确认该地址只填写在该企业的应用中。",
)
_OTHER_APP = Words(
    "The callback names another app of the company. Check agent_id against App Management (应用管理) > the app > "
    "AgentId, and "
    "that each app has its own request address.",
    "该回调属于本企业的另一个应用。请核对 agent_id 与 应用管理 > 该应用 > AgentId 是否一致，"
    "并确认每个应用填写的是自己的回调地址。",
)
_CLOCK = Words(
    "The callback's time is more than a day old or ahead of the gate's clock. Correct the clock of the machine the "
    "gate "
    "runs on; a proxy must not keep callbacks back.",
    "回调时间早于一天前，或晚于网关的时钟。请校准网关所在机器的时钟，代理也不应滞留回调。",
)
_METHOD = Words(
    "WeCom calls with GET and POST only. Let no proxy redirect or rewrite the address saved at the app > Receive "
    "messages "
    "(接收消息).",
    "企业微信只使用 GET 和 POST 回调。请确认代理没有重定向或改写 该应用 > 接收消息 中填写的地址。",
)
_SIZE = Words(
    "The request was larger than any event of WeCom; it is probably a stranger's. Nothing is to be done if other "
    "callbacks are accepted.",
    "该请求大于企业微信的任何事件，很可能来自陌生来源。如果其他回调正常，则无需处理。",
)
_QUERY = Words(
    "The signature, time or nonce was missing in the address: a stranger's request, or a proxy cut the query off. Let "
    "the proxy pass the query as it is, and save the address again at the app > Receive messages (接收消息).",
    "请求参数缺少签名、时间或随机数：可能来自陌生来源，或代理丢弃了参数。请让代理原样转发请求参数，并在 该应用 > "
    "接收消息 重新保存地址。",
)
_FORM = Words(
    "The request was not in WeCom's form: a stranger's, or changed by a proxy on its way. Let the proxy pass the "
    "body and "
    "the query as they are, and save the address again at the app > Receive messages (接收消息).",
    "该请求不是企业微信的格式：可能来自陌生来源，或被途经的代理修改。请让代理原样转发请求体和参数，并在 该应用 > "
    "接收消息 重新保存地址。",
)
_UNKNOWN = Words(
    "Compare Token and EncodingAESKey with those of the app > Receive messages (接收消息) > Set API reception "
    "(设置API接收), and save the request address there again.",
    "请核对 Token 和 EncodingAESKey 与 该应用 > 接收消息 > 设置API接收 是否一致，并在该页面重新保存回调地址。",
)
_BY_CHECK = {
    "callbacks are not set up": _NOT_SET,
    "signature": _TOKEN,
    **dict.fromkeys(("encoding_aes_key", "encrypt", "length field"), _KEY),
    "receiver id": _OTHER_COMPANY,
    "agent_id": _OTHER_APP,
    "timestamp out of range": _CLOCK,
    "method": _METHOD,
    "size": _SIZE,
    "query": _QUERY,
    **dict.fromkeys(("envelope", "base64", "timestamp", "echostr", "document"), _FORM),
}


def about_refusal(check: str) -> Words:
    """Return what to press and where for the text of a `CallbackRejected`."""
    return _BY_CHECK.get(check, _UNKNOWN)
