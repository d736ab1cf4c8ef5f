"""
What every provider's sender must do, with a simulator of its platform on the other side.

The simulators were written from the vendors' documents and are tested against the vendors' SDKs, not against our
senders: where the two disagree, one of them has misread the documents.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from approval_gate.domain.approval import Mode, Policy, Status, TaskStatus
from approval_gate.domain.quorum import judge
from approval_gate.domain.truth import TruthStatus
from approval_gate.errors import (
    PeopleNotFound,
    ProviderError,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from approval_gate.observability import function_logger
from approval_gate.ports import Withdrawal
from approval_gate.providers import registry
from tests.fakes.aws import aws
from tests.fakes.platform_site import PlatformSite
from tests.sender_kits import SenderKit, all_sender_kits

STAGES: dict[str, list[tuple[Mode, tuple[str, ...]]]] = {
    "one": [(Mode.ALL, ("lead",))],
    "all": [(Mode.ALL, ("lead", "qa", "ops"))],
    "any": [(Mode.ANY, ("lead", "qa", "ops"))],
    "sequence": [(Mode.SEQUENCE, ("qa", "lead", "ops"))],
    "three": [(Mode.ANY, ("lead", "qa")), (Mode.SEQUENCE, ("ops", "release")), (Mode.ALL, ("oncall", "qa"))],
}

NO_ANSWERS: dict[str, Callable[[], httpx.Response | Exception]] = {
    "slow": lambda: httpx.ReadTimeout("slow"),
    "unreachable": lambda: httpx.ConnectError("refused"),
    "cut": lambda: httpx.RemoteProtocolError("cut"),
    "500": lambda: httpx.Response(500, text="oops"),
    "502": lambda: httpx.Response(502, html="<html>bad gateway</html>"),
    "503": lambda: httpx.Response(503),
    "429": lambda: httpx.Response(429, text="slow down"),
    "page": lambda: httpx.Response(200, html="<html>log in to the wireless network</html>"),
    "empty": lambda: httpx.Response(200),
    "half": lambda: httpx.Response(200, text='{"code":0,"errcode":0,"data":{'),
    "list": lambda: httpx.Response(200, json=[{"errcode": 0}]),
    "text": lambda: httpx.Response(200, json="APPROVED"),
    "not-utf8": lambda: httpx.Response(200, content=b'{"code":0,"errcode":0,"status":"\xff"}'),
    "deep": lambda: httpx.Response(200, content=b'{"a":' * 50_000),
}
EXPECTED = {name: ProviderThrottled if name == "429" else ProviderUnavailable for name in NO_ANSWERS}
DECIDED = {TruthStatus.APPROVED, TruthStatus.REJECTED, TruthStatus.CANCELED, TruthStatus.DELETED, TruthStatus.REVOKED}


@pytest.fixture(scope="module")
def table() -> Iterator[Any]:
    with aws() as client:
        yield client


@pytest.fixture(params=all_sender_kits(), ids=lambda kit: kit.provider)
def site(request: pytest.FixtureRequest, table: Any) -> Iterator[PlatformSite]:
    kit: SenderKit = request.param
    site = PlatformSite(kit, table)
    yield site
    site.close()


def raised_for_each(attempt: Callable[[httpx.Response | Exception], None]) -> dict[str, type[Exception] | None]:
    """Tell what an attempt raises for each way in which a platform does not answer."""

    def raised(name: str) -> type[Exception] | None:
        try:
            attempt(NO_ANSWERS[name]())
        except ProviderError as err:
            return type(err)
        return None

    return {name: raised(name) for name in NO_ANSWERS}


def test_every_provider_has_a_sender_kit() -> None:
    assert sorted(kit.provider for kit in all_sender_kits()) == list(registry.provider_names())


# -- opening and reading


@pytest.mark.parametrize("stages", STAGES.values(), ids=STAGES)
def test_an_opened_approval_waits_for_those_who_were_named(
    site: PlatformSite, stages: list[tuple[Mode, tuple[str, ...]]]
) -> None:
    draft = site.draft(*stages)

    opened = site.sender().open_approval(draft, may_exist=False)
    truth = site.sender().read_truth(opened.ref)

    assert site.refs() == [opened.ref]
    assert (truth.ref, truth.status) == (opened.ref, TruthStatus.PENDING)
    assert truth.requester is not None
    assert truth.requester.is_same_person(draft.requester)
    asked = [task.person for task in truth.tasks if task.status is TaskStatus.PENDING]
    mode, names = stages[0]
    expected = draft.stages[0].approvers[: 1 if mode is Mode.SEQUENCE else len(names)]
    assert len(asked) == len(expected)
    assert all(any(one and one.is_same_person(other) for one in asked) for other in expected)
    assert judge(site.approval(draft, opened.ref), truth).status is Status.PENDING


@pytest.mark.parametrize("stages", STAGES.values(), ids=STAGES)
def test_what_everybody_approved_satisfies_the_request(
    site: PlatformSite, stages: list[tuple[Mode, tuple[str, ...]]]
) -> None:
    draft = site.draft(*stages)
    opened = site.sender().open_approval(draft, may_exist=False)
    site.approve_all(opened.ref)

    truth = site.sender().read_truth(opened.ref)
    verdict = judge(site.approval(draft, opened.ref), truth)

    assert truth.status is TruthStatus.APPROVED
    assert (verdict.status, verdict.detail) == (Status.APPROVED, {})
    assert verdict.comment == "同意 ok"
    named = [person for stage in draft.stages for person in stage.approvers]
    assert verdict.decided_by
    assert all(any(person.is_same_person(other) for other in named) for person in verdict.decided_by)


def test_one_of_any_suffices_and_is_named(site: PlatformSite) -> None:
    draft = site.draft((Mode.ANY, ("lead", "qa", "ops")))
    opened = site.sender().open_approval(draft, may_exist=False)
    site.decide(opened.ref, "approve", "qa")

    verdict = judge(site.approval(draft, opened.ref), site.sender().read_truth(opened.ref))

    assert verdict.status is Status.APPROVED
    (person,) = verdict.decided_by
    assert person.is_same_person(draft.stages[0].approvers[1])


def test_one_of_all_is_progress_and_no_decision(site: PlatformSite) -> None:
    draft = site.draft((Mode.ALL, ("lead", "qa")))
    opened = site.sender().open_approval(draft, may_exist=False)
    site.decide(opened.ref, "approve", "qa")

    truth = site.sender().read_truth(opened.ref)

    assert truth.status is TruthStatus.PENDING
    by_status = {task.status: task.person for task in truth.tasks if task.person}
    assert by_status.keys() == {TaskStatus.APPROVED, TaskStatus.PENDING}
    assert by_status[TaskStatus.APPROVED].is_same_person(draft.stages[0].approvers[1])
    assert by_status[TaskStatus.PENDING].is_same_person(draft.stages[0].approvers[0])


@pytest.mark.parametrize("mode", Mode)
def test_a_rejection_tells_who_and_why(site: PlatformSite, mode: Mode) -> None:
    draft = site.draft((mode, ("lead", "qa")), (Mode.ALL, ("ops",)))
    opened = site.sender().open_approval(draft, may_exist=False)
    site.decide(opened.ref, "reject", "lead", comment="没有回滚方案: no rollback plan")

    truth = site.sender().read_truth(opened.ref)
    verdict = judge(site.approval(draft, opened.ref), truth)

    assert truth.status is TruthStatus.REJECTED
    assert (verdict.status, verdict.comment) == (Status.REJECTED, "没有回滚方案: no rollback plan")
    (person,) = verdict.decided_by
    assert person.is_same_person(draft.stages[0].approvers[0])


def test_a_transfer_is_seen_as_one_and_counts_if_the_request_lets_it(site: PlatformSite) -> None:
    draft = site.draft((Mode.ALL, ("lead", "qa")))
    (release,) = site.people("release")
    opened = site.sender().open_approval(draft, may_exist=False)
    site.decide(opened.ref, "transfer", "lead", to="release", comment="please")

    handed = next(task for task in site.sender().read_truth(opened.ref).tasks if task.status is TaskStatus.TRANSFERRED)
    site.approve_all(opened.ref)
    truth = site.sender().read_truth(opened.ref)

    assert handed.person
    assert handed.person.is_same_person(draft.stages[0].approvers[0])
    assert handed.transferred_to
    assert handed.transferred_to.is_same_person(release)
    allowed = judge(site.approval(draft, opened.ref, Policy(allow_transfer=True)), truth)
    refused = judge(site.approval(draft, opened.ref, Policy(allow_transfer=False)), truth)
    assert (allowed.status, refused.status) == (Status.APPROVED, Status.REJECTED)
    assert any(person.is_same_person(release) for person in allowed.decided_by)


def test_an_approval_the_platform_does_not_know_is_no_decision(site: PlatformSite) -> None:
    site.sender().open_approval(site.draft(), may_exist=False)

    with pytest.raises(ProviderRejected):
        site.sender().read_truth("A7E2B6C1-58D3-4F0A-8B9C-6D1E2F304152")


# -- people


def test_everyone_who_is_unknown_is_named_at_once_with_field_and_remedy(site: PlatformSite) -> None:
    one, other = site.kit.strangers
    refs = [site.ref(one, "stages[0].approvers[0]"), site.ref("lead"), site.ref(other, "cc[1]")]

    with pytest.raises(PeopleNotFound) as caught:
        site.sender().find_people(refs)

    assert [(each.field, each.given) for each in caught.value.problems] == [
        ("stages[0].approvers[0]", one),
        ("cc[1]", other),
    ]
    assert all(each.problem and each.remedy.endswith(".") for each in caught.value.problems)


def test_people_come_in_the_order_they_were_asked_for(site: PlatformSite) -> None:
    names = ("qa", "lead", "qa", "dev")

    found = site.people(*names)

    assert [found.index(person) for person in found] == [0, 1, 0, 3]


# -- once and only once


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


# -- access tokens


def test_an_expired_access_token_is_renewed_exactly_once(site: PlatformSite) -> None:
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    site.control("POST", "clock", {"advance_s": 3 * 3600})
    fetched, read = site.calls(site.kit.fetch_token), site.calls(site.kit.read)

    truth = site.sender().read_truth(opened.ref)

    assert truth.status is TruthStatus.PENDING
    assert site.calls(site.kit.fetch_token) == fetched + 1
    assert site.calls(site.kit.read) == read + 2


def test_the_new_access_token_serves_all_later_calls(site: PlatformSite) -> None:
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    site.control("POST", "clock", {"advance_s": 3 * 3600})
    site.sender().read_truth(opened.ref)
    fetched = site.calls(site.kit.fetch_token)

    site.sender().read_truth(opened.ref)

    assert site.calls(site.kit.fetch_token) == fetched


def test_without_an_access_token_nothing_is_certain(site: PlatformSite) -> None:
    def look_up_with(answer: httpx.Response | Exception) -> None:
        site.fail(site.kit.fetch_token, answer)
        site.sender().find_people([site.ref("lead")])

    assert raised_for_each(look_up_with) == EXPECTED


# -- a platform that does not answer as it should


def test_a_read_without_an_answer_is_no_outcome(site: PlatformSite) -> None:
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    site.approve_all(opened.ref)

    def read_with(answer: httpx.Response | Exception) -> None:
        site.fail(site.kit.read, answer)
        site.sender().read_truth(opened.ref)

    assert raised_for_each(read_with) == EXPECTED
    assert site.sender().read_truth(opened.ref).status is TruthStatus.APPROVED


@pytest.mark.parametrize("answer", [{}, {"code": 0}, {"errcode": 0}, {"success": True, "result": {}}], ids=str)
def test_an_answer_that_says_nothing_is_no_outcome(site: PlatformSite, answer: dict[str, Any]) -> None:
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    site.fail(site.kit.read, httpx.Response(200, json=answer))

    try:
        truth = site.sender().read_truth(opened.ref)
    except ProviderError:
        return
    assert truth.status not in DECIDED


def test_an_answer_about_another_approval_is_no_outcome(site: PlatformSite) -> None:
    opened, other = (site.sender().open_approval(site.draft(), may_exist=False) for _ in range(2))
    site.approve_all(other.ref)
    site.sender().read_truth(other.ref)
    answer = site.wire.exchanges[-1].answer
    assert isinstance(answer, httpx.Response)
    site.fail(site.kit.read, httpx.Response(200, content=answer.content))

    with pytest.raises(ProviderError):
        site.sender().read_truth(opened.ref)


def test_a_look_up_without_an_answer_names_nobody(site: PlatformSite) -> None:
    site.people("dev")

    def look_up_with(answer: httpx.Response | Exception) -> None:
        site.fail(site.kit.find_people, answer)
        site.sender().find_people([site.ref("lead")])

    assert raised_for_each(look_up_with) == EXPECTED


def test_a_withdrawal_without_an_answer_is_not_called_done(site: PlatformSite) -> None:
    if site.kit.withdraw is None:
        pytest.skip("this platform has no such call")
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    site.later(120)
    truth, withdraw = site.sender().read_truth(opened.ref), site.kit.withdraw

    def withdraw_with(answer: httpx.Response | Exception) -> None:
        site.fail(withdraw, answer)
        site.sender().withdraw(truth, "canceled")

    assert raised_for_each(withdraw_with) == EXPECTED
    assert site.status(opened.ref) == "pending"


def test_the_platforms_own_way_to_say_slow_down_is_understood(site: PlatformSite) -> None:
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    site.control("POST", "faults", {"path": site.kit.read.path, "method": site.kit.read.method, "status": 429})

    with pytest.raises(ProviderThrottled):
        site.sender().read_truth(opened.ref)


def test_nothing_is_tried_twice_but_a_refused_access_token(site: PlatformSite) -> None:
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    before = site.calls(site.kit.read)
    site.fail(site.kit.read, httpx.Response(503), times=5)

    with pytest.raises(ProviderUnavailable):
        site.sender().read_truth(opened.ref)

    assert site.calls(site.kit.read) == before + 1


# -- secrets


def test_no_secret_is_in_any_message_or_log(site: PlatformSite, caplog: pytest.LogCaptureFixture) -> None:
    # As every function has it, since httpx logs whole addresses: see observability.py and the test below.
    caplog.set_level(logging.WARNING, logger="httpx")
    caplog.set_level(logging.DEBUG)
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    texts: list[str] = []
    for call in (site.kit.find_people, site.kit.read, site.kit.fetch_token, site.kit.create):
        for answer in NO_ANSWERS.values():
            site.fail(call, answer())
            texts += _tracebacks_of(site, opened.ref)
    site.control("POST", "clock", {"advance_s": 3 * 3600})
    texts += _tracebacks_of(site, opened.ref)
    texts += [repr(site.sender()), repr(registry.credentials_type(site.kit.provider).from_fields(site.kit.credentials))]

    # The AWS SDK at DEBUG shows what goes into the table; no function ever runs it so.
    records = [record for record in caplog.records if not record.name.startswith("botocore")]
    texts += [f"{record.getMessage()} {vars(record)}" for record in records]
    secrets = _secrets_of(site)
    assert len(secrets) >= 3
    assert len(records) > 50
    assert {secret for secret in secrets if any(secret in text for text in texts)} == set()


def test_functions_keep_addresses_out_of_their_logs() -> None:
    loggers = [logging.getLogger(name) for name in ("httpx", "approval_gate")]
    before = [(logger.level, logger.propagate, logger.handlers) for logger in loggers]
    try:
        function_logger()
        assert not loggers[0].isEnabledFor(logging.INFO)
    finally:
        for logger, (level, propagate, handlers) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.propagate, logger.handlers = propagate, handlers


def _tracebacks_of(site: PlatformSite, ref: str) -> list[str]:
    """Call everything and return what a log would show of the errors."""
    attempts: list[Callable[[], object]] = [
        lambda: site.sender().find_people([site.ref("lead"), site.ref(site.kit.strangers[0])]),
        lambda: site.sender().read_truth(ref),
        lambda: site.sender().read_truth("unknown"),
        lambda: site.sender().open_approval(site.draft(), may_exist=True),
    ]
    texts: list[str] = []
    for attempt in attempts:
        try:
            attempt()
        except ProviderError as err:
            texts += [*traceback.format_exception(err), repr(err), repr(vars(err))]
    return texts


def _secrets_of(site: PlatformSite) -> set[str]:
    """Return what nobody may see: the app's secrets, and every access token that was handed out."""
    public = registry.credentials_type(site.kit.provider).public_fields()
    secrets = {value for name, value in site.kit.credentials.items() if name not in public}
    for exchange in site.wire.exchanges:
        if site.kit.fetch_token.matches(exchange.method, exchange.path) and isinstance(exchange.answer, httpx.Response):
            secrets |= _token_in(exchange.answer, site.kit.token_field)
    return secrets


def _token_in(answer: httpx.Response, field: str) -> set[str]:
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError):
        return set()
    return {body[field]} if isinstance(body, dict) and field in body else set()
