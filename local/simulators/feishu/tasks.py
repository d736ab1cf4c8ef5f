"""
Acting on tasks in a person's name, and comments.

Source: "Approve / reject / transfer an approval task", "Roll back", "Instance comments", read 2026-02-28.
"""

import json

from local.simulators.feishu.answers import Problem, invalid, success
from local.simulators.feishu.call import FeishuCall, page_of
from local.simulators.feishu.identities import Identities
from local.simulators.feishu.instances import Instances
from local.simulators.feishu.model import Comment, Instance, Node, Task
from local.simulators.frame.platform import Simulation
from local.simulators.frame.web import ApiAnswer

__all__ = ["Tasks"]


class Tasks:
    """What people do with the tasks they were given."""

    def __init__(self, simulation: Simulation, identities: Identities, instances: Instances) -> None:
        self._simulation, self._identities, self._instances = simulation, identities, instances

    def approve(self, call: FeishuCall) -> ApiAnswer:
        """POST /tasks/approve."""
        instance, task = self._meant(call)
        with self._instances.change(instance) as flow:
            flow.approve(task, call.text("comment", required=False))
        return success({})

    def reject(self, call: FeishuCall) -> ApiAnswer:
        """POST /tasks/reject."""
        instance, task = self._meant(call)
        with self._instances.change(instance) as flow:
            flow.reject(task, call.text("comment", required=False))
        return success({})

    def transfer(self, call: FeishuCall) -> ApiAnswer:
        """POST /tasks/transfer."""
        instance, task = self._meant(call)
        to = self._identities.resolve(call.app, call.text("transfer_user_id"), call.user_id_type(), unknown=1390004)
        with self._instances.change(instance) as flow:
            flow.transfer(task, to, call.text("comment", required=False))
        return success({})

    def roll_back(self, call: FeishuCall) -> ApiAnswer:
        """POST /instances/specified_rollback: to the first of `task_def_key_list`, system ids of nodes that passed."""
        by = self._identities.resolve(call.app, call.text("user_id"), call.user_id_type(), unknown=1390004)
        task_id = call.text("task_id")
        instance = next((one for one in self._instances.all() if any(task.id == task_id for task in one.tasks)), None)
        if instance is None:
            raise Problem(1390010)
        task = self._task(instance, task_id, by)
        keys = call.texts("task_def_key_list")
        target = self._instances.definition(instance).node(keys[0]) if keys else None
        if target is None:
            raise invalid("task_def_key_list must name nodes that passed")
        with self._instances.change(instance) as flow:
            flow.roll_back(task, target, call.text("reason", required=False))
        return success({})

    def node_of(self, instance: Instance, any_id: str) -> Node | None:
        """Return the node of that own or system id."""
        return self._instances.definition(instance).node(any_id)

    def add_comment(self, call: FeishuCall) -> ApiAnswer:
        """POST /instances/:instance_id/comments; with `comment_id` it changes one."""
        instance = self._instances.required(call.params["instance_id"])
        by = self._identities.resolve(call.app, call.query.get("user_id", ""), call.user_id_type(), unknown=1390004)
        content = call.text("content")
        try:
            text = json.loads(content)["text"]
        except (ValueError, KeyError, TypeError) as err:
            raise invalid('content must be JSON such as {"text":"...","files":[]}, as text') from err
        known = next((one for one in instance.comments if one.id == call.body.get("comment_id")), None)
        if known is not None:
            known.text, known.content = str(text), content
        else:
            known = Comment(
                id=self._simulation.ids.number(),
                user_id=by,
                text=str(text),
                content=content,
                at_ms=self._simulation.clock.told_ms(),
                parent_id=call.text("parent_comment_id", required=False),
            )
            instance.comments.append(known)
        self._instances.save(instance)
        return success({"comment_id": known.id})

    def list_comments(self, call: FeishuCall) -> ApiAnswer:
        """GET /instances/:instance_id/comments."""
        instance = self._instances.required(call.params["instance_id"])
        items, page = page_of(call, instance.comments, default=10, largest=1000)
        id_type = call.user_id_type()
        comments = [
            {
                "id": comment.id,
                "content": comment.content,
                "create_time": str(comment.at_ms),
                "update_time": str(comment.at_ms),
                "is_delete": 0,
                "replies": [],
                "at_info_list": [],
                "commentator": self._identities.typed(call.app, comment.user_id, id_type),
            }
            for comment in items
        ]
        return success({"comments": comments, **page})

    def delete_comment(self, call: FeishuCall) -> ApiAnswer:
        """DELETE /instances/:instance_id/comments/:comment_id."""
        instance = self._instances.required(call.params["instance_id"])
        comment_id = call.params["comment_id"]
        if not any(comment.id == comment_id for comment in instance.comments):
            raise invalid("comment_id not found")
        instance.comments = [comment for comment in instance.comments if comment.id != comment_id]
        self._instances.save(instance)
        return success({"comment_id": comment_id})

    def clear_comments(self, call: FeishuCall) -> ApiAnswer:
        """POST /instances/:instance_id/comments/remove."""
        instance = self._instances.required(call.params["instance_id"])
        instance.comments = []
        self._instances.save(instance)
        return success({"instance_id": instance.code, "user_id": call.query.get("user_id", "")})

    def _meant(self, call: FeishuCall) -> tuple[Instance, Task]:
        instance = self._instances.required(call.text("instance_code"))
        if instance.approval_code != call.text("approval_code"):
            raise Problem(1390002)
        by = self._identities.resolve(call.app, call.text("user_id"), call.user_id_type(), unknown=1390004)
        return instance, self._task(instance, call.text("task_id"), by)

    def _task(self, instance: Instance, task_id: str, by: str) -> Task:
        task = next((one for one in instance.pending if one.id == task_id), None)
        if task is None or instance.status != "PENDING":
            raise Problem(1390010)
        if task.user_id != by:
            raise Problem(1390009, status=403)
        return task
