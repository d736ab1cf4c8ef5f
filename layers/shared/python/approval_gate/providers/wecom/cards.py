"""
Build the vendor's JSON: our template, one application, and the closing message.

The template is named after the product and not after the request: there is no call to list or delete templates, names
are unique in the company, and an administrator has to tick each one before its events are pushed. It has one field that
holds everything, in one text for readers of Chinese and English, since a field's value has no languages.

The text ends with the approval's id on a line of its own: by that an application is found again.

Source: WeCom developer docs, "Create an approval template", "Submit an approval application", "Send application
messages", read 2026-02-28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from approval_gate.domain.approval import Mode
from approval_gate.domain.moments import moment_in_both
from approval_gate.markdown import clean, one_line
from approval_gate.providers.wecom.wire import (
    ApplyEventRequest,
    CreateTemplateRequest,
    Node,
    SendMessageRequest,
    SummaryRow,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from approval_gate.domain.approval import Field, Link, Stage
    from approval_gate.ports import Draft
    from approval_gate.providers.wecom.documents import Element

__all__ = [
    "CONTROL_ID",
    "TEXT_CONTROL",
    "application_body",
    "closing_message_body",
    "form_text_of",
    "reference_of",
    "template_body",
    "title_of",
]

TEXT_CONTROL: Literal["Textarea"] = "Textarea"
CONTROL_ID = "Textarea-1"

MAX_TEXT_CHARS = 3600
"""Below the 4000 at which others saw a Textarea refused; the vendor documents no limit."""

_MAX_READ_CHARS = 100_000  # far above any form: a text cut short would end on another line than its own
_MAX_TITLE_CHARS = 200
_MAX_SUMMARY_ROWS = 3
_MAX_SUMMARY_CHARS = 20
_MAX_MESSAGE_BYTES = 2048
_REPEATED_MESSAGE_S = 4 * 3600  # the longest time in which the platform drops a message that it has sent already

_APV_RELS: dict[Mode, Literal[1, 2, 3]] = {Mode.ALL: 1, Mode.ANY: 2, Mode.SEQUENCE: 3}
_CUT = "（内容过长，已截断；完整内容见流水线 / too long, shortened here; the pipeline has the full text）"
_REFERENCE = "编号 Reference: "


def template_body(agent_id: str) -> CreateTemplateRequest:
    """Return our template. Its name carries the app, since two apps of one company cannot share a name."""
    return {
        "template_name": [
            {"text": f"流水线审批 {agent_id}", "lang": "zh_CN"},
            {"text": f"Pipeline approval {agent_id}", "lang": "en"},
        ],
        "template_content": {
            "controls": [
                {
                    "property": {
                        "control": TEXT_CONTROL,
                        "id": CONTROL_ID,
                        "title": [{"text": "审批内容", "lang": "zh_CN"}, {"text": "Details", "lang": "en"}],
                        "placeholder": [{"text": "由流水线填写", "lang": "zh_CN"}],
                        "require": 1,
                        "un_print": 0,
                    },
                    "config": {},
                }
            ]
        },
    }


def application_body(draft: Draft, template_id: str, control_id: str) -> ApplyEventRequest:
    """Return one application: the process is given here, whatever the template's own says."""
    nodes: list[Node] = [_stage_node(stage) for stage in draft.stages]
    if draft.cc:
        nodes.append({"type": 2, "userid": [person.user_id for person in draft.cc]})
    return {
        "creator_userid": draft.requester.user_id,
        "template_id": template_id,
        "use_template_approver": 0,
        "process": {"node_list": nodes},
        "apply_data": {
            "contents": [{"control": TEXT_CONTROL, "id": control_id, "value": {"text": _form_text(draft)}}],
        },
        "summary_list": _summary(draft),
    }


def closing_message_body(
    agent_id: str, userids: Sequence[str], *, sp_no: str, title: str, reason: str
) -> SendMessageRequest:
    """Return the message that an application which cannot be withdrawn is not needed any more."""
    name = _plain(title)
    lines = [
        f"无需再审批：{name}（编号 {sp_no}）。流水线已不再等待，点击同意或驳回都不会产生任何效果。",
        f"Not needed any more: {name} ({sp_no}). The pipeline has stopped waiting; a click changes nothing.",
        _plain(reason),
    ]
    content = "\n".join(line for line in lines if line)
    return {
        "touser": "|".join(userids),
        "msgtype": "text",
        "agentid": int(agent_id),
        "text": {"content": content.encode()[:_MAX_MESSAGE_BYTES].decode(errors="ignore")},
        "enable_duplicate_check": 1,
        "duplicate_check_interval": _REPEATED_MESSAGE_S,
    }


def form_text_of(info: Element) -> str:
    """Return the text of an application's first text field; "" if it has none."""
    contents = info.first("apply_data").all("contents")
    return next(
        (
            each.first("value").prose("text", limit=_MAX_READ_CHARS)
            for each in contents
            if each.word("control") == TEXT_CONTROL
        ),
        "",
    )


def reference_of(form_text: str) -> str:
    """
    Return the approval id on the last line of a form's text; "" if it is none of ours.

    Only the last line counts: everything above it is somebody's text and may imitate it.
    """
    last_line = form_text.rstrip().rpartition("\n")[2]
    return last_line.removeprefix(_REFERENCE).strip() if last_line.startswith(_REFERENCE) else ""


def title_of(form_text: str) -> str:
    """Return the first line of a form's text, where we put the title; "" if it is none of ours."""
    return form_text.partition("\n")[0][:_MAX_TITLE_CHARS] if reference_of(form_text) else ""


def _stage_node(stage: Stage) -> Node:
    return {"type": 1, "apv_rel": _APV_RELS[stage.mode], "userid": [person.user_id for person in stage.approvers]}


def _summary(draft: Draft) -> list[SummaryRow]:
    rows = [one_line(draft.title), *(f"{one_line(field.name)}: {one_line(field.value)}" for field in draft.fields)]
    return [{"summary_info": [_zh(row[:_MAX_SUMMARY_CHARS])]} for row in rows[:_MAX_SUMMARY_ROWS]]


def _zh(text: str) -> Text:
    return {"text": text, "lang": "zh_CN"}


def _form_text(draft: Draft) -> str:
    """Return what approvers read. Links, time limit and id stand at the end and survive the shortening."""
    head = _joined(
        [one_line(draft.title), clean(draft.description).strip(), "\n".join(_labelled(each) for each in draft.fields)]
    )
    links = "\n".join(["链接 Links:", *(_link(link) for link in draft.links)]) if draft.links else ""
    end = f"请在此时间前处理 Decide before: {moment_in_both(draft.expires_at)}\n{_REFERENCE}{draft.approval_id}"
    tail = _joined([_shortened(links, MAX_TEXT_CHARS // 2), end])
    return _joined([_shortened(head, MAX_TEXT_CHARS - len(tail) - len("\n\n")), tail])


def _joined(blocks: Sequence[str]) -> str:
    return "\n\n".join(block for block in blocks if block)


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - len(_CUT) - 1]}\n{_CUT}"


def _labelled(field: Field) -> str:
    # Further lines are indented, so that no value can pass for another label.
    return f"{one_line(field.name)}: " + clean(field.value).strip().replace("\n", "\n    ")


def _link(link: Link) -> str:
    return f"{one_line(link.title)}: {one_line(link.url)}"


def _plain(text: str) -> str:
    """Make a text fit for a message, where `<a href>` would be a link."""
    return one_line(text).replace("<", "＜")[:_MAX_TITLE_CHARS]
