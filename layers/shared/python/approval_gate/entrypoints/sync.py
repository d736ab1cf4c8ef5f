"""
Wiring of the worker that synchronises contacts.

Two kinds of events: the schedule asks which apps are due and calls a worker for each, by a message in a queue; a
message is one worker on one app. A worker that runs out of time, or whose platform asks to wait, sends the next message
itself. Whatever is lost on the way, the schedule finds again.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import boto3
import httpx
from aws_lambda_powertools import Logger

from approval_gate.entrypoints.clock import now
from approval_gate.entrypoints.wiring import AWS_CONFIG, stored_credentials
from approval_gate.errors import ConfigurationError
from approval_gate.platform_http import platform_http
from approval_gate.ports import App, Clock
from approval_gate.ports.directory import Directory, SyncQueue
from approval_gate.providers import registry
from approval_gate.services.sync_contacts import ContactSync, SyncPorts
from approval_gate.settings import Settings
from approval_gate.store.access_tokens import DynamoAccessTokens
from approval_gate.store.apps import DynamoApps
from approval_gate.store.contact_writes import DynamoContactStore
from approval_gate.store.forms import DynamoForms
from approval_gate.store.secrets import SecretStore
from approval_gate.store.sync_queue import SqsSyncQueue
from approval_gate.store.syncs import DynamoSyncs

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["AppDirectories", "SyncEndpoint"]

_MARGIN = timedelta(minutes=4)
"""Of a worker's time: for what is under way when reading stops, and for comparing and writing at the end."""

_MOST_PER_SWEEP = 50


class AppDirectories:
    """The `Directories` port: built anew each time, since a run uses one."""

    def __init__(self, secrets: SecretStore, client: DynamoDBClient, table: str, http: httpx.Client) -> None:
        self._secrets = secrets
        self._client = client
        self._table = table
        self._http = http

    def of(self, app: App) -> Directory:
        """
        Return the directory of an app.

        Raises:
            ConfigurationError: no usable credentials, or a provider that tells no contacts.
        """
        try:
            directory_type = registry.directory_type(app.provider)
        except ModuleNotFoundError as err:
            if err.name != f"approval_gate.providers.{app.provider}.directory":
                raise
            raise ConfigurationError(f"The provider {app.provider} tells no contacts.") from err
        directory: Directory = directory_type(
            app=app,
            credentials=stored_credentials(self._secrets, app),
            http=self._http,
            tokens=DynamoAccessTokens(self._client, self._table, now, app),
            forms=DynamoForms(self._client, self._table, now, app),
            clock=now,
        )
        return directory


class SyncEndpoint:
    """The worker as a Lambda."""

    def __init__(self, contacts: ContactSync, queue: SyncQueue, clock: Clock, logger: Logger) -> None:
        self._contacts = contacts
        self._queue = queue
        self._clock = clock
        self._logger = logger

    @classmethod
    def wire(cls, environ: Mapping[str, str], logger: Logger) -> Self:
        """Build the worker from the environment."""
        settings = Settings.from_env(environ, "SECRET_PREFIX", "SYNC_QUEUE_URL")
        dynamodb = boto3.client("dynamodb", config=AWS_CONFIG)
        secrets = SecretStore(boto3.client("secretsmanager", config=AWS_CONFIG), settings.secret_prefix)
        ports = SyncPorts(
            apps=DynamoApps(dynamodb, settings.table, now),
            directories=AppDirectories(secrets, dynamodb, settings.table, platform_http()),
            store=DynamoContactStore(dynamodb, settings.table, now, time.sleep),
            syncs=DynamoSyncs(dynamodb, settings.table),
            clock=now,
            sleep=time.sleep,
            draw=lambda: uuid.uuid4().hex,
        )
        queue = SqsSyncQueue(boto3.client("sqs", config=AWS_CONFIG), settings.sync_queue_url)
        return cls(ContactSync(ports), queue, now, logger)

    def handle(self, event: Mapping[str, Any], remaining_ms: int) -> None:
        """
        Take one event.

        Args:
            remaining_ms: what is left of the function's time.
        """
        if "Records" not in event:
            self._sweep()
            return
        until = self._clock() + timedelta(milliseconds=remaining_ms) - _MARGIN
        for record in event["Records"]:
            self._work(record["body"], until)

    def _sweep(self) -> None:
        due = self._contacts.due()
        for each in due[:_MOST_PER_SWEEP]:
            self._queue.send(each.tenant, each.app)
        if due:
            self._logger.info("sync_due", extra={"apps": len(due)})

    def _work(self, body: str, until: datetime) -> None:
        asked = json.loads(body)
        tenant, app = str(asked["tenant"]), str(asked["app"])
        delay_s = self._contacts.work(tenant, app, until)
        if delay_s is not None:
            self._queue.send(tenant, app, delay_s)
