from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from approval_gate.domain.approval import (
    Approval,
    Identity,
    Mode,
    Policy,
    Request,
    Stage,
    Status,
    TaskProgress,
    TaskStatus,
)
from approval_gate.domain.quorum import judge
from approval_gate.domain.truth import Truth, TruthStatus

NOW = datetime(2026, 1, 15, tzinfo=UTC)
A, B, C, DEV = (Identity(f"ou_{n}", n) for n in ("a", "b", "c", "dev"))


def approval(*stages: Stage, **policy: bool) -> Approval:
    return Approval(
        id="apr_1",
        tenant="acme",
        provider="any",
        request=Request(app="prod", title="Deploy", stages=(), timeout_s=60, policy=Policy(**policy)),
        created_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        requester=DEV,
        stages=stages,
        provider_ref="R",
    )


def done(person: Identity | None, stage: int | None = 0, **changes: object) -> TaskProgress:
    given = {"id": f"t-{person.user_id if person else 'auto'}-{stage}", "stage": stage, "status": TaskStatus.APPROVED}
    return TaskProgress(**{**given, "person": person, **changes})  # type: ignore[arg-type] # fields by name


def approved(*tasks: TaskProgress) -> Truth:
    return Truth("R", TruthStatus.APPROVED, tasks)


def test_everyone_named_having_approved_opens_the_gate() -> None:
    verdict = judge(approval(Stage(Mode.ALL, (A, B))), approved(done(A, comment="fine"), done(B)))

    assert (verdict.status, verdict.decided_by, verdict.comment) == (Status.APPROVED, (A, B), "fine")


@pytest.mark.parametrize("mode", [Mode.ALL, Mode.SEQUENCE])
def test_one_of_two_does_not_suffice_where_all_are_asked(mode: Mode) -> None:
    closed = done(B, status=TaskStatus.DONE)

    verdict = judge(approval(Stage(mode, (A, B))), approved(done(A), closed))

    assert (verdict.status, verdict.reason) == (Status.REJECTED, "policy_violation")
    assert "ou_b" in verdict.detail["en"]
    assert "ou_b" in verdict.detail["zh"]


def test_one_of_two_suffices_where_any_is_asked() -> None:
    verdict = judge(approval(Stage(Mode.ANY, (A, B))), approved(done(B), done(A, status=TaskStatus.DONE)))

    assert (verdict.status, verdict.decided_by) == (Status.APPROVED, (B,))


def test_every_stage_counts() -> None:
    stages = (Stage(Mode.ALL, (A,)), Stage(Mode.ANY, (B, C)))

    assert judge(approval(*stages), approved(done(A, 0), done(C, 1))).status is Status.APPROVED
    assert judge(approval(*stages), approved(done(A, 0))).reason == "policy_violation"
    assert judge(approval(*stages), approved(done(A, 0), done(C, 0))).reason == "policy_violation"


def test_a_stranger_does_not_count() -> None:
    verdict = judge(approval(Stage(Mode.ANY, (A,))), approved(done(C)))

    assert verdict.reason == "policy_violation"


def test_an_approver_whom_the_platform_added_neither_helps_nor_harms() -> None:
    assert judge(approval(Stage(Mode.ALL, (A,))), approved(done(A), done(C))).status is Status.APPROVED


def test_an_automatically_passed_task_does_not_open_the_gate() -> None:
    auto = done(None, is_automatic=True, id="t-77")

    verdict = judge(approval(Stage(Mode.ALL, (A,))), approved(auto))

    assert (verdict.status, verdict.reason) == (Status.REJECTED, "policy_violation")
    assert "t-77" in verdict.detail["en"]


def test_an_automatically_passed_task_spoils_a_stage_even_beside_a_real_decision() -> None:
    auto = done(None, is_automatic=True)

    assert judge(approval(Stage(Mode.ANY, (A, B))), approved(done(A), auto)).reason == "policy_violation"


def test_an_automatically_passed_task_counts_when_the_request_allows_it() -> None:
    auto = done(None, is_automatic=True)

    assert judge(approval(Stage(Mode.ALL, (A,)), allow_auto_pass=True), approved(auto)).status is Status.APPROVED


def test_a_repeated_decision_counts_as_that_persons() -> None:
    stages = (Stage(Mode.ALL, (A,)), Stage(Mode.ALL, (A,)))
    repeat = done(A, 1, is_automatic=True, repeats_decision=True)

    verdict = judge(approval(*stages), approved(done(A, 0), repeat))

    assert (verdict.status, verdict.decided_by) == (Status.APPROVED, (A,))


def test_a_repeated_decision_without_a_name_can_only_be_an_approver_of_the_stage() -> None:
    stages = (Stage(Mode.ALL, (A,)), Stage(Mode.ALL, (A,)))
    repeat = done(None, 1, is_automatic=True, repeats_decision=True)

    assert judge(approval(*stages), approved(done(A, 0), repeat)).status is Status.APPROVED
    assert judge(approval(stages[0], Stage(Mode.ALL, (B,))), approved(done(A, 0), repeat)).reason == "policy_violation"


