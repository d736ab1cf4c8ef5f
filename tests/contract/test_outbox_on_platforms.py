"""A burst through the whole outbox to a robot of each simulated platform: all of it arrives, nobody is banned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from approval_gate.domain.message import DestinationKind
from approval_gate.ports import App
from approval_gate.ports.messages import Messenger, Robot
from tests.fakes.mail_cases import every_platform
from tests.fakes.mail_site import MailSite
from tests.fakes.post_office import PostOffice, told
from tests.fakes.world import Clock

ASKED = 150


class SiteClock(Clock):
    """The simulator's clock, which the outbox moves."""

    def __init__(self, mail: MailSite) -> None:
        self._mail = mail

    @property
    def now(self) -> datetime:  # type: ignore[override] # one clock for both sides
        return self._mail.clock()

    @now.setter
    def now(self, moment: datetime) -> None:
        self._mail.later(max(0.0, (moment - self._mail.clock()).total_seconds()))


class Robots:
    """The platform's real messenger, and the robot of the demo's group."""

    def __init__(self, mail: MailSite) -> None:
        self._mail = mail
        self._messenger = mail.messenger()

    def of(self, app: App) -> Messenger:
        return self._messenger

    def robots_of(self, app: App) -> Mapping[str, Robot]:
        return {"ops": self._mail.mail_kit.robot}


@every_platform
def test_a_burst_to_a_robot_arrives_and_breaks_no_pace(mail: MailSite) -> None:
    office = PostOffice(clock=SiteClock(mail), messengers=Robots(mail))
    start = office.clock()
    asked = [office.ask(told(f"n-{number:03d}", (DestinationKind.ROBOT, "ops"), at=start)) for number in range(ASKED)]

    office.run(1800)

    statuses = Counter(office.statuses(each)[0] for each in asked)
    codes = {office.delivery(each).error_code for each in asked}
    assert (statuses, codes) == ({"SENT": ASKED}, {""})
    assert all(office.delivery(each).throttled == 0 for each in asked)
    text = "\n".join(MailSite.read(each) for each in mail.arrived())
    assert all(f"Title of {each}" in text for each in asked)
