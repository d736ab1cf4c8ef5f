"""
Messages and cards as the vendor documents them.

Source: Feishu developer docs, "Send message", "Update card", "Send messages in batch", "Custom bot guide", "Card JSON
2.0 structure" and the pages of its components, read 2026-02-28.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

__all__ = [
    "BatchRequest",
    "Behavior",
    "Button",
    "Card",
    "CardBody",
    "CardConfig",
    "CardHeader",
    "Column",
    "ColumnSet",
    "Element",
    "HookRequest",
    "MarkdownElement",
    "PlainText",
    "SendRequest",
    "UpdateRequest",
]


class PlainText(TypedDict):
    """Text in which nothing is markup."""

    tag: Literal["plain_text"]
    content: str


class MarkdownElement(TypedDict):
    """Rich text: CommonMark without blocks of HTML, and tags such as `<at id=…></at>`."""

    tag: Literal["markdown"]
    content: str
    text_size: NotRequired[Literal["notation"]]


class Behavior(TypedDict):
    """What a button does."""

    type: Literal["open_url"]
    default_url: str


class Button(TypedDict):
    """A button; in this generation it stands by itself, without an `action` around it."""

    tag: Literal["button"]
    text: PlainText
    type: Literal["primary", "default"]
    behaviors: list[Behavior]


class Column(TypedDict):
    """One column."""

    tag: Literal["column"]
    width: Literal["auto", "weighted"]
    weight: NotRequired[int]
    elements: list[MarkdownElement | Button]


class ColumnSet(TypedDict):
    """Columns side by side. `flow` wraps them, `stretch` puts them below each other on a narrow screen."""

    tag: Literal["column_set"]
    flex_mode: Literal["flow", "stretch"]
    columns: list[Column]


type Element = MarkdownElement | ColumnSet


class CardConfig(TypedDict):
    """`update_multi`: an update is seen by everybody; nothing else is allowed in this generation."""

    update_multi: Literal[True]


class CardHeader(TypedDict):
    """The coloured bar."""

    title: PlainText
    template: Literal["blue", "green", "orange", "red"]


class CardBody(TypedDict):
    """At most 200 elements, nested ones included."""

    elements: list[Element]


class Card(TypedDict):
    """A card, JSON 2.0: clients from 7.20 on; older ones show a hint to update."""

    schema: Literal["2.0"]
    config: CardConfig
    header: CardHeader
    body: CardBody


class SendRequest(TypedDict):
    """`POST /open-apis/im/v1/messages`; `content` is the JSON text of the card."""

    receive_id: str
    msg_type: Literal["interactive"]
    content: str
    uuid: str


class UpdateRequest(TypedDict):
    """`PATCH /open-apis/im/v1/messages/:message_id`."""

    content: str


class BatchRequest(TypedDict):
    """`POST /open-apis/message/v4/batch_send/`; the card is an object here."""

    msg_type: Literal["interactive"]
    card: Card
    department_ids: list[str]


class HookRequest(TypedDict):
    """`POST` to a custom bot; the card is an object here. `timestamp` is in seconds."""

    msg_type: Literal["interactive"]
    card: Card
    timestamp: NotRequired[str]
    sign: NotRequired[str]
