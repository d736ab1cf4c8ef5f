"""
Messenger kits: each says how one platform's simulator carries messages, so that one suite can ask the same of every
`Messenger`.

A new provider adds one module here with a list `KITS`; the suite in `tests/contract/test_messengers.py` finds it. What
arrived is read from the simulator (`GET /_sim/messages`): who sees it (`to`, `chat`), what a person reads (`title`,
`text`, `links`), who is alerted by name (`mentions`), and `state`, which is `edited` after an update in place.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module

import httpx

from approval_gate.domain.message import DestinationKind
from approval_gate.ports.messages import Robot
from tests.sender_kits import Call, SenderKit

__all__ = ["MessengerKit", "all_messenger_kits"]


@dataclass(frozen=True, slots=True)
class MessengerKit:
    """
    One platform as the suite meets it.

    Args:
        sender: the same app's sender kit, with the credentials that messages need.
        sends: by which call each kind of destination is reached; USER_ID stands for people. A kind the platform cannot
            reach is left out, and `recipients_per_call` must say 0 for it.
        departments: ids of `d-development` and of the department above it, `d-engineering`.
        chat: id of the demo's chat of releases, with the app's bot in it.
        closed_chat: id of a chat that does not exist or that the bot is not in.
        robot: the demo's robot of the chat of incidents, at the platform's own address.
        refused_robots: what is wrong, to a robot that the platform refuses for it, such as a wrong signature.
        slow_down: the platform's own answer when there was too much, by kind.
        dedupes: kinds for which the platform drops a repetition of the same parcel.
        tells_strangers: kinds whose bulk call succeeds for some and names the others; the id of one nobody has.
        updatable: kinds whose message can be replaced in place, by `update`.
        mentions_in: kinds in which people can be alerted by name.
        secrets: further values that no log may show, beside credentials, access tokens and the robot's.
    """

    sender: SenderKit
    sends: Mapping[DestinationKind, Call]
    departments: tuple[str, str]
    chat: str
    closed_chat: str
    robot: Robot
    refused_robots: Mapping[str, Robot]
    slow_down: Mapping[DestinationKind, Callable[[], httpx.Response]]
    dedupes: frozenset[DestinationKind] = frozenset()
    tells_strangers: Mapping[DestinationKind, str] = field(default_factory=dict)
    updatable: frozenset[DestinationKind] = frozenset()
    update: Call | None = None
    mentions_in: frozenset[DestinationKind] = frozenset()
    secrets: tuple[str, ...] = ()

    @property
    def provider(self) -> str:
        """The name of the provider and of its simulator."""
        return self.sender.provider


def all_messenger_kits() -> list[MessengerKit]:
    """Return every kit of every module here."""
    modules = (import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__))
    return [kit for module in modules for kit in module.KITS]
