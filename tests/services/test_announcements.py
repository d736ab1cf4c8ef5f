"""Who is told what, stored in the same step as what happened."""

from __future__ import annotations

from approval_gate.domain.approval import Approval, Identity, Mode, PersonKind, PersonRef, RequestedStage, Subscription
from approval_gate.domain.message import Destination, DestinationKind
from approval_gate.domain.notification import ApprovalEvent, Notification
from approval_gate.domain.truth import TruthStatus
from approval_gate.ports import Withdrawal
from tests.fakes.world import DEV, START, World, by_email, event

CHAT = Destination(DestinationKind.CHAT, "oc_1", "notify[0].to[0].chat")
BUS = Destination(DestinationKind.EVENT_BUS)
HOOK = "https://ci.example.com/hooks/approval"


def told(world: World, what: ApprovalEvent) -> list[Notification]:
    return [each for each in world.notifications() if each.event is what]


def values(notices: list[Notification]) -> set[tuple[str, str]]:
    return {(one.kind.value, one.value) for each in notices for one in each.to}


def approve(world: World) -> None:
    world.platform.approve("REF-1")
    world.applier.apply("fake", "acme", "prod", event("REF-1"))


def expire(world: World, approval: Approval) -> None:
    world.clock.advance(3600)
    world.checker.check(approval.id)


def test_subscribers_hear_of_the_events_they_asked_for_and_of_no_other(world: World) -> None:
    chat = Subscription("prod", (CHAT,), frozenset({"pending", "rejected"}))
    world.opened(notify=(chat,))
    approve(world)

    assert values(told(world, ApprovalEvent.PENDING)) == {("chat", "oc_1")}
    assert ("chat", "oc_1") not in values(told(world, ApprovalEvent.APPROVED))


def test_the_outcome_goes_to_the_webhook_and_the_event_bus_in_one_order(world: World) -> None:
    approval = world.opened(callback_url=HOOK)
    approve(world)

    (order,) = told(world, ApprovalEvent.APPROVED)
    assert (order.tenant, order.app, order.approval_id) == ("acme", "", approval.id)
    assert values([order]) == {("event_bus", ""), ("webhook", HOOK)}


def test_the_platforms_own_decision_is_told_to_no_person_by_us(world: World) -> None:
    world.opened()
    approve(world)

    assert values(world.notifications()) == {("event_bus", "")}


def test_requester_and_cc_hear_of_an_outcome_that_was_not_made_on_the_platform(world: World) -> None:
    approval = world.opened(cc=(PersonRef(PersonKind.USER_ID, "ou_cc", "cc[0].user_id"),))
    expire(world, approval)

    people = [each for each in told(world, ApprovalEvent.EXPIRED) if each.app == "prod"]
    assert values(people) == {("user_id", DEV.user_id), ("user_id", "ou_cc")}


def test_the_requester_hears_that_an_approval_on_the_platform_broke_the_policy(world: World) -> None:
    world.opened(requester=by_email("lead"))
    approve(world)

    assert ("user_id", "ou_lead") in values(told(world, ApprovalEvent.REJECTED))


def test_an_outcome_is_announced_once_however_often_it_is_heard_of(world: World) -> None:
    approval = world.opened(callback_url=HOOK)
    for _ in range(3):
        approve(world)
    world.clock.advance(60)
    world.checker.check(approval.id)
    world.canceler.cancel("acme", "ci", approval.id, "")

    assert len(world.notifications()) == 1


def test_approvers_are_told_to_stop_where_their_task_could_not_be_taken_back(world: World) -> None:
    world.platform.withdrawal = Withdrawal.REFUSED
    stages = (RequestedStage(Mode.ALL, (by_email("lead"), by_email("qa"))),)
    approval = world.opened(stages=stages)
    world.canceler.cancel("acme", "ci", approval.id, "not needed")

    for _ in range(2):
        world.concluder.conclude(world.stored(approval.id), {}, last_attempt=False)

    (notice,) = told(world, ApprovalEvent.RELEASED)
    assert values([notice]) == {("user_id", "ou_lead"), ("user_id", "ou_qa")}


def test_nobody_is_told_to_stop_where_the_platform_took_the_task_back(world: World) -> None:
    approval = world.opened()
    world.canceler.cancel("acme", "ci", approval.id, "")

    world.concluder.conclude(world.stored(approval.id), {}, last_attempt=False)

    assert told(world, ApprovalEvent.RELEASED) == []


def test_who_heard_of_the_approval_hears_of_its_revocation(world: World) -> None:
    chat = Subscription("prod", (CHAT,), frozenset({"approved"}))
    world.opened(notify=(chat,), callback_url=HOOK)
    approve(world)
    world.platform.truths["REF-1"] = world.platform.truths["REF-1"].__class__("REF-1", TruthStatus.REVOKED)

    late = event("REF-1", dedupe_key="e2", vendor_status="REVERTED", occurred_at=START.replace(hour=12))
    world.applier.apply("fake", "acme", "prod", late)

    assert values(told(world, ApprovalEvent.REVOKED)) == {
        ("chat", "oc_1"),
        ("event_bus", ""),
        ("webhook", HOOK),
        ("user_id", DEV.user_id),
    }


def test_nobody_without_an_id_is_written_to(world: World) -> None:
    approval = world.requested()
    world.canceler.cancel("acme", "ci", approval.id, "")

    assert Identity("") not in world.stored(approval.id).cc
    assert values(world.notifications()) == {("event_bus", "")}
