"""
Callbacks as the vendor documents them, sealed and open.

What arrives may differ from these shapes in every way; `reading` reads it. All times are epoch milliseconds as text
unless said otherwise.

Source: Feishu developer docs, "Approval" (events), "Card callback communication", read 2026-02-28.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

__all__ = [
    "AddressCheck",
    "EventV1",
    "EventV2",
    "EventV2Header",
    "InstanceEvent",
    "LegacyCardAction",
    "SealedBody",
    "TaskEvent",
    "Toast",
    "ToastAnswer",
]


class SealedBody(TypedDict):
    """`encrypt`: base64(iv(16) | AES-256-CBC ciphertext)."""

    encrypt: str


class AddressCheck(TypedDict):
    """Sent while an administrator saves the request address; carries no signature headers."""

    type: Literal["url_verification"]
    challenge: str
    token: str


class InstanceEvent(TypedDict):
    """`event` of approval_instance. `uuid` is the one we gave at creation, not the event's."""

    type: Literal["approval_instance"]
    app_id: str
    tenant_key: str
    approval_code: str
    instance_code: str
    status: str
    operate_time: str | int  # a number when the status is REVERTED
    instance_operate_time: str
    uuid: NotRequired[str]


class TaskEvent(TypedDict):
    """`event` of approval_task. The ids are empty for tasks that the platform handled by itself."""

    type: Literal["approval_task"]
    app_id: str
    tenant_key: str
    open_id: str
    user_id: str
    approval_code: str
    instance_code: str
    task_id: str
    status: str
    operate_time: str
    custom_key: str
    def_key: str
    extra: str


class EventV1(TypedDict):
    """Envelope 1.0. `uuid` names the event; `ts` is seconds with a fraction, as text."""

    ts: str
    uuid: str
    token: str
    type: Literal["event_callback"]
    event: InstanceEvent | TaskEvent


class EventV2Header(TypedDict):
    """Header of envelope 2.0. `create_time` is milliseconds, or microseconds in card callbacks."""

    event_id: str
    token: str
    create_time: str
    event_type: str
    tenant_key: str
    app_id: str


class EventV2(TypedDict):
    """Envelope 2.0."""

    schema: Literal["2.0"]
    header: EventV2Header
    event: dict[str, object]


class LegacyCardAction(TypedDict):
    """The old card callback: no envelope. `token` updates the card and proves nothing."""

    open_id: str
    user_id: str
    open_message_id: str
    open_chat_id: str
    tenant_key: str
    token: str
    action: dict[str, object]


class Toast(TypedDict):
    """A line shown to the person who clicked."""

    type: Literal["success", "info", "warning", "error"]
    content: str
    i18n: dict[str, str]


class ToastAnswer(TypedDict):
    """An answer to a card callback that leaves the card as it is."""

    toast: Toast
