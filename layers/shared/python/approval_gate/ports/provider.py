"""
What a provider must be.

A provider has two halves: a `Receiver` reads callbacks and imports no HTTP client; a `Sender` calls the platform.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self

from approval_gate.domain.approval import Field, Identity, Link, PersonRef, Stage, TaskProgress
from approval_gate.domain.schedule import Reconciliation
from approval_gate.domain.truth import Truth
from approval_gate.web import WebRequest, WebResponse

__all__ = [
    "AccessTokens",
    "App",
    "CallbackEvent",
    "Clock",
    "Credentials",
    "Draft",
    "EventKind",
    "Forms",
    "Opened",
    "ProviderApproval",
    "Receiver",
    "Sender",
    "Withdrawal",
]

type Clock = Callable[[], datetime]
"""Return the present as an aware UTC datetime."""


# -- inbound ----------------------------------------------------------------------------------------------------------


class EventKind(StrEnum):
    """
    What a callback means for us.

    OPENED: the approval exists there; nothing to do. TASK: one person's task moved; `task` says how, no call needed.
    DECIDED: the approval may have ended: read the truth.
    """

    OPENED = "opened"
    TASK = "task"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class CallbackEvent:
    """
    One verified callback about one approval.

    Args:
        provider_ref: the platform's id of the approval.
        dedupe_key: equal for redeliveries of the same event, different for different events of one approval.
        vendor_type, vendor_status: the platform's own words, for the history.
        occurred_at: by the platform's clock; orders task updates.
        task: for TASK events. `stage` may be None when the event does not tell.
    """

    provider_ref: str
    dedupe_key: str
    kind: EventKind
    vendor_type: str
    vendor_status: str
    occurred_at: datetime
    task: TaskProgress | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """
    A callback that is proven to come from the platform.

    Args:
        response: the platform's own acknowledgement, to the byte.
        events: what to journal before answering; empty for an address check and for events that are not ours.
        vendor_type: for the log and the counter.
        is_address_check: the platform tries the address while an administrator saves it.
        contacts_changed: somebody or some department came, went or was changed.
        changed_people: ids of whom alone that is about; empty: of anybody or anything.
    """

    response: WebResponse
    events: tuple[CallbackEvent, ...] = ()
    vendor_type: str = ""
    is_address_check: bool = False
    contacts_changed: bool = False
    changed_people: tuple[str, ...] = ()


class Receiver(Protocol):
    """The inbound half of a provider."""

    @classmethod
    def from_credentials(cls, credentials: Mapping[str, str], clock: Clock) -> Self:
        """
        Build a receiver for one app.

        Raises:
            CallbackRejected: what callbacks need is not set yet.
        """
        ...

    def open(self, request: WebRequest) -> Opened:
        """
        Verify and read one callback. Pure: no network, no store.

        Raises:
            CallbackRejected: not proven. `check` says which check failed.
        """
        ...


# -- outbound ---------------------------------------------------------------------------------------------------------


class Credentials(Protocol):
    """One provider's credentials, fields in the vendor's words."""

    @classmethod
    def from_fields(cls, fields: Mapping[str, str]) -> Self:
        """
        Check and take the fields of a registration.

        Raises:
            RequestError: names each missing, unknown or malformed field as `credentials.<field>`.
        """
        ...

    @property
    def vendor_identity(self) -> str:
        """What may be registered once in an installation."""
        ...

    @property
    def callbacks_ready(self) -> bool:
        """Tell whether everything callbacks need is set."""
        ...

    @classmethod
    def public_fields(cls) -> frozenset[str]:
        """Return the fields that are no secret and may be shown."""
        ...

    @classmethod
    def identity_fields(cls) -> tuple[str, ...]:
        """Return the fields that `vendor_identity` is made of, the one that tells it best first."""
        ...

    @classmethod
    def callback_fields(cls) -> frozenset[str]:
        """Return the fields that prove callbacks and may be rotated: the old values stay valid for a while."""
        ...


@dataclass(frozen=True, slots=True)
class App:
    """
    One registered application on a platform; no secret in it.

    Args:
        callbacks: `http`, or `none` when the platform cannot reach us: then approvals are only reconciled.
        reconciliation: what that may cost.
        looks_used_until: when all looks taken so far will have come back to that budget; None for none taken.
        callback_took_ms: how long we took to answer the last one, as far as its journal entry.
        state: `creating` until its credentials are stored, then `ready`.
        public_credentials: those credentials that may be shown, such as an AppId.
        secret_fields: names of the others that are set.
        old_keys_until: until when callbacks may still be proven by keys from before a change; None for no such keys.
        user_mapping: a form of naming people (`account`) to the platform's id or attribute that it means here.
        robots: names of the group webhooks registered with it.
    """

    tenant: str
    id: str
    provider: str
    name: str = ""
    base_url: str = ""
    callbacks: str = "http"
    reconciliation: Reconciliation = field(default_factory=Reconciliation)
    looks_used_until: datetime | None = None
    default_requester: PersonRef | None = None
    callback_seen_at: datetime | None = None
    callback_took_ms: int | None = None
    created_at: datetime | None = None
    state: str = "ready"
    vendor_identity: str = ""
    callbacks_ready: bool = False
    public_credentials: dict[str, str] = field(default_factory=dict)
    secret_fields: tuple[str, ...] = ()
    credentials_updated_at: datetime | None = None
    old_keys_until: datetime | None = None
    user_mapping: dict[str, str] = field(default_factory=dict)
    robots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything a platform needs to open an approval. People are resolved."""

    approval_id: str
    title: str
    description: str
    fields: tuple[Field, ...]
    links: tuple[Link, ...]
    requester: Identity
    stages: tuple[Stage, ...]
    cc: tuple[Identity, ...]
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ProviderApproval:
    """An approval that exists on the platform."""

    ref: str
    open_url: str = ""


