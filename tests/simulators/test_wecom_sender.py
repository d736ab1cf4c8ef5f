"""Our sender against the simulator: open, decide, hand over, take back, lost answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from approval_gate.domain.approval import (
    Approval,
    Field,
    Mode,
    PersonKind,
    PersonRef,
    Request,
    Stage,
    Status,
    TaskStatus,
)
from approval_gate.domain.quorum import Verdict, judge
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.errors import PeopleNotFound, ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.ports import Withdrawal
from local.simulators.wecom.templates import CONSOLE_TEMPLATE
from tests.providers.wecom.fake_platform import MemoryTokens
from tests.simulators.wecom import (
    NARROW,
    Wecom,
    template,
    wecom_serving,
)
from tests.simulators.wecom_gate import ONE, Gate, draft, identity, stage

APPLY, DETAIL = "/cgi-bin/oa/applyevent", "/cgi-bin/oa/getapprovaldetail"
LATER = timedelta(minutes=1)
KEY = f"application/{draft().approval_id}"
APPROVED, DONE, PENDING, REJECTED, TRANSFERRED, WAITING = (
    TaskStatus.APPROVED,
    TaskStatus.DONE,
    TaskStatus.PENDING,
    TaskStatus.REJECTED,
    TaskStatus.TRANSFERRED,
    TaskStatus.WAITING,
)


@pytest.fixture
def wecom(tmp_path: Path) -> Iterator[Wecom]:
    with wecom_serving(tmp_path / "wecom.db") as running:
        yield running


@pytest.fixture
def gate(wecom: Wecom) -> Iterator[Gate]:
    with httpx.Client(trust_env=False) as http:
        yield Gate(wecom, http)


def stands(truth: Truth) -> list[tuple[int | None, str, TaskStatus]]:
    return [(task.stage, task.person.user_id if task.person else "", task.status) for task in truth.tasks]


def verdict(truth: Truth, *stages: Stage) -> Verdict:
    now = datetime.now(UTC)
    approval = Approval(
        id="apr_01KF0AAAAAAAAAAAAAAAAAAAAA",
        tenant="acme",
        provider="wecom",
        request=Request(app="prod", title="Deploy", stages=(), timeout_s=60),
        created_at=now,
        expires_at=now + timedelta(hours=1),
        requester=identity("dev"),
        stages=stages or (ONE,),
        provider_ref=truth.ref,
    )
    return judge(approval, truth)


# -- opening and deciding


def test_all_modes_are_opened_as_they_were_asked_for(gate: Gate, wecom: Wecom):
    stages = (stage(Mode.ALL, "lead", "qa"), stage(Mode.ANY, "ops", "oncall"), stage(Mode.SEQUENCE, "release", "lead"))

    ref = gate.open(*stages, cc=(identity("oncall"),))

    assert stands(gate.truth(ref)) == [
        (0, "lead", PENDING),
        (0, "qa", PENDING),
        (1, "ops", WAITING),
        (1, "oncall", WAITING),
        (2, "release", WAITING),
        (2, "lead", WAITING),
    ]
    view = wecom.control("GET", f"approvals/{ref}")
    assert [one["mode"] for one in view["stages"]] == ["all", "any", "sequence"]
    assert view["copied_to"] == ["oncall"]
    for person in ("qa", "lead", "oncall", "release"):
        wecom.decide(ref, "approve", person, comment=f"fine, says {person}")
    assert stands(gate.truth(ref))[4:] == [(2, "release", APPROVED), (2, "lead", PENDING)]
    wecom.decide(ref, "approve", "lead")
    truth = gate.truth(ref)
    assert truth.status is TruthStatus.APPROVED
    assert stands(truth)[2] == (1, "ops", DONE)
    assert verdict(truth, *stages).status is Status.APPROVED


def test_an_ordinary_approval_costs_three_calls_and_the_next_two(gate: Gate, wecom: Wecom):
    for number in range(2):
        wecom.decide(ref := gate.open(approval_id=f"apr_{number}"), "approve", "lead")
        gate.truth(ref)

    assert gate.calls == ["oa/approval/create_template", *["oa/applyevent", "oa/getapprovaldetail"] * 2]


def test_the_template_of_an_administrator_is_filled(gate: Gate, wecom: Wecom):
    sender = gate.sender(template_id=CONSOLE_TEMPLATE)

    ref = sender.open_approval(draft(), may_exist=False).ref

    view = wecom.control("GET", f"approvals/{ref}")
    assert view["raw"]["template_id"] == CONSOLE_TEMPLATE
    assert view["lines"][0]["text"].startswith("Deploy web 1.42.0 to production\n")


def test_a_longest_text_and_title_are_taken(gate: Gate):
    texts = {
        "title": "题" * 200,
        "description": "d\n" * 5000,
        "fields": tuple(Field(f"f{n}", "v" * 500) for n in range(20)),
    }

    assert gate.open(**texts)


def test_a_redesigned_template_is_read_again(gate: Gate, wecom: Wecom):
    gate.open()
    ((key, saved),) = ((key, saved) for key, saved in gate.forms.saved.items() if key.startswith("template/"))
    body = template("Redesigned", control_id="Textarea-7") | {"template_id": saved["template_id"]}
    wecom.data("oa/approval/update_template", body)

    assert gate.open(approval_id="apr_2")
    assert gate.forms.saved[key]["control_id"] == "Textarea-7"


def test_a_name_that_is_taken_asks_for_the_templates_id(gate: Gate):
    gate.open()
    gate.forms.saved.clear()

    with pytest.raises(ProviderRejected, match="template_id"):
        gate.open()


def test_a_rejection_carries_its_reason(gate: Gate, wecom: Wecom):
    stages = (stage(Mode.ALL, "lead", "qa"), stage(Mode.ANY, "ops"))
    ref = gate.open(*stages)

    wecom.decide(ref, "reject", "qa", comment="not on a Friday")

    truth = gate.truth(ref)
    assert (truth.status, verdict(truth, *stages).comment) == (TruthStatus.REJECTED, "not on a Friday")
    assert stands(truth) == [(0, "lead", DONE), (0, "qa", REJECTED), (1, "ops", DONE)]


@pytest.mark.parametrize("mode", list(Mode))
def test_a_transferred_task_counts_for_whom_it_was_given_to(gate: Gate, wecom: Wecom, mode: Mode):
    only = stage(mode, "lead")
    ref = gate.open(only)

    wecom.decide(ref, "transfer", "lead", to="release")
    assert stands(gate.truth(ref)) == [(0, "lead", TRANSFERRED), (0, "release", PENDING)]
    wecom.decide(ref, "approve", "release")

    truth = gate.truth(ref)
    assert truth.tasks[0].transferred_to == identity("release")
    judged = verdict(truth, only)
    assert (judged.status, judged.decided_by) == (Status.APPROVED, (identity("release"),))


def test_a_task_given_to_the_applicant_does_not_open_the_gate(gate: Gate, wecom: Wecom):
    ref = gate.open()
    wecom.decide(ref, "transfer", "lead", to="dev")

    wecom.decide(ref, "approve", "dev")

    judged = verdict(gate.truth(ref))
    assert (judged.status, judged.reason) == (Status.REJECTED, "policy_violation")


def test_whom_the_platform_passed_by_itself_does_not_open_the_gate(gate: Gate, wecom: Wecom):
    wecom.control("POST", "people", {"people": [{"user_id": "lead", "auto_pass": True}]})

    truth = gate.truth(gate.open())

    assert truth.tasks[0].is_automatic
    assert verdict(truth).reason == "policy_violation"


@pytest.mark.parametrize(
    ("switches", "rest"),
    [({"or_rest_listed": 0}, []), ({"legacy_details": 1}, [(0, "lead", DONE)]), ({}, [(0, "lead", DONE)])],
    ids=["rest left out", "records only", "rest listed"],
)
def test_an_any_stage_reads_the_same_in_every_shape(
    gate: Gate, wecom: Wecom, switches: dict[str, float], rest: list[Any]
):
    wecom.settings(**switches)
    either = stage(Mode.ANY, "lead", "qa")
    ref = gate.open(either)

    wecom.decide(ref, "approve", "qa")

    truth = gate.truth(ref)
    assert stands(truth) == [*rest, (0, "qa", APPROVED)]
    assert verdict(truth, either).status is Status.APPROVED


def test_a_return_and_a_countersignature_are_no_early_approval(gate: Gate, wecom: Wecom):
    stages = (ONE, stage(Mode.ALL, "ops"))
    ref = gate.open(*stages)
    wecom.decide(ref, "approve", "lead")
    wecom.decide(ref, "rollback", "ops", to="1")
    assert stands(gate.truth(ref)) == [(0, "lead", PENDING), (1, "ops", WAITING)]

    wecom.decide(ref, "countersign", "lead", to="qa")
    assert stands(gate.truth(ref)) == [(0, "lead", APPROVED), (0, "qa", PENDING), (1, "ops", WAITING)]
    wecom.decide(ref, "approve", "qa")
    wecom.decide(ref, "approve", "ops")

    assert verdict(gate.truth(ref), *stages).status is Status.APPROVED


@pytest.mark.parametrize(
    ("actions", "status"),
    [
        (["withdraw"], TruthStatus.CANCELED),
        (["approve", "revert"], TruthStatus.REVOKED),
        (["delete"], TruthStatus.DELETED),
        (["approve", "pay"], TruthStatus.APPROVED),
    ],
)
def test_what_people_do_in_the_client_is_read(gate: Gate, wecom: Wecom, actions: list[str], status: TruthStatus):
    ref = gate.open()

    for action in actions:
        wecom.decide(ref, action)

    assert gate.truth(ref).status is status


# -- closing


def test_a_withdrawal_tells_those_who_are_asked_once(gate: Gate, wecom: Wecom):
    ref = gate.open(stage(Mode.ALL, "lead", "qa"), stage(Mode.ALL, "ops"))
    wecom.decide(ref, "approve", "qa")
    truth = gate.truth(ref)

    answers = [gate.sender().withdraw(truth, "The run was canceled.") for _ in range(2)]

    assert answers == [Withdrawal.UNSUPPORTED] * 2
    (message,) = wecom.control("GET", "messages")["messages"]
    assert message["to"] == ["lead"]
    assert ref in message["text"]
    assert "The run was canceled." in message["text"]
    assert gate.truth(ref).status is TruthStatus.PENDING


def test_what_has_ended_needs_no_message(gate: Gate, wecom: Wecom):
    ref = gate.open()
    wecom.decide(ref, "approve")

    assert gate.sender().withdraw(gate.truth(ref), "late") is Withdrawal.ALREADY_CLOSED
    assert wecom.control("GET", "messages")["messages"] == []


def test_a_message_that_may_not_be_sent_changes_nothing(gate: Gate, wecom: Wecom):
    ref = gate.open()
    wecom.register(scopes=["approval"])

    assert gate.sender().withdraw(gate.truth(ref), "late") is Withdrawal.UNSUPPORTED


# -- what goes wrong


@pytest.mark.parametrize("switches", [{}, {"short_pages": 1}], ids=["full pages", "short pages"])
@pytest.mark.parametrize("fault", [{"status": 502}, {"code": 301057}, {"code": -1}, {"body": "<html>"}])
def test_a_lost_answer_is_found_and_not_submitted_again(
    gate: Gate, wecom: Wecom, fault: dict[str, Any], switches: dict[str, float]
):
    wecom.settings(**switches)
    gate.open(approval_id="apr_other")
    wecom.control("POST", "faults", {"path": APPLY, "executed": True, **fault})
    with pytest.raises(ProviderUnavailable):
        gate.open()

    ref = gate.sender(later_by=LATER).open_approval(draft(), may_exist=True).ref

    approvals = wecom.control("GET", "approvals")["approvals"]
    assert ref == approvals[0]["ref"]
    assert len(approvals) == 2


def test_nothing_is_submitted_again_while_the_list_may_hide_it(gate: Gate, wecom: Wecom):
    wecom.settings(list_delay_s=20)
    wecom.control("POST", "faults", {"path": APPLY, "executed": True, "status": 502})
    made = draft()
    with pytest.raises(ProviderUnavailable):
        gate.sender().open_approval(made, may_exist=False)

    with pytest.raises(ProviderUnavailable) as caught:
        gate.sender().open_approval(made, may_exist=True)
    wecom.pass_time(caught.value.retry_after_s or 0)
    ref = gate.sender(later_by=LATER).open_approval(made, may_exist=True).ref

    assert [one["ref"] for one in wecom.control("GET", "approvals")["approvals"]] == [ref]


def test_what_a_worker_submitted_before_it_died_is_adopted_when_its_claim_has_lapsed(gate: Gate, wecom: Wecom):
    wecom.settings(list_delay_s=20)
    made = draft()
    submitted = gate.sender().open_approval(made, may_exist=False)
    gate.forms.forget(KEY)  # the worker was stopped before it saved the number; so it leaves its claim
    gate.forms.claim(KEY)

    with pytest.raises(ProviderUnavailable):
        gate.sender().open_approval(made, may_exist=True)
    wecom.pass_time(60)
    gate.forms.pass_a_minute()

    assert gate.sender(later_by=LATER).open_approval(made, may_exist=True) == submitted
    assert len(wecom.control("GET", "approvals")["approvals"]) == 1


def test_an_attempt_that_opened_nothing_is_made_again_when_its_claim_has_lapsed(gate: Gate, wecom: Wecom):
    wecom.control("POST", "faults", {"path": APPLY, "status": 502})
    made = draft()
    for may_exist in (False, True):
        with pytest.raises(ProviderUnavailable):
            gate.sender().open_approval(made, may_exist=may_exist)
    assert wecom.control("GET", "approvals")["approvals"] == []

    gate.forms.pass_a_minute()
    ref = gate.sender(later_by=LATER).open_approval(made, may_exist=True).ref

    assert [one["ref"] for one in wecom.control("GET", "approvals")["approvals"]] == [ref]


@pytest.mark.parametrize("code", [42001, 40014])
def test_an_expired_token_is_fetched_anew_once(gate: Gate, wecom: Wecom, code: int):
    ref = gate.open()
    wecom.settings(expired_token_code=code)
    wecom.pass_time(7200)

    assert gate.truth(ref).status is TruthStatus.PENDING
    tokens = [one for one in wecom.control("GET", "calls")["calls"] if "gettoken" in one["path"]]
    assert len(tokens) == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ip_allow_list": ["203.0.113.7"]}, "60020"),
        ({"scopes": ["message"]}, "301055"),
        ({"enabled": "0"}, "50003"),
        ({"secret": "rotated"}, "40001"),
        ({"contact_range": {"departments": ["d-operations"], "people": []}}, "301025"),
    ],
)
def test_what_an_administrator_must_change_is_said(gate: Gate, wecom: Wecom, change: dict[str, Any], code: str):
    gate.open()
    wecom.register(**change)

    with pytest.raises(ProviderRejected) as caught:
        gate.open(approval_id="apr_2")

    assert caught.value.vendor_code == code
    if code == "60020":
        assert "127.0.0.1" in str(caught.value)


def test_too_many_calls_ask_for_patience(gate: Gate, wecom: Wecom):
    ref = gate.open()
    wecom.register(rate_scale=0.001)

    with pytest.raises(ProviderThrottled) as caught:
        gate.truth(ref)

    assert caught.value.retry_after_s == 60


def test_another_apps_approval_is_not_read(gate: Gate, wecom: Wecom):
    ref = gate.open()
    gate.tokens = MemoryTokens()

    with pytest.raises(ProviderRejected) as caught:
        gate.sender(app=NARROW).read_truth(ref)

    assert caught.value.vendor_code == "301055"


@pytest.mark.parametrize("are_personal", [0, 1])
def test_people_are_found_by_mobile_and_both_kinds_of_email(gate: Gate, wecom: Wecom, are_personal: int):
    wecom.settings(emails_are_personal=are_personal)
    refs = [
        PersonRef(PersonKind.EMAIL, "lead@example.com"),
        PersonRef(PersonKind.MOBILE, "+86 138-0000-0004"),
        PersonRef(PersonKind.USER_ID, "qa"),
    ]

    assert [one.user_id for one in gate.sender().find_people(refs)] == ["lead", "ops", "qa"]


def test_people_who_left_or_never_were_are_named(gate: Gate):
    refs = [PersonRef(PersonKind.EMAIL, "intern@example.com", "a"), PersonRef(PersonKind.MOBILE, "13911112222", "b")]

    with pytest.raises(PeopleNotFound) as caught:
        gate.sender().find_people(refs)

    assert [one.field for one in caught.value.problems] == ["a", "b"]
