"""
Wiring of a callback function: API Gateway in, the platform's acknowledgement out.

Unproven requests get 401 and an empty body, the same for apps that do not exist; our own fault is 500, so that the
platform delivers again. This module and what it imports are all a callback function loads: see tests/functions.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from approval_gate.entrypoints.clock import now
from approval_gate.errors import CallbackRejected, GateError, StoreError
from approval_gate.ports import Receiver
from approval_gate.services.receive import Callbacks
from approval_gate.settings import Settings
from approval_gate.store.journal import Journal
from approval_gate.store.keyring import Keyring
from approval_gate.store.refusals import DynamoRefusals
from approval_gate.store.secrets import SecretStore
from approval_gate.web import WebRequest, WebResponse

__all__ = ["CallbackEndpoint"]

# Inside a callback's deadline a second try is worth more than a long wait.
_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"})

_ID_LENGTH = 64
"""No id of ours is longer. A stranger's path may be, and would be paid for in the log."""


class CallbackEndpoint:
    """One provider's callbacks as a Lambda."""

    def __init__(
        self, provider: str, callbacks: Callbacks, logger: Logger, refusals: DynamoRefusals | None = None
    ) -> None:
        self._provider = provider
        self._callbacks = callbacks
        self._logger = logger
        self._refusals = refusals

    @classmethod
    def wire(cls, environ: Mapping[str, str], provider: str, receiver: type[Receiver], logger: Logger) -> Self:
        """Build the endpoint from the environment: one DynamoDB and one Secrets Manager client."""
        settings = Settings.from_env(environ, "SECRET_PREFIX")
        secrets = SecretStore(boto3.client("secretsmanager", config=_CONFIG), settings.secret_prefix)
        dynamodb = boto3.client("dynamodb", config=_CONFIG)
        journal = Journal(dynamodb, settings.table, now)
        callbacks = Callbacks(provider, receiver, Keyring(secrets, provider, now), journal, now)
        return cls(provider, callbacks, logger, DynamoRefusals(dynamodb, settings.table, now))

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Take one request and answer it."""
        started = time.monotonic()
        path = event.get("pathParameters") or {}
        tenant, app = str(path.get("tenant", "")), str(path.get("app", ""))
        facts: dict[str, object] = {
            "provider": self._provider,
            "tenant": tenant[:_ID_LENGTH],
            "app": app[:_ID_LENGTH],
        }
        response = self._answer(event, tenant, app, facts)
        facts |= {"status": response.status, "took_ms": round((time.monotonic() - started) * 1000, 1)}
        self._logger.info("callback", extra=facts)
        return response.to_api_gateway()

    def _answer(self, event: Mapping[str, Any], tenant: str, app: str, facts: dict[str, object]) -> WebResponse:
        try:
            request = WebRequest.from_api_gateway(event)
            opened, new = self._callbacks.receive(tenant, app, request, _asked_at(event))
        except CallbackRejected as err:
            facts["rejected_by"] = err.check
            self._note_refusal(tenant, app, err.check)
            return WebResponse(401)
        except ValueError:
            facts["rejected_by"] = "body is not what it is marked as"
            return WebResponse(401)
        except GateError as err:
            self._logger.exception("callback_failed", extra={**facts, "error_code": err.code})
            return WebResponse(500)
        except Exception:
            # The outermost edge: whatever it was, the platform must deliver again.
            self._logger.exception("callback_failed", extra={**facts, "error_code": "unforeseen"})
            return WebResponse(500)
        facts |= {"vendor_type": opened.vendor_type, "events": len(opened.events), "new": new}
        if opened.events:
            facts["provider_ref"] = opened.events[0].provider_ref
        return opened.response

    def _note_refusal(self, tenant: str, app: str, check: str) -> None:
        """Leave a word for the doctor; nothing depends on it."""
        if self._refusals is None:
            return
        try:
            self._refusals.note(self._provider, tenant, app, check)
        except StoreError as err:
            self._logger.warning("refusal_not_noted", extra={"error_code": err.code})


def _asked_at(event: Mapping[str, Any]) -> datetime | None:
    """Return when API Gateway got the request: before this function, and perhaps its whole environment, was started."""
    epoch_ms = event.get("requestContext", {}).get("timeEpoch")
    return datetime.fromtimestamp(epoch_ms / 1000, UTC) if isinstance(epoch_ms, int) else None
