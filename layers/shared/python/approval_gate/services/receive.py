"""Verify, open, journal, acknowledge: all that happens inside a callback's deadline."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from approval_gate.errors import CallbackRejected
from approval_gate.ports import CallbackEvent, Clock, Opened, Receiver
from approval_gate.ports.secrets import AppSecret, Held
from approval_gate.web import WebRequest

__all__ = ["CallbackJournal", "Callbacks", "Keys"]

_DECOY_BYTES = 32


class Keys(Protocol):
    """Secrets by app; see `store.keyring.Keyring`."""

    def get(self, tenant: str, app: str) -> Held:
        """Return an app's secret, possibly a minute old."""
        ...

    def again(self, tenant: str, app: str) -> Held | None:
        """Read it anew after a failed check; None when that was asked for too often."""
        ...


class CallbackJournal(Protocol):
    """Where verified callbacks are kept; see `store.journal.Journal`."""

    def add(
        self, provider: str, tenant: str, app: str, event: CallbackEvent, body: bytes, took_ms: int | None = None
    ) -> bool:
        """Write one verified callback; False for a redelivery."""
        ...

    def mark_contacts(self, provider: str, tenant: str, app: str, people: tuple[str, ...]) -> None:
        """Remember that an app's contacts changed; one mark for all changes. `people`: whom alone it is about."""
        ...


class _Decoy(Mapping[str, str]):
    """
    Credentials of nobody: the same random key in every field, 43 characters of base64 as the platforms make them.

    Checked where there is no app, or none that is set up for callbacks, so that it takes as long to refuse as where
    there is one.
    """

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self._word = b64encode(entropy(_DECOY_BYTES)).decode().rstrip("=")

    def __getitem__(self, name: str) -> str:
        return self._word

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class Callbacks:
    """The inbound side of one provider."""

    def __init__(
        self,
        provider: str,
        receiver: type[Receiver],
        keyring: Keys,
        journal: CallbackJournal,
        clock: Clock,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._provider = provider
        self._receiver = receiver
        self._keyring = keyring
        self._journal = journal
        self._clock = clock
        self._decoy = _Decoy(entropy)

    def receive(
        self, tenant: str, app: str, request: WebRequest, asked_at: datetime | None = None
    ) -> tuple[Opened, int]:
        """
        Take one callback.

        Args:
            asked_at: when the request came; None when that is not known.

        Returns: what was opened, and how many of its events were new.

        Raises:
            CallbackRejected: unproven; the same for an app that does not exist.
            StoreError: not journaled: the platform must deliver again.
        """
        opened = self._open(tenant, app, request)
        took_ms = None if asked_at is None else int((self._clock() - asked_at).total_seconds() * 1000)
        new = sum(
            self._journal.add(self._provider, tenant, app, event, request.body, took_ms) for event in opened.events
        )
        if opened.contacts_changed:
            self._journal.mark_contacts(self._provider, tenant, app, opened.changed_people)
        return opened, new

    def _open(self, tenant: str, app: str, request: WebRequest) -> Opened:
        held = self._keyring.get(tenant, app)
        try:
            return self._open_with(held.secret, request)
        except CallbackRejected:
            # The keys may have been changed a moment ago.
            newer = None if held.is_fresh else self._keyring.again(tenant, app)
            if newer is None or newer.secret == held.secret:
                raise
            return self._open_with(newer.secret, request)

    def _open_with(self, secret: AppSecret | None, request: WebRequest) -> Opened:
        """Try the app's keys; the first refusal is the one that is told, since it is about the current keys."""
        if secret is None:
            self._check_in_vain(request)
            raise CallbackRejected("unknown app")
        refusals: list[CallbackRejected] = []
        for credentials in secret.key_sets(self._clock()):
            try:
                return self._open_by(credentials, request)
            except CallbackRejected as err:
                refusals.append(err)
        raise refusals[0]

    def _open_by(self, credentials: Mapping[str, str], request: WebRequest) -> Opened:
        try:
            receiver = self._receiver.from_credentials(credentials, self._clock)
        except CallbackRejected:
            self._check_in_vain(request)
            raise
        return receiver.open(request)

    def _check_in_vain(self, request: WebRequest) -> None:
        """Do the work of a check, whatever comes out of it."""
        with suppress(CallbackRejected):
            self._receiver.from_credentials(self._decoy, self._clock).open(request)
