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
from approval_gate.entrypoints.renewal import Renewed, RenewedSender
from approval_gate.errors import ConfigurationError, RequestError
from approval_gate.outbox_queue import SqsQueue
from approval_gate.platform_http import platform_http
from approval_gate.ports import AccessTokens, App, Credentials, Ports, Sender
from approval_gate.providers import registry
from approval_gate.services.people import People
from approval_gate.settings import Settings
from approval_gate.store.access_tokens import DynamoAccessTokens
from approval_gate.store.approvals import DynamoApprovals
from approval_gate.store.apps import DynamoApps
from approval_gate.store.contacts import DynamoContacts
from approval_gate.store.forms import DynamoForms
from approval_gate.store.secrets import SecretStore
from approval_gate.store.syncs import DynamoSyncs
from approval_gate.store.webhook_secrets import DynamoWebhookSecrets
from approval_gate.webhooks.admission import CallbackAdmission
from approval_gate.workflow import StepFunctions

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["AWS_CONFIG", "AppSenders", "stored_credentials", "wire_outbox_queue", "wire_ports"]

AWS_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 4, "mode": "standard"})
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

        def build(credentials: Credentials, tokens: AccessTokens) -> Sender:
            sender: Sender = registry.sender_type(app.provider)(
                app=app,
                credentials=credentials,
                http=self._http,
                tokens=tokens,
                forms=DynamoForms(self._client, self._table, now, app),
                clock=now,
            )
            return sender

        tokens = DynamoAccessTokens(self._client, self._table, now, app)
        sender = RenewedSender(Renewed(lambda: stored_credentials(self._secrets, app), build, tokens))
        self._built[key] = (time.monotonic(), app, sender)
        return sender


def stored_credentials(secrets: SecretStore, app: App) -> Credentials:
    """
    Read what an app is to be spoken for with.

    Raises:
        ConfigurationError: there is nothing, or nothing usable.
    """
    fields = secrets.read(app.provider, app.tenant, app.id)
    if fields is None:
        raise ConfigurationError(f"The app {app.id!r} has no credentials stored: register it again.")
    try:
        return registry.credentials_type(app.provider).from_fields(fields)
    except RequestError as err:
        raise ConfigurationError(f"The stored credentials of the app {app.id!r} are not usable: {err}") from err


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
    dynamodb = boto3.client("dynamodb", config=AWS_CONFIG)
    secrets = SecretStore(boto3.client("secretsmanager", config=AWS_CONFIG), settings.secret_prefix)
    senders = AppSenders(secrets, dynamodb, settings.table, platform_http())
    contacts, syncs = DynamoContacts(dynamodb, settings.table), DynamoSyncs(dynamodb, settings.table)
    return Ports(
        approvals=DynamoApprovals(dynamodb, settings.table, now),
        apps=DynamoApps(dynamodb, settings.table, now),
        senders=senders,
        workflow=StepFunctions(boto3.client("stepfunctions", config=AWS_CONFIG), settings.state_machine_arn),
        clock=now,
        people=People(contacts, syncs, senders, now),
        callbacks=CallbackAdmission(
            DynamoWebhookSecrets(dynamodb, settings.table, now), allow_loopback=settings.allow_loopback
        ),
    )


def wire_outbox_queue(environ: Mapping[str, str] | None = None) -> SqsQueue:
    """Build the outbox queue from OUTBOX_URL and, where it is known, OUTBOX_DEAD_LETTERS_URL."""
    settings = Settings.from_env(environ if environ is not None else os.environ, "OUTBOX_URL")
    client = boto3.client("sqs", config=AWS_CONFIG)
    return SqsQueue(client, settings.outbox_url, settings.outbox_dead_letters_url, now)
