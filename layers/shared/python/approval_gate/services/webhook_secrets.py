"""Create and delete the secrets that sign webhooks. A new one replaces the others, which sign on for a while."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from approval_gate.errors import Conflict, NotFound, VersionConflict
from approval_gate.ports.webhooks import WebhookSecret

__all__ = ["SecretList", "SecretValues", "WebhookSecretKeeper"]

SECRET_BYTES = 32
SIGNING_MAX = 5
"""Each secret is a signature in every webhook's header, and a secret that costs money."""
_ATTEMPTS = 20


class SecretList(Protocol):
    """Which secrets a tenant has; see `store.webhook_secrets.DynamoWebhookSecrets`."""

    def read(self, tenant: str) -> tuple[tuple[WebhookSecret, ...], int]:
        """Return the secrets, newest first, and the list's version."""
        ...

    def write(self, tenant: str, secrets: Sequence[WebhookSecret], version: int) -> None:
        """Replace the list of that version, or raise VersionConflict."""
        ...


class SecretValues(Protocol):
    """The secrets' values."""

    def write(self, tenant: str, secret_id: str, value: str, at: datetime) -> None:
        """Store a value."""
        ...

    def delete(self, tenant: str, secret_id: str) -> None:
        """Delete a value; gone already is success."""
        ...


class WebhookSecretKeeper:
    """A tenant's webhook secrets."""

    def __init__(
        self,
        listed: SecretList,
        values: SecretValues,
        clock: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._listed = listed
        self._values = values
        self._clock = clock
        self._entropy = entropy

    def list(self, tenant: str) -> tuple[WebhookSecret, ...]:
        """Return the secrets that sign now, newest first."""
        now = self._clock()
        return tuple(secret for secret in self._listed.read(tenant)[0] if secret.signs_at(now))

    def create(self, tenant: str, overlap_s: int) -> tuple[WebhookSecret, str]:
        """
        Make a new secret; the others sign beside it for `overlap_s` at most.

        Returns: the secret and its value, `whsec_…`, which is shown this once.

        Raises:
            Conflict: too many secrets sign already.
            StoreError: not created, try again.
        """
        now = self._clock()
        secret = WebhookSecret(f"whs_{self._entropy(16).hex()}", now)
        value = f"whsec_{base64.b64encode(self._entropy(SECRET_BYTES)).decode()}"
        # The value first: a listed secret without a value would end the older ones and sign nothing itself. What a
        # crash leaves behind is a value that nobody was told and nothing lists.
        self._values.write(tenant, secret.id, value, now)

        def with_it(signing: Sequence[WebhookSecret]) -> Sequence[WebhookSecret]:
            if secret in signing:
                return signing  # an attempt whose answer was lost
            if len(signing) >= SIGNING_MAX:
                raise Conflict(
                    f"{SIGNING_MAX} secrets sign already. Delete one: DELETE /v1/webhook-secrets/{{id}}.",
                    code="too_many_webhook_secrets",
                )
            ends = now + timedelta(seconds=overlap_s)
            return [secret, *(replace(old, expires_at=min(old.expires_at or ends, ends)) for old in signing)]

        try:
            self._change(tenant, with_it)
        except Conflict:
            # Certainly not listed. After a StoreError it may be, and must keep its value.
            self._values.delete(tenant, secret.id)
            raise
        return secret, value

    def delete(self, tenant: str, secret_id: str) -> None:
        """
        End a secret now. Those that it replaced keep the end they were given.

        Raises:
            NotFound: the tenant has no secret of that id.
        """
        if not any(secret.id == secret_id for secret in self._listed.read(tenant)[0]):
            raise NotFound(f"There is no webhook secret {secret_id!r}. GET /v1/webhook-secrets lists yours.")
        # The value first, so that an attempt that dies in between can be repeated.
        self._values.delete(tenant, secret_id)
        self._change(tenant, lambda known: [secret for secret in known if secret.id != secret_id])

    def _change(self, tenant: str, change: Callable[[Sequence[WebhookSecret]], Sequence[WebhookSecret]]) -> None:
        """Change the list of the secrets that sign, anew for as long as others change it at the same moment."""
        for attempt in range(1, _ATTEMPTS + 1):
            known, version = self._listed.read(tenant)
            signing = [secret for secret in known if secret.signs_at(self._clock())]
            changed = change(signing)
            if list(changed) == list(known):
                return
            for ended in set(known) - set(signing):
                self._values.delete(tenant, ended.id)
            try:
                self._listed.write(tenant, changed, version)
            except VersionConflict:
                if attempt == _ATTEMPTS:
                    raise
            else:
                return
