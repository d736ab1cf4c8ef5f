"""One app of the gate that sends messages on one simulated platform: both sides in this process, on one clock."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from approval_gate.domain.message import Destination, DestinationKind, Field, Level, Link, Message
from approval_gate.domain.people import Identity
from approval_gate.ports.messages import Parcel, Receipt, Recipient, Robot
from tests.fakes.platform_site import PlatformSite
from tests.messenger_kits import MessengerKit

__all__ = ["MailSite", "message"]

_numbers = itertools.count(1)


def message(title: str = "部署完成 Deployed", text: str = "**web** 1.42.0 is live", **others: Any) -> Message:
    """Return a message with a bit of everything."""
    parts: dict[str, Any] = {
        "level": Level.SUCCESS,
        "fields": (Field("Commit", "9f1c2ab"), Field("耗时", "3 min")),
        "links": (Link("Build 42", "https://ci.example.com/42?a=1&b=2"),),
    }
    return Message(title, text, **{**parts, **others})


class MailSite(PlatformSite):
    """A simulator with the demo's people, and messengers of one app registered there."""

    def __init__(self, kit: MessengerKit, table: Any) -> None:
        super().__init__(kit.sender, table)
        self.mail_kit = kit

    def recipient(self, kind: DestinationKind, value: str = "") -> Recipient:
        """Return the demo's recipient of a kind: `lead`, development, releases, the robot; or the one named."""
        match kind:
            case DestinationKind.DEPARTMENT:
                return Recipient(Destination(kind, value or self.mail_kit.departments[0]))
            case DestinationKind.CHAT:
                return Recipient(Destination(kind, value or self.mail_kit.chat))
            case DestinationKind.ROBOT:
                return self.robot(self.mail_kit.robot)
            case DestinationKind.EVERYONE:
                return Recipient(Destination(kind))
            case _:
                (person,) = self.people(value or "lead")
                return Recipient(Destination(DestinationKind(self.kit.kind.value), value or "lead"), person=person)

    def robot(self, robot: Robot) -> Recipient:
        return Recipient(Destination(DestinationKind.ROBOT, robot.name), robot=robot)

    def parcel(self, *to: Recipient, what: Message | None = None, mentions: Sequence[Identity] = ()) -> Parcel:
        """Return a parcel of its own id."""
        return Parcel(f"dlv_{next(_numbers):032d}", what or message(), to, tuple(mentions))

    def send(self, parcel: Parcel) -> tuple[Receipt, ...]:
        """Send, a while after what was sent before."""
        self.later(70)
        return self.messenger().send(parcel)

    def send_to(self, kind: DestinationKind, what: Message | None = None) -> Receipt:
        (receipt,) = self.send(self.parcel(self.recipient(kind), what=what))
        return receipt

    def arrived(self) -> list[dict[str, Any]]:
        """Return every message on the platform, oldest first, as people see it."""
        messages: list[dict[str, Any]] = self.control("GET", "messages")["messages"]
        return messages[::-1]

    def readers(self) -> set[str]:
        """Return the user ids of everybody who has a message."""
        return {reader for each in self.arrived() for reader in each["to"]}

    @staticmethod
    def read(shown: dict[str, Any]) -> str:
        """Return everything a person reads in one message, links with their addresses."""
        return "\n".join([shown["title"], shown["text"], *(f"{title} {url}" for title, url in shown["links"])])
