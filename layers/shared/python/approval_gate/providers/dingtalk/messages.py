"""
Build the vendor's messages from one of ours: a work notification, a group message of the app's robot, one of a custom
robot. Buttons where there are links, Markdown otherwise; each in the spelling of its own call.

The level is an emoji: Markdown here has no colours. Two spaces at the end of a line break it.

Source: DingTalk developer docs, "Message types and data format", "Robot message types", "Custom robots send group
messages", read 2026-02-28. No page says how large a custom robot's message may be; the limit of the app's robot is
kept.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from approval_gate.markdown import Style, literal, one_line, web_url
from approval_gate.markdown_letter import EMOJI, Letter, link_title, reference, title_of, words
from approval_gate.markdown_writing import Dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from approval_gate.domain.message import Link, Message
    from approval_gate.ports.messages import Parcel
    from approval_gate.providers.dingtalk.wire_messages import (
        Button,
        CustomRobotMessage,
        GroupMessageRequest,
        RobotButton,
        WorkActionCard,
        WorkMessage,
    )

__all__ = ["MAX_PARAM_BYTES", "MAX_WORK_BYTES", "custom_robot_message", "group_message", "work_message"]

MAX_WORK_BYTES = 2048
"""Of a work notification's `msg` as JSON."""
MAX_PARAM_BYTES = 15_000
"""Of a group message's `msgParam`."""

_MAX_BUTTONS = 5
_MAX_BUTTON_CHARS = 20
_MAX_BUTTON_URL_CHARS = 500
_MAX_BUTTONS_BYTES = 800  # of the list as JSON: the platform takes 1,000 characters, but the text needs room too
_MAX_PREVIEW_BYTES = 150
_MAX_MENTIONS = 50

_DIALECT = Dialect(
    styles={Style.BOLD: ("**", "**"), Style.ITALIC: ("*", "*"), Style.CODE: ("`", "`")},
    newline="  \n  ",
    new_block="\n\n",
)
_PLAIN_ID = re.compile(r"[0-9A-Za-z.@-]+(?:_[0-9A-Za-z.@-]+)*")


