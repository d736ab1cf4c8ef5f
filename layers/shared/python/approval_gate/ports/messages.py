"""What a provider must be to carry messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from approval_gate.domain.approval import Identity
from approval_gate.domain.message import Destination, DestinationKind, Message
from approval_gate.errors import ProviderRejected
from approval_gate.ports.provider import App

__all__ = ["Messenger", "Messengers", "Pace", "Parcel", "Receipt", "Recipient", "Robot"]


@dataclass(frozen=True, slots=True)
class Robot:
    """A group's incoming webhook, registered with an app. Address and secret are both secret."""

    name: str
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One destination, resolved: `person` for people, `robot` for robots, neither for the others."""

    destination: Destination
    person: Identity | None = None
    robot: Robot | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """
    One call to a platform: a message for recipients that are all of one sort (people, departments, or one other).

    Args:
        id: the same on every attempt, 36 characters at most; where the platform drops repetitions it is told this.
        mentions: the message's mentions, resolved.
    """

    id: str
    message: Message
    to: tuple[Recipient, ...]
    mentions: tuple[Identity, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """
    What became of one recipient.

    Args:
        message_id: the platform's, to update the message by; empty where it tells none.
        error_code: the platform's own code; empty: sent.
        problem: what is wrong and what to do, one English sentence or two.
    """

    destination: Destination
    message_id: str = ""
    error_code: str = ""
    problem: str = ""

    @classmethod
    def refused(cls, destination: Destination, err: ProviderRejected) -> Receipt:
        """Return the receipt of a recipient that a call was refused for: its error without our name of the call."""
        text = err.message.removeprefix(f"{err.operation}: ")
        return cls(destination, "", err.vendor_code or err.code, text[:1].upper() + text[1:])

    @property
    def is_sent(self) -> bool:
        """Tell whether the platform took it."""
        return not self.error_code


@dataclass(frozen=True, slots=True)
class Pace:
    """
    How fast one destination of a kind may be written to.

    Args:
        messages, per_s: at most so many in so many seconds.
        ban_s: how long the platform refuses everything after that was broken.
    """

    messages: int
    per_s: float
    ban_s: float = 0


class Messenger(Protocol):
    """
    The message half of a provider, for one app.

    It lives in `providers/<name>/messenger.py` under this name and is built from the same things as a `Sender`:
    `app, credentials, http, tokens, forms, clock`.
    """

    locale: str
    """The language of people on this platform unless something else is asked for; one of `LOCALES`."""

    def recipients_per_call(self, kind: DestinationKind) -> int:
        """Return how many recipients of one sort fit into one call; 0 when the platform cannot reach this kind."""
        ...

    def pace(self, kind: DestinationKind) -> Pace | None:
        """Return how fast one destination of this kind may be written to, None where only the platform's 429 tells."""
        ...

    def send(self, parcel: Parcel) -> tuple[Receipt, ...]:
        """
        Send one message. Long text is cut with a notice; nothing in a message may make the platform refuse it.

        Returns: one receipt per recipient, in order: a bulk call may succeed for some only.

        Raises:
            ProviderThrottled: nothing was sent; `retry_after_s` when the platform told.
            ProviderUnavailable: it is not known whether it was sent, or it was not; try again with the same id.
            ProviderRejected: will fail again for every recipient.
        """
        ...

    def update(self, message_id: str, message: Message) -> bool:
        """Replace a message that was sent to people or a chat, in place. False: this platform or message cannot be."""
        ...


class Messengers(Protocol):
    """Messengers by app, and what an app knows of robots."""

    def of(self, app: App) -> Messenger:
        """
        Return the messenger of an app.

        Raises:
            ConfigurationError: its credentials are missing or unreadable.
        """
        ...

    def robots_of(self, app: App) -> Mapping[str, Robot]:
        """Return an app's robots by name."""
        ...
