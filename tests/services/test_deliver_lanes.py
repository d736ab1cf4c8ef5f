"""How fast one destination is written to: pace, bans, and bursts combined into one message."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from approval_gate.domain.lane import lane_of
from approval_gate.domain.message import DestinationKind
from approval_gate.errors import ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.ports.messages import Pace, Parcel, Robot
from approval_gate.ports.outbox import Errand
from tests.fakes.post_office import PostOffice, told
from tests.fakes.world import START

ROBOT, CHAT, USER = DestinationKind.ROBOT, DestinationKind.CHAT, DestinationKind.USER_ID
PACE = Pace(messages=20, per_s=60, ban_s=600)


@pytest.fixture
def office() -> PostOffice:
    office = PostOffice()
    office.messenger.robots = {"ops": Robot("ops", "https://robot"), "dev": Robot("dev", "https://robot2")}
    office.messenger.paces = {ROBOT: PACE}
    return office


def burst(office: PostOffice, count: int, name: str = "ops") -> list[str]:
    at = office.clock()
    return [
        office.ask(told(f"{name}-{number:03d}", (ROBOT, name), at=at + timedelta(milliseconds=number)))
        for number in range(count)
    ]


def most_in(office: PostOffice, window_s: float) -> int:
    """Return the largest number of messages to one destination in any such window."""
    by_destination: dict[str, list[datetime]] = {}
    for at, parcel in office.messenger.sent:
        by_destination.setdefault(parcel.to[0].destination.value, []).append(at)
    return max(
        sum(first <= at < first + timedelta(seconds=window_s) for at in moments)
        for moments in by_destination.values()
        for first in moments
    )


def test_a_burst_within_the_pace_goes_out_one_by_one(office: PostOffice) -> None:
    asked = burst(office, 20)
    office.run()

    assert len(office.messenger.sent) == 20
    assert [office.statuses(each) for each in asked] == [["SENT"]] * 20


def test_a_burst_beyond_the_pace_is_combined(office: PostOffice) -> None:
    asked = burst(office, 50)
    office.run(120)

    assert [office.statuses(each) for each in asked] == [["SENT"]] * 50
    assert most_in(office, 60) <= 20
    titles = [parcel.message.title for _, parcel in office.messenger.sent]
    assert titles[20:] == ["30 notifications: Title of ops-020"]
    text = office.messenger.sent[20][1].message.text
    assert text.splitlines()[0] == "- Title of ops-020: web is live"
    assert len(text.splitlines()) == 30
    together = {office.delivery(each).message_id for each in asked[20:]}
    assert len(together) == 1
    assert all(office.delivery(each).is_combined for each in asked[20:])


def test_those_who_are_told_together_are_told_no_faster_than_one_of_them(office: PostOffice) -> None:
    office.messenger.paces = {USER: Pace(messages=30, per_s=60)}
    crowd = [(USER, "u1"), (USER, "u2"), (USER, "u3")]
    asked = [office.ask(told(f"n-{number:02d}", *crowd)) for number in range(70)]
    turned = office.ask(told("turned", *reversed(crowd)))
    office.run(240)

    assert [office.statuses(each) for each in asked] == [["SENT"] * 3] * 70
    assert office.statuses(turned) == ["SENT"] * 3
    assert most_in(office, 60) <= 30
    assert all(len(parcel.to) == 3 for _, parcel in office.messenger.sent)


def test_others_who_are_told_together_do_not_wait(office: PostOffice) -> None:
    office.messenger.paces = {USER: Pace(messages=1, per_s=600)}
    office.ask(told("one", (USER, "u1"), (USER, "u2")))
    office.ask(told("other", (USER, "u3"), (USER, "u4")))
    office.run()

    assert len(office.messenger.sent) == 2


def test_what_is_sent_again_alone_is_not_sent_by_the_lane_it_waited_on_before(office: PostOffice) -> None:
    crowd = [(USER, "u1"), (USER, "u2")]
    office.messenger.failures = [ProviderRejected("refused", vendor_code="40003")]
    office.ask(told("n", *crowd))
    office.run()
    refused = office.delivery("n")
    office.outbox.wait(lane_of(refused), refused)  # by a worker who came too late
    office.outbox.commit(refused.queued_again(office.clock()))

    office.ask(told("other", *crowd))
    office.run()
    assert [parcel.message.title for _, parcel in office.messenger.sent] == ["Title of other"]
    office.queue.put(Errand("n", 0))
    office.run()

    assert [to.destination.value for to in office.messenger.sent[-1][1].to] == ["u1"]
    assert len(office.messenger.sent) == 2


def test_a_destination_that_asks_for_silence_hears_nothing_of_other_messages_either(office: PostOffice) -> None:
    office.messenger.failures = [ProviderUnavailable("wait", retry_after_s=300)]
    first = office.ask(told("first", (CHAT, "oc_1")))
    office.run(10)
    second = office.ask(told("second", (CHAT, "oc_1"), at=office.clock()))
    office.run(280)
    assert office.messenger.sent == []
    office.run(120)

    assert (office.statuses(first), office.statuses(second)) == (["SENT"], ["SENT"])


def test_a_combined_message_is_in_the_language_of_the_platform(office: PostOffice) -> None:
    office.messenger.locale = "zh-CN"
    burst(office, 42)
    office.run(120)

    assert office.messenger.sent[-1][1].message.title.startswith("22 条通知：")


def test_other_destinations_do_not_wait_for_a_busy_one(office: PostOffice) -> None:
    burst(office, 100)
    quick = office.ask(told("quick", (ROBOT, "dev")))
    office.run()

    assert office.statuses(quick) == ["SENT"]


def test_nothing_is_sent_to_a_destination_during_its_ban(office: PostOffice) -> None:
    bans: list[datetime] = []

    def ban_once(parcel: Parcel) -> None:
        if not bans and len(office.messenger.sent) >= 5:
            bans.append(office.clock())
            raise ProviderThrottled("too many", vendor_code="130101")

    office.messenger.before = ban_once
    asked = burst(office, 30)
    office.run(1200)

    during = [at for at, _ in office.messenger.sent if bans[0] < at < bans[0] + timedelta(seconds=600)]
    assert during == []
    assert Counter(office.statuses(each)[0] for each in asked) == {"SENT": 30}
    assert office.delivery(asked[5]).attempts == 1, "what was not let in was no attempt"


def test_a_combined_message_is_the_same_on_every_attempt(office: PostOffice) -> None:
    tried: list[tuple[str, str]] = []

    def fail_twice(parcel: Parcel) -> None:
        if "notifications" in parcel.message.title:
            tried.append((parcel.id, parcel.message.text))
            if len(tried) <= 2:
                raise ProviderUnavailable("no answer")

    office.messenger.before = fail_twice
    burst(office, 45)
    office.run(80)
    late = office.ask(told("late", (ROBOT, "ops"), at=office.clock()))
    office.run(600)

    assert len(tried) == 3
    assert len(set(tried)) == 1
    assert office.statuses(late) == ["SENT"]


def test_a_destination_that_is_down_is_probed_with_its_oldest_message(office: PostOffice) -> None:
    tried: list[str] = []
    is_down = True

    def fail(parcel: Parcel) -> None:
        tried.append(parcel.message.title)
        if is_down:
            raise ProviderUnavailable("no answer")

    office.messenger.before = fail
    for number in range(30):
        office.ask(told(f"n-{number:02d}", (CHAT, "oc_1"), at=START + timedelta(seconds=number)))
    office.run(3600)
    before = len(tried)
    assert before < 60, "not every message knocks at a closed door"
    is_down = False
    office.run(1800)

    assert all(office.statuses(f"n-{number:02d}") == ["SENT"] for number in range(30))
    order = [parcel.message.title for _, parcel in office.messenger.sent]
    assert order == sorted(order)


def test_one_bad_message_does_not_hold_up_the_others(office: PostOffice) -> None:
    def garbage(parcel: Parcel) -> None:
        if parcel.message.title == "Title of bad":
            raise ProviderUnavailable("garbage")

    office.messenger.before = garbage
    office.ask(told("bad", (CHAT, "oc_1")))
    for number in range(10):
        office.ask(told(f"good-{number}", (CHAT, "oc_1"), at=START + timedelta(seconds=number + 1)))
    office.run(300)

    assert all(office.statuses(f"good-{number}") == ["SENT"] for number in range(10))
    assert office.statuses("bad") == ["QUEUED"]
    office.run(7 * 3600)
    assert office.statuses("bad") == ["FAILED"]


def test_a_fault_of_ours_in_one_delivery_does_not_hold_up_the_others(office: PostOffice) -> None:
    def break_down(parcel: Parcel) -> None:
        if parcel.message.title == "Title of bad":
            raise ZeroDivisionError

    office.messenger.before = break_down
    office.ask(told("bad", (CHAT, "oc_1")))
    office.ask(told("good", (CHAT, "oc_1"), at=START + timedelta(seconds=1)))
    office.run(60)
    assert (office.statuses("bad"), office.statuses("good")) == (["QUEUED"], ["SENT"])
    office.run(7 * 3600)

    assert office.statuses("bad") == ["FAILED"]
    assert office.delivery("bad").error_code == "unforeseen"


def test_people_without_a_pace_get_each_message_for_itself(office: PostOffice) -> None:
    for number in range(30):
        office.ask(told(f"n-{number}", (USER, "u1")))
    office.run()

    assert len(office.messenger.sent) == 30