def work_message(parcel: Parcel) -> WorkMessage:
    """Return `msg` of a work notification, at most 2,048 bytes."""
    message = parcel.message
    title = _title(message)
    buttons, rest = _split(message)

    def around(text: str) -> WorkMessage:
        if not buttons:
            return {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
        if len(buttons) == 1:
            name, url = _shown(buttons[0], message)
            one: WorkActionCard = {"title": title, "markdown": text, "single_title": name, "single_url": url}
            return {"msgtype": "action_card", "action_card": one}
        listed = _button_list(buttons, message)
        many: WorkActionCard = {"title": title, "markdown": text, "btn_orientation": "0", "btn_json_list": listed}
        return {"msgtype": "action_card", "action_card": many}

    return around(_text(parcel, rest, lambda text: _json_bytes(around(text)), MAX_WORK_BYTES))


def group_message(parcel: Parcel, robot_code: str, conversation_id: str) -> GroupMessageRequest:
    """Return a message of the app's robot to a group. It cannot alert anybody: mentions are names only."""
    message = parcel.message
    title = _title(message)
    buttons, rest = _split(message)

    def around(text: str) -> dict[str, str]:
        param = {"title": title, "text": text}
        shown = [_shown(button, message) for button in buttons]
        if len(shown) == 1:
            return param | {"singleTitle": shown[0][0], "singleURL": shown[0][1]}
        for number, (name, url) in enumerate(shown, start=1):
            param |= {f"actionTitle{number}": name, f"actionURL{number}": url}
        return param

    names = _mentioned(person.name or person.user_id for person in parcel.mentions[:_MAX_MENTIONS])
    text = _text(parcel, rest, lambda text: _json_bytes(around(text)), MAX_PARAM_BYTES, mentions=names)
    kinds = {0: "sampleMarkdown", 1: "sampleActionCard"}
    return {
        "robotCode": robot_code,
        "openConversationId": conversation_id,
        "msgKey": kinds.get(len(buttons), f"sampleActionCard{len(buttons)}"),
        "msgParam": json.dumps(around(text), ensure_ascii=False),
    }


def custom_robot_message(parcel: Parcel) -> CustomRobotMessage:
    """
    Return a custom robot's message. Whoever is mentioned is named in the text too, else the platform alerts nobody.

    With mentions it is Markdown even where there are links: a card's mentions have no effect in practice. Nobody else
    is alerted, whatever the text says: only ids in `at` are.
    """
    message = parcel.message
    title = _title(message)
    people = parcel.mentions[:_MAX_MENTIONS]
    buttons, rest = ([], list(message.links)) if people else _split(message)

    def around(text: str) -> CustomRobotMessage:
        body: CustomRobotMessage = {"msgtype": "markdown", "msgUuid": parcel.id}
        if not buttons:
            body["markdown"] = {"title": title, "text": text}
            body["at"] = {"atUserIds": [person.user_id for person in people], "isAtAll": False}
            return body
        body["msgtype"] = "actionCard"
        shown = [_shown(button, message) for button in buttons]
        if len(shown) == 1:
            body["actionCard"] = {"title": title, "text": text, "singleTitle": shown[0][0], "singleURL": shown[0][1]}
        else:
            listed: list[RobotButton] = [{"title": name, "actionURL": url} for name, url in shown]
            body["actionCard"] = {"title": title, "text": text, "btnOrientation": "0", "btns": listed}
        return body

    # The id and not the name: the platform shows the name in its place.
    mentions = _mentioned(person.user_id for person in people)
    text = _text(parcel, rest, lambda text: _json_bytes(around(text)), MAX_PARAM_BYTES, mentions=mentions)
    return around(text)


def _title(message: Message) -> str:
    """Return what a preview shows, without markup."""
    title = f"{EMOJI[message.level]} {title_of(message)}"
    return title.encode()[:_MAX_PREVIEW_BYTES].decode(errors="ignore")


def _text(parcel: Parcel, links: Sequence[Link], size: Callable[[str], int], limit: int, *, mentions: str = "") -> str:
    message = parcel.message
    return Letter(
        message=message,
        dialect=_DIALECT,
        heading=f"### {EMOJI[message.level]} {literal(title_of(message))}",
        signature=f"###### {words(message)['reference']} {reference(parcel.id)}",
        size=size,
        limit=limit,
        links=links,
        mentions=mentions,
    ).written()


def _split(message: Message) -> tuple[list[Link], list[Link]]:
    """Return which links become buttons, and which stay in the text: those that the platform takes as no button."""
    buttons: list[Link] = []
    rest: list[Link] = []
    for link in message.links:
        is_possible = len(buttons) < _MAX_BUTTONS and 0 < len(web_url(link.url)) <= _MAX_BUTTON_URL_CHARS
        if is_possible and _json_bytes(_button_list([*buttons, link], message)) <= _MAX_BUTTONS_BYTES:
            buttons.append(link)
        else:
            rest.append(link)
    return buttons, rest


def _shown(link: Link, message: Message) -> tuple[str, str]:
    title = link_title(link, message)
    return title if len(title) <= _MAX_BUTTON_CHARS else title[: _MAX_BUTTON_CHARS - 1] + "…", web_url(link.url)


def _button_list(links: Sequence[Link], message: Message) -> list[Button]:
    return [{"title": name, "action_url": url} for name, url in (_shown(link, message) for link in links)]


def _mentioned(names: Iterable[str]) -> str:
    return " ".join(f"@{name if _PLAIN_ID.fullmatch(name) else literal(one_line(name))}" for name in names)


def _json_bytes(value: Any) -> int:
    """Count as generously as the vendor might: with the spaces that some writers of JSON put in."""
    return len(json.dumps(value, ensure_ascii=False).encode())
