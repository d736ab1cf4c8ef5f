"""
How an instance moves through its nodes.

AND: all must agree. OR: one suffices. SEQUENTIAL: one after another. A rejection ends everything. Every change is
noted as the events that the platform sends for it. Source: "Approval task event", table of causes, read 2026-02-28.
"""

from dataclasses import dataclass

from local.simulators.feishu.answers import Problem, invalid
from local.simulators.feishu.model import CcEntry, Definition, Instance, Node, Task, TimelineEntry
from local.simulators.frame.ids import Ids
from local.simulators.frame.people import Organisation

__all__ = ["Flow", "Notice"]

_AUTO_PASS, _REMOVE_REPEAT = "AUTO_PASS", "REMOVE_REPEAT"


@dataclass(frozen=True, slots=True)
class Notice:
    """
    One event to send. `kind`: `approval_instance approval_task approval_cc`.

    Args:
        rollback_to: the node that a ROLLBACK goes back to.
    """

    kind: str
    status: str
    task: Task | None = None
    copy: CcEntry | None = None
    rollback_to: Node | None = None


class Flow:
    """
    One change of one instance. Afterwards `notices` holds what has to be told.

    Args:
        remove_repeat: whether somebody who agreed before is not asked again.
    """

    def __init__(
        self,
        definition: Definition,
        instance: Instance,
        people: Organisation,
        ids: Ids,
        *,
        now_ms: int,
        remove_repeat: bool = False,
    ) -> None:
        self._definition, self._instance = definition, instance
        self._people, self._ids = people, ids
        self._now_ms, self._remove_repeat = now_ms, remove_repeat
        self.notices: list[Notice] = []

    def start(self) -> None:
        """Begin with the first node."""
        self._note("START", self._instance.starter)
        self.notices.append(Notice("approval_instance", "PENDING"))
        self.copy_to(self._instance.cc.get("START", []), self._instance.starter)
        self._enter(0)

    def approve(self, task: Task, comment: str) -> None:
        """Somebody agrees."""
        node = self._node(task)
        self._close(task, "APPROVED")
        self._note("PASS", task.user_id, task, comment)
        if not self._go_on(node):
            for other in self._instance.pending:
                self.notices.append(Notice("approval_task", "PENDING", other))

    def reject(self, task: Task, comment: str) -> None:
        """Somebody refuses: that ends the instance."""
        self._close(task, "REJECTED")
        self._note("REJECT", task.user_id, task, comment)
        self._close_rest("DONE")
        self._finish("REJECTED")

    def transfer(self, task: Task, to: str, comment: str) -> None:
        """Somebody hands the task to another person."""
        if to == task.user_id:
            raise invalid("transfer_user_id is the task's own approver")
        node = self._node(task)
        self._close(task, "TRANSFERRED")
        self._note("TRANSFER", task.user_id, task, comment, targets=[to])
        if not self._open_task(node, to):
            self._go_on(node)

    def roll_back(self, task: Task, target: Node, comment: str) -> None:
        """Somebody sends the instance back to a node that has passed."""
        index = self._definition.nodes.index(target)
        if index >= self._instance.node:
            raise invalid("only nodes that have passed can be rolled back to")
        self._close(task, "DONE", told="ROLLBACK", rollback_to=target)
        self._note("ROLLBACK_SELECTED", task.user_id, task, comment)
        self._close_rest("DONE")
        self._enter(index)

    def withdraw(self, by: str) -> None:
        """The starter takes the instance back."""
        self._note("CANCEL", by)
        self._close_rest("DONE")
        self._finish("CANCELED")

    def delete(self) -> None:
        """An administrator removes the instance."""
        self._note("DELETE", "")
        self._close_rest("DONE")
        self._finish("DELETED")

    def revert(self, by: str) -> None:
        """The starter revokes what was approved. The read interface then says CANCELED and `reverted`."""
        self._instance.status, self._instance.reverted, self._instance.end_ms = "CANCELED", True, self._now_ms
        self._note("CANCEL", by)
        self.notices.append(Notice("approval_instance", "REVERTED"))

    def copy_to(self, users: list[str], by: str, comment: str = "") -> None:
        """Let people read along."""
        if not users:
            return
        self._note("CC", by, comment=comment, targets=users)
        for user in users:
            entry = CcEntry(id=self._ids.number(), user_id=user, at_ms=self._now_ms)
            self._instance.copies.append(entry)
            self.notices.append(Notice("approval_cc", "CREATE", copy=entry))

    def _go_on(self, node: Node) -> bool:
        """Leave the node if it is done; tell whether anything was opened or ended."""
        if node.node_type == "SEQUENTIAL":
            if not self._next_in_sequence(node):
                self._enter(self._instance.node + 1)
            return True
        if not self._is_passed(node):
            return False
        self._close_rest("DONE")
        self._enter(self._instance.node + 1)
        return True

    def _enter(self, index: int) -> None:
        for position in range(index, len(self._definition.nodes)):
            node = self._definition.nodes[position]
            self._instance.node, self._instance.visit, self._instance.queue = position, self._instance.visit + 1, []
            self.copy_to(self._instance.cc.get(node.id, []), "")
            if self._open_node(node):
                return
        self._finish("APPROVED")
        self.copy_to(self._instance.cc.get("END", []), "")

    def _open_node(self, node: Node) -> bool:
        """Give the node's people their tasks; tell whether anybody has to act."""
        approvers = self._instance.approvers.get(node.id, [])
        if node.id in self._instance.auto_nodes or not approvers:
            self._pass_by_itself(node, "", _AUTO_PASS)
            return False
        if node.node_type == "SEQUENTIAL":
            self._instance.queue = list(approvers)
            return self._next_in_sequence(node)
        for user in approvers:
            self._open_task(node, user)
        if not self._is_passed(node):
            return True
        self._close_rest("DONE")
        return False

    def _next_in_sequence(self, node: Node) -> bool:
        while self._instance.queue:
            if self._open_task(node, self._instance.queue.pop(0)):
                return True
        return False

    def _open_task(self, node: Node, user: str) -> bool:
        """Give somebody a task; tell whether they have to act."""
        reason = self._automatic(node, user)
        if reason:
            self._pass_by_itself(node, user, reason)
            return False
        task = Task(
            id=self._ids.number(),
            node_id=node.id,
            user_id=user,
            status="PENDING",
            type=node.node_type,
            start_ms=self._now_ms,
            visit=self._instance.visit,
            meant_for=user,
        )
        self._instance.tasks.append(task)
        self.notices.append(Notice("approval_task", "PENDING", task))
        return True

    def _automatic(self, node: Node, user: str) -> str:
        person = self._people.people.get(user)
        if person is not None and person.auto_pass:
            return _AUTO_PASS
        if user == self._instance.starter and node.starter_assignee == "AUTO_PASS":
            return _AUTO_PASS
        agreed = {
            task.user_id for task in self._instance.tasks if task.status == "APPROVED" and task.node_id != node.id
        }
        return _REMOVE_REPEAT if self._remove_repeat and user in agreed else ""

    def _pass_by_itself(self, node: Node, user: str, reason: str) -> None:
        """
        Pass a task without asking.

        An automatic task names nobody. For REMOVE_REPEAT the history names the person who had decided before; whether
        the platform's does was not seen, so a client must not rely on the name being there.
        """
        task = Task(
            id=self._ids.number(),
            node_id=node.id,
            user_id="",
            status="APPROVED",
            type=_AUTO_PASS,
            start_ms=self._now_ms,
            visit=self._instance.visit,
            meant_for=user,
            end_ms=self._now_ms,
        )
        self._instance.tasks.append(task)
        self._note(reason, user if reason == _REMOVE_REPEAT else "", task)
        self.notices.append(Notice("approval_task", "APPROVED", task))

    def _is_passed(self, node: Node) -> bool:
        counted = [
            task.status == "APPROVED"
            for task in self._instance.tasks
            if task.visit == self._instance.visit and task.status != "TRANSFERRED"
        ]
        return any(counted) if node.node_type == "OR" else all(counted)

    def _close(self, task: Task, status: str, *, told: str = "", rollback_to: Node | None = None) -> None:
        if task.status != "PENDING" or self._instance.status != "PENDING":
            raise Problem(1390010)
        task.status, task.end_ms = status, self._now_ms
        self.notices.append(Notice("approval_task", told or status, task, rollback_to=rollback_to))

    def _close_rest(self, status: str) -> None:
        self._instance.queue = []
        for task in self._instance.pending:
            self._close(task, status)

    def _finish(self, status: str) -> None:
        self._instance.status, self._instance.end_ms = status, self._now_ms
        self.notices.append(Notice("approval_instance", status))

    def _node(self, task: Task) -> Node:
        node = self._definition.node(task.node_id)
        if node is None:  # the definition was overwritten meanwhile
            raise Problem(1390010, "its node is gone")
        return node

    def _note(
        self, kind: str, user: str, task: Task | None = None, comment: str = "", targets: list[str] | None = None
    ) -> None:
        node = self._definition.node(task.node_id) if task else None
        self._instance.timeline.append(
            TimelineEntry(
                type=kind,
                at_ms=self._now_ms,
                user_id=user,
                task_id=task.id if task else "",
                node_key=node.system_id if node else "",
                comment=comment,
                targets=list(targets or []),
            )
        )
