"""
Build the vendor's messages from one of ours, as Markdown or as plain text. Cards are in `message_cards`.

WeCom's Markdown has headings, bold, links, code in a line, quotes and three colours. A list's signs are written as
text, italics are lost. Mentions and colours are spelt with `<`, which no text of others keeps.

Source: WeCom developer docs, "Send application messages", "Application group chats", "Group robots", read 2026-02-28.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from approval_gate.domain.message import Level
from approval_gate.markdown import LineKind, Style, literal, one_line
from approval_gate.markdown_letter import EMOJI, Letter, reference, title_of, words
from approval_gate.markdown_writing import Dialect

if TYPE_CHECKING:
    from approval_gate.domain.people import Identity
    from approval_gate.ports.messages import Parcel
    from approval_gate.providers.wecom.wire_messages import ChatMessage

__all__ = ["MAX_APP_BYTES", "MAX_ROBOT_BYTES", "app_markdown", "chat_message", "robot_message"]

MAX_APP_BYTES = 2048
MAX_ROBOT_BYTES = 4096
_MAX_MENTIONS = 50

_MARKDOWN = Dialect(styles={Style.BOLD: ("**", "**"), Style.CODE: ("`", "`")}, bullet="• ")
# What a message of type text knows is this one kind of link.
_TEXT = Dialect(styles={}, link='<a href="{url}">{text}</a>', heading="", quote="", bullet="• ", code_line=("", ""))
_COLORS = {Level.INFO: "comment", Level.SUCCESS: "info", Level.WARNING: "warning", Level.ERROR: "warning"}
_USERID = re.compile(r"(?!(?i:all)$)[0-9A-Za-z][0-9A-Za-z_.@-]{0,63}")
"""What may stand in a mention: nothing that ends it, and nothing that means everyone."""


def app_markdown(parcel: Parcel) -> str:
    """Return an app's message as Markdown, at most 2,048 bytes: the platform cuts what is longer."""
    return _letter(parcel, MAX_APP_BYTES)


def chat_message(parcel: Parcel, chat_id: str) -> ChatMessage:
    """
    Return a message to a chat of the app.

    Markdown cannot mention anybody there, so a message with mentions is plain text.
    """
    people = [person.user_id for person in parcel.mentions[:_MAX_MENTIONS] if _USERID.fullmatch(person.user_id)]
    if not people:
        return {"chatid": chat_id, "msgtype": "markdown", "markdown": {"content": _letter(parcel, MAX_APP_BYTES)}}
    message = parcel.message
    content = Letter(
        message=message,
        dialect=_TEXT,
        heading=f"{EMOJI[message.level]} {literal(title_of(message))}",
        signature=_reference(parcel),
        size=lambda text: len(text.encode()),
        limit=MAX_APP_BYTES,
        links=message.links,
    ).written()
    return {"chatid": chat_id, "msgtype": "text", "text": {"content": content, "mentioned_list": people}}


def robot_message(parcel: Parcel) -> ChatMessage:
    """Return a group robot's message, at most 4,096 bytes: the platform refuses what is longer."""
    mentions = " ".join(_mention(person) for person in parcel.mentions[:_MAX_MENTIONS])
    return {"msgtype": "markdown", "markdown": {"content": _letter(parcel, MAX_ROBOT_BYTES, mentions)}}


def _letter(parcel: Parcel, limit: int, mentions: str = "") -> str:
    message = parcel.message
    level = "" if message.level is Level.INFO else f"{EMOJI[message.level]} {words(message)[message.level]}"
    mark = f'<font color="{_COLORS[message.level]}">{level}</font> ' if level else ""
    return Letter(
        message=message,
        dialect=_MARKDOWN,
        heading=f"### {mark}{literal(title_of(message))}",
        signature=f'<font color="comment">{_reference(parcel)}</font>',
        size=lambda text: len(text.encode()),
        limit=limit,
        links=message.links,
        mentions=mentions,
        field_kind=LineKind.QUOTE,
    ).written()


def _reference(parcel: Parcel) -> str:
    return f"{words(parcel.message)['reference']} {reference(parcel.id)}"


def _mention(person: Identity) -> str:
    return f"<@{person.user_id}>" if _USERID.fullmatch(person.user_id) else f"@{literal(one_line(person.user_id))}"
