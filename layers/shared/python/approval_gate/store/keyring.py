"""One provider's secrets in the memory of a function that must answer fast."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from approval_gate.ports.secrets import AppSecret, Held

__all__ = ["Keyring", "Secrets"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""All that an id of a tenant or an app can be: see `domain.access.TENANT_ID` and `api.models.Id`."""


class Secrets(Protocol):
    """See `store.secrets.SecretStore`."""

    def load(self, provider: str, tenant: str, app: str) -> AppSecret | None:
        """Return all that is secret about an app."""
        ...


@dataclass(slots=True)
class _Entry:
    """One app's secret, when it was read, and how many reads a failed check may still cause before `refill_at`."""

    secret: AppSecret | None
    read_at: datetime
    fresh_reads: int
    refill_at: datetime


class Keyring:
    """
    Secrets read through a memory that forgets them after a minute; what does not exist is remembered as well.

    A caller that fails a check may ask for a fresh read, since the keys may have been changed a moment ago, but only
    ten times in five minutes for one app: a flood of forgeries costs next to no calls. The same rules hold for apps
    that do not exist, so that neither the calls nor the time of an answer tell which do. What no app can be called is
    not asked for at all: Secrets Manager answers such names with an error, which would be ours.

    Time is the wall clock's: a monotonic one may stand still while Lambda freezes the function.
    """

    LIFE = timedelta(minutes=1)
    FRESH_READS = 10
    REFILL_AFTER = timedelta(minutes=5)
    MAX_APPS = 1000

    def __init__(self, secrets: Secrets, provider: str, clock: Callable[[], datetime]) -> None:
        self._secrets = secrets
        self._provider = provider
        self._clock = clock
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()

    def get(self, tenant: str, app: str) -> Held:
        """
        Return an app's secret from memory, or read it.

        Raises:
            StoreError: it could not be read.
        """
        if not (_ID.fullmatch(tenant) and _ID.fullmatch(app)):
            return Held(None, is_fresh=True)
        entry, now = self._entries.get((tenant, app)), self._clock()
        # A clock that was set back must not make a secret live longer.
        if entry is not None and timedelta() <= now - entry.read_at < self.LIFE:
            return Held(entry.secret, is_fresh=False)
        return Held(self._read(tenant, app, now, entry), is_fresh=True)

    def again(self, tenant: str, app: str) -> Held | None:
        """
        Read an app's secret anew after a failed check; None when that was asked for too often.

        Raises:
            StoreError: it could not be read.
        """
        entry, now = self._entries.get((tenant, app)), self._clock()
        if entry is not None and now >= entry.refill_at:
            entry.fresh_reads, entry.refill_at = self.FRESH_READS, now + self.REFILL_AFTER
        if entry is not None and not entry.fresh_reads:
            return None
        if entry is not None:
            entry.fresh_reads -= 1
        return Held(self._read(tenant, app, now, entry), is_fresh=True)

    def _read(self, tenant: str, app: str, now: datetime, known: _Entry | None) -> AppSecret | None:
        secret = self._secrets.load(self._provider, tenant, app)
        entry = known or _Entry(secret, now, self.FRESH_READS, now + self.REFILL_AFTER)
        entry.secret, entry.read_at = secret, now
        self._entries[(tenant, app)] = entry
        self._entries.move_to_end((tenant, app))
        if len(self._entries) > self.MAX_APPS:
            self._entries.popitem(last=False)
        return secret
