"""Create and delete tenants; only whoever runs the installation may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from approval_gate.domain.access import Tenant
from approval_gate.errors import Conflict, NotFound
from approval_gate.ports import App
from approval_gate.ports.webhooks import WebhookSecret
from approval_gate.services.tokens import Tokens

__all__ = ["TenantKeeper", "Tenants"]


class Tenants(Protocol):
    """Tenants in the table; see `store.tenants.DynamoTenants`."""

    def add(self, tenant: Tenant) -> bool:
        """Store a new tenant; False when the id is or was somebody's."""
        ...

    def get(self, tenant_id: str) -> Tenant | None:
        """Read one tenant that was not deleted."""
        ...

    def list(self) -> tuple[Tenant, ...]:
        """Return every tenant that was not deleted, by id."""
        ...

    def close(self, tenant_id: str) -> bool:
        """Mark a tenant deleted for ever; False when there never was one."""
        ...


class AppsOfTenant(Protocol):
    """See `store.apps.DynamoApps`."""

    def list(self, tenant: str) -> tuple[App, ...]:
        """Return all apps of a tenant."""
        ...


class WebhookSecretsOfTenant(Protocol):
    """See `services.webhook_secrets.WebhookSecretKeeper`."""

    def list(self, tenant: str) -> tuple[WebhookSecret, ...]:
        """Return all webhook secrets of a tenant."""
        ...

    def delete(self, tenant: str, secret_id: str) -> None:
        """End one now."""
        ...


class TenantKeeper:
    """Create, list and delete tenants."""

    def __init__(
        self,
        tenants: Tenants,
        tokens: Tokens,
        apps: AppsOfTenant,
        webhook_secrets: WebhookSecretsOfTenant,
        clock: Callable[[], datetime],
    ) -> None:
        self._tenants = tenants
        self._tokens = tokens
        self._apps = apps
        self._webhook_secrets = webhook_secrets
        self._clock = clock

    def create(self, tenant_id: str, name: str) -> Tenant:
        """
        Create a tenant. It has no token yet.

        Raises:
            Conflict: the id is taken, or was: approvals of a deleted tenant are kept and must not find a new owner.
        """
        tenant = Tenant(tenant_id, self._clock(), name)
        if not self._tenants.add(tenant):
            raise Conflict(
                f"The tenant id {tenant_id!r} is taken, or was once. Choose another one.", code="tenant_exists"
            )
        return tenant

    def get(self, tenant_id: str) -> Tenant:
        """
        Return one tenant.

        Raises:
            NotFound: no such tenant, or deleted.
        """
        found = self._tenants.get(tenant_id)
        if found is None:
            raise _unknown(tenant_id)
        return found

    def list(self) -> tuple[Tenant, ...]:
        """Return every tenant by id."""
        return self._tenants.list()

    def delete(self, own: str, tenant_id: str) -> None:
        """
        Close a tenant for ever; end its tokens and webhook secrets at once. Approvals and their histories are kept.

        Sent again after a crash, it ends what is left of both.

        Args:
            own: the asker's tenant, which stays.

        Raises:
            NotFound: there never was one.
            Conflict: it has apps, or is the asker's own.
        """
        if tenant_id == own:
            raise Conflict("This is your own tenant. Delete it with a token of another one.", code="own_tenant")
        if self._apps.list(tenant_id):
            raise Conflict(
                f"The tenant {tenant_id!r} has apps. Delete them first, with a token of that tenant.",
                code="tenant_has_apps",
            )
        # Closed first: then no token can be added behind our back.
        if not self._tenants.close(tenant_id):
            raise _unknown(tenant_id)
        for token in self._tokens.list(tenant_id):
            self._tokens.remove(tenant_id, token.id)
        for secret in self._webhook_secrets.list(tenant_id):
            self._webhook_secrets.delete(tenant_id, secret.id)


def _unknown(tenant_id: str) -> NotFound:
    return NotFound(f"There is no tenant {tenant_id!r}. GET /v1/tenants lists them.", code="tenant_not_found")
