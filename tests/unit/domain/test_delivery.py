"""Spreading a notification, pausing between attempts, and the pace of a lane."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval_gate.domain.combined import combined
from approval_gate.domain.delivery import Delivery, DeliveryStatus, spread
from approval_gate.domain.lane import LEASE, Lane, LaneKey, Limit, lane_of
from approval_gate.domain.message import Destination, DestinationKind, Level, Message
from approval_gate.domain.notification import Notification
from approval_gate.domain.people import PersonKind, PersonRef
from approval_gate.domain.retry import after_failure, after_throttling, pause_s
from approval_gate.markdown import clean, plain, read
from approval_gate.markdown_escape import escaped
from tests.fakes.world import START

LIMIT = Limit(messages=20, per_s=60, ban_s=600)


def notification(*to: Destination) -> Notification:
    return Notification("ntf_1", "acme", "prod", to, START, Message("Hello"))


def people(count: int) -> list[Destination]:
    return [Destination(DestinationKind.USER_ID, f"u{number}") for number in range(count)]


def one(kind: DestinationKind = DestinationKind.CHAT) -> Delivery:
    (delivery,) = spread(notification(Destination(kind, "x")), START, lambda _: 1)
    return delivery


# -- spreading --------------------------------------------------------------------------------------------------------


def test_people_and_departments_travel_together_each_with_their_own() -> None:
    department = Destination(DestinationKind.DEPARTMENT, "12")
    chat = Destination(DestinationKind.CHAT, "oc_1")

    spreaded = spread(notification(*people(2), department, chat, *people(1)), START, lambda _: 2)

    assert [each.key.number for each in spreaded] == [0, 1, 2, 3, 4]
    assert [each.carried_by.number if each.carried_by else None for each in spreaded] == [None, 0, None, None, None]
    assert [key.number for key in spreaded[0].carries] == [1]


@given(st.integers(min_value=0, max_value=100), st.integers(min_value=0, max_value=1000))
def test_every_destination_gets_exactly_one_delivery_that_somebody_leads(count: int, capacity: int) -> None:
    spreaded = spread(notification(*people(count)), START, lambda _: capacity)

    assert [each.destination.value for each in spreaded] == [f"u{number}" for number in range(count)]
    carried = [key for each in spreaded for key in each.carries]
    assert len(set(carried)) == len(carried) <= count
    assert {each.key for each in spreaded if each.carried_by} == set(carried)
    assert all(len(each.carries) < 45 for each in spreaded), "one transaction of the table"
    assert {each.status for each in spreaded} <= {DeliveryStatus.QUEUED if capacity else DeliveryStatus.FAILED}


# -- retries ----------------------------------------------------------------------------------------------------------


@given(st.integers(min_value=1, max_value=10_000), st.text())
def test_pauses_grow_to_a_quarter_of_an_hour_and_no_further(attempts: int, seed: str) -> None:
    assert 2.5 <= pause_s(attempts, seed) <= 900
    assert pause_s(attempts, seed) == pause_s(attempts, seed)
    assert pause_s(20, seed) >= 450


@pytest.mark.parametrize(("kind", "hours"), [(DestinationKind.CHAT, 6), (DestinationKind.WEBHOOK, 24)])
def test_attempts_go_on_until_patience_ends_and_the_last_is_at_its_end(kind: DestinationKind, hours: int) -> None:
    delivery, now, moments = one(kind), START, [START]
    while not delivery.status.is_final:
        delivery = after_failure(delivery, now, "x", "It is away.", None)
        now = delivery.next_attempt_at or now
        moments.append(now)

    assert moments[-1] == START + timedelta(hours=hours)
    assert delivery.status is DeliveryStatus.FAILED
    assert "Given up after" in delivery.problem


def test_a_wait_that_was_asked_for_is_kept() -> None:
    assert after_failure(one(), START, "x", "", 300).next_attempt_at == START + timedelta(seconds=300)
    assert after_throttling(one(), START, "x", "", 600).next_attempt_at == START + timedelta(seconds=600)


def test_being_told_to_slow_down_is_no_attempt_but_has_an_end() -> None:
    delivery, now, count = one(), START, 0
    while not delivery.status.is_final:
        delivery = after_throttling(delivery, now, "x", "", 1000)
        now = delivery.next_attempt_at or now
        count += 1

    assert now == START + timedelta(hours=24)
    assert 50 < count < 100
    assert delivery.attempts == count - 50


# -- lanes ------------------------------------------------------------------------------------------------------------


def test_a_lane_takes_as_many_as_its_limit_and_then_none() -> None:
    lane, now = Lane(LaneKey("acme", "prod", "d")), START
    for left in range(20, 0, -1):
        assert lane.room(LIMIT, now) == left
        lane = lane.taken(LIMIT, now).worked(now)

    assert lane.room(LIMIT, now) == 0
    assert lane.room(None, now) is None
    free_at = lane.free_at(LIMIT, now)
    assert now + timedelta(seconds=60) < free_at <= now + timedelta(seconds=70)
    assert lane.room(LIMIT, free_at) == 20


@given(st.lists(st.floats(min_value=0, max_value=30), max_size=200))
def test_no_window_ever_holds_more_than_the_limit(gaps: list[float]) -> None:
    lane, now, sent = Lane(LaneKey("acme", "prod", "d")), START, list[datetime]()
    for gap in gaps:
        now += timedelta(seconds=gap)
        if lane.room(LIMIT, now):
            lane = lane.taken(LIMIT, now).worked(now)
            sent.append(now)

    for first in sent:
        assert sum(first <= at < first + timedelta(seconds=60) for at in sent) <= 20


def test_a_lane_is_held_by_one_worker_until_it_gives_it_back_or_dies() -> None:
    taken = Lane(LaneKey("acme", "prod", "d")).taken(None, START)

    assert taken.is_leased(START + LEASE - timedelta(seconds=1))
    assert not taken.is_leased(START + LEASE)
    assert not taken.given_back().is_leased(START)


def test_a_ban_is_never_shortened() -> None:
    banned = Lane(LaneKey("acme", "prod", "d")).banned(START + timedelta(seconds=600))

    assert banned.banned(START + timedelta(seconds=5)).closed_until == START + timedelta(seconds=600)
    assert banned.room(None, START + timedelta(seconds=599)) == 0


def test_what_failed_before_the_destination_came_back_may_be_tried_at_once() -> None:
    lane = Lane(LaneKey("acme", "prod", "d"))
    delivery = replace(one(), tried_at=START, next_attempt_at=START + timedelta(hours=1))
    for _ in range(3):
        lane = lane.failed(START, START)
    assert not lane.may_try(delivery, START + timedelta(minutes=1))

    lane = lane.worked(START + timedelta(minutes=1))

    assert lane.may_try(delivery, START + timedelta(minutes=1))
    assert not lane.may_try(replace(delivery, tried_at=START + timedelta(minutes=2)), START + timedelta(minutes=2))


def test_destinations_have_lanes_of_their_own() -> None:
    chat, other = one(), replace(one(), destination=Destination(DestinationKind.CHAT, "y"))

    assert lane_of(chat) == lane_of(replace(chat, key=replace(chat.key, notification_id="ntf_2")))
    assert (
        len({lane_of(chat), lane_of(other), lane_of(replace(chat, tenant="b")), lane_of(replace(chat, app="b"))}) == 4
    )


# -- combining --------------------------------------------------------------------------------------------------------


def test_a_combined_message_is_as_loud_as_the_loudest_and_keeps_all_mentions() -> None:
    mention = PersonRef(PersonKind.EMAIL, "a@example.com")
    messages = [
        Message("One", "first\nsecond"),
        Message("Two", level=Level.ERROR, mentions=(mention, mention)),
        Message("*Three*", "**bold** " + "x" * 200),
    ]

    message = combined(messages, "en")

    assert (message.title, message.level, message.mentions) == ("3 notifications: One", Level.ERROR, (mention,))
    lines = message.text.splitlines()
    assert lines[:2] == ["- One: first", "- Two"]
    assert lines[2].startswith("- \\*Three\\*: bold xxx")
    assert len(lines[2]) < 160


# -- plain text in Markdown -------------------------------------------------------------------------------------------


@given(st.text())
@pytest.mark.parametrize("before", ["", "Value: "])
def test_escaped_text_reads_as_it_stands(before: str, text: str) -> None:
    wanted = [line.strip() for line in clean(before + clean(text)).split("\n")]

    assert [line.strip() for line in plain(read(before + escaped(text))).split("\n")] == wanted


@pytest.mark.parametrize("text", ["1.42.0", "feature/new_check-out", "a@example.com", "9f1c2ab", "50 % (of 3)"])
def test_ordinary_values_are_left_alone(text: str) -> None:
    assert escaped(text) == text
