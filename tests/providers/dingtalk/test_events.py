"""What each event means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from approval_gate.domain.approval import TaskProgress, TaskStatus
from approval_gate.ports import CallbackEvent, EventKind
from approval_gate.providers.dingtalk.events import read_event
from tests.kits.dingtalk import DingTalkKit

REF = "9Qgx5QqjR7axMw"
SENT_AT = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)


def read(body: dict[str, Any]) -> CallbackEvent:
    event = read_event(body, SENT_AT)
    assert event is not None
    return event


def task_of(body: dict[str, Any]) -> TaskProgress:
    task = read(body).task
    assert task is not None
    return task


@pytest.mark.parametrize(
    ("change", "result", "kind"),
    [
        ("start", {}, EventKind.OPENED),
        ("finish", {"result": "agree"}, EventKind.DECIDED),
        ("finish", {"result": "refuse"}, EventKind.DECIDED),
        ("terminate", {}, EventKind.DECIDED),
        ("delete", {}, EventKind.DECIDED),
        ("finsh", {}, EventKind.DECIDED),
        ("entirely_new", {}, EventKind.DECIDED),
    ],
)
def test_whatever_may_end_an_approval_asks_for_the_truth(
    kit: DingTalkKit, change: str, result: dict[str, str], kind: EventKind
) -> None:
    event = read(kit.instance_event(REF, change, **result))

    assert (event.kind, event.task, event.provider_ref) == (kind, None, REF)
    assert event.vendor_type == "bpms_instance_change"
    assert event.vendor_status == "/".join([change, *result.values()])


@pytest.mark.parametrize(
    ("change", "result", "status"),
    [
        ("start", {}, TaskStatus.PENDING),
        ("finish", {"result": "agree"}, TaskStatus.APPROVED),
        ("finish", {"result": "refuse"}, TaskStatus.REJECTED),
        ("finish", {"result": "redirect"}, TaskStatus.TRANSFERRED),
        ("finish", {"result": "audit"}, TaskStatus.DONE),
        ("cancel", {}, TaskStatus.DONE),
    ],
)
def test_a_task_says_what_became_of_it(
    kit: DingTalkKit, change: str, result: dict[str, str], status: TaskStatus
) -> None:
    event = read(kit.task_event(REF, change, **result))

    assert event.kind is EventKind.TASK
    assert event.task is not None
    assert (event.task.id, event.task.status, event.task.stage) == ("72062030325", status, None)
    assert event.task.person is not None
    assert event.task.person.user_id == "user001"
    is_decision = status in {TaskStatus.APPROVED, TaskStatus.REJECTED}
    assert event.task.decided_at == (kit.now if is_decision else None)


def test_a_remark_is_the_comment(kit: DingTalkKit) -> None:
    assert task_of(kit.task_event(REF, "finish", result="agree", remark="同意")).comment == "同意"
    assert task_of(kit.task_event(REF, "finish", result="agree")).comment == ""


def test_a_comment_changes_nothing(kit: DingTalkKit) -> None:
    assert read_event(kit.task_event(REF, "comment", content="请补充"), SENT_AT) is None


@pytest.mark.parametrize(
    "changes",
    [{"result": "new_word"}, {"result": ""}, {"result": None}, {"result": "agree", "taskId": None}, {"type": "pause"}],
)
def test_a_task_event_that_is_not_understood_asks_for_the_truth(kit: DingTalkKit, changes: dict[str, Any]) -> None:
    event = read(kit.task_event(REF, "finish", **changes))

    assert (event.kind, event.task) == (EventKind.DECIDED, None)


def test_a_decision_of_nobody_asks_for_the_truth(kit: DingTalkKit) -> None:
    assert read(kit.task_event(REF, "finish", result="agree", staffId="")).kind is EventKind.DECIDED


@pytest.mark.parametrize("changes", [{"processInstanceId": ""}, {"type": None}, {"EventType": "user_add_org"}])
def test_what_names_no_approval_is_no_event(kit: DingTalkKit, changes: dict[str, Any]) -> None:
    assert read_event(kit.instance_event(REF, "finish") | changes, SENT_AT) is None


def test_an_event_without_an_id_is_told_apart_by_what_it_says(kit: DingTalkKit) -> None:
    older = {"eventId": None, "EventTime": None, "BizId": None}
    agreed = kit.task_event(REF, "finish", result="agree", remark="好", **older)
    bodies = [
        agreed,
        agreed | {"taskId": 2},
        agreed | {"result": "redirect"},
        agreed | {"staffId": "user002"},
        agreed | {"remark": "不错"},
        agreed | {"finishTime": 1767229201000},
        kit.instance_event(REF, "finish", result="agree", **older),
    ]

    keys = [read(body).dedupe_key for body in bodies]

    assert len(set(keys)) == len(bodies)
    assert read(dict(agreed)).dedupe_key == keys[0]
    assert read(agreed | {"extra": "field"}).dedupe_key == keys[0]


def test_the_time_of_an_end_is_not_that_of_the_beginning(kit: DingTalkKit) -> None:
    event = kit.task_event(REF, "cancel")
    without_end = {name: value for name, value in event.items() if name not in {"finishTime", "EventTime"}}

    assert read(event).occurred_at == kit.now
    assert read(without_end).occurred_at == SENT_AT
    assert read(kit.task_event(REF, "start")).occurred_at == kit.now
    assert read(event | {"finishTime": "soon"}).occurred_at == kit.now
    assert abs(read(event).occurred_at - kit.now) < timedelta(seconds=1)
