"""What the platform stores. People are userids of the company as it spells them, times are Unix seconds."""

from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "AGREED",
    "ALL",
    "ANY",
    "APPROVER",
    "COPY",
    "HANDED_OVER",
    "HANDLED",
    "HANDLER",
    "IN_REVIEW",
    "REJECTED",
    "RETURNED",
    "SEQUENCE",
    "TRANSFERRED",
    "WITH_ONE_MORE",
    "Application",
    "Comment",
    "Entry",
    "Message",
    "Node",
    "Template",
    "Token",
]

APPROVER, COPY, HANDLER = 1, 2, 3
"""Types of a node."""
ALL, ANY, SEQUENCE = 1, 2, 3
"""`apv_rel` of a node."""
IN_REVIEW, AGREED, REJECTED, TRANSFERRED = 1, 2, 3, 4
RETURNED, WITH_ONE_MORE, HANDLED, HANDED_OVER = 11, 13, 14, 15
"""Statuses of a person in a node (`sp_yj`)."""


@dataclass(slots=True)
class Token:
    """An access token. `secret` is the one it was issued for: a rotation ends it."""

    token: str
    app_id: str
    expires_at_s: float
    secret: str


@dataclass(slots=True)
class Template:
    """
    An approval template.

    Args:
        corp_id: empty for the one that every simulated company has.
        app_id: the app that made it; empty when an administrator did.
        names: `[{"text", "lang"}]`.
        controls: `[{"property": {...}, "config": {...}}]` as given.
        is_ticked: events of its applications are sent.
    """

    id: str
    corp_id: str
    app_id: str
    names: list[dict[str, str]]
    controls: list[dict[str, Any]]
    is_ticked: bool

    @property
    def name(self) -> str:
        """Return the name that is shown."""
        return self.names[0]["text"]

    def control(self, control_id: str) -> dict[str, Any] | None:
        """Return the property of the field of that id."""
        found = (control["property"] for control in self.controls)
        return next((one for one in found if one["id"] == control_id), None)


@dataclass(slots=True)
class Entry:
    """
    One person in one node.

    Args:
        at_s: when the person acted; 0 for not yet, and for an automatic pass.
        is_added: a colleague asked this person too (countersign).
    """

    userid: str
    status: int = IN_REVIEW
    speech: str = ""
    at_s: int = 0
    is_added: bool = False
    is_automatic: bool = False
    given_to: str = ""


@dataclass(slots=True)
class Node:
    """One node. `apv_rel` is 0 for copies."""

    type: int
    apv_rel: int
    entries: list[Entry] = field(default_factory=list)
    status: int = IN_REVIEW


@dataclass(slots=True)
class Comment:
    """One comment of a person."""

    id: str
    userid: str
    text: str
    at_s: int


@dataclass(slots=True)
class Application:
    """
    One application.

    Args:
        status: 1 in review, 2 approved, 3 rejected, 4 withdrawn, 6 withdrawn after approval, 7 deleted, 10 paid.
        listed_from_s: on the simulator's clock, when the list of numbers begins to show it.
        contents: `[{"control", "id", "title", "value"}]`.
        current: index of the node that is open.
    """

    sp_no: str
    corp_id: str
    app_id: str
    template_id: str
    sp_name: str
    applicant: str
    department: int
    apply_s: int
    listed_from_s: float
    nodes: list[Node]
    contents: list[dict[str, Any]]
    summary: list[str]
    status: int = IN_REVIEW
    end_s: int = 0
    current: int = 0
    comments: list[Comment] = field(default_factory=list)

    @property
    def asked(self) -> list[Entry]:
        """Return the entries of those who can decide now."""
        if self.status != IN_REVIEW or self.current >= len(self.nodes):
            return []
        node = self.nodes[self.current]
        waiting = [entry for entry in node.entries if entry.status == IN_REVIEW]
        return waiting[:1] if node.apv_rel == SEQUENCE else waiting


@dataclass(slots=True)
class Message:
    """
    One message, of an app or of a robot.

    Args:
        to: its readers; empty in a chat.
        digest: of the request, for the check for repetitions.
        sent_at_s: on the simulator's clock.
        response_code: by which a card is replaced, once; empty afterwards.
        mentions: userids that are alerted, `all` for everybody.
    """

    id: str
    app_id: str
    msgtype: str
    content: dict[str, Any]
    at_ms: int
    sent_at_s: float
    to: list[str] = field(default_factory=list)
    chat_id: str = ""
    robot: str = ""
    digest: str = ""
    task_id: str = ""
    recalled: bool = False
    response_code: str = ""
    edited: bool = False
    mentions: list[str] = field(default_factory=list)
