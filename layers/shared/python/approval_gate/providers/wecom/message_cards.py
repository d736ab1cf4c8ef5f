"""
Build template cards: messages that can be replaced in place, for 72 hours.

A card shows little: no Markdown, a title, a short text, six labelled values, six buttons. So only a message that fits
becomes one. It has to have a link, too, as a card has to have a button, and one of ours would do nothing.

The vendor suggests lengths in Chinese characters and cuts what is longer on the screen; characters that are half as
wide count half here.

Source: WeCom developer docs, "Template cards", "Update template cards", read 2026-02-28. The numbers of the colours are
from memory: a wrong one is another colour.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

from approval_gate.domain.message import Level
from approval_gate.markdown import one_line, plain, read, web_url
from approval_gate.markdown_letter import EMOJI, link_title, title_of, words
from approval_gate.markdown_writing import columns, cut_to_columns

if TYPE_CHECKING:
    from approval_gate.domain.message import Message
    from approval_gate.ports.messages import Parcel
    from approval_gate.providers.wecom.wire_messages import CardSource, Row, TemplateCard

__all__ = ["closing_card", "message_card"]

_TITLE_COLUMNS = 72
_TEXT_COLUMNS = 320
_NAME_COLUMNS = 12
_VALUE_COLUMNS = 60
_BUTTON_COLUMNS = 20
_MAX_ROWS = 6
_MAX_BUTTONS = 6
_MAX_JUMPS = 3
_COLORS: dict[Level, Literal[0, 2, 3]] = {Level.INFO: 0, Level.SUCCESS: 3, Level.WARNING: 2, Level.ERROR: 2}


def message_card(parcel: Parcel, userid: str) -> TemplateCard | None:
    """
    Return the card of a message to one person; None for a message that a card cannot show whole.

    Its task is named by parcel and person. The platform never takes the name twice, so a repeated attempt is known.
    """
    message = parcel.message
    lines = read(message.text)
    rows, text = _content(message)
    urls = [web_url(link.url) for link in message.links]
    fits = columns(text) <= _TEXT_COLUMNS and not any(span.url for line in lines for span in line.spans)
    if not fits or not all(urls) or not 0 < len(urls) <= _MAX_BUTTONS:
        return None
    card = _card(message, "button_interaction", rows, text)
    card["task_id"] = "gate-" + hashlib.sha256(f"{parcel.id}\n{userid}".encode("utf-8", "replace")).hexdigest()
    card["card_action"] = {"type": 1, "url": urls[0]}
    card["button_list"] = [
        {"type": 1, "text": cut_to_columns(link_title(link, message), _BUTTON_COLUMNS), "url": url}
        for link, url in zip(message.links, urls, strict=True)
    ]
    return card


def closing_card(message: Message) -> TemplateCard:
    """Return what a card is replaced by: a notice with links, or a card whose button is grey. Always fits."""
    rows, text = _content(message)
    text = cut_to_columns(text, _TEXT_COLUMNS)
    links = [(link_title(link, message), web_url(link.url)) for link in message.links]
    reachable = [(title, url) for title, url in links if url]
    if not reachable:
        closed = words(message)["closed"]
        card = _card(message, "button_interaction", rows, text)
        card["button_list"] = [{"text": closed, "key": "closed"}]
        card["replace_text"] = closed
        return card
    card = _card(message, "text_notice", rows, text)
    card["card_action"] = {"type": 1, "url": reachable[0][1]}
    card["jump_list"] = [
        {"type": 1, "title": cut_to_columns(title, _BUTTON_COLUMNS), "url": url}
        for title, url in reachable[:_MAX_JUMPS]
    ]
    return card


def _card(
    message: Message, kind: Literal["button_interaction", "text_notice"], rows: list[Row], text: str
) -> TemplateCard:
    source: CardSource = {
        "desc": f"{EMOJI[message.level]} {words(message)[message.level]}",
        "desc_color": _COLORS[message.level],
    }
    card: TemplateCard = {
        "card_type": kind,
        "source": source,
        "main_title": {"title": cut_to_columns(title_of(message), _TITLE_COLUMNS)},
    }
    if text:
        card["sub_title_text"] = text
    if rows:
        card["horizontal_content_list"] = rows
    return card


def _content(message: Message) -> tuple[list[Row], str]:
    """Return the fields that are short enough for rows, and the text with those that are not."""
    rows: list[Row] = []
    lines = [plain(read(message.text))]
    for field in message.fields:
        name, value = one_line(field.name), one_line(field.value)
        is_short = 0 < columns(name) <= _NAME_COLUMNS and 0 < columns(value) <= _VALUE_COLUMNS
        if is_short and len(rows) < _MAX_ROWS:
            rows.append({"keyname": name, "value": value})
        else:
            lines.append(f"{name}{words(message)['colon']}{value}")
    return rows, "\n".join(line for line in lines if line)
