"""What people see and do in the platform's own application, in the words that the frame's page shares."""

from typing import Any

from local.simulators.dingtalk.details import Details
from local.simulators.dingtalk.instances import Instances
from local.simulators.dingtalk.model import Instance, Notification, RobotMessage, Task
from local.simulators.dingtalk.notifications import Notifications
from local.simulators.dingtalk.people import People
from local.simulators.dingtalk.robots import Robots
from local.simulators.frame.platform import Simulation
from local.simulators.frame.rich_text import read_markdown
from local.simulators.frame.times import rfc3339
from local.simulators.frame.views import ApprovalView, Decision, Line, MessageView, Moment, StageView, TaskView
from local.simulators.frame.web import SimError

__all__ = ["Inbox"]

_ACTIONS = ("approve", "reject", "transfer", "withdraw", "delete")
_MODES = {"AND": "all", "OR": "any", "NONE": "all"}
_APPROVER = {"en": "Approver"}
_STATUSES = {"RUNNING": "pending", "TERMINATED": "canceled"}
_TASK_STATUSES = {"RUNNING": "pending", "AGREE": "approved", "REFUSE": "rejected", "REDIRECTED": "transferred"}
_TONES = {"0xFF78C06E": "green", "0xFFF65E5E": "red", "0xFF858E99": "grey", "0xFFFF9D46": "orange"}


class Inbox:
    """Approvals and messages as people have them before their eyes."""

    def __init__(
        self,
        simulation: Simulation,
        people: People,
        instances: Instances,
        details: Details,
        notifications: Notifications,
        robots: Robots,
    ) -> None:
        self._simulation, self._people, self._instances, self._details = simulation, people, instances, details
        self._notifications, self._robots = notifications, robots

    def approvals(self, limit: int, language: str) -> list[ApprovalView]:
        """Return approvals, newest first."""
        return [self._view(instance, language) for instance in self._instances.all(limit)]

    def approval(self, ref: str, language: str) -> ApprovalView | None:
        """Return one approval."""
        instance = self._instances.get(ref)
        return self._view(instance, language) if instance else None

    def decide(self, ref: str, decision: Decision) -> None:
        """
        Do what a person does. The 15 seconds before a withdrawal are a rule of the interface, not for people.

        Raises:
            SimError: that person cannot do that now.
            Problem: the platform refuses it.
        """
        instance = self._instances.get(ref)
        action = decision.action
        if action not in _ACTIONS or instance is None:
            raise SimError(f"decision {action!r} is not one of {', '.join(_ACTIONS)}")
        if action == "withdraw":
            if decision.user_id not in {"", instance.originator}:
                raise SimError(f"only {instance.originator} can withdraw this", status=409)
            self._instances.withdraw(instance, instance.originator, decision.comment)
        elif action == "delete":
            if instance.is_deleted:
                raise SimError("the approval is deleted already", status=409)
            with self._instances.change(instance) as flow:
                flow.delete()
        else:
            self._decide_task(instance, decision)

    def messages(self, limit: int) -> list[MessageView]:
        """Return messages, newest first. One that was dropped for everybody is none."""
        both = [self._notification(one) for one in self._notifications.all(limit) if one.to]
        both += [self._robot_message(one) for one in self._robots.all(limit)]
        newest_first = sorted(both, key=lambda one: one.at, reverse=True)
        return newest_first if limit < 0 else newest_first[:limit]

    def _decide_task(self, instance: Instance, decision: Decision) -> None:
        if instance.status != "RUNNING":
            raise SimError(f"the approval is {instance.status} already; nothing is open", status=409)
        task = next((one for one in instance.running if decision.user_id in {"", one.user_id}), None)
        if task is None:
            open_for = ", ".join(one.user_id for one in instance.running)
            raise SimError(f"{decision.user_id} has no open task here; open for: {open_for or 'nobody'}", status=409)
        to = self._receiver(task, decision) if decision.action == "transfer" else ""
        with self._instances.change(instance) as flow:
            if decision.action == "approve":
                flow.agree(task, decision.comment)
            elif decision.action == "reject":
                flow.refuse(task, decision.comment)
            else:
                flow.redirect(task, to, decision.comment)

    def _receiver(self, task: Task, decision: Decision) -> str:
        person = self._people.present(self._people.anyone(decision.to))
        if person is None or person.user_id == task.user_id:
            raise SimError(f"transfer needs `to`: somebody else who works here; {decision.to!r} is not")
        return person.user_id

    def _view(self, instance: Instance, language: str) -> ApprovalView:
        status = _STATUSES.get(instance.status, "approved" if instance.result == "agree" else "rejected")
        running = [task.user_id for task in instance.running]
        actions = {"approve": running, "reject": running, "transfer": running}
        if instance.status == "RUNNING" and self._simulation.switch("withdrawal_allowed"):
            actions["withdraw"] = [instance.originator]
        copies = [user for record in instance.records for user in record.copies]
        return ApprovalView(
            ref=instance.id,
            title=instance.title,
            status="deleted" if instance.is_deleted else status,
            requester=self._simulation.people.name_of(instance.originator),
            requester_id=instance.originator,
            created_at=rfc3339(instance.start_ms / 1000),
            finished_at=rfc3339(instance.end_ms / 1000) if instance.end_ms else "",
            number=instance.business_id,
            app_id=instance.app_id,
            lines=[Line(label=one["name"], text=one["value"]) for one in instance.values],
            stages=[self._stage(instance, index, language) for index in range(len(instance.nodes))],
            comments=[
                Moment(name=self._simulation.people.name_of(one.user_id), text=one.remark, at=rfc3339(one.at_ms / 1000))
                for one in instance.records
                if one.type == "ADD_REMARK"
            ],
            copied_to=list(dict.fromkeys(copies)),
            actions=actions,
            raw=self._details.shown(instance),
        )

    def _stage(self, instance: Instance, index: int, language: str) -> StageView:
        node = instance.nodes[index]
        tasks = [task for task in instance.tasks if task.node == index]
        shown = [self._task(task) for task in tasks]
        if not tasks and instance.status == "RUNNING":
            name_of = self._simulation.people.name_of
            shown = [TaskView(id="", user_id=one, name=name_of(one), status="waiting") for one in node.approvers]
        return StageView(
            id=node.id,
            name=f"{_APPROVER.get(language, '审批人')} {index + 1}",
            mode=_MODES[node.mode],
            status=_stage_status(instance, index),
            tasks=shown,
        )

    def _task(self, task: Task) -> TaskView:
        return TaskView(
            id=str(task.id),
            user_id=task.user_id,
            name=self._simulation.people.name_of(task.user_id),
            status=_TASK_STATUSES.get(task.result or task.status, "done"),
            comment=task.remark,
            decided_at=rfc3339(task.end_ms / 1000) if task.end_ms else "",
            note="auto" if task.is_automatic else "",
            to=self._simulation.people.name_of(task.to) if task.to else "",
        )

    def _notification(self, sent: Notification) -> MessageView:
        title, text, links = _read(sent.message["msgtype"], sent.message[sent.message["msgtype"]])
        bar = sent.message.get("oa", {}).get("status_bar") or {}
        app = self._simulation.apps.get(sent.app_id)
        return MessageView(
            id=sent.id,
            at=rfc3339(sent.at_ms / 1000),
            app_id=sent.app_id,
            sender=app.name if app and app.name else sent.app_id,
            to=sent.to,
            chat="",
            kind=sent.message["msgtype"],
            title=title,
            text="\n".join(part for part in (text, sent.status_bar or bar.get("status_value", "")) if part),
            links=links,
            tone=_TONES.get(str(bar.get("status_bg", "")), ""),
            state="recalled" if sent.recalled else "",
            raw=sent.message,
        )

    def _robot_message(self, sent: RobotMessage) -> MessageView:
        title, text, links = _read(sent.kind, sent.content)
        chat = self._simulation.people.chats.get(sent.chat_id) if sent.chat_id else None
        return MessageView(
            id=sent.id,
            at=rfc3339(sent.at_ms / 1000),
            app_id=sent.app_id,
            sender=sent.sender,
            to=chat.members if chat else sent.to,
            chat=chat.name if chat else "",
            kind=sent.kind,
            title=title,
            text=text,
            links=links,
            state="recalled" if sent.recalled else "",
            raw={"content": sent.content, "processQueryKey": sent.query_key},
            mentions=sent.mentions,
        )


