"""
The apps' credentials: one Secrets Manager secret per app, named `<prefix>/<provider>/<tenant>/<app>`.

A secret is JSON: `{"credentials": {...}, "updated_at": "..."}`. Nothing in here has a repr that shows a value.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from approval_gate.errors import StoreError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

__all__ = ["Keyring", "SecretStore"]

_GONE = {"ResourceNotFoundException", "InvalidRequestException"}


class SecretStore:
    """Read and write the secrets of apps."""

    def __init__(self, client: SecretsManagerClient, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def read(self, provider: str, tenant: str, app: str) -> Mapping[str, str] | None:
        """
        Return an app's credentials, None when there are none (never registered, or deleted).

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
            credentials = json.loads(answer["SecretString"])["credentials"]
        except (KeyError, ValueError, TypeError):
            # `from None`: the message of a JSON error may quote the secret.
            raise StoreError("read secret: not in the form this version writes") from None
        return {str(name): str(value) for name, value in credentials.items()}

    def write(self, provider: str, tenant: str, app: str, credentials: Mapping[str, str], at: datetime) -> None:
        """Create or replace an app's secret."""
        name = self._name(provider, tenant, app)
        body = json.dumps({"credentials": dict(credentials), "updated_at": at.isoformat()})
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


class Keyring:
    """
    One provider's secrets, kept in memory for a few minutes; what does not exist is remembered as well.

    A caller that fails a check may ask for a fresh read, since the key may have been rotated a moment ago, but at most
    once in `fresh_after_s` per app: a flood of forgeries costs no calls. The same rules hold for apps that do not
    exist, so that the time an answer takes does not tell which do.
    """

    MAX_APPS = 1000

    def __init__(
        self,
        secrets: SecretStore,
        provider: str,
        *,
        life_s: float = 300,
        fresh_after_s: float = 30,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secrets = secrets
        self._provider = provider
        self._life_s = life_s
        self._fresh_after_s = fresh_after_s
        self._monotonic = monotonic
        self._read_at: OrderedDict[tuple[str, str], tuple[float, Mapping[str, str] | None]] = OrderedDict()

    def get(self, tenant: str, app: str) -> Mapping[str, str] | None:
        """Return an app's credentials from memory, or read them."""
        known = self._read_at.get((tenant, app))
        if known is not None and self._monotonic() - known[0] < self._life_s:
            return known[1]
        return self._read(tenant, app)

    def refreshed(self, tenant: str, app: str) -> tuple[bool, Mapping[str, str] | None]:
        """
        Read again after a failed check.

        Returns: whether what is stored differs from what `get` gave, and what is stored.
        """
        read_at, before = self._read_at.get((tenant, app), (float("-inf"), None))
        if self._monotonic() - read_at < self._fresh_after_s:
            return False, before
        now = self._read(tenant, app)
        return now != before, now

    def _read(self, tenant: str, app: str) -> Mapping[str, str] | None:
        credentials = self._secrets.read(self._provider, tenant, app)
        self._read_at[(tenant, app)] = (self._monotonic(), credentials)
        self._read_at.move_to_end((tenant, app))
        if len(self._read_at) > self.MAX_APPS:
            self._read_at.popitem(last=False)
        return credentials