class Withdrawal(StrEnum):
    """What became of a withdrawal. UNSUPPORTED: the platform has no such call."""

    DONE = "done"
    ALREADY_CLOSED = "already_closed"
    REFUSED = "refused"
    UNSUPPORTED = "unsupported"


class Sender(Protocol):
    """The outbound half of a provider, for one app. Every method may raise ProviderUnavailable or ProviderRejected."""

    def find_people(self, refs: Sequence[PersonRef]) -> tuple[Identity, ...]:
        """
        Resolve people in as few calls as the platform allows; none when all are given by the platform's own id.

        Returns: one identity per ref, in order.

        Raises:
            PeopleNotFound: every unknown or ambiguous person, with field and remedy.
        """
        ...

    def open_approval(self, draft: Draft, *, may_exist: bool) -> ProviderApproval:
        """
        Open the approval, once.

        Args:
            may_exist: an earlier attempt may have reached the platform: find it before opening another.
        """
        ...

    def find_approval(self, draft: Draft) -> ProviderApproval | None:
        """Find what an earlier `open_approval` may have created; opens nothing."""
        ...

    def read_truth(self, ref: str) -> Truth:
        """
        Read the approval back.

        Raises:
            ProviderRejected: the platform does not know it; never a decision.
        """
        ...

    def withdraw(self, truth: Truth, reason: str) -> Withdrawal:
        """
        Close an approval that `truth`, read a moment ago, showed pending.

        Never reopens or revokes one that ended meanwhile.
        """
        ...


class AccessTokens(Protocol):
    """Access tokens of one app: process memory, then the table, then the platform."""

    def get(self, fetch: Callable[[], tuple[str, float]]) -> str:
        """
        Return a token that has time left.

        Args:
            fetch: asks the platform; returns the token and its life in seconds, margin already taken off.
        """
        ...

    def drop(self, token: str) -> None:
        """Forget a token that the platform refused; a newer one stored meanwhile stays."""
        ...


class Forms(Protocol):
    """What a provider had to create once on the platform and reuses: definitions, form templates."""

    def get(self, key: str) -> Mapping[str, str] | None:
        """Return what was saved under this key."""
        ...

    def claim(self, key: str) -> bool:
        """
        Take the right to create what `key` names, for a minute.

        Returns: False when another worker holds it, or has saved it meanwhile.
        """
        ...

    def save(self, key: str, value: Mapping[str, str]) -> None:
        """Store the created thing and end the claim."""
        ...

    def release(self, key: str) -> None:
        """End the claim without a result."""
        ...

    def forget(self, key: str) -> None:
        """Remove what was saved: the platform says it does not exist any more."""
        ...
