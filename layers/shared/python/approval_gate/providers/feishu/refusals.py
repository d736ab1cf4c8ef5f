"""
What a platform says against one recipient of a message, and what to do about it.

A code that is here concerns one person, group or robot and never the app as a whole; everything else is an error of
the call, see `errcodes`.

Source: Feishu developer docs, "Send message", "Update card", "Custom bot guide", "Generic error codes", read
2026-02-28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from approval_gate.providers.feishu.advice import filled
from approval_gate.verdicts import advice as sentences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from approval_gate.providers.feishu.edition import Edition
    from approval_gate.verdicts import Advice

__all__ = [
    "CARD_REFUSED",
    "MESSAGE_GONE",
    "batch_problem",
    "recipient_advice",
    "recipient_problem",
    "robot_advice",
    "robot_refusal",
]

CARD_REFUSED = "230099"
"""The card cannot be shown; an unknown person in a mention is one of the reasons."""

MESSAGE_GONE = frozenset({"230002", "230011", "230031", "230110", "232009", "99992354"})
"""A message that cannot be replaced: recalled, deleted, older than 14 days, its group gone or left."""

_OUT_OF_RANGE = sentences(
    "{name} does not let the app write to this person.",
    "Add them to the app's availability at {console} > the app > Version Management & Release, and publish a version; "
    "nobody can write to somebody who has left.",
    "{name}不允许应用向此人发送消息。",
    "请在 {console} > 该应用 > 版本管理与发布 中将其加入应用可用范围并发布版本；无法向已离职人员发送消息。",
)
_UNKNOWN_PERSON = sentences(
    "{name} does not know this person for this app.",
    "An open_id belongs to one app only: name the person by e-mail or mobile.",
    "{name}在此应用下找不到此人。",
    "open_id 只属于一个应用：请改用邮箱或手机号。",
)
_NOT_IN_CHAT = sentences(
    "The app's bot is not in this group.",
    "Add it under the group's Settings > Bots, then send again.",
    "应用机器人不在该群中。",
    "请在群 设置 > 群机器人 中添加该机器人，然后重新发送。",
)
_UNKNOWN_RECEIVER = sentences(
    "{name} knows no such group.",
    "Copy its chat_id again (oc_…), or list the app's groups.",
    "{name}找不到该群。",
    "请重新复制 chat_id（oc_…），或列出应用所在的群。",
)
_NO_VOICE = sentences(
    "The bot may not speak in this group.",
    "Have its owner allow it under Settings > Who can send messages.",
    "机器人在该群中没有发言权限。",
    "请群主在 设置 > 谁可以发言 中放开限制。",
)
_BLOCKED = sentences(
    "This person has blocked the bot.",
    "Only they can undo that.",
    "此人已屏蔽该机器人。",
    "只有本人可以解除屏蔽。",
)
_CHAT_GONE = sentences("The group was dissolved.", "Name another one.", "该群已解散。", "请改用其他群。")
_CHAT_RULE = sentences(
    "The rules of this group or conversation do not allow the message.",
    "Name another group, or ask its owner.",
    "该群或会话的规则不允许发送此消息。",
    "请改用其他群，或联系群主。",
)
_BAD_ROBOT_MESSAGE = sentences(
    "The robot does not take this message.",
    "Send a shorter one.",
    "该机器人不接受此消息。",
    "请缩短消息后重新发送。",
)

_RECIPIENTS = {
    **dict.fromkeys(("230013", "230029"), _OUT_OF_RANGE),
    **dict.fromkeys(("99992351", "99992360", "99992361", "99992364"), _UNKNOWN_PERSON),
    "230002": _NOT_IN_CHAT,
    "230034": _UNKNOWN_RECEIVER,
    "230035": _NO_VOICE,
    "230053": _BLOCKED,
    "232009": _CHAT_GONE,
    **dict.fromkeys(("230015", "230017", "230018", "230019", "230036", "230038"), _CHAT_RULE),
}
_ROBOTS = {
    **dict.fromkeys(("9499", "19002"), _BAD_ROBOT_MESSAGE),
    "19001": sentences(
        "{name} knows no robot at this address.",
        "Copy its webhook address again from the group's Settings > Bots.",
        "{name}在该地址找不到机器人。",
        "请从群 设置 > 群机器人 重新复制 webhook 地址。",
    ),
    "19021": sentences(
        "The robot refuses the signature.",
        "Copy the signing secret again from the group's Settings > Bots > the robot > Security settings, and register "
        "it with the robot.",
        "机器人拒绝了签名。",
        "请从群 设置 > 群机器人 > 该机器人 > 安全设置 重新复制签名密钥，并随机器人一起重新登记。",
    ),
    "19022": sentences(
        "The robot takes messages from listed addresses only.",
        "Add the gate's outgoing IP address under the group's Settings > Bots > the robot > Security settings.",
        "该机器人只接受 IP 白名单内的消息。",
        "请在群 设置 > 群机器人 > 该机器人 > 安全设置 中添加网关的出口 IP 地址。",
    ),
    "19024": sentences(
        "The robot takes messages with its keywords only.",
        "Use signature verification instead of keywords under the group's Settings > Bots > the robot > Security "
        "settings, or put a keyword into the title.",
        "该机器人只接受包含自定义关键词的消息。",
        "请在群 设置 > 群机器人 > 该机器人 > 安全设置 中改用签名校验，或在标题中包含关键词。",
    ),
}
_BATCH = sentences(
    "{name} does not know this department, or the app may not write to it.",
    "Use its department_id or open_department_id (od-…), and add the department to the app's availability at {console} "
    "> the app > Version Management & Release.",
    "{name}找不到该部门，或应用无权向其发送消息。",
    "请使用 department_id 或 open_department_id（od-…），并在 {console} > 该应用 > 版本管理与发布 "
    "中将该部门加入可用范围。",
)
_EVERYONE = sentences(
    "The app may not write to everybody.",
    "Make it available to all employees at {console} > the app > Version Management & Release, and publish a version.",
    "应用无权向全员发送消息。",
    "请在 {console} > 该应用 > 版本管理与发布 中将可用范围设为全体员工，并发布版本。",
)


def recipient_advice(edition: Edition, code: str) -> Advice | None:
    """Return what is wrong with a person or group and what to do; None for a code that is not about them."""
    return _said(_RECIPIENTS, code, edition)


def recipient_problem(edition: Edition, code: str) -> str:
    """Return the same in English; "" for a code that is not about a person or group."""
    advice = recipient_advice(edition, code)
    return advice.english if advice else ""


def robot_advice(edition: Edition, code: str) -> Advice | None:
    """Return what is wrong with a custom bot and what to do; None for a code that is not about it."""
    return _said(_ROBOTS, code, edition)


def robot_refusal(edition: Edition, code: str) -> str:
    """Return the same in English; "" for a code that is not about a custom bot."""
    advice = robot_advice(edition, code)
    return advice.english if advice else ""


def batch_problem(edition: Edition, *, is_everyone: bool) -> str:
    """Return why a batch left out a department, or the whole organisation."""
    return filled(_EVERYONE if is_everyone else _BATCH, edition).english


def _said(advice: Mapping[str, Advice], code: str, edition: Edition) -> Advice | None:
    return filled(advice[code], edition) if code in advice else None
