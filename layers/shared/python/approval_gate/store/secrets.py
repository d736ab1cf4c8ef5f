"""
The apps' secrets: one Secrets Manager secret per app, named `<prefix>/<provider>/<tenant>/<app>`.

A secret is JSON, values in the platform's words, times in ISO 8601:

    {"credentials": {...}, "updated_at": "...",
     "previous": [{"credentials": {...callback fields only...}, "until": "..."}],
     "robots": {"<name>": {"url": "...", "secret": "..."}}}

Secrets of earlier versions have only the first two. Nothing in here has a repr that shows a value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from approval_gate.errors import StoreError
from approval_gate.ports.messages import Robot
from approval_gate.ports.secrets import AppSecret, OldKeys

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

__all__ = ["SecretStore"]

_GONE = {"ResourceNotFoundException", "InvalidRequestException"}


class SecretStore:
    """Read and write the secrets of apps."""

    def __init__(self, client: SecretsManagerClient, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def load(self, provider: str, tenant: str, app: str) -> AppSecret | None:
        """
        Return all that is secret about an app, None when there is nothing (never registered, or deleted).

        Raises:
            StoreError: Secrets Manager did not answer, or the secret is not what we wrote.
        """
        try:
            answer = self._client.get_secret_value(SecretId=self._name(provider, tenant, app))
        except ClientError as err:
            code = err.response["Error"]["Code"]
            if code in _GONE:
                return None
            raise StoreError(f"read secret: {code}") from err
        except BotoCoreError as err:
            raise StoreError(f"read secret: {type(err).__name__}") from err
        try:
            return _read(json.loads(answer["SecretString"]))
        except (KeyError, ValueError, TypeError, AttributeError):
            # `from None`: the message of a JSON error may quote the secret.
            raise StoreError("read secret: not in the form this version writes") from None

    def read(self, provider: str, tenant: str, app: str) -> Mapping[str, str] | None:
        """Return an app's current credentials; see `load`."""
        secret = self.load(provider, tenant, app)
        return secret.credentials if secret else None

    def robots(self, provider: str, tenant: str, app: str) -> Mapping[str, Robot]:
        """Return an app's robots by name; see `load`."""
        secret = self.load(provider, tenant, app)
        return secret.robots if secret else {}

    def write(self, provider: str, tenant: str, app: str, secret: AppSecret) -> None:
        """Create or replace an app's secret."""
        name, body = self._name(provider, tenant, app), json.dumps(_document(secret))
        try:
            try:
                self._client.create_secret(
                    Name=name, SecretString=body, Description="Approval gate: credentials of one app"
                )
            except ClientError as err:
                if err.response["Error"]["Code"] != "ResourceExistsException":
                    raise
                self._client.put_secret_value(SecretId=name, SecretString=body)
        except ClientError as err:
            raise StoreError(f"write secret: {err.response['Error']['Code']}") from err
        except BotoCoreError as err:
            raise StoreError(f"write secret: {type(err).__name__}") from err

    def delete(self, provider: str, tenant: str, app: str) -> None:
        """Delete an app's secret at once, so that the name can be registered again. Gone already is success."""
        try:
            self._client.delete_secret(SecretId=self._name(provider, tenant, app), ForceDeleteWithoutRecovery=True)
        except ClientError as err:
            if err.response["Error"]["Code"] not in _GONE:
                raise StoreError(f"delete secret: {err.response['Error']['Code']}") from err
        except BotoCoreError as err:
            raise StoreError(f"delete secret: {type(err).__name__}") from err

    def _name(self, provider: str, tenant: str, app: str) -> str:
        return f"{self._prefix}/{provider}/{tenant}/{app}"


def _document(secret: AppSecret) -> dict[str, Any]:
    return {
        "credentials": dict(secret.credentials),
        "updated_at": secret.updated_at.isoformat(),
        "previous": [{"credentials": dict(old.credentials), "until": old.until.isoformat()} for old in secret.previous],
        "robots": {name: {"url": robot.url, "secret": robot.secret} for name, robot in secret.robots.items()},
    }


def _read(document: Mapping[str, Any]) -> AppSecret:
    return AppSecret(
        credentials=_texts(document["credentials"]),
        updated_at=datetime.fromisoformat(document["updated_at"]),
        previous=tuple(
            OldKeys(_texts(old["credentials"]), datetime.fromisoformat(old["until"]))
            for old in document.get("previous", ())
        ),
        robots={
            str(name): Robot(str(name), str(robot["url"]), str(robot["secret"]))
            for name, robot in document.get("robots", {}).items()
        },
    )


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in values.items()}
