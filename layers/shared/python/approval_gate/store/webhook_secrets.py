"""
Webhook secrets: which there are stands in the table, their values in Secrets Manager.

One item per tenant lists ids and times, so that who may not read a secret still knows whether there is one. Each value
is a secret of its own, `<prefix>/webhooks/<tenant>/<id>`, written once and never changed: making one needs no reading
of another.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from approval_gate.errors import StoreError
from approval_gate.ports.secrets import AppSecret
from approval_gate.ports.webhooks import WebhookSecret
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["CachedSigningSecrets", "DynamoWebhookSecrets", "SecretsManagerValues"]

_FOLDER = "webhooks"
_FIELD = "secret"


class DynamoWebhookSecrets:
    """The `WebhookSecrets` port, and the list that secrets are created in and deleted from."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def exist(self, tenant: str) -> bool:
        """Tell whether webhooks of the tenant can be signed."""
        now = self._clock()
        return any(secret.signs_at(now) for secret in self.read(tenant)[0])

    def read(self, tenant: str) -> tuple[tuple[WebhookSecret, ...], int]:
        """Return a tenant's secrets, newest first, ended ones included, and the list's version (0: none yet)."""
        with as_store_errors("read webhook secrets"):
            answer = self._client.get_item(TableName=self._table, Key=keys.webhook_secrets(tenant), ConsistentRead=True)
        if "Item" not in answer:
            return (), 0
        item = answer["Item"]
        return tuple(_read(entry) for entry in json.loads(item["secrets"]["S"])), int(item["list_version"]["N"])

    def write(self, tenant: str, secrets: Sequence[WebhookSecret], version: int) -> None:
        """
        Replace a tenant's list.

        Args:
            version: of the list that was read.

        Raises:
            VersionConflict: it was changed meanwhile; read it again.
        """
        with as_store_errors("write webhook secrets"):
            self._client.put_item(
                TableName=self._table,
                Item={
                    **keys.webhook_secrets(tenant),
                    "secrets": {"S": json.dumps([_written(secret) for secret in secrets])},
                    "list_version": {"N": str(version + 1)},
                },
                ConditionExpression="attribute_not_exists(PK) OR list_version = :seen",
                ExpressionAttributeValues={":seen": {"N": str(version)}},
            )


class Secrets(Protocol):
    """Secrets by folder, tenant and id; see `store.secrets.SecretStore`, which keeps the apps' in the same form."""

    def read(self, provider: str, tenant: str, app: str) -> Mapping[str, str] | None:
        """Return a secret's fields, None when there is none."""
        ...

    def write(self, provider: str, tenant: str, app: str, secret: AppSecret) -> None:
        """Create or replace a secret."""
        ...

    def delete(self, provider: str, tenant: str, app: str) -> None:
        """Delete a secret at once; gone already is success."""
        ...


class SecretsManagerValues:
    """The values, one secret each."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def read(self, tenant: str, secret_id: str) -> str | None:
        """Return a value, None when it was deleted."""
        fields = self._secrets.read(_FOLDER, tenant, secret_id)
        return None if fields is None else fields[_FIELD]

    def write(self, tenant: str, secret_id: str, value: str, at: datetime) -> None:
        """Store a value."""
        self._secrets.write(_FOLDER, tenant, secret_id, AppSecret({_FIELD: value}, at))

    def delete(self, tenant: str, secret_id: str) -> None:
        """Delete a value at once."""
        self._secrets.delete(_FOLDER, tenant, secret_id)


class CachedSigningSecrets:
    """
    The `SigningSecrets` port.

    The list is read again after `life_s`, so a new secret signs, and a deleted one stops, within that time. Values
    never change and are read once.
    """

    MAX_VALUES = 1000

    def __init__(
        self,
        listed: DynamoWebhookSecrets,
        values: SecretsManagerValues,
        clock: Callable[[], datetime],
        *,
        life_s: float = 30,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listed = listed
        self._values = values
        self._clock = clock
        self._life_s = life_s
        self._monotonic = monotonic
        self._lists: dict[str, tuple[float, tuple[WebhookSecret, ...]]] = {}
        self._read: dict[tuple[str, str], str] = {}

    def of(self, tenant: str) -> Sequence[str]:
        """Return the values of every secret that signs now, newest first."""
        now = self._clock()
        found = [self._value(tenant, secret.id) for secret in self._known(tenant) if secret.signs_at(now)]
        return tuple(value for value in found if value)

    def _known(self, tenant: str) -> tuple[WebhookSecret, ...]:
        known = self._lists.get(tenant)
        if known is None or self._monotonic() - known[0] >= self._life_s:
            known = (self._monotonic(), self._listed.read(tenant)[0])
            self._lists[tenant] = known
        return known[1]

    def _value(self, tenant: str, secret_id: str) -> str:
        value = self._read.get((tenant, secret_id))
        if value is None:
            value = self._values.read(tenant, secret_id)
            if value is None:
                return ""  # deleted a moment ago
            if len(self._read) >= self.MAX_VALUES:
                self._read.clear()
                self._lists.clear()
            self._read[(tenant, secret_id)] = value
        return value


def _written(secret: WebhookSecret) -> dict[str, str]:
    written = {"id": secret.id, "created_at": secret.created_at.isoformat()}
    return {**written, "expires_at": secret.expires_at.isoformat()} if secret.expires_at else written


def _read(entry: Mapping[str, str]) -> WebhookSecret:
    try:
        return WebhookSecret(
            entry["id"],
            datetime.fromisoformat(entry["created_at"]),
            datetime.fromisoformat(entry["expires_at"]) if "expires_at" in entry else None,
        )
    except (KeyError, TypeError, ValueError) as err:
        raise StoreError("read webhook secrets: not in the form this version writes") from err
