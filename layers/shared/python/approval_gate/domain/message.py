"""A message to people, and where it goes. One model; each platform's folder turns it into the platform's own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from approval_gate.domain.people import PersonKind, PersonRef

__all__ = ["LOCALES", "Destination", "DestinationKind", "Field", "Level", "Link", "Message"]

LOCALES = ("zh-CN", "en")
"""Languages of our own words in a message; the first is the usual one."""


class Level(StrEnum):
    """How urgent a message looks."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


class DestinationKind(StrEnum):
    """
    Where a message goes.

    The first four are a person as `PersonKind` names one. CHAT is a group the platform knows by id, ROBOT a group's
    webhook registered with the app by name, WEBHOOK a caller's own address, EVENT_BUS the account's event bus.
    """

    USER_ID = "user_id"
    EMAIL = "email"
    MOBILE = "mobile"
    ACCOUNT = "account"
    DEPARTMENT = "department"
    CHAT = "chat"
    ROBOT = "robot"
    EVERYONE = "everyone"
    WEBHOOK = "webhook"
    EVENT_BUS = "event_bus"

    @property
    def is_person(self) -> bool:
        """Tell whether one person is meant."""
        return self in _PERSONS


_PERSONS = {DestinationKind.USER_ID, DestinationKind.EMAIL, DestinationKind.MOBILE, DestinationKind.ACCOUNT}


@dataclass(frozen=True, slots=True)
class Destination:
    """
    One destination as a request names it.

    Args:
        value: the person's or chat's id, the robot's name, the address; empty for EVERYONE and EVENT_BUS.
        field: the path in the request, for error messages.
    """

    kind: DestinationKind
    value: str = ""
    field: str = ""

    def person(self) -> PersonRef:
        """Return the person that is meant; only for kinds that are one."""
        return PersonRef(PersonKind(self.kind.value), self.value, self.field)


@dataclass(frozen=True, slots=True)
class Field:
    """One labelled value that approvers see."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Link:
    """One link that approvers see."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """
    What people read.

    Args:
        title: one line.
        text: the small Markdown subset that all platforms show: bold, italics, links, lists, quotes, code, headings.
        links: shown as buttons where the platform has them.
        mentions: people to be alerted in a group.
        locale: of the words that we add, such as the notice that a long text was cut.
    """

    title: str
    text: str = ""
    level: Level = Level.INFO
    fields: tuple[Field, ...] = ()
    links: tuple[Link, ...] = ()
    mentions: tuple[PersonRef, ...] = ()
    locale: str = LOCALES[0]
