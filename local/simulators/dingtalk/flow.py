"""
How an instance moves through its nodes, which run in order.

AND: all must agree. OR: the first decision counts, the other tasks are canceled. NONE: one person. A refusal ends
everything. Every change is noted as the events that the platform sends for it. Source: "Approve or reject the approval
task", "Approval events", read 2026-02-28. Which events the other approvers get after a refusal or a withdrawal is not
stated; cancel events are expected (switch `cancels_are_told`).
"""

from dataclasses import dataclass

from local.simulators.dingtalk.answers import Problem
from local.simulators.dingtalk.model import Instance, Record, Task
from local.simulators.frame.ids import Ids
from local.simulators.frame.people import Organisation

__all__ = ["Flow", "Notice"]

_BY_HAND, _BY_SYSTEM = "EXECUTE_TASK_NORMAL", "EXECUTE_TASK_AUTO"


@dataclass(frozen=True, slots=True)
class Notice:
    """
    One event to send: about the instance, or about a task.

    Args:
        change: `start finish terminate delete` of an instance, `start finish cancel comment` of a task.
        user_id: who commented.
    """

    change: str
    result: str = ""
    remark: str = ""
    task: Task | None = None
    user_id: str = ""


class Flow:
    """
    One change of one instance. Afterwards `notices` holds what has to be told.

    Args:
        remove_repeat: whether somebody who agreed in an earlier node is not asked again.
        cancels_are_told: whether open tasks end with an event when the instance ends.
    """

    def __init__(
        self,
        instance: Instance,
        people: Organisation,
        ids: Ids,
        *,
        now_ms: int,
        remove_repeat: bool,
        cancels_are_told: bool,
    ) -> None:
        self._instance, self._people, self._ids, self._now_ms = instance, people, ids, now_ms
        self._remove_repeat, self._cancels_are_told = remove_repeat, cancels_are_told
        self.notices: list[Notice] = []

    def start(self) -> None:
        """Begin with the first node."""
        self._record("START_PROCESS_INSTANCE", self._instance.originator)
        self.notices.append(Notice("start"))
        self._copy("START")
        self._enter(0)

    def agree(self, task: Task, remark: str) -> None:
        """Somebody agrees."""
        self._close(task, "AGREE", remark)
        self._record(_BY_HAND, task.user_id, "AGREE", remark, task)
        self._go_on()

    def refuse(self, task: Task, remark: str) -> None:
        """Somebody refuses: that ends the instance."""
        self._close(task, "REFUSE", remark)
        self._record(_BY_HAND, task.user_id, "REFUSE", remark, task)
        self._drop_rest("CANCELED", told=self._cancels_are_told)
        self._finish("refuse")

    def redirect(self, task: Task, to: str, remark: str) -> None:
        """Somebody hands the task on: it ends, and the other person gets a new one in the same node."""
        self._close(task, "REDIRECTED", remark, to=to)
        self._record("REDIRECT_TASK", task.user_id, "NONE", remark, task)
        self._open(to)
        self._go_on()

    def terminate(self, by: str, remark: str) -> None:
        """The instance is withdrawn; `by` is empty when the system did it."""
        self._drop_rest("TERMINATED", told=self._cancels_are_told)
        self._instance.status, self._instance.end_ms = "TERMINATED", self._now_ms
        self._record("TERMINATE_PROCESS_INSTANCE", by, "NONE", remark)
        self.notices.append(Notice("terminate"))

    def delete(self) -> None:
        """An administrator removes the instance."""
        self._drop_rest("TERMINATED", told=self._cancels_are_told)
        self._instance.status, self._instance.end_ms = "TERMINATED", self._now_ms
        self._instance.is_deleted = True
        self.notices.append(Notice("delete"))

    def comment(self, by: str, text: str) -> None:
        """Somebody says something without deciding."""
        self._record("ADD_REMARK", by, "NONE", text)
        # A task id goes with it in the bodies that were published; whose task it names was not seen.
        latest = self._instance.tasks[-1] if self._instance.tasks else None
        self.notices.append(Notice("comment", remark=text, task=latest, user_id=by))

    def _go_on(self) -> None:
        """Leave the node if it is done."""
        if self._is_passed():
            self._drop_rest("CANCELED", told=True)
            self._enter(self._instance.node + 1)

    def _enter(self, index: int) -> None:
        for position in range(index, len(self._instance.nodes)):
            self._instance.node = position
            for user_id in self._instance.nodes[position].approvers:
                self._open(user_id)
            if not self._is_passed():
                return
            self._drop_rest("CANCELED", told=True)
        self._finish("agree")

    def _is_passed(self) -> bool:
        here = [one for one in self._instance.tasks if one.node == self._instance.node and one.result != "REDIRECTED"]
        agreed = [one.result == "AGREE" for one in here]
        return any(agreed) if self._instance.nodes[self._instance.node].mode == "OR" else all(agreed)

    def _open(self, user_id: str) -> None:
        task = Task(id=int(self._ids.number(11)), node=self._instance.node, user_id=user_id, start_ms=self._now_ms)
        self._instance.tasks.append(task)
        self.notices.append(Notice("start", task=task))
        if self._is_automatic(user_id):
            task.is_automatic = True
            self._close(task, "AGREE", "")
            self._record(_BY_SYSTEM, user_id, "AGREE", "", task)

    def _is_automatic(self, user_id: str) -> bool:
        person = self._people.people.get(user_id)
        if person is not None and person.auto_pass:
            return True
        agreed = {
            one.user_id
            for one in self._instance.tasks
            if one.result == "AGREE" and one.node < self._instance.node and not one.is_automatic
        }
        return self._remove_repeat and user_id in agreed

    def _close(self, task: Task, result: str, remark: str, *, to: str = "") -> None:
        if self._instance.status != "RUNNING":
            raise Problem("aflowProcessInstStatusException", "审批单已结束")
        if task.status != "RUNNING":
            raise Problem("aflowProcessInstCanNotBeExecuted", "任务已处理")
        task.status, task.result, task.remark, task.to, task.end_ms = "COMPLETED", result, remark, to, self._now_ms
        told = {"REDIRECTED": "redirect"}.get(result, result.lower())
        self.notices.append(Notice("finish", told, remark, task))

    def _drop_rest(self, status: str, *, told: bool) -> None:
        for task in self._instance.running:
            task.status, task.end_ms = status, self._now_ms
            if told:
                self.notices.append(Notice("cancel", task=task))

    def _finish(self, result: str) -> None:
        self._instance.status, self._instance.result, self._instance.end_ms = "COMPLETED", result, self._now_ms
        self._copy("FINISH")
        self.notices.append(Notice("finish", result))

    def _copy(self, position: str) -> None:
        if self._instance.cc and position in self._instance.cc_position.split("_"):
            self._record("PROCESS_CC", "", copies=self._instance.cc)

    def _record(
        self,
        kind: str,
        user_id: str,
        result: str = "NONE",
        remark: str = "",
        task: Task | None = None,
        copies: list[str] | None = None,
    ) -> None:
        node = self._instance.nodes[task.node].id if task else ""
        self._instance.records.append(
            Record(
                type=kind,
                at_ms=self._now_ms,
                user_id=user_id,
                result=result,
                remark=remark,
                node=node,
                copies=list(copies or []),
            )
        )
