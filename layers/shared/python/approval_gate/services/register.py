"""Register and delete apps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from approval_gate.errors import AppNotFound
from approval_gate.ports import App, Credentials

__all__ = ["AppRegistry", "CredentialStore", "Registrar"]


class AppRegistry(Protocol):
    """Apps and the claims on their identities; see `store.apps.DynamoApps`."""

    def get(self, tenant: str, app_id: str) -> App | None:
        """Read one app of a tenant."""
        ...

    def claim(self, app: App) -> None:
        """Take an app's id and vendor identity in one step."""
        ...

    def make_ready(self, app: App) -> None:
        """Mark a claimed app as usable."""
        ...

    def remove(self, app: App) -> None:
        """Give both free."""
        ...


class CredentialStore(Protocol):
    """Credentials of apps; see `store.secrets.SecretStore`."""

    def write(self, provider: str, tenant: str, app: str, credentials: Mapping[str, str], at: datetime) -> None:
        """Create or replace."""
        ...

    def delete(self, provider: str, tenant: str, app: str) -> None:
        """Delete; gone already is success."""
        ...


class Registrar:
    """Register and delete apps."""

    def __init__(self, apps: AppRegistry, secrets: CredentialStore, clock: Callable[[], datetime]) -> None:
        self._apps = apps
        self._secrets = secrets
        self._clock = clock

    def register(self, app: App, credentials: Credentials, fields: Mapping[str, str]) -> App:
        """
        Claim the id and the vendor identity, then store the credentials.

        A crash in between leaves the state `creating`; the same registration sent again completes it.

        Raises:
            AppExists, IdentityInUse: taken.
        """
        now = self._clock()
        app = replace(
            app,
            created_at=now,
            state="creating",
            vendor_identity=credentials.vendor_identity,
            callbacks_ready=credentials.callbacks_ready,
        )
        self._apps.claim(app)
        self._secrets.write(app.provider, app.tenant, app.id, fields, now)
        self._apps.make_ready(app)
        return replace(app, state="ready")

    def delete(self, tenant: str, app_id: str) -> None:
        """
        Delete an app and its credentials: the credentials first, so that no crash leaves a usable secret behind.

        Raises:
            AppNotFound: not in this tenant.
        """
        app = self._apps.get(tenant, app_id)
        if app is None:
            raise AppNotFound(f"There is no app {app_id!r}.")
        self._secrets.delete(app.provider, tenant, app_id)
        self._apps.remove(app)
