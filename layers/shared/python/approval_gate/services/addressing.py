"""Turn destinations as requests name them into recipients as a platform's messenger takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from approval_gate.domain.delivery import Delivery
from approval_gate.domain.message import DestinationKind
from approval_gate.domain.people import Identity, PersonRef
from approval_gate.errors import PeopleNotFound
from approval_gate.ports import App
from approval_gate.ports.messages import Messengers, Recipient, Robot

__all__ = ["Address", "Addressed", "FindPeople", "addressed"]

type FindPeople = Callable[[App, Sequence[PersonRef]], tuple[Identity, ...]]
"""Resolve people of an app as `Sender.find_people` does, with its errors."""


@dataclass(frozen=True, slots=True)
class Address:
    """One delivery and its recipient, or, where there is none, what is wrong: a code and a sentence."""

    delivery: Delivery
    recipient: Recipient | None = None
    code: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Addressed:
    """
    What can be addressed.

    Args:
        not_mentioned: which mentions could not be found, and why; the message goes without them.
    """

    addresses: tuple[Address, ...]
    mentions: tuple[Identity, ...] = ()
    not_mentioned: str = ""

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """Return whom a message can go to."""
        return tuple(each.recipient for each in self.addresses if each.recipient is not None)


def addressed(
    app: App,
    deliveries: Sequence[Delivery],
    mentions: Sequence[PersonRef],
    find_people: FindPeople,
    messengers: Messengers,
) -> Addressed:
    """
    Address deliveries and mentions, with one look-up for all; whoever is not found does not keep the others waiting.

    Raises:
        ProviderError: the look-up failed as a whole.
        ConfigurationError: the robots could not be read.
    """
    wanted = [
        replace(each.destination.person(), field=f"to[{place}]")
        for place, each in enumerate(deliveries)
        if each.destination.kind.is_person and each.person is None
    ]
    wanted += [replace(ref, field=f"mention[{place}]") for place, ref in enumerate(mentions)]
    found, problems = _look_up(app, wanted, find_people)
    needs_robots = any(each.destination.kind is DestinationKind.ROBOT for each in deliveries)
    robots = messengers.robots_of(app) if needs_robots else {}
    lost = " ".join(text for field, text in problems.items() if field.startswith("mention"))
    return Addressed(
        tuple(
            _address(each, found.get(f"to[{place}]"), problems.get(f"to[{place}]"), robots)
            for place, each in enumerate(deliveries)
        ),
        tuple(who for field, who in found.items() if field.startswith("mention")),
        f"Not mentioned: {lost}" if lost else "",
    )


def _address(delivery: Delivery, person: Identity | None, problem: str | None, robots: Mapping[str, Robot]) -> Address:
    if problem is not None:
        return Address(delivery, code="person_not_found", problem=problem)
    robot = robots.get(delivery.destination.value)
    if delivery.destination.kind is DestinationKind.ROBOT and robot is None:
        name = delivery.destination.value
        text = f"The app has no robot {name!r}. Add it with PUT /v1/apps/{delivery.app}, then redrive this delivery."
        return Address(delivery, code="unknown_robot", problem=text)
    delivery = replace(delivery, person=person or delivery.person)
    return Address(delivery, Recipient(delivery.destination, delivery.person, robot))


def _look_up(
    app: App, wanted: Sequence[PersonRef], find_people: FindPeople
) -> tuple[dict[str, Identity], dict[str, str]]:
    """Return who was found and what is wrong with the others, by `field`."""
    problems: dict[str, str] = {}
    while wanted:
        try:
            found = find_people(app, wanted)
        except PeopleNotFound as err:
            named = {each.field: f"{each.given!r} {each.problem}. {each.remedy}" for each in err.problems}
            if named.keys().isdisjoint(ref.field for ref in wanted):
                raise
            problems |= named
            wanted = [ref for ref in wanted if ref.field not in problems]
        else:
            return {ref.field: who for ref, who in zip(wanted, found, strict=True)}, problems
    return {}, problems
