"""Bodies of the webhook routes, and the webhook's own body."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from approval_gate.api.views import approval_view
from approval_gate.domain.approval import Approval
from approval_gate.domain.notification import ApprovalEvent
from approval_gate.ports.webhooks import EndpointState, EventType, WebhookSecret

__all__ = [
    "EndpointListBody",
    "NewWebhookSecretBody",
    "WebhookSecretListBody",
    "WebhookSecretRequestBody",
    "endpoints_view",
    "new_secret_view",
    "secrets_view",
    "webhook_body",
    "webhook_type",
]

OVERLAP_S = 86_400
OVERLAP_MAX_S = 2_592_000


class WebhookSecretRequestBody(BaseModel):
    """How long the secrets that this one replaces sign beside it, in seconds."""

    model_config = ConfigDict(extra="forbid")

    overlap_s: Annotated[int, Field(strict=True, ge=0, le=OVERLAP_MAX_S)] = OVERLAP_S


class WebhookSecretBody(BaseModel):
    """A secret without its value. `expires_at`: until then it signs beside a newer one."""

    id: str
    created_at: datetime
    expires_at: datetime | None


class NewWebhookSecretBody(WebhookSecretBody):
    """A new secret. `secret` is shown this once: give it to your receiver."""

    secret: str


class WebhookSecretListBody(BaseModel):
    """The secrets that sign now, newest first."""

    secrets: list[WebhookSecretBody]


class EndpointBody(BaseModel):
    """
    A receiver's address that fails at present. One success and it is gone from here.

    `url` is shown without its query. `code` is of the last failure. `disabled_at`: nothing is sent to it since.
    """

    id: str
    url: str
    first_failure_at: datetime
    last_failure_at: datetime
    failures: int
    code: str
    disabled_at: datetime | None


class EndpointListBody(BaseModel):
    """The receivers' addresses that fail."""

    endpoints: list[EndpointBody]


def new_secret_view(secret: WebhookSecret, value: str) -> NewWebhookSecretBody:
    """Return a secret with its value, for the one answer that shows it."""
    return NewWebhookSecretBody(id=secret.id, created_at=secret.created_at, expires_at=secret.expires_at, secret=value)


def secrets_view(secrets: tuple[WebhookSecret, ...]) -> WebhookSecretListBody:
    """Return secrets without their values."""
    return WebhookSecretListBody(
        secrets=[
            WebhookSecretBody(id=secret.id, created_at=secret.created_at, expires_at=secret.expires_at)
            for secret in secrets
        ]
    )


def endpoints_view(endpoints: tuple[EndpointState, ...]) -> EndpointListBody:
    """Return failing addresses."""
    return EndpointListBody(
        endpoints=[
            EndpointBody(
                id=state.id,
                url=state.url.partition("?")[0],  # a query may hold the receiver's own secret
                first_failure_at=state.first_failure_at,
                last_failure_at=state.last_failure_at,
                failures=state.failures,
                code=state.code,
                disabled_at=state.disabled_at,
            )
            for state in endpoints
        ]
    )


def webhook_type(event: ApprovalEvent) -> EventType:
    """Return the `type` under which programs hear of an event of an approval."""
    return EventType.REVOKED if event is ApprovalEvent.REVOKED else EventType.DECIDED


def webhook_body(approval: Approval, event: ApprovalEvent, now: datetime) -> bytes:
    """Return the body of a webhook; made once, so that every attempt sends the same bytes."""
    return json.dumps(
        {
            "type": webhook_type(event),
            "timestamp": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "data": approval_view(approval, now).model_dump(mode="json"),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
