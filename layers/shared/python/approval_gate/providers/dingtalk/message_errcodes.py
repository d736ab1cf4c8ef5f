"""
Error codes of the calls that send messages. `errcodes` turns them into errors with all others.

Source: DingTalk developer docs, "Send work notifications", "Get the result of sending messages", "The robot sends a
group message", "Custom robots send group messages", "Server API error codes", read 2026-02-28. Of the codes for a
custom robot that speaks too fast only 410100 is on a page; the others were reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from approval_gate.providers.dingtalk import advice
from approval_gate.providers.dingtalk import message_advice as said
from approval_gate.providers.dingtalk.meanings import Kind

if TYPE_CHECKING:
    from approval_gate.verdicts import Advice

__all__ = [
    "AGENT_REFUSED",
    "ALREADY_SHOWN",
    "BAN_S",
    "CHAT_REFUSED",
    "DEPARTMENT_REFUSED",
    "MESSAGE_MEANINGS",
    "MESSAGE_PAUSES",
    "PERSON_REFUSED",
]

AGENT_REFUSED = frozenset({"40056", "invalidagentid"})
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

MESSAGE_PAUSES: dict[str, float] = {
    **dict.fromkeys(_TOO_FAST, BAN_S),
    **dict.fromkeys(_PER_MINUTE, 60.0),
    "send.too.fast": 60.0,
}
MESSAGE_MEANINGS: dict[str, tuple[Kind, Advice]] = {
    **dict.fromkeys(_TOO_FAST, (Kind.THROTTLED, said.SILENCED)),
    **dict.fromkeys((*_PER_MINUTE, "send.too.fast"), (Kind.THROTTLED, advice.SLOW_DOWN)),
    **dict.fromkeys(AGENT_REFUSED, (Kind.REJECTED, said.AGENT)),
    "1430000": (Kind.REJECTED, said.NO_RECEIVER),
    "60003": (Kind.REJECTED, said.DEPARTMENT),
    **dict.fromkeys(("143105", "143205"), (Kind.REJECTED, said.A_DAY)),
    **dict.fromkeys(ALREADY_SHOWN, (Kind.REJECTED, said.REPEATED)),
    **dict.fromkeys(("1430002", "contain.notallowed.text", "430104"), (Kind.REJECTED, said.WORDS)),
    **dict.fromkeys(("contain.unsafe.url", "430101", "430102", "430103"), (Kind.REJECTED, said.LINKS)),
    "310000": (Kind.REJECTED, said.SECURITY),
    **dict.fromkeys(("300005", "400101"), (Kind.REJECTED, said.NO_ROBOT)),
    **dict.fromkeys(("400102", "400106"), (Kind.REJECTED, said.ROBOT_OFF)),
    "chatbotid.notallow.sendoto": (Kind.REJECTED, said.NO_ABILITY),
    "400013": (Kind.REJECTED, said.NO_GROUP),
    **dict.fromkeys((*CHAT_REFUSED, "invalidparameter.robotcode.invalid"), (Kind.REJECTED, said.NOT_IN_GROUP)),
    **dict.fromkeys(
        ("invalidparameter.msgparam.invalid", "invalidparameter.msgparam.toolong"), (Kind.REJECTED, said.MALFORMED)
    ),
    **dict.fromkeys(("400105", "43004", "invalidparameter.msgkey.invalid"), (Kind.REJECTED, said.MALFORMED)),
}
