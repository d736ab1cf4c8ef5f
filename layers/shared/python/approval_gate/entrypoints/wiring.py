"""Build the real ports from a function's settings: AWS clients, HTTP, senders by app."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import boto3
import httpx
from botocore.config import Config

from approval_gate.entrypoints.clock import now
from approval_gate.errors import ConfigurationError, RequestError
from approval_gate.ports import App, Ports, Sender
from approval_gate.providers import registry
from approval_gate.settings import Settings
from approval_gate.store.access_tokens import DynamoAccessTokens
from approval_gate.store.approvals import DynamoApprovals
from approval_gate.store.apps import DynamoApps
from approval_gate.store.forms import DynamoForms
from approval_gate.store.secrets import SecretStore
from approval_gate.workflow import StepFunctions

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["AppSenders", "wire_ports"]

_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 4, "mode": "standard"})
_HTTP_TIMEOUT = httpx.Timeout(10, connect=3)
_SENDER_LIFE_S = 60


class AppSenders:
    """The `Senders` port: a sender per app, with its credentials, kept for a minute."""

    def __init__(self, secrets: SecretStore, client: DynamoDBClient, table: str, http: httpx.Client) -> None:
        self._secrets = secrets
        self._client = client
        self._table = table
        self._http = http
        self._built: dict[tuple[str, str], tuple[float, App, Sender]] = {}

    def of(self, app: App) -> Sender:
        """Return the sender of an app, reading its secret when it was not read for a minute."""
        key = (app.tenant, app.id)
        built = self._built.get(key)
        if built is not None and time.monotonic() - built[0] < _SENDER_LIFE_S and _is_same(built[1], app):
            return built[2]
        fields = self._secrets.read(app.provider, app.tenant, app.id)
        if fields is None:
            raise ConfigurationError(f"The app {app.id!r} has no credentials stored: register it again.")
        try:
            credentials = registry.credentials_type(app.provider).from_fields(fields)
        except RequestError as err:
            raise ConfigurationError(f"The stored credentials of the app {app.id!r} are not usable: {err}") from err
        sender: Sender = registry.sender_type(app.provider)(
            app=app,
            credentials=credentials,
            http=self._http,
            tokens=DynamoAccessTokens(self._client, self._table, now, app),
            forms=DynamoForms(self._client, self._table, now, app),
            clock=now,
        )
        self._built[key] = (time.monotonic(), app, sender)
        return sender


def _is_same(one: App, other: App) -> bool:
    """Tell whether a sender made for one serves the other: an app may have been deleted and registered anew."""
    return (one.base_url, one.vendor_identity, one.created_at) == (
        other.base_url,
        other.vendor_identity,
        other.created_at,
    )


def wire_ports(environ: Mapping[str, str] | None = None) -> Ports:
    """Build every port a task function needs. Clients are made here, once per execution environment."""
    settings = Settings.from_env(environ if environ is not None else os.environ, "SECRET_PREFIX")
    dynamodb = boto3.client("dynamodb", config=_CONFIG)
    secrets = SecretStore(boto3.client("secretsmanager", config=_CONFIG), settings.secret_prefix)
    # A provider is never reached through a proxy that the environment happens to name, and never redirected.
    http = httpx.Client(timeout=_HTTP_TIMEOUT, trust_env=False, follow_redirects=False)
    return Ports(
        approvals=DynamoApprovals(dynamodb, settings.table, now),
        apps=DynamoApps(dynamodb, settings.table, now),
        senders=AppSenders(secrets, dynamodb, settings.table, http),
        workflow=StepFunctions(boto3.client("stepfunctions", config=_CONFIG), settings.state_machine_arn),
        clock=now,
    )
