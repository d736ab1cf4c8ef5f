"""
Error codes of the calls that send messages. `errcodes` turns them into errors with all others.

Source: WeCom developer docs, "Global error codes", "Send application messages", "Template cards", "Application group
chats", "Group robots", read 2026-02-28. That a robot that speaks too fast gets 45009 was reported, and is on no page.
"""

from __future__ import annotations

from approval_gate.providers.wecom.meanings import Kind

__all__ = [
    "CARD_REFUSED",
    "CARD_SENT_BEFORE",
    "CHAT_REFUSED",
    "IN_MESSAGE_CALLS",
    "MESSAGE_MEANINGS",
    "RECEIVERS_UNKNOWN",
]

RECEIVERS_UNKNOWN = "81013"
"""None of the receivers is known to the platform and visible to the app."""
CARD_SENT_BEFORE = "42014"
"""The task of a card exists: ours are well-formed and never used twice, so an earlier attempt arrived."""
CARD_REFUSED = frozenset({"43012", *(str(code) for code in range(42015, 42052))})
"""This app cannot send cards with buttons, or the platform does not like this one; a plain message still works."""
CHAT_REFUSED = frozenset(str(code) for code in range(86001, 86009))

_NO_CALLBACK = (
    "the app has no callback address, which cards with buttons need. Set it at the app > Receive messages (接收消息)"
)
_CARD = "WeCom refused a field of the card. Report this with the code"
_DEPARTMENT = "WeCom does not know this department. Give its number from Contacts (通讯录) in the admin console"
_CHAT = (
    "WeCom does not know this chat, or another app made it. An app writes only to chats that it made itself "
    "(appchat/create); for any other group, add a group robot and register that"
)
_CHAT_APP = (
    "this app may not write to chats. That needs a self-built app whose visible range is the whole company; for a "
    "single group, add a group robot and register that"
)
_SYSTEM_APP = (
    "this app may not send messages. Use a self-built app's agent_id and secret, not the Approval app's or that of "
    "contact synchronisation"
)
_NO_ROBOT = "the robot's address is not valid any more. Copy the Webhook of the group's robot again"
_ROBOT_OFF = "the robot is disabled. Enable it in the group, or register another"
_NOT_IN_GROUP = "the robot is not in a group any more. Add it again, and update its address in the gate"

MESSAGE_MEANINGS: dict[int, tuple[Kind, str]] = {
    43012: (Kind.REJECTED, _NO_CALLBACK),
    **dict.fromkeys(range(42014, 42052), (Kind.REJECTED, _CARD)),
    **dict.fromkeys((60003, 60123), (Kind.REJECTED, _DEPARTMENT)),
    **dict.fromkeys(range(86001, 86009), (Kind.REJECTED, _CHAT)),
    93000: (Kind.REJECTED, _NO_ROBOT),
    93004: (Kind.REJECTED, _ROBOT_OFF),
    93008: (Kind.REJECTED, _NOT_IN_GROUP),
}
IN_MESSAGE_CALLS: dict[tuple[str, int], tuple[Kind, str]] = {
    ("send_to_chat", 48002): (Kind.REJECTED, _CHAT_APP),
    ("send_message", 48002): (Kind.REJECTED, _SYSTEM_APP),
}
"""The same code means something else, or more, in one call."""
