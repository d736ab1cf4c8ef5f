"""
Build the vendor's JSON: the form, and one approval.

There is one form for everything, named after the product: the organisation may have 200 made by API, the platform makes
an instance's title from the submitter's and the form's name, and a call cannot give another. The request's own title is
the first field. The platform has one text for everybody, so labels are Chinese and English.

Source: DingTalk developer docs, "Create an approval form template", "Create an approval instance", read 2026-02-28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from approval_gate.domain.approval import Mode
from approval_gate.domain.moments import moment_in_both
from approval_gate.markdown import clean, one_line
from approval_gate.providers.dingtalk.plan import Node, nodes_of, reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from approval_gate.domain.approval import Field, Link
    from approval_gate.ports import Draft
    from approval_gate.providers.dingtalk.wire import (
        Approvers,
        CreateFormRequest,
        CreateInstanceRequest,
        FormComponent,
    )

__all__ = ["FORM_NAME", "FORM_VERSION", "LABELS", "MAX_DETAIL_CHARS", "REFERENCE_LABEL", "form_body", "instance_body"]

FORM_NAME = "流水线审批 Pipeline approval"
FORM_VERSION = "1"
"""Part of the form's key. With every change of the labels: raise it and choose another name, names are unique."""

MAX_DETAIL_CHARS = 10_000
"""Our own limit; the vendor takes 65,535 characters."""

REFERENCE_LABEL = "编号 Reference"
_TITLE_LABEL = "标题 Title"
_DETAIL_LABEL = "详情 Details"
LABELS = (_TITLE_LABEL, _DETAIL_LABEL, REFERENCE_LABEL)
"""At most 20 characters each; an instance's values are matched to the form's fields by them."""

_ROOT_DEPARTMENT = -1
_COLON = ": "
_CUT = "（内容过长，已截断；完整内容见流水线 Too long, shortened here; the pipeline has the full text）"
_ACTION_TYPES: dict[Mode, Literal["AND", "OR"]] = {Mode.ALL: "AND", Mode.ANY: "OR", Mode.SEQUENCE: "AND"}


def form_body() -> CreateFormRequest:
    """
    Return the form.

    Nobody edits, deletes or resubmits what was sent. Withdrawing stays allowed, because the gate closes expired
    approvals by it. The form is not hidden: a hidden one may be missing from the list in which we look it up.
    """
    return {
        "name": FORM_NAME,
        "description": "由流水线发起的审批，请勿手动提交 Started by pipelines; do not submit it by hand",
        "formComponents": [
            _component("TextField", "title", _TITLE_LABEL),
            _component("TextareaField", "details", _DETAIL_LABEL),
            _component("TextField", "reference", REFERENCE_LABEL),
        ],
        "templateConfig": {
            "disableFormEdit": True,
            "disableResubmit": True,
            "disableDeleteProcess": True,
            "disableStopProcessButton": False,
            "hidden": False,
        },
    }


def instance_body(draft: Draft, process_code: str) -> CreateInstanceRequest:
    """Return one approval: nodes in order, copies to `cc` when it starts and when it ends."""
    body: CreateInstanceRequest = {
        "originatorUserId": draft.requester.user_id,
        "processCode": process_code,
        # Which department the submitter acts for. It steers only flows of the form, which our nodes override.
        "deptId": _ROOT_DEPARTMENT,
        "approvers": [_approvers(node) for node in nodes_of(draft.stages)],
        "formComponentValues": [
            {"name": _TITLE_LABEL, "value": one_line(draft.title)},
            {"name": _DETAIL_LABEL, "value": _detail(draft)},
            {"name": REFERENCE_LABEL, "value": reference(draft.approval_id, draft.stages)},
        ],
    }
    if draft.cc:
        body["ccList"] = [person.user_id for person in draft.cc]
        body["ccPosition"] = "START_FINISH"
    return body


def _component(kind: Literal["TextField", "TextareaField"], component_id: str, label: str) -> FormComponent:
    return {"componentType": kind, "props": {"componentId": component_id, "label": label, "required": True}}


def _approvers(node: Node) -> Approvers:
    user_ids = [person.user_id for person in node.people]
    # AND and OR want two people or more.
    return {"actionType": "NONE" if len(user_ids) == 1 else _ACTION_TYPES[node.mode], "userIds": user_ids}


def _detail(draft: Draft) -> str:
    """Return what approvers read. Links and the time limit stand at the end and survive the shortening."""
    blocks = [clean(draft.description).strip(), "\n".join(_labelled(field) for field in draft.fields)]
    end = [
        "\n".join(["链接 Links:", *(_link(link) for link in draft.links)]) if draft.links else "",
        f"请在此时间前处理 Decide before{_COLON}{moment_in_both(draft.expires_at)}",
    ]
    tail = _shortened(_joined(end), MAX_DETAIL_CHARS // 2)
    return _joined([_shortened(_joined(blocks), MAX_DETAIL_CHARS - len(tail) - len("\n\n")), tail])


def _joined(blocks: Sequence[str]) -> str:
    return "\n\n".join(block for block in blocks if block)


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - len(_CUT) - 1]}\n{_CUT}"


def _labelled(field: Field) -> str:
    # Further lines are indented, so that no value can pass for another label.
    return f"{one_line(field.name)}{_COLON}" + clean(field.value).strip().replace("\n", "\n    ")


def _link(link: Link) -> str:
    return f"{one_line(link.title)}{_COLON}{one_line(link.url)}"
