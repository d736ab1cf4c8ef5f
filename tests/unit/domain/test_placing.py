"""Tasks of a platform whose events do not tell the stage."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from approval_gate.api.views import approval_view
from approval_gate.domain.approval import (
    Approval,
    Identity,
    Mode,
    Outcome,
    Request,
    Source,
    Stage,
    Status,
    TaskProgress,
    TaskStatus,
)
from approval_gate.domain.placing import placed_tasks
from approval_gate.domain.waiting import waiting_for

NOW = datetime(2026, 1, 15, tzinfo=UTC)
A, B, C, D = (Identity(name, name.upper()) for name in ("a", "b", "c", "d"))
APPROVED, PENDING, TRANSFERRED = TaskStatus.APPROVED, TaskStatus.PENDING, TaskStatus.TRANSFERRED


def approval(*stages: Stage, tasks: tuple[TaskProgress, ...] = ()) -> Approval:
    return Approval(
        id="apr_1",
        tenant="acme",
        provider="any",
        request=Request(app="prod", title="Deploy", stages=(), timeout_s=60),
        created_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        stages=stages,
        provider_ref="R",
        tasks=tasks,
    )


def heard(number: int, person: Identity, status: TaskStatus, stage: int | None = None) -> TaskProgress:
    return TaskProgress(f"t{number}", stage, status, Identity(person.user_id))


def shown(asked: Approval) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (stage.status, [(task.approver["user_id"], task.status) for task in stage.tasks])
        for stage in approval_view(asked, NOW).stages
    ]


def test_partial_progress_is_shown() -> None:
    asked = approval(Stage(Mode.ALL, (A, B)), tasks=(heard(1, A, PENDING), heard(2, B, APPROVED)))

    assert shown(asked) == [("PENDING", [("a", "PENDING"), ("b", "APPROVED")])]


def test_somebody_of_two_stages_is_shown_in_each_as_they_get_there() -> None:
    stages = (Stage(Mode.ALL, (A,)), Stage(Mode.ANY, (B,)), Stage(Mode.ALL, (A, C)))
    tasks = (heard(1, A, APPROVED), heard(2, B, APPROVED), heard(3, A, PENDING), heard(4, C, PENDING))

    assert [task.stage for task in placed_tasks(approval(*stages, tasks=tasks))] == [0, 1, 2, 2]
    assert [status for status, _ in shown(approval(*stages, tasks=tasks))] == ["APPROVED", "APPROVED", "PENDING"]


def test_whom_a_task_was_handed_to_is_shown_beside_who_handed_it_over() -> None:
    asked = approval(Stage(Mode.ANY, (A,)), Stage(Mode.ANY, (B,)))
    asked = replace(asked, tasks=(heard(1, A, TRANSFERRED), heard(2, D, PENDING)))

    assert shown(asked)[0] == ("PENDING", [("a", "TRANSFERRED"), ("d", "PENDING")])


def test_a_later_approver_to_whom_a_task_was_handed_is_not_ahead_of_their_own_stage() -> None:
    asked = approval(Stage(Mode.ANY, (A,)), Stage(Mode.ANY, (B,)))
    asked = replace(asked, tasks=(heard(1, A, TRANSFERRED), heard(2, B, PENDING)))

    assert [task.stage for task in placed_tasks(asked)] == [0, 0]


def test_a_stage_that_the_platform_told_stands() -> None:
    asked = approval(Stage(Mode.ALL, (A,)), Stage(Mode.ALL, (A,)), tasks=(heard(1, A, APPROVED, stage=1),))

    assert [task.stage for task in placed_tasks(asked)] == [1]


def test_who_has_decided_is_not_reminded() -> None:
    """With the subscription filter of its guide, DingTalk tells of tasks that end only."""
    asked = approval(Stage(Mode.ALL, (A, B)), Stage(Mode.ALL, (C,)), tasks=(heard(1, A, APPROVED),))

    assert waiting_for(asked) == (B,)
    assert waiting_for(replace(asked, tasks=(*asked.tasks, heard(2, B, APPROVED)))) == (C,)


def test_nobody_is_shown_as_awaited_once_there_is_an_outcome() -> None:
    asked = approval(Stage(Mode.ALL, (A, B)), tasks=(heard(1, A, APPROVED, stage=0), heard(2, B, PENDING, stage=0)))
    canceled = Outcome(Status.CANCELED, NOW, Source.CANCEL)

    assert shown(asked) == [("PENDING", [("a", "APPROVED"), ("b", "PENDING")])]
    assert shown(replace(asked, outcome=canceled)) == [("DONE", [("a", "APPROVED"), ("b", "DONE")])]
