"""Wiring of the doctor: an examiner per app, our own address, the refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import boto3
import httpx

from approval_gate.entrypoints.checks import ChecksApi, HttpProbe
from approval_gate.entrypoints.clock import now
from approval_gate.entrypoints.wiring import AWS_CONFIG, stored_credentials
from approval_gate.platform_http import platform_http
from approval_gate.ports import App
from approval_gate.ports.checks import Examiner
from approval_gate.providers import registry
from approval_gate.services.examine import Doctor
from approval_gate.settings import Settings
from approval_gate.store.access_tokens import DynamoAccessTokens
from approval_gate.store.apps import DynamoApps
from approval_gate.store.forms import DynamoForms
from approval_gate.store.refusals import DynamoRefusals
from approval_gate.store.secrets import SecretStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["AppExaminers", "wire_checks"]


class AppExaminers:
    """The `Examiners` port. Nothing is kept: whoever examines has just changed something."""

    def __init__(self, secrets: SecretStore, client: DynamoDBClient, table: str, http: httpx.Client) -> None:
        self._secrets = secrets
        self._client = client
        self._table = table
        self._http = http

    def of(self, app: App) -> Examiner:
        """Return the examiner of an app; see the port."""
        examiner: Examiner = registry.examiner_type(app.provider)(
            app=app,
            credentials=stored_credentials(self._secrets, app),
            http=self._http,
            tokens=DynamoAccessTokens(self._client, self._table, now, app),
            forms=DynamoForms(self._client, self._table, now, app),
            clock=now,
        )
        return examiner


def wire_checks(environ: Mapping[str, str]) -> ChecksApi:
    """Build the doctor's route from a function's environment."""
    settings = Settings.from_env(environ, "SECRET_PREFIX")
    dynamodb, table = boto3.client("dynamodb", config=AWS_CONFIG), settings.table
    secrets = SecretStore(boto3.client("secretsmanager", config=AWS_CONFIG), settings.secret_prefix)
    http = platform_http()
    doctor = Doctor(
        AppExaminers(secrets, dynamodb, table, http), HttpProbe(http), DynamoRefusals(dynamodb, table, now), now
    )
    return ChecksApi(DynamoApps(dynamodb, table, now), doctor, settings)
