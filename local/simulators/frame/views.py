"""What the page and `GET /_sim/approvals` show, in words shared by all platforms. A platform fills these in."""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["ApprovalView", "Decision", "Line", "MessageView", "Moment", "StageView", "TaskView"]


@dataclass(frozen=True, slots=True)
class Decision:
    """
    What somebody does with an approval.

    Args:
        action: `approve reject transfer withdraw rollback revert delete`; a platform may know fewer.
        user_id: who does it; empty for the next pending person (or the requester, where only they can).
        to: for `transfer` the person, for `rollback` the stage.
    """

    action: str
    user_id: str = ""
    comment: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled value of the form."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class TaskView:
    """
    One person's task. `status`: `waiting pending approved rejected transferred done`.

    Args:
        id: empty while the person's turn has not come.
        user_id: empty when the platform handled the task by itself.
        note: such as `auto`, `repeat`.
    """

    id: str
    user_id: str
    name: str
    status: str
    comment: str = ""
    decided_at: str = ""
    note: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class StageView:
    """
    One stage. `mode`: `all any sequence`; `status`: `waiting pending approved rejected closed`.
    """

    id: str
    name: str
    mode: str
    status: str
    tasks: list[TaskView] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Moment:
    """One comment on an approval."""

    name: str
    text: str
    at: str


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """
    One approval. `status`: `pending approved rejected canceled deleted reverted`.

    Args:
        actions: what can be done and by whom: action to user ids.
        raw: the platform's own words for it.
    """

    ref: str
    title: str
    status: str
    requester: str
    requester_id: str
    created_at: str
    finished_at: str = ""
    number: str = ""
    app_id: str = ""
    lines: list[Line] = field(default_factory=list)
    stages: list[StageView] = field(default_factory=list)
    comments: list[Moment] = field(default_factory=list)
    copied_to: list[str] = field(default_factory=list)
    actions: dict[str, list[str]] = field(default_factory=dict)
    rollback_stages: list[str] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)

    def allows(self, action: str, user_id: str) -> bool:
        """Tell whether that person can do that now."""
        return user_id in self.actions.get(action, ())

    @property
    def people_involved(self) -> set[str]:
        """Return the ids of those who had a task."""
        return {task.user_id for stage in self.stages for task in stage.tasks if task.status != "waiting"} - {""}


@dataclass(frozen=True, slots=True)
class MessageView:
    """
    One message.

    Args:
        to: user ids that see it; empty for a chat.
        kind: the platform's message type.
        title, text: what a person reads, plain text.
        links: title and address.
        state: such as `recalled`.
        mentions: user ids of those who are alerted by name; `all` for everybody.
    """

    id: str
    at: str
    app_id: str
    sender: str
    to: list[str]
    chat: str
    kind: str
    title: str
    text: str
    links: list[tuple[str, str]] = field(default_factory=list)
    tone: str = ""
    state: str = ""
    raw: dict[str, Any] = field(default_factory=dict)
    mentions: list[str] = field(default_factory=list)
