"""
What a platform says against one recipient of a message, and what to do about it.

A code that is here concerns one person, group or robot and never the app as a whole; everything else is an error of
the call, see `errcodes`.

Source: Feishu developer docs, "Send message", "Update card", "Custom bot guide", "Generic error codes", read
2026-02-28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from approval_gate.providers.feishu.edition import Edition

__all__ = ["CARD_REFUSED", "MESSAGE_GONE", "batch_problem", "recipient_problem", "robot_refusal"]

CARD_REFUSED = "230099"
"""The card cannot be shown; an unknown person in a mention is one of the reasons."""

MESSAGE_GONE = frozenset({"230002", "230011", "230031", "230110", "232009", "99992354"})
"""A message that cannot be replaced: recalled, deleted, older than 14 days, its group gone or left."""

_OUT_OF_RANGE = (
    "{name} does not let the app write to this person. Add them to the app's availability at {console} > the app > "
    "Version Management & Release, and publish a version; nobody can write to somebody who has left"
)
_UNKNOWN_PERSON = (
    "{name} does not know this person for this app. An open_id belongs to one app only: name the person by e-mail or "
    "mobile"
)
_NOT_IN_CHAT = "the app's bot is not in this group. Add it under the group's Settings > Bots, then send again"
_UNKNOWN_RECEIVER = "{name} knows no such group. Copy its chat_id again (oc_…), or list the app's groups"
_NO_VOICE = "the bot may not speak in this group. Have its owner allow it under Settings > Who can send messages"
_BLOCKED = "this person has blocked the bot. Only they can undo that"
_CHAT_GONE = "the group was dissolved. Name another one"
_CHAT_RULE = "the rules of this group or conversation do not allow the message. Name another group, or ask its owner"

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
    "9499": "the robot does not take this message. Send a shorter one",
    "19001": "{name} knows no robot at this address. Copy its webhook address again from the group's Settings > Bots",
    "19002": "the robot does not take this message. Send a shorter one",
    "19021": (
        "the robot refuses the signature. Copy the signing secret again from the group's Settings > Bots > the robot > "
        "Security settings, and register it with the robot"
    ),
    "19022": (
        "the robot takes messages from listed addresses only. Add the gate's outgoing IP address under the group's "
        "Settings > Bots > the robot > Security settings"
    ),
    "19024": (
        "the robot takes messages with its keywords only. Use signature verification instead of keywords under the "
        "group's Settings > Bots > the robot > Security settings, or put a keyword into the title"
    ),
}
_BATCH = (
    "{name} does not know this department, or the app may not write to it. Use its department_id or open_department_id "
    "(od-…), and add the department to the app's availability at {console} > the app > Version Management & Release"
)
_EVERYONE = (
    "the app may not write to everybody. Make it available to all employees at {console} > the app > Version "
    "Management & Release, and publish a version"
)


def recipient_problem(edition: Edition, code: str) -> str:
    """Return what is wrong with a person or group and what to do; "" for a code that is not about them."""
    return _said(_RECIPIENTS, code, edition)


def robot_refusal(edition: Edition, code: str) -> str:
    """Return what is wrong with a custom bot and what to do; "" for a code that is not about it."""
    return _said(_ROBOTS, code, edition)


def batch_problem(edition: Edition, *, is_everyone: bool) -> str:
    """Return why a batch left out a department, or the whole organisation."""
    return _filled(_EVERYONE if is_everyone else _BATCH, edition)


def _said(problems: Mapping[str, str], code: str, edition: Edition) -> str:
    return _filled(problems[code], edition) if code in problems else ""


def _filled(text: str, edition: Edition) -> str:
    text = text.format(name=edition.name, console=edition.console_url)
    return f"{text[:1].upper()}{text[1:]}."