def test_a_repeated_decision_that_nobody_made_does_not_count() -> None:
    repeat = done(A, 0, is_automatic=True, repeats_decision=True)

    assert judge(approval(Stage(Mode.ALL, (A,))), approved(repeat)).reason == "policy_violation"


def test_a_repeated_decision_fills_only_the_place_of_the_person_who_made_it() -> None:
    stages = (Stage(Mode.ALL, (A,)), Stage(Mode.ALL, (A, B)))
    repeat = done(A, 1, is_automatic=True, repeats_decision=True)

    assert judge(approval(*stages), approved(done(A, 0), repeat)).reason == "policy_violation"
    assert judge(approval(*stages), approved(done(A, 0), repeat, done(B, 1))).status is Status.APPROVED


def test_the_requester_cannot_approve() -> None:
    verdict = judge(approval(Stage(Mode.ANY, (DEV, A))), approved(done(DEV)))

    assert verdict.reason == "policy_violation"
    assert "ou_dev" in verdict.detail["en"]


def test_the_requester_is_known_by_every_id_the_platform_tells() -> None:
    truth = replace(approved(done(Identity("ou_9", other_id="dev9"))), requester=Identity("ou_9", other_id="dev9"))
    asked = replace(approval(Stage(Mode.ANY, (Identity("ou_9"),))), requester=Identity("dev9"))

    assert judge(asked, truth).reason == "policy_violation"


def test_the_requester_can_approve_when_the_request_allows_it() -> None:
    asked = approval(Stage(Mode.ANY, (DEV,)), allow_self_approval=True)

    assert judge(asked, approved(done(DEV))).status is Status.APPROVED


def test_another_approver_makes_up_for_the_requester_where_any_suffices() -> None:
    verdict = judge(approval(Stage(Mode.ANY, (DEV, A))), approved(done(DEV), done(A)))

    assert (verdict.status, verdict.decided_by) == (Status.APPROVED, (A,))


def handed(person: Identity, to: Identity | None, stage: int = 0) -> TaskProgress:
    return done(person, stage, status=TaskStatus.TRANSFERRED, transferred_to=to, id=f"x-{person.user_id}")


def test_a_transferred_task_counts_for_the_one_who_handed_it_on() -> None:
    verdict = judge(approval(Stage(Mode.ALL, (A,))), approved(handed(A, B), handed(B, C), done(C)))

    assert (verdict.status, verdict.decided_by) == (Status.APPROVED, (C,))


def test_a_transferred_task_does_not_count_against_the_policy() -> None:
    asked = approval(Stage(Mode.ALL, (A,)), allow_transfer=False)

    verdict = judge(asked, approved(handed(A, C), done(C)))

    assert verdict.reason == "policy_violation"
    assert "x-ou_a" in verdict.detail["en"]


@pytest.mark.parametrize("hops", [[handed(A, None)], [handed(A, B), handed(B, A)], [handed(B, C)], [handed(A, DEV)]])
def test_a_transfer_that_leads_to_nobody_new_to_a_circle_or_to_the_requester_does_not_count(
    hops: list[TaskProgress],
) -> None:
    assert judge(approval(Stage(Mode.ALL, (A,))), approved(*hops, done(C), done(DEV))).reason == "policy_violation"


def test_a_task_that_came_to_the_requester_by_two_hands_does_not_open_the_gate() -> None:
    """B hands on to A, who has approved already and hands that second task to the requester."""
    tasks = (done(A), handed(B, A), handed(A, DEV), done(DEV))

    verdict = judge(approval(Stage(Mode.ALL, (A, B))), approved(*tasks))

    assert verdict.reason == "policy_violation"
    assert "ou_dev" in verdict.detail["en"]


def test_a_rejection_names_who_and_why() -> None:
    refusal = done(B, status=TaskStatus.REJECTED, comment="no rollback plan")

    verdict = judge(approval(Stage(Mode.ALL, (A, B))), Truth("R", TruthStatus.REJECTED, (done(A), refusal)))

    assert (verdict.status, verdict.decided_by, verdict.comment) == (Status.REJECTED, (B,), "no rollback plan")


@pytest.mark.parametrize("word", [TruthStatus.CANCELED, TruthStatus.DELETED, TruthStatus.REVOKED])
def test_what_was_closed_without_a_decision_is_canceled(word: TruthStatus) -> None:
    assert judge(approval(Stage(Mode.ALL, (A,))), Truth("R", word, (done(A),))).status is Status.CANCELED


@pytest.mark.parametrize("word", [TruthStatus.PENDING, TruthStatus.UNKNOWN])
def test_an_unknown_word_is_no_decision(word: TruthStatus) -> None:
    assert judge(approval(Stage(Mode.ALL, (A,))), Truth("R", word, (done(A),))).status is Status.PENDING


def test_an_approval_without_stages_on_record_never_opens() -> None:
    assert judge(approval(), approved(done(A))).reason == "policy_violation"
    assert judge(approval(Stage(Mode.ANY, ())), approved(done(A))).reason == "policy_violation"


def test_tasks_of_a_node_that_is_none_of_ours_do_not_count() -> None:
    assert judge(approval(Stage(Mode.ALL, (A,))), approved(done(A, None))).reason == "policy_violation"
