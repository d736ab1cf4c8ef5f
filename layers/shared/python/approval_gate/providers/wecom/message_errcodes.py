"""
Error codes of the calls that send messages. `errcodes` turns them into errors with all others.

Source: WeCom developer docs, "Global error codes", "Send application messages", "Template cards", "Application group
chats", "Group robots", read 2026-02-28. That a robot that speaks too fast gets 45009 was reported, and is on no page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from approval_gate.providers.wecom import message_advice as said
from approval_gate.providers.wecom.meanings import Kind

if TYPE_CHECKING:
    from approval_gate.verdicts import Advice

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

MESSAGE_MEANINGS: dict[int, tuple[Kind, Advice]] = {
    43012: (Kind.REJECTED, said.NO_CALLBACK),
    **dict.fromkeys(range(42014, 42052), (Kind.REJECTED, said.CARD)),
    **dict.fromkeys((60003, 60123), (Kind.REJECTED, said.DEPARTMENT)),
    **dict.fromkeys(range(86001, 86225), (Kind.REJECTED, said.CHAT)),
    93000: (Kind.REJECTED, said.NO_ROBOT),
    93004: (Kind.REJECTED, said.ROBOT_OFF),
    93008: (Kind.REJECTED, said.NOT_IN_GROUP),
}
IN_MESSAGE_CALLS: dict[tuple[str, int], tuple[Kind, Advice]] = {
    ("send_to_chat", 48002): (Kind.REJECTED, said.CHAT_APP),
    ("send_message", 48002): (Kind.REJECTED, said.SYSTEM_APP),
}
"""The same code means something else, or more, in one call."""
