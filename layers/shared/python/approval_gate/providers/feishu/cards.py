"""
Build the vendor's JSON: the definition of an approval's shape, and one approval.

A definition can never be disabled or deleted, and its name is shown wherever an instance brings no title. So there is
one definition per shape (the modes of the stages), named after the product and not after the request; a request's own
title goes into the instance as `title`, shown alone (`title_display_method` 1). All texts exist in Chinese and English,
so that everyone reads their own language.

Source: Feishu developer docs, "Create an approval definition", "Create an approval instance", "Form control
parameters", read 2026-02-28.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Literal

from approval_gate.domain.approval import Mode
from approval_gate.domain.moments import moment_text
from approval_gate.markdown import clean
from approval_gate.providers.feishu.identities import open_id_of, split_by_kind, user_id_of
from approval_gate.providers.feishu.nodes import node_id
from approval_gate.providers.feishu.wire import (
    CreateDefinitionRequest,
    CreateInstanceRequest,
    FormValue,
    FormWidget,
    I18nResource,
    Node,
    NodePeople,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from approval_gate.domain.approval import Field, Link, Stage
    from approval_gate.ports import Draft

__all__ = ["MAX_DETAIL_CHARS", "TEXT_VERSION", "definition_body", "instance_body", "shape_of"]

TEXT_VERSION = "1"
"""Part of a definition's key: raise it with every change of the texts or settings below."""

MAX_DETAIL_CHARS = 10_000
"""Our own limit; the vendor documents none for a textarea."""

type _Locale = Literal["zh-CN", "en-US"]
type _NodeType = Literal["AND", "OR", "SEQUENTIAL"]

_LOCALES: tuple[_Locale, ...] = ("zh-CN", "en-US")
_NODE_TYPES: dict[Mode, _NodeType] = {Mode.ALL: "AND", Mode.ANY: "OR", Mode.SEQUENCE: "SEQUENTIAL"}
_WIDGET = "detail"

_DEFINITION_TEXTS: dict[_Locale, dict[str, str]] = {
    "zh-CN": {
        "@i18n@approval_name": "流水线审批",
        "@i18n@description": "由流水线发起的审批",
        "@i18n@form_detail": "详情",
        "@i18n@form_default": "-",
    },
    "en-US": {
        "@i18n@approval_name": "Pipeline approval",
        "@i18n@description": "Requested by a pipeline",
        "@i18n@form_detail": "Details",
        "@i18n@form_default": "-",
    },
}
_STAGE_NAME: dict[_Locale, str] = {"zh-CN": "审批 {}", "en-US": "Approval {}"}
_WORDS: dict[_Locale, dict[str, str]] = {
    "zh-CN": {
        "links": "链接",
        "until": "请在此时间前处理",
        "id": "编号",
        "colon": "：",
        "cut": "（内容过长，已截断；完整内容见流水线）",
    },
    "en-US": {
        "links": "Links",
        "until": "Decide before",
        "id": "Reference",
        "colon": ": ",
        "cut": "(Too long, shortened here; the pipeline has the full text)",
    },
}

_I18N_MARK = re.compile(r"@(?=i18n@)", re.IGNORECASE)


def shape_of(stages: Sequence[Stage]) -> str:
    """Return the vendor's words of the stages' modes, such as `AND-OR`: what one definition serves."""
    return "-".join(_NODE_TYPES[stage.mode] for stage in stages)


def definition_body(stages: Sequence[Stage], default_locale: str) -> CreateDefinitionRequest:
    """
    Return the definition for approvals of this shape.

    Nobody can start it by hand. An approved instance stays approved (`revert_interval` 0), so that nothing is taken
    back after a deployment; a running one may be withdrawn at any step, so that time limits can close it; a rejection
    ends it. A starter who is also an approver decides in person and is never passed over.
    """
    texts = {
        locale: _DEFINITION_TEXTS[locale]
        | {f"@i18n@node_approve_{i}": _STAGE_NAME[locale].format(i + 1) for i in range(len(stages))}
        for locale in _LOCALES
    }
    widget: FormWidget = {
        "id": _WIDGET,
        "name": "@i18n@form_detail",
        "type": "textarea",
        "required": False,
        "value": "@i18n@form_default",
    }
    return {
        "approval_name": "@i18n@approval_name",
        "description": "@i18n@description",
        "viewers": [{"viewer_type": "NONE"}],
        "form": {"form_content": _json([widget])},
        "node_list": [{"id": "START"}, *(_node(i, stage) for i, stage in enumerate(stages)), {"id": "END"}],
        "settings": {"revert_interval": 0, "revert_option": 1, "reject_option": 0, "quick_approval_option": 1},
        "config": {
            "can_update_viewer": False,
            "can_update_form": False,
            "can_update_process": False,
            "can_update_revert": False,
        },
        "i18n_resources": _resources(texts, default_locale),
    }


