"""What delivery needs to reach programs instead of people: signed webhooks and the account's event bus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

__all__ = [
    "CallbackCheck",
    "EndpointHealth",
    "EndpointState",
    "EventBus",
    "EventType",
    "SigningSecrets",
    "WebhookPoster",
    "WebhookSecret",
    "WebhookSecrets",
]


class EventType(StrEnum):
    """What a webhook (`type` in its body) or an event on the bus tells."""

    DECIDED = "approval.decided"
    REVOKED = "approval.revoked"
    ENDPOINT_DISABLED = "webhook_endpoint.disabled"


class WebhookPoster(Protocol):
    """Signed webhooks to callers' own addresses."""

    def post(self, tenant: str, url: str, message_id: str, body: bytes) -> None:
        """
        Send one webhook, once; whoever calls decides when to try again.

        Args:
            message_id: becomes `webhook-id`; the same on every attempt, visible ASCII, no dot in it.
            body: JSON, sent as it is; the same bytes on every attempt. Signature and timestamp are made anew.

        Raises:
            EndpointRefused: trying again is no use; `code` and the text tell why.
            EndpointUnavailable: may work later; `retry_after_s` when the receiver said when.
            StoreError: it is not known what to sign with, or whether the address is disabled; try again.
        """
        ...


class EventBus(Protocol):
    """The account's event bus."""

    def put(self, event_type: str, message_id: str, body: bytes) -> None:
        """
        Put one event on the bus.

        Args:
            event_type: an `EventType`.
            message_id: the same on every attempt, so that a consumer can tell a repetition.
            body: a webhook's body, `{"type", "timestamp", "data"}`; `data` becomes the event's detail.

        Raises:
            StoreError: not taken, try again.
        """
        ...


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """
    One signing secret without its value.

    Args:
        id: `whs_…`.
        expires_at: until then it signs beside a newer one; None: the newest.
    """

    id: str
    created_at: datetime
    expires_at: datetime | None = None

    def signs_at(self, moment: datetime) -> bool:
        """Tell whether webhooks are signed with it at that moment."""
        return self.expires_at is None or moment < self.expires_at


class WebhookSecrets(Protocol):
    """Whether webhooks of a tenant can be signed, for who may not read the secrets."""

    def exist(self, tenant: str) -> bool:
        """Tell whether the tenant has a secret; without one, a request with a callback address is refused."""
        ...


class CallbackCheck(Protocol):
    """Whether an approval's outcome can be posted to an address."""

    def check(self, tenant: str, url: str) -> None:
        """
        Accept a callback address.

        Raises:
            RequestError: `endpoint_address_invalid` or `endpoint_address_blocked` by its form, or
                `webhook_secret_required`: nothing could sign it; names the field and what to do.
            StoreError: it is not known whether there is a secret, try again.
        """
        ...


class SigningSecrets(Protocol):
    """The secrets that sign a tenant's webhooks."""

    def of(self, tenant: str) -> Sequence[str]:
        """
        Return every secret that signs now, newest first; several during a rotation, none when none was made.

        Raises:
            StoreError: could not be read, try again.
        """
        ...


@dataclass(frozen=True, slots=True)
class EndpointState:
    """
    An address that fails at present. One success and it is forgotten.

    Args:
        id: of tenant and address, `whe_…`.
        first_failure_at: since when nothing but failures.
        failures: how many attempts failed since then.
        code: of the last failure, as in `EndpointRefused.code` and `EndpointUnavailable.code`.
        disabled_at: since when nothing is sent to it any more.
    """

    id: str
    tenant: str
    url: str
    first_failure_at: datetime
    last_failure_at: datetime
    failures: int
    code: str
    disabled_at: datetime | None = None


class EndpointHealth(Protocol):
    """How the receivers' addresses do."""

    def of(self, tenant: str, url: str) -> EndpointState | None:
        """Return what is known against an address, None when it does well."""
        ...

    def failed(self, tenant: str, url: str, code: str, at: datetime) -> EndpointState:
        """Count one failure and return how the address stands."""
        ...

    def disable(self, state: EndpointState, at: datetime) -> None:
        """Send nothing there any more; a no-op when it did well meanwhile or is disabled already."""
        ...

    def recovered(self, state: EndpointState) -> None:
        """Forget the failures of an address that is not disabled."""
        ...
