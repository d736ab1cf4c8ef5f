"""
Acting on tasks in a person's name, and comments.

Source: "Approve or reject the approval task", "Transfer the OA approval task", "Add approval comments", "Query the
number of requests to be approved", read 2026-02-28. An attached `file` is not read.
"""

from local.simulators.dingtalk.answers import Problem, done
from local.simulators.dingtalk.call import DingCall
from local.simulators.dingtalk.instances import Instances
from local.simulators.dingtalk.model import Instance, Task
from local.simulators.dingtalk.people import People
from local.simulators.frame.web import ApiAnswer

__all__ = ["Tasks"]

_LARGEST_TEXT, _LARGEST_REDIRECT_REMARK = 1024, 256


class Tasks:
    """What people do with the tasks they were given."""

    def __init__(self, people: People, instances: Instances) -> None:
        self._people, self._instances = people, instances

    def execute(self, call: DingCall) -> ApiAnswer:
        """POST /v1.0/workflow/processInstances/execute."""
        instance = self._instances.required(call.text("processInstanceId"), "aflowProcessNotExist")
        result = call.text("result", "invalidInstanceExecuteResult")
        if result not in {"agree", "refuse"}:
            raise Problem("invalidInstanceExecuteResult", "result is agree or refuse")
        task_id = call.whole("taskId", "invalidInstanceExecuteTaskId")
        task = next((one for one in instance.tasks if one.id == task_id), None)
        if task is None:
            raise Problem("invalidInstanceExecuteTaskId", "任务不存在")
        by = self._person(call.text("actionerUserId", "invalidInstanceExecuteActionerUserId"))
        if task.user_id != by:
            raise Problem("needAuth", "不是任务的处理人")
        remark = call.text("remark", required=False, largest=_LARGEST_TEXT)
        with self._instances.change(instance) as flow:
            if result == "agree":
                flow.agree(task, remark)
            else:
                flow.refuse(task, remark)
        return done({"result": True, "success": True})

    def comment(self, call: DingCall) -> ApiAnswer:
        """POST /v1.0/workflow/processInstances/comments."""
        instance = self._instances.required(call.text("processInstanceId"), "processInstanceNotExist")
        text = call.text("text", largest=_LARGEST_TEXT)
        by = self._person(call.text("commentUserId"))
        with self._instances.change(instance) as flow:
            flow.comment(by, text)
        return done({"result": True, "success": True})

    def redirect(self, call: DingCall) -> ApiAnswer:
        """POST /v1.0/workflow/tasks/redirect; the task alone says which instance is meant."""
        task_id = call.whole("taskId", "task.status.error")
        instance, task = self._found(task_id)
        if instance.status != "RUNNING":
            raise Problem("instance.status.error", "审批单已结束")
        if task.status != "RUNNING":
            raise Problem("task.status.error", "任务已处理")
        if call.text("operateUserId", "param.illegal.operator") != task.user_id:
            raise Problem("param.illegal.operator", "不是任务的处理人")
        to = self._person(call.text("toUserId"))
        if to == task.user_id:
            # What the platform says to this was not seen.
            raise Problem("param.illegal.operator", "不能转交给自己")
        with self._instances.change(instance) as flow:
            flow.redirect(task, to, call.text("remark", required=False, largest=_LARGEST_REDIRECT_REMARK))
        return done({"result": True})

    def count(self, call: DingCall) -> ApiAnswer:
        """GET /v1.0/workflow/processes/todoTasks/numbers."""
        user_id = call.asked("userId")
        open_tasks = sum(task.user_id == user_id for instance in self._instances.all() for task in instance.running)
        return done({"result": open_tasks})

    def _found(self, task_id: int) -> tuple[Instance, Task]:
        for instance in self._instances.all():
            for task in instance.tasks:
                if task.id == task_id:
                    return instance, task
        raise Problem("task.status.error", "任务不存在")

    def _person(self, user_id: str) -> str:
        if self._people.present(user_id) is None:
            raise Problem("userNotExist", "用户不存在")
        return user_id
