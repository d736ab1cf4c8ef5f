"""
What the read interface tells of an instance.

Times are UTC texts cut off to the minute; results of tasks and records are in upper case, that of the instance in lower
case; `success` is a text. Source: "Obtain the details of a single approval instance", read 2026-02-28.
"""

from datetime import UTC, datetime
from typing import Any

from local.simulators.dingtalk.answers import done
from local.simulators.dingtalk.call import DingCall
from local.simulators.dingtalk.instances import Instances
from local.simulators.dingtalk.model import Instance, Record, Task
from local.simulators.dingtalk.people import People
from local.simulators.frame.platform import Simulation
from local.simulators.frame.web import ApiAnswer

__all__ = ["Details"]

_PAGE = "https://aflow.dingtalk.com/dingtalk"


class Details:
    """GET /v1.0/workflow/processInstances."""

    def __init__(self, simulation: Simulation, people: People, instances: Instances) -> None:
        self._simulation, self._people, self._instances = simulation, people, instances

    def read(self, call: DingCall) -> ApiAnswer:
        """Answer the call."""
        instance_id = call.asked("processInstanceId", "processInstanceIdError")
        instance = self._instances.required(instance_id, "processInstanceNotExist")
        return done({"result": self.shown(instance), "success": "true"})

    def shown(self, instance: Instance) -> dict[str, Any]:
        """Return `result`."""
        running_result = "agree" if self._simulation.switch("running_says_agree") else ""
        shown: dict[str, Any] = {
            "title": instance.title,
            "businessId": instance.business_id,
            "createTime": _minute(instance.start_ms),
            "originatorUserId": instance.originator,
            "originatorDeptId": instance.department,
            "originatorDeptName": self._people.department_name(instance.department),
            "status": instance.status,
            "result": running_result if instance.status == "RUNNING" else instance.result,
            "approverUserIds": list(dict.fromkeys(user for node in instance.nodes for user in node.approvers)),
            "ccUserIds": instance.cc,
            "operationRecords": [_record(one) for one in instance.records],
            "tasks": [_task(instance, one) for one in instance.tasks],
            "bizAction": "NONE",
            "bizData": "",
            "attachedProcessInstanceIds": [],
            "formComponentValues": instance.values,
        }
        return shown | ({"finishTime": _minute(instance.end_ms)} if instance.end_ms else {})


def _record(record: Record) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "userId": record.user_id,
        "date": _minute(record.at_ms),
        "type": record.type,
        "result": record.result,
    }
    further = {"remark": record.remark, "activityId": record.node, "ccUserIds": record.copies}
    if record.node:
        further["showName"] = "审批人"
    return shown | {name: value for name, value in further.items() if value}


def _task(instance: Instance, task: Task) -> dict[str, Any]:
    address = f"procInsId={instance.id}&taskId={task.id}&businessId={instance.business_id}"
    shown: dict[str, Any] = {
        "taskId": task.id,
        "userId": task.user_id,
        "status": task.status,
        "createTime": _minute(task.start_ms),
        "mobileUrl": f"{_PAGE}/mobile/homepage.htm?{address}",
        "pcUrl": f"{_PAGE}/pc/query/pchomepage.htm?{address}",
        "processInstanceId": instance.id,
        "activityId": instance.nodes[task.node].id,
    }
    if task.result:
        shown["result"] = task.result
    return shown | ({"finishTime": _minute(task.end_ms)} if task.end_ms else {})


def _minute(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")
