"""Register and delete apps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from approval_gate.errors import AppNotFound, Conflict, FieldProblem, RequestError
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

    def change(self, app: App) -> None:
        """Replace what is stored about a registered app."""
        ...

    def make_ready(self, app: App) -> None:
        """Mark a claimed app as usable."""
        ...

    def remove(self, app: App) -> None:
        """Give both free."""
        ...


class PendingApprovals(Protocol):
    """See `ports.Approvals.has_pending`."""

    def has_pending(self, tenant: str, app: str) -> bool:
        """Tell whether an app has approvals that wait."""
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

    def __init__(
        self,
        apps: AppRegistry,
        secrets: CredentialStore,
        pending: PendingApprovals,
        clock: Callable[[], datetime],
    ) -> None:
        self._apps = apps
        self._pending = pending
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
        app = _with_credentials(replace(app, created_at=now, state="creating"), credentials, fields, now)
        self._apps.claim(app)
        self._secrets.write(app.provider, app.tenant, app.id, fields, now)
        self._apps.make_ready(app)
        return replace(app, state="ready")

    def change(self, app: App, credentials: Credentials | None, fields: Mapping[str, str]) -> App:
        """
        Store changed settings of a registered app and, if given, its whole new set of credentials.

        The credentials go first: callbacks read them again when a check fails, so the new ones work at once.

        Raises:
            RequestError: the credentials are another vendor identity's.
        """
        now = self._clock()
        if credentials is not None:
            if credentials.vendor_identity != app.vendor_identity:
                raise RequestError(
                    "These credentials belong to another app of the platform. Register that as an app of its own.",
                    code="other_identity",
                    problems=(FieldProblem("credentials", f"must be those of {app.vendor_identity}"),),
                )
            self._secrets.write(app.provider, app.tenant, app.id, fields, now)
            app = _with_credentials(app, credentials, fields, now)
        self._apps.change(app)
        return app

    def delete(self, tenant: str, app_id: str, *, force: bool) -> None:
        """
        Delete an app and its credentials: the credentials first, so that no crash leaves a usable secret behind.

        Args:
            force: even though approvals wait for it; they will expire.

        Raises:
            AppNotFound: not in this tenant.
            Conflict: approvals wait for it.
        """
        app = self._apps.get(tenant, app_id)
        if app is None:
            raise AppNotFound(f"There is no app {app_id!r}.")
        if not force and self._pending.has_pending(tenant, app_id):
            raise Conflict(
                f"Approvals wait for the app {app_id!r}. Cancel them or let them end, or delete with ?force=true: "
                "then they cannot be approved any more and expire.",
                code="approvals_pending",
            )
        self._secrets.delete(app.provider, tenant, app_id)
        self._apps.remove(app)


def _with_credentials(app: App, credentials: Credentials, fields: Mapping[str, str], now: datetime) -> App:
    public = credentials.public_fields()
    return replace(
        app,
        vendor_identity=credentials.vendor_identity,
        callbacks_ready=credentials.callbacks_ready,
        public_credentials={name: value for name, value in fields.items() if name in public},
        secret_fields=tuple(sorted(set(fields) - public)),
        credentials_updated_at=now,
    )
