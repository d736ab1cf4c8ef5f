"""What every provider's sender must do whatever gets lost: open one approval, and close none that was decided."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from approval_gate.domain.truth import TruthStatus
from approval_gate.errors import ProviderUnavailable
from approval_gate.ports import Withdrawal
from tests.fakes.no_answers import NO_ANSWERS
from tests.fakes.platform_site import PlatformSite


class Stopped(BaseException):
    """The function's time is up, or its machine is gone: nothing of ours runs any more."""


@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_a_lost_answer_to_the_creation_never_makes_a_second_approval(
    site: PlatformSite, answer: Callable[[], httpx.Response | Exception]
) -> None:
    draft = site.draft()
    site.lose(site.kit.create, answer())

    try:
        opened = site.sender().open_approval(draft, may_exist=False)
    except ProviderUnavailable:
        opened = site.open_until_settled(draft)

    assert site.refs() == [opened.ref]


@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_a_creation_that_never_arrived_is_made_up_for(
    site: PlatformSite, answer: Callable[[], httpx.Response | Exception]
) -> None:
    draft = site.draft()
    site.fail(site.kit.create, answer())

    with pytest.raises(ProviderUnavailable):
        site.sender().open_approval(draft, may_exist=False)
    opened = site.open_until_settled(draft)

    assert site.refs() == [opened.ref]


def test_what_was_opened_is_adopted_by_the_next_attempt(site: PlatformSite) -> None:
    draft = site.draft()
    first = site.sender().open_approval(draft, may_exist=False)
    created = site.calls(site.kit.create)

    assert site.open_until_settled(draft).ref == first.ref
    assert site.refs() == [first.ref]
    assert site.calls(site.kit.create) == created


def test_what_was_opened_is_adopted_even_after_it_was_decided(site: PlatformSite) -> None:
    draft = site.draft()
    first = site.sender().open_approval(draft, may_exist=False)
    site.approve_all(first.ref)

    assert site.open_until_settled(draft).ref == first.ref
    assert site.refs() == [first.ref]


def test_looking_for_an_approval_opens_none(site: PlatformSite) -> None:
    draft = site.draft()
    assert site.sender().find_approval(draft) is None
    assert site.refs() == []

    opened = site.sender().open_approval(draft, may_exist=False)
    found = site.sender().find_approval(draft)

    assert found is not None
    assert found.ref == opened.ref


def test_two_requests_that_look_alike_are_two_approvals(site: PlatformSite) -> None:
    one, other = site.draft(), site.draft()

    refs = [site.sender().open_approval(each, may_exist=False).ref for each in (one, other)]

    assert sorted(site.refs()) == sorted(refs)
    assert site.open_until_settled(one).ref == refs[0]
    assert site.open_until_settled(other).ref == refs[1]


def test_a_worker_that_is_stopped_in_the_middle_leaves_no_second_approval(site: PlatformSite) -> None:
    draft = site.draft()
    site.lose(site.kit.create, Stopped())

    with pytest.raises(Stopped):
        site.sender().open_approval(draft, may_exist=False)
    opened = site.open_until_settled(draft)

    assert site.refs() == [opened.ref]


def test_an_approval_that_only_looks_alike_is_not_adopted(site: PlatformSite) -> None:
    one, other = site.draft(), site.draft()
    first = site.sender().open_approval(one, may_exist=False)
    site.fail(site.kit.create, httpx.ReadTimeout("slow"))
    with pytest.raises(ProviderUnavailable):
        site.sender().open_approval(other, may_exist=False)

    second = site.open_until_settled(other)

    assert second.ref != first.ref
    assert sorted(site.refs()) == sorted([first.ref, second.ref])


# -- withdrawing


def test_a_withdrawal_closes_or_says_that_it_cannot(site: PlatformSite) -> None:
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    site.later(120)

    withdrawal = site.sender().withdraw(site.sender().read_truth(opened.ref), "the pipeline was canceled")

    if site.kit.withdraw is None:
        assert (withdrawal, site.status(opened.ref)) == (Withdrawal.UNSUPPORTED, "pending")
    else:
        assert (withdrawal, site.status(opened.ref)) == (Withdrawal.DONE, "canceled")
        assert site.sender().read_truth(opened.ref).status is TruthStatus.CANCELED


@pytest.mark.parametrize(("decision", "status"), [("approve", "approved"), ("reject", "rejected")])
def test_a_decided_approval_is_never_withdrawn(site: PlatformSite, decision: str, status: str) -> None:
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    site.later(120)
    pending = site.sender().read_truth(opened.ref)
    site.decide(opened.ref, decision)
    decided = site.sender().read_truth(opened.ref)

    withdrawals = [site.sender().withdraw(truth, "too late") for truth in (decided, pending)]

    assert withdrawals[0] is Withdrawal.ALREADY_CLOSED
    assert Withdrawal.DONE not in withdrawals
    assert site.status(opened.ref) == status
    assert site.refs() == [opened.ref]
