"""
Bodies of calls, answers and callbacks as the vendor documents them.

What arrives may differ from these shapes in every way; `reading` reads it. Times of the workflow API are UTC texts cut
off to the minute (`2026-01-01T08:00Z`), those of events are epoch milliseconds as numbers.

Source: DingTalk developer docs, "Create an approval form template", "Create an approval instance", "Obtain the details
of a single approval instance", "Obtain a list of instance IDs", "Revoke an approval instance", "Query users by phone
number", "Approval events" and "HTTP event callback", read 2026-02-28; checked against alibabacloud-dingtalk 2.2.65.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

__all__ = [
    "Approvers",
    "ComponentProps",
    "CreateFormRequest",
    "CreateInstanceRequest",
    "FormComponent",
    "FormValue",
    "GetByMobileRequest",
    "Instance",
    "InstanceEvent",
    "ListInstanceIdsRequest",
    "OperationRecord",
    "SealedBody",
    "SealedReply",
    "Task",
    "TaskEvent",
    "TemplateConfig",
    "TerminateRequest",
]


class ComponentProps(TypedDict):
    """`label`: at most 20 characters; values are matched by it. `componentId`: at most 64."""

    componentId: str
    label: str
    required: bool


class FormComponent(TypedDict):
    """One field of a form."""

    componentType: Literal["TextField", "TextareaField"]
    props: ComponentProps


class TemplateConfig(TypedDict, total=False):
    """All default to off."""

    disableFormEdit: bool
    disableResubmit: bool
    disableDeleteProcess: bool
    disableStopProcessButton: bool
    hidden: bool


class CreateFormRequest(TypedDict):
    """POST /v1.0/workflow/forms. `name`: at most 200 characters, unique in the organisation."""

    name: str
    description: str
    formComponents: list[FormComponent]
    templateConfig: TemplateConfig


class Approvers(TypedDict):
    """One node. AND: everyone; OR: the first decision counts; NONE: the one person named."""

    actionType: Literal["AND", "OR", "NONE"]
    userIds: list[str]


class FormValue(TypedDict):
    """`name` is the component's label; `value` at most 65,535 characters."""

    name: str
    value: str


class CreateInstanceRequest(TypedDict):
    """POST /v1.0/workflow/processInstances. `approvers` are nodes in order and override the form's own flow."""

    originatorUserId: str
    processCode: str
    deptId: int
    approvers: list[Approvers]
    formComponentValues: list[FormValue]
    ccList: NotRequired[list[str]]
    ccPosition: NotRequired[Literal["START", "FINISH", "START_FINISH"]]


class ListInstanceIdsRequest(TypedDict):
    """
    POST /v1.0/workflow/processes/instanceIds/query.

    Times are of creation, in epoch milliseconds; `nextToken` 0 first, comes back as text; `userIds` are originators.
    """

    processCode: str
    startTime: int
    nextToken: int
    maxResults: int
    userIds: list[str]


class TerminateRequest(TypedDict):
    """POST /v1.0/workflow/processInstances/terminate. `remark`: at most 1,024 characters."""

    processInstanceId: str
    isSystem: bool
    remark: str


class GetByMobileRequest(TypedDict):
    """POST /topapi/v2/user/getbymobile, on the older host."""

    mobile: str


class OperationRecord(TypedDict, total=False):
    """What somebody did; `result` in upper case."""

    userId: str
    date: str
    type: str
    result: Literal["AGREE", "REFUSE", "NONE"]
    remark: str
    activityId: str
    showName: str


class Task(TypedDict, total=False):
    """One person's task; `result` in upper case."""

    taskId: int
    userId: str
    status: Literal["NEW", "RUNNING", "PAUSED", "CANCELED", "COMPLETED", "TERMINATED"]
    result: Literal["AGREE", "REFUSE", "REDIRECTED"]
    createTime: str
    finishTime: str
    processInstanceId: str
    activityId: str


class Instance(TypedDict, total=False):
    """`result` of GET /v1.0/workflow/processInstances; its own `result` in lower case, only valid when completed."""

    title: str
    businessId: str
    createTime: str
    finishTime: str
    originatorUserId: str
    status: Literal["RUNNING", "TERMINATED", "COMPLETED"]
    result: Literal["agree", "refuse", ""]
    bizAction: Literal["MODIFY", "REVOKE", "NONE"]
    operationRecords: list[OperationRecord]
    tasks: list[Task]
    formComponentValues: list[FormValue]


class SealedBody(TypedDict):
    """`encrypt`: base64 of what `crypto.sealed_message` seals."""

    encrypt: str


class SealedReply(TypedDict):
    """The acknowledgement; the names are literal, capital S included, and all values are texts."""

    msg_signature: str
    timeStamp: str
    nonce: str
    encrypt: str


class InstanceEvent(TypedDict, total=False):
    """bpms_instance_change. Older deliveries lack eventId, EventTime and BizId and write `corpId`."""

    EventType: Literal["bpms_instance_change"]
    EventTime: int
    CorpId: str
    BizId: str
    eventId: str
    processInstanceId: str
    processCode: str
    type: Literal["start", "finish", "terminate", "delete"]
    result: Literal["agree", "refuse"]
    createTime: int
    finishTime: int
    staffId: str


class TaskEvent(TypedDict, total=False):
    """bpms_task_change. `staffId`: whose task; `remark`: their comment."""

    EventType: Literal["bpms_task_change"]
    EventTime: int
    CorpId: str
    eventId: str
    processInstanceId: str
    processCode: str
    taskId: int
    staffId: str
    type: Literal["start", "finish", "cancel", "comment"]
    result: Literal["agree", "refuse", "redirect", "audit"]
    remark: str
    createTime: int
    finishTime: int
