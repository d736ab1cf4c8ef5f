"""
The parts of a card beside its text: labelled values in two columns, buttons, mentions. Pure.

Each part says how many bytes it takes, so that a card as a whole stays below what the platform accepts.

Source: Feishu developer docs, "Column set", "Button", "Rich text (Markdown)", JSON 2.0 structure, read 2026-02-28.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from approval_gate.markdown import Line, LineKind, Span, Style, one_line, web_url
from approval_gate.markdown_writing import columns, cut_to_columns, shortened
from approval_gate.providers.feishu.identities import open_id_of, user_id_of
from approval_gate.providers.feishu.markdown import card_markdown, text_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from approval_gate.domain.message import Field, Link
    from approval_gate.domain.people import Identity
    from approval_gate.providers.feishu.wire_messages import Button, Column, ColumnSet, Element, MarkdownElement

__all__ = [
    "FieldPart",
    "button_row",
    "button_to",
    "field_part",
    "field_rows",
    "json_text",
    "mention_of",
    "rich",
    "sent_bytes",
    "within",
]

_FIELD_BYTES = 2_000
# How wide: a Chinese character counts two.
_NAME_COLUMNS = 60
_SHORT_COLUMNS = 36
_BUTTON_COLUMNS = 40
# An id goes into a tag: nothing in it may end the tag.
_ID = re.compile(r"[0-9A-Za-z_.-]{1,128}")


@dataclass(frozen=True, slots=True)
class FieldPart:
    """A labelled value; a short one leaves room for another beside it."""

    element: MarkdownElement
    is_short: bool
    is_whole: bool


def json_text(value: object) -> str:
    """Return JSON as short as it gets."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def sent_bytes(value: object) -> int:
    """Return the bytes of a value inside a request in which it is JSON in a text, so that quotes count twice."""
    return len(json_text(json_text(value)).encode()) - len('""')


def within[Part](parts: Sequence[Part], most: int, room: int, bytes_of: Callable[[Part], int]) -> tuple[Part, ...]:
    """Return as many parts from the start as fit into the room, `most` of them at most."""
    kept: list[Part] = []
    for part in parts[:most]:
        room -= bytes_of(part)
        if room < 0:
            break
        kept.append(part)
    return tuple(kept)


def rich(content: str) -> MarkdownElement:
    """Return rich text as an element."""
    return {"tag": "markdown", "content": content}


def field_part(field: Field) -> FieldPart:
    """Return a labelled value; a long one is cut."""
    name = Line(LineKind.TEXT, (Span(cut_to_columns(one_line(field.name), _NAME_COLUMNS), Style.BOLD),))
    value = field.value[: _FIELD_BYTES + 1]  # what is cut anyway need not be read
    lines = text_lines(value)
    kept = shortened(lines, lambda part: sent_bytes(card_markdown(part)) <= _FIELD_BYTES)
    is_short = len(lines) == 1 and columns(value) <= _SHORT_COLUMNS
    return FieldPart(rich(card_markdown((name, *kept))), is_short, is_whole=kept == lines)


def field_rows(fields: Sequence[FieldPart]) -> list[Element]:
    """Return labelled values in order: two short neighbours side by side, the others over the whole width."""
    rows: list[Element] = []
    waiting: FieldPart | None = None
    for field in fields:
        if waiting and field.is_short:
            rows.append(_side_by_side(waiting.element, field.element))
            waiting = None
            continue
        rows += [waiting.element] if waiting else []
        rows += [] if field.is_short else [field.element]
        waiting = field if field.is_short else None
    return [*rows, *([waiting.element] if waiting else [])]


def button_to(link: Link) -> Button | None:
    """Return a button that opens a link; None when it does not lead to the web."""
    url = web_url(link.url)
    if not url:
        return None
    return {
        "tag": "button",
        "text": {"tag": "plain_text", "content": cut_to_columns(one_line(link.title), _BUTTON_COLUMNS) or url[:40]},
        "type": "default",
        "behaviors": [{"type": "open_url", "default_url": url}],
    }


def button_row(buttons: Sequence[Button]) -> list[Element]:
    """Return buttons side by side, the first one emphasised."""
    if not buttons:
        return []
    first: Button = {**buttons[0], "type": "primary"}
    columns_of: list[Column] = [
        {"tag": "column", "width": "auto", "elements": [each]} for each in (first, *buttons[1:])
    ]
    row: ColumnSet = {"tag": "column_set", "flex_mode": "flow", "columns": columns_of}
    return [row]


def mention_of(person: Identity) -> str:
    """Return the tag that alerts a person, by open_id or user_id; "" for an id that a tag cannot hold."""
    value = open_id_of(person) or user_id_of(person)
    # A person whose id is `all` cannot be told from everybody.
    return f"<at id={value}></at>" if _ID.fullmatch(value) and value.casefold() != "all" else ""


def _side_by_side(*elements: MarkdownElement) -> ColumnSet:
    columns_of: list[Column] = [
        {"tag": "column", "width": "weighted", "weight": 1, "elements": [each]} for each in elements
    ]
    return {"tag": "column_set", "flex_mode": "stretch", "columns": columns_of}
