"""
What to press, and where, when callbacks are refused: an answer for every check of `callbacks.Receiver`.

Source: Feishu developer docs, "Event subscription guide", "Receive and handle callbacks", read 2026-02-28.
"""

from __future__ import annotations

from approval_gate.ports.checks import Words
from approval_gate.providers.feishu.edition import Edition

__all__ = ["callback_advice"]

_WHERE = "{console} > the app > Events & Callbacks > Encryption Strategy"
_WHERE_ZH = "{console} > 该应用 > 事件与回调 > 加密策略"
_STRANGER = " Callbacks of {name} never look like this: if others are accepted, this one came from somebody else."
_STRANGER_ZH = "{name}的回调不会是这种形式：如果其他回调正常，则此请求来自他人。"

_ADVICE = {
    "callbacks are not set up": Words(
        "Neither Encrypt Key nor Verification Token is known here. Copy both from {where} and update the app in the "
        "gate.",
        "网关尚未登记 Encrypt Key 和 Verification Token。请从 {where} 复制这两项，并在网关中更新该应用。",
    ),
    "sealed, but no Encrypt Key is configured": Words(
        "{name} encrypts the callbacks, but the gate has no Encrypt Key. Copy it from {where} and update the app in "
        "the gate.",
        "{name}已对回调加密，但网关没有 Encrypt Key。请从 {where} 复制，并在网关中更新该应用。",
    ),
    "signature required": Words(
        "The gate has an Encrypt Key, but this event came unsigned. See that the same key is still set at {where}; if "
        "it was removed there, set it again.",
        "网关已登记 Encrypt Key，但收到的事件没有签名。请确认 {where} 中仍设置了同一密钥；如已被删除，请重新设置。",
    ),
    "signature": Words(
        "The signature does not fit the Encrypt Key: it was changed on one side. Copy it again from {where} and update "
        "the app in the gate; a proxy in front of the gate must not change the body.",
        "签名与 Encrypt Key 不符：其中一方的密钥已被更改。请从 {where} 重新复制，并在网关中更新该应用；"
        "网关前的代理不得改动请求正文。",
    ),
    "encrypt": Words(
        "The callback cannot be decrypted: the Encrypt Key was changed on one side. Copy it again from {where} and "
        "update the app in the gate.",
        "回调无法解密：其中一方的 Encrypt Key 已被更改。请从 {where} 重新复制，并在网关中更新该应用。",
    ),
    "verification_token": Words(
        "The callback carries another Verification Token than the gate knows: it was reset, or the address is used by "
        "another app. Copy it again from {where} and update the app in the gate.",
        "回调中的 Verification Token 与网关登记的不同：它已被重置，或该地址被另一个应用使用。请从 {where} 重新复制，"
        "并在网关中更新该应用。",
    ),
    "verification_token is not configured": Words(
        "This callback can only be proven by the Verification Token, which the gate does not have. Copy it from "
        "{where} and update the app in the gate.",
        "此回调只能通过 Verification Token 验证，但网关没有该值。请从 {where} 复制，并在网关中更新该应用。",
    ),
    "app_id": Words(
        "The event belongs to another app. Every app has a request address of its own: at {console} open the other app "
        "> Events & Callbacks > Event Configuration and save the callback_url that the gate tells for it.",
        "该事件属于另一个应用。每个应用都有自己的请求地址：请在 {console} 打开那个应用 > 事件与回调 > 事件配置，"
        "填写网关为它提供的 callback_url。",
    ),
    "timestamp out of range": Words(
        "The callback was signed more than a day ago or ahead of our time. If it repeats, set the clock of the machine "
        "the gate runs on (NTP); a single one may be an old request that was sent again by somebody.",
        "该回调的签名时间早于一天前，或晚于网关时间。如果反复出现，请校准网关所在机器的时钟（NTP）；若只出现一次，"
        "可能是有人重放的旧请求。",
    ),
    "timestamp": Words(
        "The callback's time cannot be read. See that no proxy in front of the gate rewrites X-Lark-Request-Timestamp."
        + _STRANGER,
        "无法读取回调的时间戳。请确认网关前的代理没有改写 X-Lark-Request-Timestamp。" + _STRANGER_ZH,
    ),
    "signature headers": Words(
        "The headers of the signature are missing, or some of them. Let the proxy in front of the gate pass "
        "X-Lark-Request-Timestamp, X-Lark-Request-Nonce and X-Lark-Signature unchanged.",
        "签名请求头缺失或不完整。请让网关前的代理原样转发 X-Lark-Request-Timestamp、X-Lark-Request-Nonce 和 "
        "X-Lark-Signature。",
    ),
    "challenge": Words(
        "The address check came without a challenge. Press Save again at {console} > the app > Events & Callbacks > "
        "Event Configuration." + _STRANGER,
        "地址校验请求缺少 challenge。请在 {console} > 该应用 > 事件与回调 > 事件配置 中重新点击保存。" + _STRANGER_ZH,
    ),
    "json": Words(
        "The body was not JSON. See that {console} > the app > Events & Callbacks holds the gate's callback_url and "
        "that no proxy changes the body." + _STRANGER,
        "请求正文不是 JSON。请确认 {console} > 该应用 > 事件与回调 中填写的是网关的 callback_url，且代理没有改动正文。"
        + _STRANGER_ZH,
    ),
    "method": Words(
        "The request was no POST. Opening the callback_url in a browser does this and is harmless; a redirect in front "
        "of the gate does it too: save the final https address at {console} > the app > Events & Callbacks.",
        "该请求不是 POST。在浏览器中打开 callback_url 会产生此类请求，没有影响；网关前的重定向也会导致：请在 {console} "
        "> 该应用 > 事件与回调 中填写最终的 https 地址。",
    ),
    "size": Words(
        "The body was larger than any callback of {name}." + _STRANGER + " Nothing is to be done.",
        "请求正文超过{name}回调的正常大小。" + _STRANGER_ZH + "无需处理。",
    ),
}
_UNKNOWN = Words(
    "Compare App ID, Encrypt Key and Verification Token with {where} and update the app in the gate.",
    "请将 App ID、Encrypt Key 和 Verification Token 与 {where} 中的值核对，并在网关中更新该应用。",
)


def callback_advice(edition: Edition, check: str) -> Words:
    """Return what to press when callbacks are refused by this check, a `CallbackRejected.check`."""
    words, console = _ADVICE.get(check, _UNKNOWN), edition.console_url
    return Words(
        words.en.format(name=edition.name, console=console, where=_WHERE.format(console=console)),
        words.zh.format(name=edition.name_zh, console=console, where=_WHERE_ZH.format(console=console)),
    )
