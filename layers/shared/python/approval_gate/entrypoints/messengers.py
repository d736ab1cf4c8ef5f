"""The `Messengers` port: a messenger per app, with its credentials and robots, kept for a minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from approval_gate.domain.message import DestinationKind, Message
from approval_gate.entrypoints.clock import now
from approval_gate.entrypoints.renewal import Renewed
from approval_gate.entrypoints.wiring import stored_credentials
from approval_gate.errors import ConfigurationError
from approval_gate.ports import AccessTokens, App, Credentials
from approval_gate.ports.messages import Messenger, Pace, Parcel, Receipt, Robot
from approval_gate.providers import registry
from approval_gate.store.access_tokens import DynamoAccessTokens
from approval_gate.store.forms import DynamoForms
from approval_gate.store.secrets import SecretStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["AppMessengers", "RenewedMessenger"]

_LIFE_S = 60


@dataclass(frozen=True, slots=True)
class _Built:
    at: float
    app: App
    messenger: Messenger
    robots: Mapping[str, Robot]


class RenewedMessenger:
    """The `Messenger` port over one that may have to be built again, because its credentials were changed."""

    def __init__(self, renewed: Renewed[Messenger]) -> None:
        self._renewed = renewed
        self.locale = renewed.half.locale

    def recipients_per_call(self, kind: DestinationKind) -> int:
        """See `ports.messages.Messenger`; so for the others."""
        return self._renewed.half.recipients_per_call(kind)

    def pace(self, kind: DestinationKind) -> Pace | None:
        """Return how fast one destination may be written to."""
        return self._renewed.half.pace(kind)

    def send(self, parcel: Parcel) -> tuple[Receipt, ...]:
        """Send one message."""
        return self._renewed.ask(lambda half: half.send(parcel))

    def update(self, message_id: str, message: Message) -> bool:
        """Replace a message in place."""
        return self._renewed.ask(lambda half: half.update(message_id, message))


class AppMessengers:
    """Messengers by app."""

    def __init__(
        self,
        secrets: SecretStore,
        client: DynamoDBClient,
        table: str,
        http: httpx.Client,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secrets = secrets
        self._client = client
        self._table = table
        self._http = http
        self._monotonic = monotonic
        self._built: dict[tuple[str, str], _Built] = {}

    def of(self, app: App) -> Messenger:
        """
        Return the messenger of an app.

        Raises:
            ConfigurationError: its credentials are missing or unreadable, or its platform carries no messages.
        """
        return self._get(app).messenger

    def robots_of(self, app: App) -> Mapping[str, Robot]:
        """Return an app's robots by name."""
        return self._get(app).robots

    def _get(self, app: App) -> _Built:
        key = (app.tenant, app.id)
        built = self._built.get(key)
        # A changed app, a new robot among them, is another app.
        if built is None or built.app != app or self._monotonic() - built.at >= _LIFE_S:
            robots = self._secrets.robots(app.provider, app.tenant, app.id)
            built = self._built[key] = _Built(self._monotonic(), app, self._build(app), robots)
        return built

    def _build(self, app: App) -> Messenger:
        try:
            messenger_type = registry.messenger_type(app.provider)
        except ModuleNotFoundError as err:
            raise ConfigurationError(f"Apps of {app.provider} cannot carry messages.", code="no_messages") from err

        def build(credentials: Credentials, tokens: AccessTokens) -> Messenger:
            messenger: Messenger = messenger_type(
                app=app,
                credentials=credentials,
                http=self._http,
                tokens=tokens,
                forms=DynamoForms(self._client, self._table, now, app),
                clock=now,
            )
            return messenger

        tokens = DynamoAccessTokens(self._client, self._table, now, app)
        return RenewedMessenger(Renewed(lambda: stored_credentials(self._secrets, app), build, tokens))
