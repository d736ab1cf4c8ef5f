"""Deliveries from the outbox to their destinations, and what becomes of each when something goes wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approval_gate.domain.message import DestinationKind
from approval_gate.domain.people import PersonKind, PersonRef
from approval_gate.errors import (
    ConfigurationError,
    GateError,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from approval_gate.ports import App
from approval_gate.ports.messages import Parcel, Robot
from approval_gate.ports.outbox import Errand
from tests.fakes.post_office import PostOffice, told
from tests.fakes.world import START

USER, CHAT, ROBOT = DestinationKind.USER_ID, DestinationKind.CHAT, DestinationKind.ROBOT
EMAIL, DEPARTMENT, EVERYONE = DestinationKind.EMAIL, DestinationKind.DEPARTMENT, DestinationKind.EVERYONE


@pytest.fixture
def office() -> PostOffice:
    return PostOffice()


def test_a_message_reaches_each_kind_of_destination(office: PostOffice) -> None:
    office.messenger.robots = {"ops": Robot("ops", "https://robot")}

    office.ask(told("n", (USER, "u1"), (CHAT, "oc_1"), (ROBOT, "ops"), (DEPARTMENT, "12")))
    office.run()

    assert office.statuses("n") == ["SENT"] * 4
    sent = [[(to.destination.kind, to.person, to.robot) for to in parcel.to] for _, parcel in office.messenger.sent]
    assert sorted(kinds[0][0].value for kinds in sent) == ["chat", "department", "robot", "user_id"]
    assert office.delivery("n").message_id.startswith("m-")
    assert office.delivery("n").attempts == 1


def test_people_travel_together_and_are_looked_up_once(office: PostOffice) -> None:
    office.ask(told("n", (EMAIL, "a@example.com"), (EMAIL, "b@example.com"), (USER, "c")))
    office.run()

    ((_, parcel),) = office.messenger.sent
    assert [to.person.user_id for to in parcel.to if to.person] == ["a", "b", "c"]
    assert len(office.looked_up) == 1


def test_a_bulk_send_that_reached_some_says_so_for_each(office: PostOffice) -> None:
    office.messenger.refuses = {"b@example.com": "81013"}

    office.ask(told("n", (EMAIL, "a@example.com"), (EMAIL, "b@example.com"), (EMAIL, "nobody@example.com")))
    office.run()

    assert office.statuses("n") == ["SENT", "FAILED", "FAILED"]
    assert [office.delivery("n", number).error_code for number in range(3)] == ["", "81013", "person_not_found"]
    assert "Correct it." in office.delivery("n", 2).problem
    assert sorted(errand.number or 0 for errand in office.queue.dead) == [1, 2]


def test_whom_a_message_mentions_may_be_unknown(office: PostOffice) -> None:
    mentions = (PersonRef(PersonKind.EMAIL, "a@example.com"), PersonRef(PersonKind.EMAIL, "nobody@example.com"))

    office.ask(told("n", (CHAT, "oc_1"), mentions=mentions))
    office.run()

    ((_, parcel),) = office.messenger.sent
    assert [who.user_id for who in parcel.mentions] == ["a"]
    assert office.statuses("n") == ["SENT"]
    assert "nobody@example.com" in office.delivery("n").problem


def test_what_a_platform_cannot_reach_fails_at_once(office: PostOffice) -> None:
    office.ask(told("n", (EVERYONE, ""), (USER, "u1")))
    office.run()

    assert office.statuses("n") == ["FAILED", "SENT"]
    assert office.delivery("n").error_code == "unsupported_destination"
    assert office.queue.dead == [Errand("n", 0)]


def test_the_same_errand_twice_sends_once(office: PostOffice) -> None:
    office.ask(told("n", (USER, "u1"), (CHAT, "oc_1")))
    for errand in [Errand("n"), Errand("n"), Errand("n", 0), Errand("n", 1)]:
        office.queue.put(errand)

    office.run()

    assert len(office.messenger.sent) == 2


def test_a_platform_that_does_not_answer_is_asked_again_with_the_same_id(office: PostOffice) -> None:
    tried: list[str] = []

    def fail_three_times(parcel: Parcel) -> None:
        tried.append(parcel.id)
        if len(tried) <= 3:
            raise ProviderUnavailable("no answer")

    office.messenger.before = fail_three_times
    office.ask(told("n", (CHAT, "oc_1")))
    office.run(120)

    assert office.statuses("n") == ["SENT"]
    assert office.delivery("n").attempts == 4
    assert len(tried) == 4
    assert len(set(tried)) == 1


def test_after_six_hours_a_message_is_given_up_and_stands_in_the_dead_letters(office: PostOffice) -> None:
    tried = []

    def fail(parcel: Parcel) -> None:
        tried.append(office.clock() - START)
        raise ProviderUnavailable("The platform does not answer.")

    office.messenger.before = fail
    office.ask(told("n", (CHAT, "oc_1")))
    office.run(7 * 3600)

    assert office.statuses("n") == ["FAILED"]
    assert office.queue.dead == [Errand("n", 0)]
    assert timedelta(hours=6) <= tried[-1] <= timedelta(hours=6, minutes=2)
    assert 20 < len(tried) < 60
    assert office.queue.due == []


def test_a_refusal_is_not_tried_again(office: PostOffice) -> None:
    office.messenger.failures = [ProviderRejected("no permission", vendor_code="99991672")]

    office.ask(told("n", (CHAT, "oc_1")))
    office.run(3600)

    assert (office.delivery("n").status.value, office.delivery("n").error_code) == ("FAILED", "99991672")
    assert office.messenger.sent == []
    assert office.queue.dead == [Errand("n", 0)]


@pytest.mark.parametrize("error", [ProviderUnavailable, ProviderThrottled])
def test_nothing_is_sent_before_the_time_a_platform_asked_for(office: PostOffice, error: type[GateError]) -> None:
    office.messenger.failures = [error("wait", retry_after_s=100)]  # type: ignore[call-arg] # both take it

    office.ask(told("n", (CHAT, "oc_1")))
    office.run(99)
    assert office.messenger.sent == []
    office.run(30)

    assert office.statuses("n") == ["SENT"]
    assert office.delivery("n").attempts == (2 if error is ProviderUnavailable else 1)


def test_an_app_that_is_gone_fails_its_deliveries_and_says_what_to_do(office: PostOffice) -> None:
    office.apps.clear()

    office.ask(told("n", (CHAT, "oc_1"), (USER, "u1")))
    office.run()

    assert office.statuses("n") == ["FAILED", "FAILED"]
    assert office.delivery("n").error_code == "app_not_found"
    assert "Register it" in office.delivery("n").problem


def test_credentials_that_are_missing_are_the_operators_to_mend(office: PostOffice) -> None:
    office.apps["prod"] = App("acme", "prod", "fake", vendor_identity="broken")

    office.ask(told("n", (CHAT, "oc_1")))
    office.run()

    assert office.delivery("n").error_code == ConfigurationError.code


def test_a_failed_delivery_goes_out_when_it_is_queued_again(office: PostOffice) -> None:
    office.messenger.failures = [ProviderRejected("no permission")]
    office.ask(told("n", (CHAT, "oc_1")))
    office.run()

    office.outbox.commit(office.delivery("n").queued_again(office.clock()))
    office.queue.put(Errand("n", 0))
    office.run()

    assert office.statuses("n") == ["SENT"]


def test_an_unknown_robot_is_named(office: PostOffice) -> None:
    office.ask(told("n", (ROBOT, "nowhere")))
    office.run()

    assert office.delivery("n").error_code == "unknown_robot"
    assert "'nowhere'" in office.delivery("n").problem


def test_an_errand_about_nothing_does_no_harm(office: PostOffice) -> None:
    for errand in [Errand("nothing"), Errand("nothing", 3), Errand(approval_id="apr_none")]:
        office.deliverer.look(errand)

    assert office.queue.due == []


def test_a_worker_that_dies_between_sending_and_recording_leaves_a_repetition_with_the_same_id(
    office: PostOffice,
) -> None:
    died = []

    def die_once(parcel: Parcel) -> None:
        if not died:
            died.append(parcel.id)
            raise KeyboardInterrupt

    office.messenger.after = die_once
    office.ask(told("n", (CHAT, "oc_1")))
    with pytest.raises(KeyboardInterrupt):
        office.run()
    office.queue.put(Errand("n", 0), office.clock() + timedelta(seconds=30))  # the queue gives it out again
    office.run(119)
    assert len(office.messenger.sent) == 1, "the lane is leased to the one who died"
    office.run(60)

    assert office.statuses("n") == ["SENT"]
    assert [parcel.id for _, parcel in office.messenger.sent] == died * 2
