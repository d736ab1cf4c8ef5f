"""What every provider's receiver must do, asked by the kit that plays its platform."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from approval_gate.errors import CallbackRejected
from approval_gate.ports import EventKind, Receiver
from tests.kits import Kit, all_kits

REF = "A7E2B6C1-58D3-4F0A-8B9C-6D1E2F304152"


@pytest.fixture(params=all_kits(), ids=lambda kit: kit.name)
def kit(request: pytest.FixtureRequest) -> Kit:
    kit: Kit = request.param
    return kit


@pytest.fixture
def receiver(kit: Kit) -> Receiver:
    return kit.receiver()


def test_an_approve_asks_for_the_truth_about_its_approval(kit: Kit, receiver: Receiver) -> None:
    opened = receiver.open(kit.approve(REF))

    (event,) = opened.events
    assert event.provider_ref == REF
    assert event.kind is EventKind.DECIDED
    assert kit.is_acknowledged(opened.response)
    assert not opened.is_address_check


def test_a_rejection_asks_for_the_truth(kit: Kit, receiver: Receiver) -> None:
    (event,) = receiver.open(kit.reject(REF)).events

    assert event.kind is EventKind.DECIDED


def test_a_withdrawal_asks_for_the_truth(kit: Kit, receiver: Receiver) -> None:
    (event,) = receiver.open(kit.cancel(REF)).events

    assert event.kind is EventKind.DECIDED


def test_a_new_approval_decides_nothing(kit: Kit, receiver: Receiver) -> None:
    events = receiver.open(kit.opened(REF)).events

    assert all(event.kind in {EventKind.OPENED, EventKind.TASK} for event in events)


def test_the_time_of_an_event_is_the_platforms_and_aware(kit: Kit, receiver: Receiver) -> None:
    (event,) = receiver.open(kit.approve(REF)).events

    assert abs(event.occurred_at - kit.now) < timedelta(seconds=2)


def test_a_redelivery_has_the_same_dedupe_key_and_answer(kit: Kit, receiver: Receiver) -> None:
    first = kit.approve(REF)

    once, again = receiver.open(first), receiver.open(kit.redelivery(first))

    assert again.events == once.events
    assert again.response == once.response


def test_two_events_have_two_dedupe_keys(kit: Kit, receiver: Receiver) -> None:
    requests = [kit.approve(REF), kit.reject(REF), kit.approve("B7E2B6C1-58D3-4F0A-8B9C-6D1E2F304152")]

    keys = {event.dedupe_key for request in requests for event in receiver.open(request).events}

    assert len(keys) == 3


def test_opening_is_pure(kit: Kit, receiver: Receiver) -> None:
    request = kit.approve(REF)

    assert receiver.open(request) == receiver.open(request)


def test_the_address_check_is_answered(kit: Kit, receiver: Receiver) -> None:
    opened = receiver.open(kit.address_check())

    assert opened.is_address_check
    assert opened.events == ()
    assert kit.accepts_address(opened.response)


def test_a_forged_address_check_is_rejected(kit: Kit, receiver: Receiver) -> None:
    with pytest.raises(CallbackRejected):
        receiver.open(kit.forged_address_check())


def test_a_change_of_contacts_is_told_from_every_other_event(kit: Kit, receiver: Receiver) -> None:
    opened = receiver.open(kit.contacts_changed())

    assert kit.is_acknowledged(opened.response)
    assert (opened.contacts_changed, opened.events) == (True, ())
    assert opened.changed_people == ((kit.changed_person,) if kit.changed_person else ())
    assert not any(receiver.open(each).contacts_changed for each in (kit.unknown_event(), kit.approve(REF)))


def test_an_unknown_event_is_acknowledged(kit: Kit, receiver: Receiver) -> None:
    opened = receiver.open(kit.unknown_event())

    assert opened.events == ()
    assert opened.vendor_type
    assert kit.is_acknowledged(opened.response)


def test_a_mangled_event_is_acknowledged(kit: Kit, receiver: Receiver) -> None:
    opened = receiver.open(kit.mangled_event(REF))

    assert opened.events == ()
    assert opened.vendor_type
    assert kit.is_acknowledged(opened.response)


def test_an_altered_body_is_rejected(kit: Kit, receiver: Receiver) -> None:
    request = kit.approve(REF)

    with pytest.raises(CallbackRejected):
        receiver.open(kit.altered(request))


def test_an_unsigned_event_is_rejected(kit: Kit, receiver: Receiver) -> None:
    with pytest.raises(CallbackRejected):
        receiver.open(kit.unsigned(kit.approve(REF)))


def test_another_key_is_rejected(kit: Kit) -> None:
    with pytest.raises(CallbackRejected):
        kit.receiver_with_another_key().open(kit.approve(REF))


def test_an_event_for_another_app_is_rejected(kit: Kit) -> None:
    with pytest.raises(CallbackRejected):
        kit.receiver_of_another_app().open(kit.approve(REF))


def test_without_secrets_there_is_no_receiver(kit: Kit) -> None:
    with pytest.raises(CallbackRejected):
        kit.receiver_without_secrets()


@pytest.mark.parametrize("later_by", [timedelta(hours=24, minutes=1), timedelta(minutes=-11)], ids=["old", "future"])
def test_a_stale_event_is_rejected(kit: Kit, later_by: timedelta) -> None:
    with pytest.raises(CallbackRejected):
        kit.receiver(later_by=later_by).open(kit.approve(REF))


@pytest.mark.parametrize("later_by", [timedelta(hours=23), timedelta(minutes=-9)], ids=["late", "early"])
def test_a_late_redelivery_is_accepted(kit: Kit, later_by: timedelta) -> None:
    opened = kit.receiver(later_by=later_by).open(kit.approve(REF))

    assert len(opened.events) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"null", b"[]", b"{", b"[" * 100_000, b'{"a":' * 100_000, b"<xml/>", b'{"a":NaN}', b"1" * 5000],
    ids=["empty", "not-utf8", "null", "list", "half", "deep-lists", "deep-objects", "xml", "nan", "long-number"],
)
def test_garbage_is_rejected_cleanly(kit: Kit, receiver: Receiver, body: bytes) -> None:
    request = kit.approve(REF)

    with pytest.raises(CallbackRejected):
        receiver.open(replace(request, body=body))
    with pytest.raises(CallbackRejected):
        receiver.open(replace(kit.unsigned(request), body=body))


def test_a_huge_body_is_rejected(kit: Kit, receiver: Receiver) -> None:
    with pytest.raises(CallbackRejected):
        receiver.open(replace(kit.approve(REF), body=b"{" + b" " * 10_000_000 + b"}"))


def test_a_rejection_names_the_check_and_no_secret(kit: Kit, receiver: Receiver) -> None:
    request = kit.approve(REF)

    with pytest.raises(CallbackRejected) as caught:
        receiver.open(kit.altered(request))

    assert caught.value.check
    assert len(caught.value.check) < 60
