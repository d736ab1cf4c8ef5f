"""What the platform stores. Times are milliseconds since 1970, people are user ids, departments the organisation's."""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Form", "Instance", "Node", "Notification", "Record", "RobotMessage", "Task", "Token"]


@dataclass(slots=True)
class Token:
    """An access token. `secret` is the app secret it was issued for: a rotation ends it."""

    token: str
    app_id: str
    expires_at_s: float
    secret: str


@dataclass(slots=True)
class Form:
    """An official form made by the API. `components` as given: `{componentType, props, children}`."""

    process_code: str
    app_id: str
    name: str
    description: str
    components: list[dict[str, Any]]
    config: dict[str, Any]
    changed_ms: int


@dataclass(slots=True)
class Node:
    """One step. `mode`: AND, OR or NONE; `id` is the platform's `activityId`."""

    id: str
    mode: str
    approvers: list[str]


@dataclass(slots=True)
class Task:
    """
    One person's task.

    Args:
        node: index of its step.
        status: RUNNING, COMPLETED, CANCELED or TERMINATED.
        result: AGREE, REFUSE or REDIRECTED when completed.
        is_automatic: the system decided.
        to: who got it, when redirected; only people see that, the interface does not tell.
    """

    id: int
    node: int
    user_id: str
    start_ms: int
    status: str = "RUNNING"
    result: str = ""
    end_ms: int = 0
    remark: str = ""
    is_automatic: bool = False
    to: str = ""


@dataclass(slots=True)
class Record:
    """One line of an instance's history. `node` is the id of its step, if it has one."""

    type: str
    at_ms: int
    user_id: str = ""
    result: str = "NONE"
    remark: str = ""
    node: str = ""
    copies: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Instance:
    """
    An approval instance.

    Args:
        opened_at_s: on the shifted clock, for what it may not do in its first seconds.
        department: as the platform tells it, "-1" for the root.
        values: `{id, name, value, componentType}` with what else was given.
        node: index of the current step.
        status: RUNNING, COMPLETED or TERMINATED; `result`: agree or refuse when completed.
        is_deleted: an administrator removed it.
    """

    id: str
    process_code: str
    app_id: str
    originator: str
    department: str
    title: str
    business_id: str
    start_ms: int
    opened_at_s: float
    nodes: list[Node]
    values: list[dict[str, Any]]
    cc: list[str] = field(default_factory=list)
    cc_position: str = ""
    status: str = "RUNNING"
    result: str = ""
    end_ms: int = 0
    node: int = 0
    is_deleted: bool = False
    tasks: list[Task] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    @property
    def running(self) -> list[Task]:
        """Return the tasks somebody has to act on now."""
        return [task for task in self.tasks if task.status == "RUNNING"]


@dataclass(slots=True)
class Notification:
    """One work notification. `to` holds those it reached; `dropped` those it did not, by reason code."""

    id: str
    app_id: str
    to: list[str]
    message: dict[str, Any]
    at_ms: int
    at_s: float
    day: str
    digest: str
    dropped: dict[str, list[str]] = field(default_factory=dict)
    invalid: list[str] = field(default_factory=list)
    status_bar: str = ""
    recalled: bool = False


@dataclass(slots=True)
class RobotMessage:
    """One message of a robot: to `to`, or to a chat. `query_key` is shared by what one call sent."""

    id: str
    query_key: str
    app_id: str
    sender: str
    to: list[str]
    chat_id: str
    kind: str
    content: dict[str, Any]
    at_ms: int
    at_s: float
    recalled: bool = False
    mentions: list[str] = field(default_factory=list)
