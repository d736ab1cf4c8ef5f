"""
Payloads of the calls we make, as the vendor documents them.

Source: WeCom developer docs, pages 97437, 91982, 91853, 91983, 91816, 90236, read 2026-02-28.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

__all__ = [
    "ApplyEventRequest",
    "CreateTemplateRequest",
    "ListRequest",
    "Node",
    "SendMessageRequest",
    "SummaryRow",
    "Text",
]


class Text(TypedDict):
    """One language of a text; `zh_CN` with an underscore."""

    text: str
    lang: Literal["zh_CN", "en"]


class ControlProperty(TypedDict):
    """What a field is. `id` is the control's name, a hyphen and a number; title at most 40 characters."""

    control: str
    id: str
    title: list[Text]
    placeholder: list[Text]
    require: Literal[0, 1]
    un_print: Literal[0, 1]


class Control(TypedDict):
    """One field of a template."""

    property: ControlProperty
    config: dict[str, object]


class TemplateContent(TypedDict):
    """The fields of a template."""

    controls: list[Control]


class CreateTemplateRequest(TypedDict):
    """POST /cgi-bin/oa/approval/create_template; the name has at most 40 characters and is unique in the company."""

    template_name: list[Text]
    template_content: TemplateContent


class Node(TypedDict):
    """One step: type 1 decides, 2 gets a copy. `apv_rel` 1 all, 2 any, 3 one after another."""

    type: Literal[1, 2]
    apv_rel: NotRequired[Literal[1, 2, 3]]
    userid: list[str]


class Process(TypedDict):
    """The steps, in order."""

    node_list: list[Node]


class TextValue(TypedDict):
    """The value of a Text or Textarea."""

    text: str


class Content(TypedDict):
    """The value of one field."""

    control: Literal["Textarea"]
    id: str
    value: TextValue


class ApplyData(TypedDict):
    """The filled form."""

    contents: list[Content]


class SummaryRow(TypedDict):
    """One line of the preview, at most 20 characters."""

    summary_info: list[Text]


class ApplyEventRequest(TypedDict):
    """POST /cgi-bin/oa/applyevent; at most three lines of summary."""

    creator_userid: str
    template_id: str
    use_template_approver: Literal[0]
    process: Process
    apply_data: ApplyData
    summary_list: list[SummaryRow]


class Filter(TypedDict):
    """One condition; different keys must all hold."""

    key: Literal["template_id", "creator"]
    value: str


class ListRequest(TypedDict):
    """POST /cgi-bin/oa/getapprovalinfo; submission times in Unix seconds as text, at most 31 days apart."""

    starttime: str
    endtime: str
    new_cursor: str
    size: int
    filters: list[Filter]


class MessageText(TypedDict):
    """At most 2048 bytes."""

    content: str


class SendMessageRequest(TypedDict):
    """POST /cgi-bin/message/send; receivers joined by a vertical bar."""

    touser: str
    msgtype: Literal["text"]
    agentid: int
    text: MessageText
    enable_duplicate_check: Literal[0, 1]
    duplicate_check_interval: int
