"""What people see and do in the platform's own application, in the words that the frame's page shares."""

from local.simulators.feishu.answers import Problem
from local.simulators.feishu.cards import read_content
from local.simulators.feishu.forms import shown_values
from local.simulators.feishu.identities import Identities
from local.simulators.feishu.instance_details import InstanceDetails
from local.simulators.feishu.instances import Instances
from local.simulators.feishu.messages import Messages
from local.simulators.feishu.model import Definition, Instance, Message, Node, Task
from local.simulators.frame.apps import App
from local.simulators.frame.platform import Simulation
from local.simulators.frame.times import rfc3339
from local.simulators.frame.views import ApprovalView, Decision, Line, MessageView, Moment, StageView, TaskView
from local.simulators.frame.web import SimError

__all__ = ["Inbox"]

_MODES = {"AND": "all", "OR": "any", "SEQUENTIAL": "sequence"}
_LOCALES = {"zh": "zh-CN", "en": "en-US"}
_ACTIONS = ("approve", "reject", "transfer", "withdraw", "rollback", "revert", "delete")


class Inbox:
    """Approvals and messages as people have them before their eyes."""

    def __init__(
        self,
        simulation: Simulation,
        identities: Identities,
        instances: Instances,
        details: InstanceDetails,
        messages: Messages,
        locale: str,
    ) -> None:
        self._simulation, self._identities, self._instances = simulation, identities, instances
        self._details, self._messages, self._locale = details, messages, locale

    def approvals(self, limit: int, language: str) -> list[ApprovalView]:
        """Return approvals, newest first."""
        return [self._view(instance, self._locale_of(language)) for instance in self._instances.all(limit)]

    def approval(self, ref: str, language: str) -> ApprovalView | None:
        """Return one approval."""
        instance = self._instances.get(ref)
        return self._view(instance, self._locale_of(language)) if instance else None

    def decide(self, ref: str, decision: Decision) -> None:
        """
        Do what a person does.

        Raises:
            SimError: that person cannot do that now.
            Problem: the platform refuses it.
        """
        instance = self._instances.required(ref)
        action = decision.action
        if action not in _ACTIONS:
            raise SimError(f"decision {action!r} is not one of {', '.join(_ACTIONS)}")
        if action == "withdraw":
            self._instances.withdraw(instance, decision.user_id or instance.starter)
        elif action == "revert":
            if decision.user_id not in {"", instance.starter}:
                raise Problem(1390009, "only the starter can revoke")
            self._instances.revert(instance, instance.starter)
        elif action == "delete":
            self._check_pending(instance)
            with self._instances.change(instance) as flow:
                flow.delete()
        else:
            self._decide_task(instance, decision)

    def messages(self, limit: int, language: str) -> list[MessageView]:
        """Return messages, newest first."""
        return [self._message(message, self._locale_of(language)) for message in self._messages.all(limit)]

    def _decide_task(self, instance: Instance, decision: Decision) -> None:
        self._check_pending(instance)
        task = next((one for one in instance.pending if decision.user_id in {"", one.user_id}), None)
        if task is None:
            open_for = ", ".join(one.user_id for one in instance.pending)
            raise SimError(f"{decision.user_id} has no open task here; open for: {open_for or 'nobody'}", status=409)
        with self._instances.change(instance) as flow:
            if decision.action == "approve":
                flow.approve(task, decision.comment)
            elif decision.action == "reject":
                flow.reject(task, decision.comment)
            elif decision.action == "transfer":
                flow.transfer(task, self._receiver(decision), decision.comment)
            else:
                flow.roll_back(task, self._target(instance, decision), decision.comment)

    def _receiver(self, decision: Decision) -> str:
        to = self._identities.anyone(decision.to)
        if not to:
            raise SimError(f"transfer needs `to`: a person's id; {decision.to!r} is unknown")
        return to

    def _target(self, instance: Instance, decision: Decision) -> Node:
        definition = self._instances.definition(instance)
        target = definition.node(decision.to) if decision.to else definition.nodes[max(instance.node - 1, 0)]
        if target is None:
            raise SimError(f"rollback needs `to`: a node that has passed; {decision.to!r} is unknown")
        return target

    def _check_pending(self, instance: Instance) -> None:
        if instance.status != "PENDING":
            raise SimError(f"the approval is {instance.status} already; nothing is open", status=409)

    def _locale_of(self, language: str) -> str:
        return _LOCALES.get(language, self._locale)

    def _view(self, instance: Instance, locale: str) -> ApprovalView:
        definition = self._instances.definition(instance)
        texts = instance.texts.get(locale) or instance.texts.get(instance.default_locale) or {}
        name = definition.text(definition.name, locale)
        status = "reverted" if instance.reverted else instance.status.lower()
        pending = [task.user_id for task in instance.pending]
        passed = [definition.nodes[index].id for index in range(min(instance.node, len(definition.nodes)))]
        actions = {"approve": pending, "reject": pending, "transfer": pending, "rollback": pending if passed else []}
        if instance.status == "PENDING" and not instance.forbid_revoke:
            actions["withdraw"] = [instance.starter]
        if instance.status == "APPROVED" and definition.settings.revert_interval:
            actions["revert"] = [instance.starter]
        app = self._simulation.apps.get(instance.app_id) or App(app_id=instance.app_id, app_secret="")
        return ApprovalView(
            ref=instance.code,
            title=texts.get(instance.title, instance.title) or name,
            status=status,
            requester=self._name(instance.starter),
            requester_id=instance.starter,
            created_at=rfc3339(instance.start_ms / 1000),
            finished_at=rfc3339(instance.end_ms / 1000) if instance.end_ms else "",
            number=instance.serial_number,
            app_id=instance.app_id,
            lines=[
                Line(label=value["name"], text=_readable(value["value"]))
                for value in shown_values(definition, instance, locale)
            ],
            stages=[self._stage(definition, instance, index, locale) for index in range(len(definition.nodes))],
            comments=[
                Moment(name=self._name(one.user_id), text=one.text, at=rfc3339(one.at_ms / 1000))
                for one in instance.comments
            ],
            copied_to=list(dict.fromkeys(entry.user_id for entry in instance.copies)),
            actions=actions,
            rollback_stages=passed,
            raw=self._details.shown(app, instance, locale),
        )

    def _stage(self, definition: Definition, instance: Instance, index: int, locale: str) -> StageView:
        node = definition.nodes[index]
        tasks = [task for task in instance.tasks if task.node_id == node.id]
        is_current = index == instance.node and instance.status == "PENDING"
        turn = {task.meant_for for task in tasks}
        shown = [self._task(instance, task) for task in tasks]
        if instance.status == "PENDING":
            shown += [
                TaskView(id="", user_id=user, name=self._name(user), status="waiting")
                for user in instance.approvers.get(node.id, [])
                if user not in turn
            ]
        return StageView(
            id=node.id,
            name=definition.text(node.name, locale),
            mode=_MODES[node.node_type],
            status=_stage_status(instance, index, tasks, is_current=is_current),
            tasks=shown,
        )

    def _task(self, instance: Instance, task: Task) -> TaskView:
        entry = next((one for one in instance.timeline if one.task_id == task.id), None)
        return TaskView(
            id=task.id,
            user_id=task.user_id,
            name=self._name(task.user_id or task.meant_for),
            status=task.status.lower(),
            comment=entry.comment if entry else "",
            decided_at=rfc3339(task.end_ms / 1000) if task.end_ms else "",
            note={"AUTO_PASS": "auto", "REMOVE_REPEAT": "repeat"}.get(entry.type if entry else "", ""),
            to=", ".join(self._name(user) for user in entry.targets) if entry else "",
        )

    def _message(self, message: Message, locale: str) -> MessageView:
        title, text, links, tone = read_content(
            message.msg_type, message.content, is_chinese=locale == "zh-CN", name_of=self._mentioned
        )
        chat = None if message.user_id else self._simulation.people.chats.get(message.chat_id)
        app = self._simulation.apps.get(message.app_id)
        state = "recalled" if message.deleted else ("edited" if message.edited_ms else "")
        return MessageView(
            id=message.id,
            at=rfc3339(message.at_ms / 1000),
            app_id=message.app_id,
            sender=message.robot or (app.name if app and app.name else message.app_id),
            to=[message.user_id] if message.user_id else (chat.members if chat else []),
            chat=chat.name if chat else "",
            kind=message.msg_type,
            title=title,
            text=text,
            links=links,
            tone=tone,
            state="urgent" if message.urgent_for and not state else state,
            mentions=[one if one == "all" else self._identities.anyone(one) or one for one in message.mentions],
            raw={
                "chat_id": message.chat_id,
                "content": message.content,
                "uuid": message.uuid,
                "parent_id": message.parent_id,
            },
        )

    def _mentioned(self, given: str) -> str:
        return self._name(self._identities.anyone(given)) or given

    def _name(self, user_id: str) -> str:
        if self._identities.is_bot(user_id):
            app = self._simulation.apps.get(user_id.partition(":")[2])
            return app.name if app and app.name else "Bot"
        return self._simulation.people.name_of(user_id) if user_id else ""


def _stage_status(instance: Instance, index: int, tasks: list[Task], *, is_current: bool) -> str:
    if is_current:
        return "pending"
    if any(task.status == "REJECTED" for task in tasks):
        return "rejected"
    is_behind = index < instance.node or instance.status == "APPROVED" or instance.reverted
    if is_behind and tasks:
        return "approved"
    return "waiting" if instance.status == "PENDING" else "closed"


def _readable(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
