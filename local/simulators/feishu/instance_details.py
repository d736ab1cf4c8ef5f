"""
What the read interface tells of an instance. Numbers are texts, an open end is "0", an automatic task names nobody.

Source: "Get an approval instance", read 2026-02-28; `tests/simulators` holds it against constructed vectors.
"""

from typing import Any

from local.simulators.feishu.answers import success
from local.simulators.feishu.call import FeishuCall
from local.simulators.feishu.forms import shown_values
from local.simulators.feishu.identities import Identities
from local.simulators.feishu.instances import Instances
from local.simulators.feishu.model import Definition, Instance, Task, TimelineEntry
from local.simulators.frame.apps import App
from local.simulators.frame.platform import Simulation
from local.simulators.frame.web import ApiAnswer

__all__ = ["InstanceDetails"]


class InstanceDetails:
    """GET /instances/:instance_id, by code or by the uuid given at creation."""

    def __init__(self, simulation: Simulation, instances: Instances, identities: Identities) -> None:
        self._simulation, self._instances, self._identities = simulation, instances, identities

    def read(self, call: FeishuCall) -> ApiAnswer:
        """Answer the call."""
        instance = self._instances.required(call.params["instance_id"])
        return success(self.shown(call.app, instance, call.query.get("locale", "")))

    def shown(self, app: App, instance: Instance, locale: str) -> dict[str, Any]:
        """Return `data` as an app sees it."""
        definition = self._instances.definition(instance)
        return {
            "approval_name": definition.text(definition.name, locale),
            "approval_code": instance.approval_code,
            "instance_code": instance.code,
            "serial_number": instance.serial_number,
            "status": instance.status,
            "reverted": instance.reverted,
            "start_time": str(instance.start_ms),
            "end_time": str(instance.end_ms),
            **self._who(app, instance.starter),
            "department_id": instance.department_id,
            # The uuid is compared without case; a client must not expect its own spelling back.
            "uuid": instance.uuid.upper(),
            "form": FeishuCall.json_text(shown_values(definition, instance, locale)),
            "task_list": [self._task(app, definition, task, locale) for task in instance.tasks],
            "comment_list": [
                {
                    "id": comment.id,
                    **self._who(app, comment.user_id),
                    "comment": comment.text,
                    "create_time": str(comment.at_ms),
                }
                for comment in instance.comments
            ],
            "timeline": [self._entry(app, instance, entry) for entry in instance.timeline],
            "modified_instance_code": "",
            "reverted_instance_code": instance.reverts,
        }

    def _who(self, app: App, user_id: str) -> dict[str, str]:
        return {
            "user_id": self._identities.shown_user_id(app, user_id),
            "open_id": self._identities.open_id(app.app_id, user_id),
        }

    def _task(self, app: App, definition: Definition, task: Task, locale: str) -> dict[str, Any]:
        node = definition.node(task.node_id)
        custom = {"custom_node_id": task.node_id} if self._simulation.switch("custom_node_ids") else {}
        return {
            "id": task.id,
            **self._who(app, task.user_id),
            "status": task.status,
            "node_id": node.system_id if node else "",
            "node_name": definition.text(node.name, locale) if node else "",
            **custom,
            "type": task.type,
            "start_time": str(task.start_ms),
            "end_time": str(task.end_ms),
        }

    def _entry(self, app: App, instance: Instance, entry: TimelineEntry) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "type": entry.type,
            "create_time": str(entry.at_ms),
            **self._who(app, entry.user_id),
            "ext": "{}",
            "node_key": entry.node_key,
        }
        if entry.task_id:
            shown |= {"task_id": entry.task_id, "comment": entry.comment}
        if entry.targets:
            users = [self._identities.shown_user_id(app, user) for user in entry.targets]
            open_ids = [self._identities.open_id(app.app_id, user) for user in entry.targets]
            if entry.type == "CC":
                copies = {copy.user_id: copy.id for copy in instance.copies}
                shown["cc_user_list"] = [
                    {**self._who(app, user), "cc_id": copies.get(user, "")} for user in entry.targets
                ]
                shown["ext"] = FeishuCall.json_text({"user_id": users[0], "open_id": open_ids[0]})
            else:
                shown |= {"user_id_list": users, "open_id_list": open_ids}
                shown["ext"] = FeishuCall.json_text({"user_id_list": users, "open_id_list": open_ids})
        return shown
