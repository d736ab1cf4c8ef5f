"""
Error codes of the calls that send messages. `errcodes` turns them into errors with all others.

Source: DingTalk developer docs, "Send work notifications", "Get the result of sending messages", "The robot sends a
group message", "Custom robots send group messages", "Server API error codes", read 2026-02-28. Of the codes for a
custom robot that speaks too fast only 410100 is on a page; the others were reported.
"""

from __future__ import annotations

from approval_gate.providers.dingtalk.meanings import Kind

__all__ = [
    "ALREADY_SHOWN",
    "BAN_S",
    "CHAT_REFUSED",
    "DEPARTMENT_REFUSED",
    "MESSAGE_MEANINGS",
    "MESSAGE_PAUSES",
    "PERSON_REFUSED",
]

BAN_S = 600.0
"""For so long a custom robot is silenced after more than 20 messages in a minute."""

CHAT_REFUSED = frozenset(
    {
        # The vendor's spelling, and the right one should it ever be corrected.
        "invalidparameter.robotcode.notexsit",
        "invalidparameter.robotcode.notexist",
        "invalidparameter.openconversationid.invalid",
        "robot.oto.notexist",
    }
)
"""The chat is unknown, or the app's robot is not in it; in lower case."""
PERSON_REFUSED = frozenset({"33012", "40031", "60121", "50002"})
"""One of the people in a work notification, unknown or out of the visible range. The call sent nothing."""
DEPARTMENT_REFUSED = frozenset({"60003", "50004"})
ALREADY_SHOWN = frozenset({"143106", "143206"})
"""The person has the same text already, today: an earlier attempt arrived."""

_TOO_FAST = frozenset({"410100", "660026", "130101"})
_PER_MINUTE = frozenset({"143103", "143104", "143203", "143204"})

_SLOW_DOWN = "DingTalk asked to slow down"
_SILENCED = "the robot sent more than 20 messages in a minute, and DingTalk silences it for ten minutes"
_AGENT = (
    "agent_id is not the app's. Copy AgentId from the developer console > the app > Credentials and basic information "
    "(凭证与基础信息)"
)
_NO_RECEIVER = "nobody would get the message. Name people or departments that exist and are in the app's visible range"
_DEPARTMENT = "DingTalk does not know this department. Give its number from the admin console > Contacts (通讯录)"
_A_DAY = "the person has as many messages of this app today as DingTalk allows. Send fewer, or to a group"
_REPEATED = "the person got the same text today, and DingTalk shows it once a day"
_WORDS = "DingTalk refuses the words of the message. Change them"
_LINKS = "DingTalk holds a link or word of the message for unsafe. Remove it, or ask DingTalk to review the site"
_SECURITY = (
    "the robot's security settings refuse the message. With the setting 加签 (signature), the gate's secret must be "
    "the robot's; with keywords, a message must hold one; with an address list, add the gate's outgoing address"
)
_NO_ROBOT = "the robot's address is not valid any more. Copy the Webhook of the group's robot again"
_OFF = "the robot is disabled or was removed from the group. Add it again, and update its address in the gate"
_NO_GROUP = "the robot's group was dissolved. Register the robot of another group"
_NOT_IN_GROUP = (
    "the app's robot is not in this chat. In the developer console, add the robot ability (机器人) to the app and "
    "publish a version; then add the robot in the group > Group settings > Bots. The chat is named by its "
    "openConversationId"
)
_BUG = "DingTalk found the message malformed. Report this with the request id"

MESSAGE_PAUSES: dict[str, float] = {
    **dict.fromkeys(_TOO_FAST, BAN_S),
    **dict.fromkeys(_PER_MINUTE, 60.0),
    "send.too.fast": 60.0,
}
MESSAGE_MEANINGS: dict[str, tuple[Kind, str]] = {
    **dict.fromkeys(_TOO_FAST, (Kind.THROTTLED, _SILENCED)),
    **dict.fromkeys((*_PER_MINUTE, "send.too.fast"), (Kind.THROTTLED, _SLOW_DOWN)),
    "40056": (Kind.REJECTED, _AGENT),
    "1430000": (Kind.REJECTED, _NO_RECEIVER),
    "60003": (Kind.REJECTED, _DEPARTMENT),
    **dict.fromkeys(("143105", "143205"), (Kind.REJECTED, _A_DAY)),
    **dict.fromkeys(ALREADY_SHOWN, (Kind.REJECTED, _REPEATED)),
    **dict.fromkeys(("1430002", "contain.notallowed.text", "430104"), (Kind.REJECTED, _WORDS)),
    **dict.fromkeys(("contain.unsafe.url", "430101", "430102", "430103"), (Kind.REJECTED, _LINKS)),
    "310000": (Kind.REJECTED, _SECURITY),
    **dict.fromkeys(("300005", "400101"), (Kind.REJECTED, _NO_ROBOT)),
    **dict.fromkeys(("400102", "400106"), (Kind.REJECTED, _OFF)),
    "400013": (Kind.REJECTED, _NO_GROUP),
    **dict.fromkeys((*CHAT_REFUSED, "invalidparameter.robotcode.invalid"), (Kind.REJECTED, _NOT_IN_GROUP)),
    **dict.fromkeys(("invalidparameter.msgparam.invalid", "invalidparameter.msgparam.toolong"), (Kind.REJECTED, _BUG)),
    **dict.fromkeys(("400105", "43004", "invalidparameter.msgkey.invalid"), (Kind.REJECTED, _BUG)),
}
