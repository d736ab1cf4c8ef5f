"""
What to press when callbacks are refused, by the check of `callbacks.Receiver` that refused them.

Source: DingTalk developer docs, "Configure HTTP push", "HTTP event callback", read 2026-02-28.
"""

from __future__ import annotations

from approval_gate.ports.checks import Words

__all__ = ["about_refusal"]

_NOT_SET = Words(
    "aes_key and token are not set in the gate. Copy both from the developer console > the app > Event subscription "
    "(事件订阅) and send them with PUT /v1/apps/….",
    "网关中尚未设置 aes_key 和 token。请从开发者后台 > 该应用 > 事件订阅 复制这两项，并通过 PUT /v1/apps/… 提交。",
)
_TOKEN = Words(
    "The token in the gate is not the one in the developer console, or a proxy changes the address's query. Copy Token "
    "(签名token) again from the app > Event subscription (事件订阅) and update the app in the gate.",
    "网关中的 token 与开发者后台不一致，或途经的代理修改了请求参数。请从 该应用 > 事件订阅 重新复制签名 token，"
    "并在网关中更新该应用。",
)
_KEY = Words(
    "The aes_key in the gate is not the one in the developer console. Copy it again (加密aes_key, 43 characters) "
    "from the "
    "app > Event subscription (事件订阅) and update the app in the gate.",
    "网关中的 aes_key 与开发者后台不一致。请从 该应用 > 事件订阅 重新复制加密 aes_key（43 个字符），"
    "并在网关中更新该应用。",
)
_OTHER_APP = Words(
    "The callback is meant for another app. Check app_key, and that each app's Event subscription (事件订阅) has that "
    "app's own request address. For a subscription made by the old registration call, set corp_id too.",
    "该回调属于另一个应用。请检查 app_key，并确认每个应用的 事件订阅 填写的是该应用自己的回调地址；"
    "如果通过旧接口注册回调，"
    "还需设置 corp_id。",
)
_CLOCK = Words(
    "The callback's time is more than a day old or ahead of the gate's clock. Correct the clock of the machine the "
    "gate "
    "runs on; a proxy must not keep callbacks back.",
    "回调时间早于一天前，或晚于网关的时钟。请校准网关所在机器的时钟，代理也不应滞留回调。",
)
_METHOD = Words(
    "DingTalk calls with POST only. Choose HTTP push (HTTP推送) under the app > Event subscription (事件订阅), and "
    "let no "
    "proxy redirect the address.",
    "钉钉只使用 POST 回调。请在 该应用 > 事件订阅 选择 HTTP推送，且代理不要重定向该地址。",
)
_SIZE = Words(
    "The request was larger than any event of DingTalk; it is probably a stranger's. If it is not, remove events that "
    "approvals do not need under the app > Event subscription (事件订阅).",
    "该请求大于钉钉的任何事件，很可能来自陌生来源。如果不是，请在 该应用 > 事件订阅 中取消审批不需要的事件。",
)
_FORM = Words(
    "The request was not in DingTalk's form: a stranger's, or changed by a proxy on its way. Let the proxy pass the "
    "body "
    "and the query as they are, and choose HTTP push (HTTP推送) under the app > Event subscription (事件订阅).",
    "该请求不是钉钉的格式：可能来自陌生来源，或被途经的代理修改。请让代理原样转发请求体和参数，并在 该应用 > "
    "事件订阅 选择 HTTP推送。",
)
_UNKNOWN = Words(
    "Compare aes_key and token with those of the app > Event subscription (事件订阅) in the developer console, and "
    "save the "
    "request address there again.",
    "请核对 aes_key 和 token 与开发者后台 > 该应用 > 事件订阅 是否一致，并在该页面重新保存回调地址。",
)
_BY_CHECK = {
    "callbacks are not set up": _NOT_SET,
    "aes_key is malformed": _KEY,
    "signature": _TOKEN,
    **dict.fromkeys(("encrypt", "length field"), _KEY),
    "receiver id": _OTHER_APP,
    "timestamp out of range": _CLOCK,
    "method": _METHOD,
    "size": _SIZE,
    **dict.fromkeys(("json", "base64", "nonce", "timestamp"), _FORM),
}


def about_refusal(check: str) -> Words:
    """Return what to press and where for the text of a `CallbackRejected`."""
    return _BY_CHECK.get(check, _UNKNOWN)
