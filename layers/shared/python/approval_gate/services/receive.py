"""Verify, open, journal, acknowledge: all that happens inside a callback's deadline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from approval_gate.errors import CallbackRejected
from approval_gate.ports import CallbackEvent, Clock, Opened, Receiver
from approval_gate.web import WebRequest

__all__ = ["CallbackJournal", "Callbacks", "Keys"]


class Keys(Protocol):
    """Credentials by app; see `store.secrets.Keyring`."""

    def get(self, tenant: str, app: str) -> Mapping[str, str] | None:
        """Return an app's credentials."""
        ...

    def refreshed(self, tenant: str, app: str) -> tuple[bool, Mapping[str, str] | None]:
        """Read again after a failed check; tell whether anything changed."""
        ...


class CallbackJournal(Protocol):
    """Where verified callbacks are kept; see `store.journal.Journal`."""

    def add(self, provider: str, tenant: str, app: str, event: CallbackEvent, body: bytes) -> bool:
        """Write one verified callback; False for a redelivery."""
        ...


class Callbacks:
    """The inbound side of one provider."""

    def __init__(
        self, provider: str, receiver: type[Receiver], keyring: Keys, journal: CallbackJournal, clock: Clock
    ) -> None:
        self._provider = provider
        self._receiver = receiver
        self._keyring = keyring
        self._journal = journal
        self._clock = clock

    def receive(self, tenant: str, app: str, request: WebRequest) -> tuple[Opened, int]:
        """
        Take one callback.

        Returns: what was opened, and how many of its events were new.

        Raises:
            CallbackRejected: unproven; the same for an app that does not exist.
            StoreError: not journaled: the platform must deliver again.
        """
        opened = self._open(tenant, app, request)
        new = sum(self._journal.add(self._provider, tenant, app, event, request.body) for event in opened.events)
        return opened, new

    def _open(self, tenant: str, app: str, request: WebRequest) -> Opened:
        credentials = self._keyring.get(tenant, app)
        try:
            return self._open_with(credentials, request)
        except CallbackRejected:
            # The keys may have been changed a moment ago.
            changed, credentials = self._keyring.refreshed(tenant, app)
            if not changed:
                raise
            return self._open_with(credentials, request)

    def _open_with(self, credentials: Mapping[str, str] | None, request: WebRequest) -> Opened:
        if credentials is None:
            raise CallbackRejected("unknown app")
        return self._receiver.from_credentials(credentials, self._clock).open(request)