def instance_body(draft: Draft, approval_code: str, default_locale: str) -> CreateInstanceRequest:
    """
    Return one approval.

    `uuid` is the approval's id: the platform makes at most one instance of it.
    """
    texts = {locale: {"@i18n@title": _line(draft.title), "@i18n@detail": _detail(draft, locale)} for locale in _LOCALES}
    value: FormValue = {"id": _WIDGET, "type": "textarea", "value": "@i18n@detail"}
    by_open_id, by_user_id = _approvers(draft.stages)
    body: CreateInstanceRequest = {
        "approval_code": approval_code,
        "form": _json([value]),
        "node_approver_open_id_list": by_open_id,
        "node_approver_user_id_list": by_user_id,
        "uuid": draft.approval_id,
        "allow_resubmit": False,
        "allow_submit_again": False,
        "forbid_revoke": False,
        "title": "@i18n@title",
        "title_display_method": 1,
        "i18n_resources": _resources(texts, default_locale),
    }
    # One of the two: the platform prefers user_id where both are given.
    if open_id_of(draft.requester):
        body["open_id"] = open_id_of(draft.requester)
    else:
        body["user_id"] = user_id_of(draft.requester)
    return body


def _node(number: int, stage: Stage) -> Node:
    return {
        "id": node_id(number),
        "name": f"@i18n@node_approve_{number}",
        "node_type": _NODE_TYPES[stage.mode],
        "approver": [{"type": "Free"}],
        "starter_assignee": "STARTER",
    }


def _approvers(stages: Sequence[Stage]) -> tuple[list[NodePeople], list[NodePeople]]:
    by_open_id: list[NodePeople] = []
    by_user_id: list[NodePeople] = []
    for number, stage in enumerate(stages):
        open_ids, user_ids = split_by_kind(stage.approvers)
        if open_ids:
            by_open_id.append({"key": node_id(number), "value": open_ids})
        if user_ids:
            by_user_id.append({"key": node_id(number), "value": user_ids})
    return by_open_id, by_user_id


def _resources(texts: Mapping[_Locale, Mapping[str, str]], default_locale: str) -> list[I18nResource]:
    return [
        {
            "locale": locale,
            "is_default": locale == default_locale,
            "texts": [{"key": key, "value": value} for key, value in texts[locale].items()],
        }
        for locale in _LOCALES
    ]


def _detail(draft: Draft, locale: _Locale) -> str:
    """Return what approvers read. Links and the time limit stand at the end and survive the shortening."""
    words = _WORDS[locale]
    colon = words["colon"]
    blocks = [_block(draft.description), "\n".join(_labelled(field, colon) for field in draft.fields)]
    end = [
        "\n".join([words["links"] + colon.rstrip(), *(_link(link, colon) for link in draft.links)])
        if draft.links
        else "",
        f"{words['until']}{colon}{moment_text(draft.expires_at, locale)}\n{words['id']}{colon}{draft.approval_id}",
    ]
    tail = _shortened(_joined(end), MAX_DETAIL_CHARS // 2, words["cut"])
    return _joined([_shortened(_joined(blocks), MAX_DETAIL_CHARS - len(tail) - len("\n\n"), words["cut"]), tail])


def _joined(blocks: Sequence[str]) -> str:
    return "\n\n".join(block for block in blocks if block)


def _shortened(text: str, limit: int, notice: str) -> str:
    return text if len(text) <= limit else f"{text[: limit - len(notice) - 1]}\n{notice}"


def _labelled(field: Field, colon: str) -> str:
    # Further lines are indented, so that no value can pass for another label.
    return f"{_line(field.name)}{colon}" + _block(field.value).replace("\n", "\n    ")


def _link(link: Link, colon: str) -> str:
    return f"{_line(link.title)}{colon}{_line(link.url)}"


def _block(text: str) -> str:
    """
    Make a stranger's text harmless: printable, and no key of an i18n text.

    `@i18n@` inside a value could be taken for a key and show another text; a space breaks it visibly.
    """
    return _I18N_MARK.sub("@ ", clean(text)).strip()


def _line(text: str) -> str:
    return " ".join(_block(text).split())


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
