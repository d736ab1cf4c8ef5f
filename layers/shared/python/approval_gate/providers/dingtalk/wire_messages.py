"""
Bodies of the calls that send messages, as the vendor documents them. Three calls, three spellings of one thing.

Source: DingTalk developer docs, "Message types and data format", "Send work notifications", "The robot sends a group
message", "Custom robots send group messages", read 2026-02-28.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

__all__ = [
    "ActionCard",
    "At",
    "Button",
    "CustomRobotMessage",
    "GroupMessageRequest",
    "Markdown",
    "RobotButton",
    "WorkActionCard",
    "WorkMessage",
    "WorkNotificationRequest",
]


class Markdown(TypedDict):
    """`title` is what a preview shows."""

    title: str
    text: str


class Button(TypedDict):
    """One button of a work notification; `title` at most 20 characters, `action_url` 700."""

    title: str
    action_url: str


class WorkActionCard(TypedDict):
    """
    Markdown with one button or several.

    `single_title` at most 20 characters, `single_url` 500; `btn_json_list` at most 1,000 as JSON.
    """

    title: str
    markdown: str
    single_title: NotRequired[str]
    single_url: NotRequired[str]
    btn_orientation: NotRequired[Literal["0", "1"]]
    btn_json_list: NotRequired[list[Button]]


class WorkMessage(TypedDict):
    """`msg` of a work notification: at most 2,048 bytes of JSON."""

    msgtype: Literal["markdown", "action_card"]
    markdown: NotRequired[Markdown]
    action_card: NotRequired[WorkActionCard]


class WorkNotificationRequest(TypedDict):
    """
    POST /topapi/message/corpconversation/asyncsend_v2, on the older host. One of the three receivers.

    Lists are texts, joined by commas: 100 people or 20 departments.
    """

    agent_id: int
    userid_list: NotRequired[str]
    dept_id_list: NotRequired[str]
    to_all_user: NotRequired[bool]
    msg: WorkMessage


class GroupMessageRequest(TypedDict):
    """POST /v1.0/robot/groupMessages/send. `msgParam` is an object as JSON text, at most 15,000 bytes."""

    robotCode: str
    openConversationId: str
    msgKey: str
    msgParam: str


class At(TypedDict):
    """Whom a custom robot's message alerts; at most 50 ids, which must stand in the text too."""

    atUserIds: list[str]
    isAtAll: bool


class RobotButton(TypedDict):
    """One button of a robot's card."""

    title: str
    actionURL: str


class ActionCard(TypedDict):
    """A robot's card, with one button or several. The same words as of a work notification, spelt otherwise."""

    title: str
    text: str
    singleTitle: NotRequired[str]
    singleURL: NotRequired[str]
    btnOrientation: NotRequired[Literal["0", "1"]]
    btns: NotRequired[list[RobotButton]]


class CustomRobotMessage(TypedDict):
    """POST to a custom robot's address. `msgUuid`: the platform shows a repetition of the same once."""

    msgtype: Literal["markdown", "actionCard"]
    msgUuid: str
    markdown: NotRequired[Markdown]
    actionCard: NotRequired[ActionCard]
    at: NotRequired[At]