def _stage_status(instance: Instance, index: int) -> str:
    tasks = [task for task in instance.tasks if task.node == index]
    if instance.status == "RUNNING":
        return "pending" if index == instance.node else ("approved" if index < instance.node else "waiting")
    if any(task.result == "REFUSE" for task in tasks):
        return "rejected"
    return "approved" if index < instance.node or instance.result == "agree" else "closed"


def _read(kind: str, content: dict[str, Any]) -> tuple[str, str, list[tuple[str, str]]]:
    """Return title, text and links of a message, as far as plain text can tell them."""
    head, body = content.get("head"), content.get("body")
    title = content.get("title") or (body.get("title") if isinstance(body, dict) else "")
    text = content.get("text") or content.get("markdown") or content.get("content")
    in_text: list[tuple[str, str]] = []
    if isinstance(text, str) and kind.lower().endswith(_IN_MARKDOWN):
        text, in_text = read_markdown(text)
    if isinstance(body, dict) and not text:
        rows = [
            f"{row.get('key', '')}{row.get('value', '')}" for row in body.get("form") or [] if isinstance(row, dict)
        ]
        text = "\n".join([*rows, str(body.get("content", ""))]).strip()
    if not title and isinstance(head, dict):
        title = head.get("text", "")
    links = [
        (str(content.get(label) or "详情"), content[name])
        for name, label in _ADDRESSES.items()
        if isinstance(content.get(name), str)
    ]
    buttons = content.get("btns") or content.get("btn_json_list") or []
    links += [
        (str(one.get("title", "")), str(one.get("actionURL") or one.get("action_url") or ""))
        for one in (buttons if isinstance(buttons, list) else [])
        if isinstance(one, dict)
    ]
    for number in range(1, 6):
        address = content.get(f"actionURL{number}") or content.get(f"buttonUrl{number}")
        label = content.get(f"actionTitle{number}") or content.get(f"buttonTitle{number}")
        if address:
            links.append((str(label), str(address)))
    return str(title or ""), str(text or f"[{kind}]"), [*in_text, *links]


# `sampleActionCard2` and its like too.
_IN_MARKDOWN = ("markdown", "actioncard", "action_card", *(f"actioncard{number}" for number in range(2, 7)))
_ADDRESSES = {"messageUrl": "", "message_url": "", "singleURL": "singleTitle", "single_url": "single_title"}
