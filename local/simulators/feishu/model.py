"""
What the platform stores. Times are milliseconds since 1970, people are user ids of the tenant, bots are `bot:<app
id>`.
"""

from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "CcEntry",
    "Comment",
    "Definition",
    "Instance",
    "Message",
    "Node",
    "Settings",
    "Task",
    "TimelineEntry",
    "Token",
]


@dataclass(slots=True)
class Token:
    """A tenant access token. `secret` is the app secret it was issued for: a rotation ends it."""

    token: str
    app_id: str
    expires_at_s: float
    secret: str


@dataclass(slots=True)
class Node:
    """
    One node of a definition between START and END.

    Args:
        id: the caller's own (`custom_node_id`).
        system_id: the platform's (`node_id`, `node_key`, `def_key`).
        approver_types: of `approver[].type`.
        fixed: user ids of `Personal` approvers.
    """

    id: str
    system_id: str
    name: str
    node_type: str
    approver_types: list[str]
    fixed: list[str] = field(default_factory=list)
    starter_assignee: str = "STARTER"

    @property
    def is_free(self) -> bool:
        """Tell whether approvers are chosen with each instance."""
        return "Free" in self.approver_types


@dataclass(slots=True)
class Settings:
    """How instances may end. Defaults as documented: revocable for 31 days."""

    revert_interval: int = 31 * 24 * 3600
    revert_option: int = 1
    reject_option: int = 0
    quick_approval_option: int = 1


@dataclass(slots=True)
class Definition:
    """
    An approval definition.

    Args:
        texts: `{locale: {key: text}}`.
        version: grows when the definition is overwritten; an instance keeps to the version it was started with.
    """

    code: str
    approval_id: str
    app_id: str
    name: str
    description: str
    widgets: list[dict[str, Any]]
    nodes: list[Node]
    settings: Settings
    texts: dict[str, dict[str, str]]
    default_locale: str
    viewers: list[dict[str, Any]]
    status: str = "ACTIVE"
    version: int = 1
    subscribers: list[str] = field(default_factory=list)

    @property
    def version_ref(self) -> str:
        """Return what this version is kept under."""
        return f"{self.code}#{self.version}"

    def text(self, key: str, locale: str = "") -> str:
        """Return the text of an i18n key in a locale, else in the default one; anything else as it is."""
        for texts in (self.texts.get(locale, {}), self.texts.get(self.default_locale, {})):
            if key in texts:
                return texts[key]
        return key

    def node(self, any_id: str) -> Node | None:
        """Return the node of that own or system id."""
        return next((node for node in self.nodes if any_id in {node.id, node.system_id}), None)


@dataclass(slots=True)
class Task:
    """
    One person's task, or an automatic one.

    Args:
        user_id: empty for an automatic task.
        meant_for: whose task it would have been.
        visit: which visit of the node it belongs to; a roll-back starts a new one.
    """

    id: str
    node_id: str
    user_id: str
    status: str
    type: str
    start_ms: int
    visit: int
    meant_for: str = ""
    end_ms: int = 0


@dataclass(slots=True)
class TimelineEntry:
    """One line of an instance's history. `targets` are those whom a transfer or copy names."""

    type: str
    at_ms: int
    user_id: str = ""
    task_id: str = ""
    node_key: str = ""
    comment: str = ""
    targets: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Comment:
    """One free comment."""

    id: str
    user_id: str
    text: str
    content: str
    at_ms: int
    parent_id: str = ""


@dataclass(slots=True)
class CcEntry:
    """One person that was sent a copy."""

    id: str
    user_id: str
    at_ms: int


@dataclass(slots=True)
class Instance:
    """
    An approval instance.

    Args:
        uuid: as given; `uuid_key` is what it is compared by.
        form: `[{"id", "type", "value"}]` as given.
        approvers: own node id to user ids.
        auto_nodes: own ids of nodes that pass by themselves.
        node: index of the current node.
        queue: whose turn is still to come in a SEQUENTIAL node.
        cc: own node id, START or END to user ids.
        texts: i18n resources of this instance.
    """

    code: str
    approval_code: str
    definition_ref: str
    app_id: str
    starter: str
    start_ms: int
    form: list[dict[str, Any]]
    approvers: dict[str, list[str]]
    serial_number: str = ""
    status: str = "PENDING"
    uuid: str = ""
    uuid_key: str = ""
    end_ms: int = 0
    reverted: bool = False
    department_id: str = ""
    title: str = ""
    forbid_revoke: bool = False
    auto_nodes: list[str] = field(default_factory=list)
    cc: dict[str, list[str]] = field(default_factory=dict)
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    default_locale: str = ""
    node: int = 0
    visit: int = 0
    queue: list[str] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    timeline: list[TimelineEntry] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    copies: list[CcEntry] = field(default_factory=list)
    reverts: str = ""

    @property
    def pending(self) -> list[Task]:
        """Return the tasks somebody has to act on now."""
        return [task for task in self.tasks if task.status == "PENDING"]


@dataclass(slots=True)
class Message:
    """
    One message of a bot.

    Args:
        chat_id: group, or the conversation with `user_id`; empty in a batch.
        user_id: the only reader, when it is no group.
        content: the JSON text as given.
        mentions: ids as given, or `all`.
    """

    id: str
    app_id: str
    chat_id: str
    user_id: str
    msg_type: str
    content: str
    at_ms: int
    uuid: str = ""
    parent_id: str = ""
    edited_ms: int = 0
    deleted: bool = False
    urgent_for: list[str] = field(default_factory=list)
    robot: str = ""
    mentions: list[str] = field(default_factory=list)
