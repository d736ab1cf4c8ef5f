"""
Bodies of calls and answers as the vendor documents them.

All times are epoch milliseconds as text unless said otherwise. Callbacks are in `wire_events`.

Source: Feishu developer docs, "Approval" (server API v4), "Contacts" (v3), read 2026-02-28.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

__all__ = [
    "Approver",
    "BatchGetIdRequest",
    "CancelRequest",
    "CcRequest",
    "CreateDefinitionRequest",
    "CreateInstanceRequest",
    "DefinitionConfig",
    "DefinitionForm",
    "DefinitionSettings",
    "FormValue",
    "FormWidget",
    "I18nResource",
    "I18nText",
    "Instance",
    "Node",
    "NodePeople",
    "Task",
    "TimelineEntry",
    "Viewer",
]


class Viewer(TypedDict):
    """Who may start the approval by hand."""

    viewer_type: Literal["TENANT", "DEPARTMENT", "USER", "NONE"]


class FormWidget(TypedDict):
    """One widget of a definition; `name` and `value` are i18n keys."""

    id: str
    name: str
    type: Literal["textarea"]
    required: bool
    value: str


class DefinitionForm(TypedDict):
    """`form_content`: a JSON text of `list[FormWidget]`."""

    form_content: str


class Approver(TypedDict):
    """Free: named when an instance is created."""

    type: Literal["Free"]


class Node(TypedDict):
    """One step; the first is START and the last END, which have nothing but an id."""

    id: str
    name: NotRequired[str]
    node_type: NotRequired[Literal["AND", "OR", "SEQUENTIAL"]]
    approver: NotRequired[list[Approver]]
    starter_assignee: NotRequired[Literal["STARTER"]]


class DefinitionSettings(TypedDict):
    """`revert_interval`: seconds in which an approved instance can be revoked; 0 is never."""

    revert_interval: int
    revert_option: Literal[0, 1]
    reject_option: Literal[0, 1]
    quick_approval_option: Literal[0, 1]


class DefinitionConfig(TypedDict):
    """What administrators may change later."""

    can_update_viewer: bool
    can_update_form: bool
    can_update_process: bool
    can_update_revert: bool


class I18nText(TypedDict):
    """`key` starts with `@i18n@`."""

    key: str
    value: str


class I18nResource(TypedDict):
    """All texts in one language; the default language must hold every key."""

    locale: Literal["zh-CN", "en-US"]
    is_default: bool
    texts: list[I18nText]


class CreateDefinitionRequest(TypedDict):
    """POST /open-apis/approval/v4/approvals."""

    approval_name: str
    description: str
    viewers: list[Viewer]
    form: DefinitionForm
    node_list: list[Node]
    settings: DefinitionSettings
    config: DefinitionConfig
    i18n_resources: list[I18nResource]


class FormValue(TypedDict):
    """One widget's value; an i18n key where texts are sent along."""

    id: str
    type: Literal["textarea"]
    value: str


class NodePeople(TypedDict):
    """`key`: node id. `value`: open_ids or user_ids, by the list it stands in."""

    key: str
    value: list[str]


class CreateInstanceRequest(TypedDict):
    """POST /open-apis/approval/v4/instances. `form`: a JSON text of `list[FormValue]`."""

    approval_code: str
    open_id: NotRequired[str]
    user_id: NotRequired[str]
    form: str
    node_approver_open_id_list: list[NodePeople]
    node_approver_user_id_list: list[NodePeople]
    uuid: str
    allow_resubmit: bool
    allow_submit_again: bool
    forbid_revoke: bool
    title: str
    title_display_method: Literal[0, 1]
    i18n_resources: list[I18nResource]


class Task(TypedDict):
    """One entry of `task_list`. The ids are empty for automatic tasks; `end_time` is "0" while open."""

    id: str
    user_id: str
    open_id: str
    status: str
    node_id: str
    node_name: str
    custom_node_id: NotRequired[str]
    type: str
    start_time: str
    end_time: str


class TimelineEntry(TypedDict):
    """One entry of `timeline`. `ext` is a JSON text; for TRANSFER it names the target."""

    type: str
    create_time: str
    user_id: str
    open_id: str
    user_id_list: NotRequired[list[str]]
    open_id_list: NotRequired[list[str]]
    task_id: NotRequired[str]
    comment: NotRequired[str]
    ext: str
    node_key: NotRequired[str]


class Instance(TypedDict):
    """`data` of GET /open-apis/approval/v4/instances/{instance_code or uuid}."""

    approval_code: str
    instance_code: str
    uuid: str
    status: str
    reverted: bool
    user_id: str
    open_id: str
    start_time: str
    end_time: str
    task_list: list[Task]
    timeline: list[TimelineEntry]


class CancelRequest(TypedDict):
    """POST /open-apis/approval/v4/instances/cancel; `user_id` is the starter, of the kind the query says."""

    approval_code: str
    instance_code: str
    user_id: str


class CcRequest(CancelRequest):
    """POST /open-apis/approval/v4/instances/cc."""

    cc_user_ids: list[str]


class BatchGetIdRequest(TypedDict):
    """POST /open-apis/contact/v3/users/batch_get_id: at most 50 of each."""

    emails: list[str]
    mobiles: list[str]
    include_resigned: bool
