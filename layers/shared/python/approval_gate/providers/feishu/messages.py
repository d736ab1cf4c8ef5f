"""
Render a message as a card, JSON 2.0. Pure.

The level is the colour of the bar, fields stand in two columns, links are buttons, people are mentioned below the
text. A card that is too large is refused as a whole, so a long message is cut: mentions, fields and buttons have a
share of the room each, the text takes what they leave, and a notice says that something is missing.

Source: Feishu developer docs, "Card JSON 2.0 structure", "Send message" (30 KB for the whole request), "Custom bot
guide" (20 KB), read 2026-02-28. The docs do not say whether a KB has 1,000 or 1,024 bytes: 1,000 here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from approval_gate.domain.message import LOCALES, Field, Level, Message
from approval_gate.markdown import MAX_CHARS, one_line, read, web_url
from approval_gate.markdown_writing import columns, cut_to_columns, shortened
from approval_gate.providers.feishu.card_parts import (
    button_row,
    button_to,
    field_part,
    field_rows,
    mention_of,
    rich,
    sent_bytes,
    within,
)
from approval_gate.providers.feishu.markdown import card_markdown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from approval_gate.domain.people import Identity
    from approval_gate.providers.feishu.wire_messages import Button, Card, Element, MarkdownElement

__all__ = ["HOOK_BYTES", "REQUEST_BYTES", "card"]

REQUEST_BYTES = 30_000
"""A message of an app, the whole request."""

HOOK_BYTES = 20_000
"""A message to a custom bot, the whole request."""

_TEMPLATES: dict[Level, Literal["blue", "green", "orange", "red"]] = {
    Level.INFO: "blue",
    Level.SUCCESS: "green",
    Level.WARNING: "orange",
    Level.ERROR: "red",
}
_WORDS = {
    "zh-CN": {"untitled": "通知", "cut": "（内容过长，已截断）"},
    "en": {"untitled": "Notification", "cut": "(Too long, shortened here)"},
}
_TITLE_COLUMNS = 160
# Our own limits: a card is read at a glance. They also keep it below the vendor's 200 elements.
_MOST_FIELDS = 24
_MOST_BUTTONS = 8
_MOST_MENTIONS = 30


def card(message: Message, room: int, mentions: Sequence[Identity] = ()) -> Card:
    """
    Return a message as a card.

    Args:
        room: how many bytes the card may take, counted by `sent_bytes`; 3,000 at least.
        mentions: who is alerted by name.
    """
    words = _WORDS.get(message.locale, _WORDS[LOCALES[0]])
    notice: MarkdownElement = {"tag": "markdown", "content": words["cut"], "text_size": "notation"}
    title = one_line(message.title)
    shown: Card = {
        "schema": "2.0",
        "config": {"update_multi": True},
        "header": {
            "title": {"tag": "plain_text", "content": cut_to_columns(title, _TITLE_COLUMNS) or words["untitled"]},
            "template": _TEMPLATES[message.level],
        },
        "body": {"elements": []},
    }
    room -= sent_bytes(shown) + _added_bytes(notice)
    below, is_whole = _below(message, mentions, room)
    text, is_whole_text = _text(message.text, room - sum(map(_added_bytes, below)))
    is_whole = is_whole and is_whole_text and columns(title) <= _TITLE_COLUMNS
    shown["body"]["elements"] = [*text, *below, *([] if is_whole else [notice])]
    return shown


def _text(text: str, room: int) -> tuple[list[Element], bool]:
    """Return the text, cut to the room, and whether all of it is there."""
    lines = read(text)
    kept = shortened(lines, lambda part: _added_bytes(rich(card_markdown(part))) <= room)
    written = card_markdown(kept)
    return ([rich(written)] if written.strip() else []), kept == lines and len(text) <= MAX_CHARS


def _below(message: Message, mentions: Sequence[Identity], room: int) -> tuple[list[Element], bool]:
    """Return what stands below the text, at most seven tenths of the room, and whether nothing of it is missing."""
    people = [tag for tag in map(mention_of, mentions) if tag]
    buttons: list[Button] = [button for link in message.links if (button := button_to(link))]
    # A link that no client would open is shown, not hidden.
    odd = [Field(link.title, link.url) for link in message.links if not web_url(link.url)]
    fields = [*message.fields, *odd]
    parts = [field_part(field) for field in fields[:_MOST_FIELDS]]

    called = within(people, _MOST_MENTIONS, room // 10, sent_bytes)
    kept = within(parts, _MOST_FIELDS, room * 2 // 5, lambda field: _row_bytes(field_rows([field, field])) // 2)
    pressed = within(buttons, _MOST_BUTTONS, room // 5, lambda button: _row_bytes(button_row([button])))
    elements = [*([rich(" ".join(called))] if called else []), *field_rows(kept), *button_row(pressed)]
    is_whole = (len(kept), len(pressed)) == (len(fields), len(buttons)) and all(field.is_whole for field in kept)
    return elements, is_whole


def _row_bytes(rows: Sequence[Element]) -> int:
    return sum(map(_added_bytes, rows))


def _added_bytes(element: Element) -> int:
    return sent_bytes(element) + len(",")
