"""Messages about approvals: their words when they are sent, and what happens to them when the approval ends."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from approval_gate.domain.approval import Approval, Identity, Status, TaskProgress, TaskStatus
from approval_gate.domain.message import DestinationKind
from approval_gate.domain.notification import ApprovalEvent, notification_id
from approval_gate.errors import ProviderUnavailable
from approval_gate.ports.messages import Parcel
from approval_gate.ports.outbox import Errand
from tests.fakes.post_office import PostOffice, told
from tests.fakes.world import START

USER, CHAT = DestinationKind.USER_ID, DestinationKind.CHAT
WEBHOOK, EVENT_BUS = DestinationKind.WEBHOOK, DestinationKind.EVENT_BUS


@pytest.fixture
def office() -> PostOffice:
    return PostOffice()


def remind(office: PostOffice, approval: Approval, *people: str) -> str:
    to = [(USER, each) for each in people]
    notification = told(f"remind-{'-'.join(people)}", *to, approval=approval, event=ApprovalEvent.REMINDER)
    return office.ask(notification)


def ended(office: PostOffice, approval: Approval, status: Status = Status.APPROVED) -> Approval:
    """End an approval; the stream tells the outbox."""
    decided = office.decide(approval, status)
    office.queue.put(Errand(approval_id=approval.id))
    return decided


def test_words_are_found_when_the_message_is_sent(office: PostOffice) -> None:
    approval = office.approval()
    remind(office, approval, "ou_lead")
    office.run()

    ((_, parcel),) = office.messenger.sent
    assert approval.request.title in parcel.message.title
    assert parcel.message.locale == "en"


@pytest.mark.parametrize("event", [ApprovalEvent.PENDING, ApprovalEvent.REMINDER, ApprovalEvent.ESCALATION])
def test_what_has_become_untrue_is_dropped_and_says_why(office: PostOffice, event: ApprovalEvent) -> None:
    approval = office.approval()
    office.ask(told("late", (USER, "u1"), approval=approval, event=event))
    office.decide(approval, Status.REJECTED)
    office.run()

    assert office.messenger.sent == []
    assert office.statuses("late") == ["DROPPED"]
    assert (office.delivery("late").error_code, "REJECTED" in office.delivery("late").problem) == (
        "decided_meanwhile",
        True,
    )


def test_every_card_is_replaced_when_the_approval_ends(office: PostOffice) -> None:
    approval = office.approval()
    office.ask(told("pending", (CHAT, "oc_1"), (CHAT, "oc_2"), approval=approval, event=ApprovalEvent.PENDING))
    remind(office, approval, "ou_lead", "ou_qa")
    office.run()
    ended(office, approval)
    office.run()

    sent = {office.delivery("pending", 0).message_id, office.delivery("pending", 1).message_id}
    sent |= {office.delivery("remind-ou_lead-ou_qa", number).message_id for number in range(2)}
    assert {message_id for message_id, _ in office.messenger.updated} == sent
    assert len(office.messenger.updated) == 4
    assert office.outbox.open_cards(approval.id) == ()


def test_closing_twice_replaces_once(office: PostOffice) -> None:
    approval = office.approval()
    remind(office, approval, "ou_lead")
    office.run()
    for _ in range(3):
        ended(office, approval)
    office.run()

    assert len(office.messenger.updated) == 1


def test_where_a_card_cannot_be_replaced_those_who_were_asked_are_told(office: PostOffice) -> None:
    office.messenger.can_update = False
    approval = office.approval()
    office.ask(told("pending", (CHAT, "oc_1"), approval=approval, event=ApprovalEvent.PENDING))
    remind(office, approval, "ou_lead")
    office.run()
    ended(office, approval, Status.CANCELED)
    ended(office, approval, Status.CANCELED)
    office.run()

    closing = [parcel for _, parcel in office.messenger.sent if "No answer needed" in parcel.message.title]
    assert [to.destination.value for parcel in closing for to in parcel.to] == ["ou_lead"]


def test_who_decided_or_was_told_already_hears_nothing_more(office: PostOffice) -> None:
    office.messenger.can_update = False
    lead = TaskProgress("t1", 0, TaskStatus.APPROVED, Identity("ou_lead"), decided_at=START)
    approval = office.approval(tasks=(lead,))
    remind(office, approval, "ou_lead", "ou_qa")
    office.run()
    released = told("x", (USER, "ou_qa"), approval=approval, event=ApprovalEvent.RELEASED)
    office.ask(replace(released, id=notification_id(approval.id, ApprovalEvent.RELEASED.value, "people")))
    ended(office, approval)
    office.run()

    closing = [parcel for _, parcel in office.messenger.sent if "No answer needed" in parcel.message.title]
    assert len(closing) == 1


def test_a_card_that_was_on_its_way_when_the_approval_ended_is_replaced_too(office: PostOffice) -> None:
    approval = office.approval()

    def decide_now(_: Parcel) -> None:
        ended(office, approval)
        office.deliverer.look(Errand(approval_id=approval.id))  # and finds no card yet

    office.messenger.after = decide_now
    remind(office, approval, "ou_lead")
    office.run()

    assert len(office.messenger.updated) == 1


def test_a_platform_that_is_away_when_the_approval_ends_is_asked_again(office: PostOffice) -> None:
    approval = office.approval()
    remind(office, approval, "ou_lead")
    office.run()
    office.messenger.failures = [ProviderUnavailable("no answer"), ProviderUnavailable("no answer", retry_after_s=60)]
    ended(office, approval)
    office.run(120)

    assert len(office.messenger.updated) == 1


def test_a_platform_that_stays_away_is_not_asked_for_ever(office: PostOffice) -> None:
    approval = office.approval()
    remind(office, approval, "ou_lead")
    office.run()
    office.messenger.failures = [ProviderUnavailable("no answer")] * 1000
    ended(office, approval)
    office.run(8 * 3600)

    assert office.outbox.open_cards(approval.id) == ()
    assert len(office.messenger.failures) > 900


def test_an_outcome_goes_to_the_event_bus_and_to_the_webhook_in_the_same_words(office: PostOffice) -> None:
    approval = office.decide(office.approval())
    to = [(EVENT_BUS, ""), (WEBHOOK, "https://ci.example.com/hook")]
    office.ask(told("outcome", *to, approval=approval, event=ApprovalEvent.APPROVED))
    office.run()

    ((event_type, _, on_the_bus),) = office.bus.events
    ((_, url, _, posted),) = office.poster.taken
    assert (event_type, url) == ("approval.decided", "https://ci.example.com/hook")
    assert on_the_bus == posted
    assert json.loads(posted)["data"]["status"] == "APPROVED"
    assert office.statuses("outcome") == ["SENT", "SENT"]
