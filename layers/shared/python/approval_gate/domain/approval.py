"""
An approval: one gate that opens or stays shut.

An approval has stages that run in order; a stage has approvers, and on the platform each approver has a task.
Times are aware UTC datetimes; epoch numbers exist only in the store and in the platforms' payloads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from approval_gate.domain.message import Destination, Field, Link
from approval_gate.domain.people import Identity, PersonKind, PersonRef

__all__ = [
    "Approval",
    "Escalation",
    "Field",
    "HistoryEntry",
    "Identity",
    "Link",
    "Mode",
    "Outcome",
    "PersonKind",
    "PersonRef",
    "Policy",
    "Reminders",
    "Request",
    "RequestedStage",
    "Source",
    "Stage",
    "Status",
    "Subscription",
    "TaskProgress",
    "TaskStatus",
]


class Status(StrEnum):
    """Where an approval stands. One spelling, ours; every platform's words are translated in its folder."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing can change any more."""
        return self is not Status.PENDING


class TaskStatus(StrEnum):
    """Where one person's task stands. DONE: closed without this person's decision."""

    WAITING = "WAITING"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    TRANSFERRED = "TRANSFERRED"
    DONE = "DONE"


class Mode(StrEnum):
    """Who of a stage must agree: everyone, any one, or one after another."""

    ALL = "all"
    ANY = "any"
    SEQUENCE = "sequence"


class Source(StrEnum):
    """Where an outcome came from."""

    CALLBACK = "callback"
    RECONCILIATION = "reconciliation"
    TIMEOUT = "timeout"
    CANCEL = "cancel"
    SUBMIT = "submit"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage with its approvers as they were resolved and frozen when the approval was opened."""

    mode: Mode
    approvers: tuple[Identity, ...]


@dataclass(frozen=True, slots=True)
class RequestedStage:
    """One stage as the request names it."""

    mode: Mode
    approvers: tuple[PersonRef, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """What may count when the platform says "approved". The defaults refuse, but for transfers."""

    allow_transfer: bool = True
    allow_self_approval: bool = False
    allow_auto_pass: bool = False


@dataclass(frozen=True, slots=True)
class Reminders:
    """When to remind approvers who have not answered: seconds after creation, then every so many, so often at most."""

    first_after_s: int
    repeat_every_s: int
    max: int


@dataclass(frozen=True, slots=True)
class Escalation:
    """Whom to tell, and after how many seconds from creation, that nobody has decided."""

    after_s: int
    notify: tuple[PersonRef, ...]


@dataclass(frozen=True, slots=True)
class Subscription:
    """
    Who wants to hear what becomes of the approval.

    Args:
        app: whose platform carries it; may be another than the approval's own.
        on: words of `notification.ApprovalEvent`.
    """

    app: str
    to: tuple[Destination, ...]
    on: frozenset[str]


@dataclass(frozen=True, slots=True)
class Request:
    """
    What was asked for; never changes after creation.

    Args:
        supersede_key: an older pending approval of the tenant with the same key is canceled by this one.
        callback_url: hears the outcome by a signed webhook.
    """

    app: str
    title: str
    stages: tuple[RequestedStage, ...]
    timeout_s: int
    description: str = ""
    fields: tuple[Field, ...] = ()
    links: tuple[Link, ...] = ()
    requester: PersonRef | None = None
    cc: tuple[PersonRef, ...] = ()
    policy: Policy = Policy()
    reminders: Reminders | None = None
    escalation: Escalation | None = None
    supersede_key: str = ""
    callback_url: str = ""
    notify: tuple[Subscription, ...] = ()
    task_token: str = ""
    fail_unless_approved: bool = False
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """
    One task on the platform, as last heard of.

    Args:
        id: the platform's task id.
        stage: index of the stage, or None when the platform's node is none of ours.
        person: whose task; None for a task the platform handled by itself.
        is_automatic: the platform passed or refused it without a person.
        repeats_decision: passed because the same person had already decided in this approval.
        transferred_to: to whom the person gave the task.
    """

    id: str
    stage: int | None
    status: TaskStatus
    person: Identity | None = None
    comment: str = ""
    decided_at: datetime | None = None
    is_automatic: bool = False
    repeats_decision: bool = False
    transferred_to: Identity | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    How an approval ended. Written once.

    Args:
        status: final.
        reason: a stable code such as `policy_violation`, or `<code>: <sentence>` when something has to be done.
        detail: the explanation in English and Chinese, keyed `en` and `zh`.
    """

    status: Status
    decided_at: datetime
    source: Source
    decided_by: tuple[Identity, ...] = ()
    comment: str = ""
    reason: str = ""
    detail: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One recorded fact about an approval. `seq` is the approval's version that it explains."""

    seq: int
    at: datetime
    kind: str
    by: str = ""
    detail: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Approval:
    """
    One approval as stored.

    Args:
        version: grows by one with every change; each change has one history entry of that number.
        requester, stages, cc: the people as resolved and frozen at submission; empty before that.
        provider_ref: the platform's id of the approval; empty before it was opened.
        opening_at: when we first asked the platform to open it: from then on it may exist there.
        looks: how often reconciliation has asked the platform.
        look_at: when it asks next.
        has_place: the next look has its place in the app's budget of looks already.
        reminders: how often approvers were reminded, and `reminded_at` when last.
        escalated_at: when it was told that nobody decides.
        suspected_at: when a callback said that it may have ended, until the platform's API was read since.
        withdrawal: what became of closing it on the platform after an outcome that was not made there.
        still_open_at_provider: it could not be closed there; a later click changes nothing.
        revoked_at: when the platform took an approval back that had been given; the outcome stands.
        task_token: of the waiting execution; empty while it does not wait. Written by the state machine.
        look_wanted: a callback could not be confirmed: the execution must not go to sleep before somebody looked.
    """

    id: str
    tenant: str
    provider: str
    request: Request
    created_at: datetime
    expires_at: datetime
    version: int = 1
    created_by: str = ""
    execution: str = ""
    requester: Identity | None = None
    stages: tuple[Stage, ...] = ()
    cc: tuple[Identity, ...] = ()
    provider_ref: str = ""
    open_url: str = ""
    opening_at: datetime | None = None
    looks: int = 0
    look_at: datetime | None = None
    has_place: bool = False
    reminders: int = 0
    reminded_at: datetime | None = None
    escalated_at: datetime | None = None
    suspected_at: datetime | None = None
    withdrawal: str = ""
    still_open_at_provider: bool = False
    revoked_at: datetime | None = None
    tasks: tuple[TaskProgress, ...] = ()
    outcome: Outcome | None = None
    task_token: str = ""
    look_wanted: bool = False

    @property
    def status(self) -> Status:
        """Where it stands."""
        return self.outcome.status if self.outcome else Status.PENDING
