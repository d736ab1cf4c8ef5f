"""
Bodies of the calls that send messages, as the vendor documents them.

Source: WeCom developer docs, "Send application messages", "Template cards", "Update template cards", "Application group
chats", "Group robots", read 2026-02-28.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

__all__ = [
    "AppMessage",
    "Button",
    "CardAction",
    "CardSource",
    "ChatMessage",
    "ChatText",
    "JumpLink",
    "MainTitle",
    "MarkdownContent",
    "ReceiverField",
    "Row",
    "TemplateCard",
    "UpdateCardRequest",
]


class MarkdownContent(TypedDict):
    """At most 2,048 bytes, of a robot 4,096; an app's is cut beyond that, a robot's refused."""

    content: str


class ChatText(TypedDict):
    """At most 2,048 bytes. `mentioned_list`: userids that are alerted."""

    content: str
    mentioned_list: list[str]


class CardSource(TypedDict):
    """The line above the title. `desc_color`: 0 grey, 2 red, 3 green."""

    desc: str
    desc_color: Literal[0, 2, 3]


class MainTitle(TypedDict):
    """At most 36 Chinese characters are suggested."""

    title: str


class Row(TypedDict):
    """A labelled value; 5 and 30 Chinese characters are suggested."""

    keyname: str
    value: str


class CardAction(TypedDict):
    """Where a click on the card leads. 1: to an address."""

    type: Literal[1]
    url: str


class Button(TypedDict):
    """One button. Type 1 opens an address, 0 (left out) calls back with `key`; 10 Chinese characters are suggested."""

    text: str
    type: NotRequired[Literal[1]]
    url: NotRequired[str]
    key: NotRequired[str]


class JumpLink(TypedDict):
    """One link of a notice. 1: to an address."""

    type: Literal[1]
    title: str
    url: str


class TemplateCard(TypedDict):
    """
    A card. `task_id`: at most 128 of `[0-9A-Za-z_@-]`, never used by the app before.

    At most 6 rows and 6 buttons. A notice has up to 3 links and must have an action. `replace_text` makes the button of
    an updated card grey.
    """

    card_type: Literal["button_interaction", "text_notice"]
    source: CardSource
    main_title: MainTitle
    sub_title_text: NotRequired[str]
    horizontal_content_list: NotRequired[list[Row]]
    task_id: NotRequired[str]
    card_action: NotRequired[CardAction]
    button_list: NotRequired[list[Button]]
    jump_list: NotRequired[list[JumpLink]]
    replace_text: NotRequired[str]


type ReceiverField = Literal["touser", "toparty"]


class AppMessage(TypedDict):
    """
    POST /cgi-bin/message/send. An equal message within the interval, at most 4 h, is dropped.

    Receivers are joined by a vertical bar: 1,000 people (`@all`: everyone) or 100 departments.
    """

    touser: NotRequired[str]
    toparty: NotRequired[str]
    msgtype: Literal["markdown", "template_card"]
    agentid: int
    markdown: NotRequired[MarkdownContent]
    template_card: NotRequired[TemplateCard]
    enable_duplicate_check: Literal[0, 1]
    duplicate_check_interval: int


class ChatMessage(TypedDict):
    """POST /cgi-bin/appchat/send; of a robot without `chatid`. No cards with buttons, and no check for repetitions."""

    chatid: NotRequired[str]
    msgtype: Literal["markdown", "text"]
    markdown: NotRequired[MarkdownContent]
    text: NotRequired[ChatText]


class UpdateCardRequest(TypedDict):
    """POST /cgi-bin/message/update_template_card. `response_code`: works once, and for 72 hours."""

    atall: Literal[1]
    agentid: int
    response_code: str
    template_card: TemplateCard
