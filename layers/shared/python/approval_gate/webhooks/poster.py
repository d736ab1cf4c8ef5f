"""
Send a signed webhook and judge the answer.

An address that does nothing but fail is not written to for ever: after `FAILING_FOR` and `FAILURES` it is disabled,
which the event bus tells and `GET /v1/webhook-endpoints` shows. A receiver that says 410 Gone is taken at its word.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Protocol

from approval_gate.domain.notification import notification_id
from approval_gate.errors import EndpointRefused, EndpointUnavailable, StoreError
from approval_gate.ports.webhooks import EndpointHealth, EndpointState, EventBus, EventType, SigningSecrets
from approval_gate.webhooks.signing import signed_headers
from approval_gate.webhooks.transport import Reply

__all__ = ["FAILING_FOR", "FAILURES", "SignedPoster", "Transport"]

FAILING_FOR = timedelta(days=5)
FAILURES = 20
"""A webhook is tried for a day, so five days are several webhooks, none of which arrived."""
NO_SECRET_RETRY_S = 300
_RETRY_AFTER_MAX_S = 86_400.0
_GONE = "endpoint_gone"

_logger = logging.getLogger(__name__)


class Transport(Protocol):
    """One POST; see `webhooks.transport.PublicPoster`."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send a body and return the answer's status."""
        ...


class SignedPoster:
    """The `WebhookPoster` port."""

    def __init__(
        self,
        transport: Transport,
        secrets: SigningSecrets,
        health: EndpointHealth,
        bus: EventBus,
        clock: Callable[[], datetime],
    ) -> None:
        self._transport = transport
        self._secrets = secrets
        self._health = health
        self._bus = bus
        self._clock = clock

    def post(self, tenant: str, url: str, message_id: str, body: bytes) -> None:
        """Send one webhook; see the port."""
        state = self._health.of(tenant, url)
        if state is not None and state.disabled_at is not None:
            raise EndpointRefused(
                f"The address is disabled since {state.disabled_at.isoformat()} because it only failed. When it works "
                f"again, enable it with POST /v1/webhook-endpoints/{state.id}/enable.",
                code="endpoint_disabled",
            )
        secrets = self._secrets.of(tenant)
        if not secrets:
            raise EndpointUnavailable(
                "There is no secret to sign webhooks with. Create one with POST /v1/webhook-secrets.",
                code="webhook_secret_required",
                retry_after_s=NO_SECRET_RETRY_S,
            )
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "approval-gate",
            **signed_headers(secrets, message_id, self._clock(), body),
        }
        try:
            _judge(self._transport.post(url, headers, body), self._clock())
        except EndpointUnavailable as err:
            self._remember_failure(tenant, url, err.code)
            raise
        except EndpointRefused as err:
            if err.code == _GONE:
                self._remember_failure(tenant, url, err.code)
            raise
        if state is not None:
            self._remember_success(state)

    def _remember_failure(self, tenant: str, url: str, code: str) -> None:
        """Count a failure, and disable the address when there were too many. It changes nothing about this webhook."""
        now = self._clock()
        try:
            state = self._health.failed(tenant, url, code, now)
            is_hopeless = state.failures >= FAILURES and now - state.first_failure_at >= FAILING_FOR
            if state.disabled_at is None and (is_hopeless or code == _GONE):
                # Told first: after a crash in between the next failure tells it again, under the same id.
                self._tell_disabled(state, now)
                self._health.disable(state, now)
                _logger.warning("endpoint_disabled", extra={"endpoint_id": state.id, "error_code": code})
        except StoreError as err:
            _logger.warning("endpoint_failure_not_counted", extra={"error_code": err.code})

    def _remember_success(self, state: EndpointState) -> None:
        try:
            self._health.recovered(state)
        except StoreError as err:
            # The webhook has arrived: failing here would send it a second time.
            _logger.warning("endpoint_recovery_not_stored", extra={"error_code": err.code})

    def _tell_disabled(self, state: EndpointState, now: datetime) -> None:
        data = {
            "id": state.id,
            "tenant": state.tenant,
            "url": state.url.partition("?")[0],  # a query may hold the receiver's own secret
            "first_failure_at": state.first_failure_at.isoformat(),
            "failures": state.failures,
            "code": state.code,
        }
        body = {"type": EventType.ENDPOINT_DISABLED, "timestamp": now.isoformat(), "data": data}
        message_id = notification_id(EventType.ENDPOINT_DISABLED, state.id, state.first_failure_at.isoformat())
        self._bus.put(EventType.ENDPOINT_DISABLED, message_id, json.dumps(body).encode())


def _judge(reply: Reply, now: datetime) -> None:
    """Raise unless the receiver took it. Every answer but 2xx and 410 may change: a broken proxy gives them too."""
    if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
        return
    if reply.status == HTTPStatus.GONE:
        raise EndpointRefused("The receiver says it is gone for good (410).", code=_GONE)
    if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
        raise EndpointUnavailable(
            f"The receiver answered with a redirect ({reply.status}), which is not followed. Give its final address.",
            code="endpoint_redirects",
        )
    raise EndpointUnavailable(
        f"The receiver answered {reply.status} instead of 2xx.",
        code=f"endpoint_http_{reply.status}",
        retry_after_s=_retry_after_s(reply.retry_after, now),
    )


def _retry_after_s(value: str, now: datetime) -> float | None:
    """Return the seconds of a Retry-After, a number or an HTTP date; None when it says nothing we can use."""
    if re.fullmatch(r"[0-9]+", value):
        return min(float(value), _RETRY_AFTER_MAX_S)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), _RETRY_AFTER_MAX_S)
