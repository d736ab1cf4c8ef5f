"""An instance as the platform tells it, read; and whether the gate would open on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from approval_gate.domain.approval import (
    Approval,
    Identity,
    Mode,
    PersonKind,
    PersonRef,
    Policy,
    Request,
    RequestedStage,
    Stage,
    Status,
    TaskProgress,
    TaskStatus,
)
from approval_gate.domain.quorum import judge
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.providers.dingtalk.cards import REFERENCE_LABEL
from approval_gate.providers.dingtalk.plan import reference
from approval_gate.providers.dingtalk.truth import truth_of

NOW = datetime(2026, 1, 15, 3, 45, 30, tzinfo=UTC)
ALICE, BOB, CAROL, DAVE = (Identity(name) for name in ("alice", "bob", "carol", "dave"))
ERIN = Identity("erin")


def at(minute: int) -> str:
    return f"2026-01-15T03:{minute:02d}Z"


class Instance:
    """Builds an instance as the platform would tell it."""

    def __init__(self, *stages: Stage, requester: str = "manager164") -> None:
        self.stages = stages
        self.body: dict[str, Any] = {
            "title": "x",
            "createTime": at(0),
            "originatorUserId": requester,
            "status": "RUNNING",
            "result": "",
            "bizAction": "NONE",
            "operationRecords": [],
            "tasks": [],
            "formComponentValues": [{"name": REFERENCE_LABEL, "value": reference("apr_01", stages)}],
        }

    def task(self, user: str, node: str, *, began: int = 0, **more: Any) -> int:
        task_id = 72062030325 + len(self.body["tasks"])
        self.body["tasks"].append(
            {"taskId": task_id, "userId": user, "activityId": node, "status": "RUNNING", "createTime": at(began)} | more
        )
        return task_id

    def decided(
        self, user: str, node: str, *, began: int = 0, ended: int = 1, result: str = "AGREE", by: str = "", **more: Any
    ) -> int:
        """Add a task and the record of its decision; `by` names another kind of record or a deputy."""
        kind = more.pop("kind", "EXECUTE_TASK_NORMAL")
        record = {"userId": by or user, "activityId": node, "type": kind, "result": result, "date": at(ended)}
        if kind:
            self.body["operationRecords"].append(record | {"remark": more.pop("remark", f"{user} says {result}")})
        return self.task(user, node, began=began, status="COMPLETED", result=result, finishTime=at(ended), **more)

    def handed_on(self, user: str, node: str, *, began: int = 0, ended: int = 1, remark: str = "please") -> int:
        self.body["operationRecords"].append(
            {"userId": user, "activityId": node, "type": "REDIRECT_TASK", "date": at(ended), "remark": remark}
        )
        return self.task(user, node, began=began, status="COMPLETED", result="REDIRECTED", finishTime=at(ended))

    def finished(self, result: str = "agree", **more: Any) -> Instance:
        self.body |= {"status": "COMPLETED", "result": result, "finishTime": at(20)} | more
        return self

    @property
    def truth(self) -> Truth:
        return truth_of("i1", self.body, NOW)

    def verdict(self, policy: Policy = Policy()) -> tuple[Status, tuple[str, ...]]:  # noqa: B008 - frozen
        """Return what the gate would store, and who decided."""
        refs = tuple(
            RequestedStage(s.mode, tuple(PersonRef(PersonKind.USER_ID, p.user_id) for p in s.approvers))
            for s in self.stages
        )
        approval = Approval(
            id="apr_01",
            tenant="acme",
            provider="dingtalk",
            request=Request(app="a", title="t", stages=refs, timeout_s=3600, policy=policy),
            created_at=NOW,
            expires_at=NOW + timedelta(hours=1),
            requester=Identity("manager164"),
            stages=self.stages,
            provider_ref="i1",
        )
        verdict = judge(approval, self.truth)
        return verdict.status, tuple(person.user_id for person in verdict.decided_by)


def tasks(instance: Instance) -> list[tuple[int | None, str, TaskStatus]]:
    return [(t.stage, t.person.user_id if t.person else "", t.status) for t in instance.truth.tasks]


# -- status


@pytest.mark.parametrize(
    ("status", "result", "expected"),
    [
        ("RUNNING", "", TruthStatus.PENDING),
        ("RUNNING", "agree", TruthStatus.PENDING),
        ("NEW", "", TruthStatus.PENDING),
        ("COMPLETED", "agree", TruthStatus.APPROVED),
        ("completed", "AGREE", TruthStatus.APPROVED),
        ("COMPLETED", "refuse", TruthStatus.REJECTED),
        ("COMPLETED", "", TruthStatus.UNKNOWN),
        ("COMPLETED", "agreed", TruthStatus.UNKNOWN),
        ("TERMINATED", "agree", TruthStatus.CANCELED),
        ("CANCELED", "", TruthStatus.CANCELED),
        ("", "agree", TruthStatus.UNKNOWN),
        ("ENTIRELY_NEW", "agree", TruthStatus.UNKNOWN),
    ],
)
def test_a_result_counts_for_completed_instances_only(status: str, result: str, expected: TruthStatus) -> None:
    assert truth_of("i1", {"status": status, "result": result}, NOW).status is expected


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("NONE", TruthStatus.APPROVED),
        (None, TruthStatus.APPROVED),
        ("REVOKE", TruthStatus.REVOKED),
        ("MODIFY", TruthStatus.UNKNOWN),
    ],
)
def test_agreeing_to_a_revocation_approves_nothing(action: str | None, expected: TruthStatus) -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,))).finished(bizAction=action)

    assert instance.truth.status is expected


@pytest.mark.parametrize("odd", [{}, {"tasks": [1, {}], "operationRecords": {}, "formComponentValues": [None, {}]}])
def test_an_instance_of_odd_shape_decides_nothing(odd: dict[str, Any]) -> None:
    truth = truth_of("i1", {"status": "COMPLETED", "result": "agree", **odd}, NOW)

    assert all(task.stage is None for task in truth.tasks)
    assert all(task.status is TaskStatus.PENDING for task in truth.tasks)
    assert truth.requester is None


def test_the_end_is_told_within_its_minute_and_not_in_the_future() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,))).finished()

    assert instance.truth.decided_at == datetime(2026, 1, 15, 3, 20, 59, tzinfo=UTC)
    in_that_minute = datetime(2026, 1, 15, 3, 20, 30, tzinfo=UTC)
    assert truth_of("i1", instance.body, in_that_minute).decided_at == in_that_minute
    assert Instance(Stage(Mode.ANY, (ALICE,))).truth.decided_at is None


def test_who_withdrew_why_is_the_comment() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)))
    instance.body |= {"status": "TERMINATED"}
    instance.body["operationRecords"] = [
        {"type": "ADD_REMARK", "remark": "just a comment"},
        {"type": "TERMINATE_PROCESS_INSTANCE", "remark": "发错了"},
    ]

    assert instance.truth.comment == "发错了"
    assert instance.truth.vendor_status == "TERMINATED"


# -- stages


def test_nodes_stand_for_stages_in_order() -> None:
    instance = Instance(
        Stage(Mode.ALL, (ALICE, BOB)), Stage(Mode.SEQUENCE, (CAROL, ALICE)), Stage(Mode.ANY, (BOB, DAVE))
    )
    instance.decided("alice", "n-a")
    instance.decided("bob", "n-a")
    instance.decided("carol", "n-b", began=2, ended=3)
    instance.decided("alice", "n-c", began=3, ended=4)
    instance.task("bob", "n-d", began=4, status="CANCELED")
    instance.decided("dave", "n-d", began=4, ended=5)
    instance.finished()

    assert tasks(instance) == [
        (0, "alice", TaskStatus.APPROVED),
        (0, "bob", TaskStatus.APPROVED),
        (1, "carol", TaskStatus.APPROVED),
        (1, "alice", TaskStatus.APPROVED),
        (2, "bob", TaskStatus.DONE),
        (2, "dave", TaskStatus.APPROVED),
    ]
    assert instance.verdict() == (Status.APPROVED, ("alice", "bob", "carol", "dave"))
    assert instance.truth.tasks[0].comment == "alice says AGREE"
    assert instance.truth.tasks[0].decided_at == datetime(2026, 1, 15, 3, 1, tzinfo=UTC)


def test_a_list_with_the_newest_task_first_reads_the_same() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)), Stage(Mode.ANY, (BOB,)), Stage(Mode.ANY, (CAROL,)))
    instance.decided("alice", "n-a", began=0, ended=1)
    instance.decided("bob", "n-b", began=1, ended=1)
    instance.decided("carol", "n-c", began=1, ended=2)
    instance.body["tasks"].reverse()
    instance.finished()

    assert [(stage, person) for stage, person, _ in tasks(instance)] == [(0, "alice"), (1, "bob"), (2, "carol")]
    assert instance.verdict()[0] is Status.APPROVED


def test_within_one_minute_the_platforms_order_stands() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)), Stage(Mode.ANY, (BOB,)))
    instance.decided("alice", "n-a", ended=0)
    instance.decided("bob", "n-b", ended=0)

    assert [stage for stage, _, _ in tasks(instance.finished())] == [0, 1]
    assert instance.verdict()[0] is Status.APPROVED


def test_a_node_that_somebody_inserted_opens_nothing() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)), Stage(Mode.ANY, (BOB,)))
    instance.decided("alice", "n-a", ended=1)
    instance.decided("carol", "n-inserted", began=1, ended=2)
    instance.decided("bob", "n-b", began=2, ended=3)

    assert [stage for stage, _, _ in tasks(instance.finished())] == [0, 1, None]
    assert instance.verdict()[0] is Status.REJECTED


def test_with_one_stage_every_task_is_its() -> None:
    instance = Instance(Stage(Mode.SEQUENCE, (ALICE, BOB)))
    instance.decided("alice", "")
    instance.decided("bob", "n-b", began=1, ended=2)

    assert [stage for stage, _, _ in tasks(instance.finished())] == [0, 0]
    assert instance.verdict() == (Status.APPROVED, ("alice", "bob"))


def test_without_a_reference_of_ours_no_task_has_a_stage() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)))
    instance.decided("alice", "n-a")
    for values in ([], [{"name": "Other", "value": "apr_01 [1]"}], instance.body["formComponentValues"] * 2):
        instance.body["formComponentValues"] = values
        assert [stage for stage, _, _ in tasks(instance.finished())] == [None]
        assert instance.verdict()[0] is Status.REJECTED


@pytest.mark.parametrize(
    ("status", "result", "expected"),
    [
        ("NEW", "", TaskStatus.WAITING),
        ("PAUSED", "", TaskStatus.WAITING),
        ("RUNNING", "", TaskStatus.PENDING),
        ("RUNNING", "AGREE", TaskStatus.PENDING),
        ("CANCELED", "", TaskStatus.DONE),
        ("CANCELED", "AGREE", TaskStatus.DONE),
        ("TERMINATED", "", TaskStatus.DONE),
        ("COMPLETED", "AGREE", TaskStatus.APPROVED),
        ("COMPLETED", "agree", TaskStatus.APPROVED),
        ("COMPLETED", "REFUSE", TaskStatus.REJECTED),
        ("COMPLETED", "REDIRECTED", TaskStatus.TRANSFERRED),
        ("CANCELED", "REDIRECTED", TaskStatus.TRANSFERRED),
        ("COMPLETED", "", TaskStatus.DONE),
        ("COMPLETED", "NEW_WORD", TaskStatus.DONE),
        ("NEW_WORD", "AGREE", TaskStatus.PENDING),
    ],
)
def test_each_word_of_a_task(status: str, result: str, expected: TaskStatus) -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)))
    instance.task("alice", "n-a", status=status, result=result)

    assert tasks(instance) == [(0, "alice", expected)]


def test_a_refusal_names_who_and_why() -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, BOB)))
    instance.decided("alice", "n-a", result="REFUSE", remark="缺少回滚方案")
    instance.task("bob", "n-a", status="CANCELED")
    instance.finished("refuse")

    assert instance.verdict() == (Status.REJECTED, ("alice",))
    assert instance.truth.comment == "缺少回滚方案"


def test_decisions_of_one_person_in_two_nodes_are_kept_apart() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)), Stage(Mode.ANY, (ALICE,)))
    instance.decided("alice", "n-a", remark="first")
    instance.decided("alice", "n-b", began=1, ended=2, remark="second")

    assert [task.comment for task in instance.truth.tasks] == ["first", "second"]


# -- transfers


def test_a_transfer_is_followed() -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, BOB)))
    instance.handed_on("alice", "n-a")
    instance.decided("bob", "n-a")
    instance.decided("carol", "n-a", began=1, ended=2)
    instance.finished()

    handed = instance.truth.tasks[0]
    assert (handed.status, handed.transferred_to, handed.comment) == (TaskStatus.TRANSFERRED, CAROL, "please")
    assert instance.verdict() == (Status.APPROVED, ("carol", "bob"))
    assert instance.verdict(Policy(allow_transfer=False))[0] is Status.REJECTED


def test_a_transfer_within_the_first_minute_does_not_go_to_a_colleague() -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, BOB)))
    instance.handed_on("alice", "n-a", ended=0)
    instance.decided("bob", "n-a", ended=0)
    instance.decided("carol", "n-a", ended=0)

    assert instance.finished().truth.tasks[0].transferred_to == CAROL


def test_a_chain_of_transfers_and_one_that_comes_back_are_followed() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)))
    instance.handed_on("alice", "n-a", ended=1)
    instance.handed_on("bob", "n-a", began=1, ended=2)
    instance.decided("alice", "n-a", began=2, ended=3)
    instance.finished()

    assert [task.transferred_to for task in instance.truth.tasks] == [BOB, ALICE, None]
    assert instance.verdict() == (Status.APPROVED, ("alice",))


def test_two_transfers_go_to_their_receivers_in_order() -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, BOB)))
    instance.handed_on("alice", "n-a", ended=3)
    instance.handed_on("bob", "n-a", ended=1)
    instance.decided("carol", "n-a", began=1, ended=2)
    instance.decided("dave", "n-a", began=3, ended=4)

    assert [task.transferred_to for task in instance.finished().truth.tasks[:2]] == [DAVE, CAROL]
    assert instance.verdict()[0] is Status.APPROVED


def receivers(instance: Instance) -> list[Identity | None]:
    return [task.transferred_to for task in instance.truth.tasks if task.status is TaskStatus.TRANSFERRED]


@pytest.mark.parametrize("names_node", [True, False])
@pytest.mark.parametrize("newest_first", [False, True])
def test_within_one_minute_the_records_tell_which_transfer_was_first(*, names_node: bool, newest_first: bool) -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, BOB)))
    instance.handed_on("alice", "n-a")
    instance.handed_on("bob", "n-a")
    instance.body["operationRecords"].reverse()  # Bob was first
    instance.decided("carol", "n-a", began=1, ended=2)
    instance.decided("dave", "n-a", began=1, ended=2)
    records = instance.body["operationRecords"]
    for record in records if not names_node else ():
        del record["activityId"]
    if newest_first:
        records.reverse()

    assert receivers(instance.finished()) == [DAVE, CAROL]
    assert instance.verdict() == (Status.APPROVED, ("dave", "carol"))


def test_within_one_minute_nobody_hands_on_what_they_have_not_received() -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, BOB)))
    instance.handed_on("bob", "n-a")
    instance.handed_on("alice", "n-a")
    instance.handed_on("bob", "n-a", began=1)
    instance.body["tasks"][:2] = reversed(instance.body["tasks"][:2])
    instance.decided("carol", "n-a", began=1, ended=2)
    instance.body["tasks"][2:] = [instance.body["tasks"][3], instance.body["tasks"][2]]
    instance.decided("erin", "n-a", began=1, ended=2)

    # Bob to Carol, Alice to Bob, Bob to Erin.
    assert tasks(instance.finished()) == [
        (0, "alice", TaskStatus.TRANSFERRED),
        (0, "bob", TaskStatus.TRANSFERRED),
        (0, "carol", TaskStatus.APPROVED),
        (0, "bob", TaskStatus.TRANSFERRED),
        (0, "erin", TaskStatus.APPROVED),
    ]
    assert receivers(instance) == [BOB, CAROL, ERIN]


def test_who_hands_on_two_tasks_in_one_minute_is_followed_to_both_receivers() -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, BOB)))
    instance.handed_on("alice", "n-a", ended=5)
    instance.handed_on("bob", "n-a", ended=3)
    instance.handed_on("alice", "n-a", began=3, ended=5)
    instance.decided("carol", "n-a", began=5, ended=6)
    instance.decided("dave", "n-a", began=5, ended=6)

    assert receivers(instance.finished()) == [CAROL, ALICE, DAVE]
    assert instance.verdict()[0] is Status.APPROVED


def test_a_persons_tasks_are_told_apart_by_the_minute_in_which_each_was_handed_on() -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, BOB)))
    instance.handed_on("alice", "n-a", ended=5)
    instance.handed_on("bob", "n-a", ended=2)
    instance.handed_on("alice", "n-a", began=2, ended=3)
    instance.decided("carol", "n-a", began=3, ended=6)
    instance.decided("dave", "n-a", began=5, ended=6)

    assert receivers(instance.finished()) == [DAVE, ALICE, CAROL]


def test_two_transfers_in_one_minute_without_their_records_open_nothing() -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, BOB)))
    instance.handed_on("alice", "n-a")
    instance.handed_on("bob", "n-a")
    instance.decided("carol", "n-a", began=1, ended=2)
    instance.decided("dave", "n-a", began=1, ended=2)
    del instance.body["operationRecords"][0]

    assert receivers(instance.finished()) == [None, None]
    assert instance.verdict()[0] is Status.REJECTED


def test_transfers_in_different_minutes_need_no_records() -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, BOB)))
    instance.handed_on("alice", "n-a", ended=3)
    instance.handed_on("bob", "n-a", ended=1)
    instance.body["operationRecords"].clear()
    instance.decided("carol", "n-a", began=1, ended=2)
    instance.decided("dave", "n-a", began=3, ended=4)

    assert receivers(instance.finished()) == [DAVE, CAROL]


def test_nobody_hands_a_task_to_that_task() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)))
    instance.decided("alice", "n-a", ended=1)
    instance.handed_on("alice", "n-a", began=1, ended=1)  # after a return; the receiver's task is not told yet

    assert tasks(instance) == [(0, "alice", TaskStatus.DONE), (0, "alice", TaskStatus.TRANSFERRED)]
    assert receivers(instance) == [None]


def test_a_transfer_whose_receiver_is_uncertain_opens_nothing() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)))
    instance.handed_on("alice", "n-a", ended=1)
    instance.decided("bob", "n-a", began=1, ended=2)
    instance.decided("carol", "n-a", began=1, ended=2)

    assert instance.finished().truth.tasks[0].transferred_to is None
    assert instance.verdict()[0] is Status.REJECTED


def test_with_a_task_too_many_the_minute_of_the_transfer_tells() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)))
    instance.handed_on("alice", "n-a", ended=1)
    instance.decided("bob", "n-a", began=1, ended=2)
    instance.task("carol", "n-a", began=5, status="CANCELED")

    assert instance.finished().truth.tasks[0].transferred_to == BOB


def test_a_task_that_began_before_the_transfer_is_not_its_receivers() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)))
    instance.handed_on("alice", "n-a", ended=2)
    instance.decided("carol", "n-a", began=0, ended=3)

    assert instance.finished().truth.tasks[0].transferred_to is None
    assert instance.verdict()[0] is Status.REJECTED


def test_handing_it_to_the_requester_opens_nothing() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)))
    instance.handed_on("alice", "n-a")
    instance.decided("manager164", "n-a", began=1, ended=2)
    instance.finished()

    assert instance.verdict()[0] is Status.REJECTED
    assert instance.verdict(Policy(allow_self_approval=True))[0] is Status.APPROVED


def test_an_approval_before_the_flow_was_sent_back_does_not_outlast_a_transfer() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)), Stage(Mode.ANY, (DAVE,)))
    instance.decided("alice", "n-a", ended=1)
    instance.body["operationRecords"].append({"type": "REDIRECT_PROCESS", "userId": "dave", "date": at(2)})
    instance.handed_on("alice", "n-a", began=2, ended=3)
    instance.decided("carol", "n-a", began=3, ended=4)
    instance.decided("dave", "n-b", began=4, ended=5)
    instance.finished()

    assert tasks(instance)[0] == (0, "alice", TaskStatus.DONE)
    assert instance.verdict(Policy(allow_transfer=False))[0] is Status.REJECTED


def test_ones_own_approval_outlasts_a_task_received_and_closed() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE, BOB)))
    instance.handed_on("alice", "n-a", ended=1)
    instance.decided("bob", "n-a", ended=2)
    instance.task("bob", "n-a", began=1, status="CANCELED")
    instance.finished()

    assert instance.verdict() == (Status.APPROVED, ("bob",))


def test_ones_own_approval_outlasts_a_task_received_and_handed_on() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE, BOB)))
    instance.handed_on("alice", "n-a", ended=1)
    instance.decided("bob", "n-a", ended=5)
    instance.handed_on("bob", "n-a", began=1, ended=3)
    instance.task("carol", "n-a", began=3, status="CANCELED")

    assert tasks(instance.finished())[1] == (0, "bob", TaskStatus.APPROVED)
    assert instance.verdict() == (Status.APPROVED, ("bob",))


@pytest.mark.parametrize("ended", [1, 5])
def test_ones_own_approval_outlasts_a_colleagues_task_that_is_handed_on_later(ended: int) -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, BOB)))
    instance.decided("alice", "n-a", ended=1)
    instance.handed_on("bob", "n-a", ended=ended)
    instance.handed_on("alice", "n-a", began=ended, ended=ended)
    instance.decided("carol", "n-a", began=ended, ended=ended)
    instance.finished()

    assert tasks(instance) == [
        (0, "alice", TaskStatus.APPROVED),
        (0, "bob", TaskStatus.TRANSFERRED),
        (0, "alice", TaskStatus.TRANSFERRED),
        (0, "carol", TaskStatus.APPROVED),
    ]
    assert receivers(instance) == [ALICE, CAROL]
    assert instance.verdict()[0] is Status.APPROVED


def test_an_approval_before_the_flow_was_sent_back_does_not_outlast_a_transfer_among_colleagues_tasks() -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, BOB)), Stage(Mode.ANY, (DAVE,)))
    instance.decided("alice", "n-a", ended=1)
    instance.decided("bob", "n-a", ended=1)
    instance.body["operationRecords"].append({"type": "REDIRECT_PROCESS", "userId": "dave", "date": at(2)})
    instance.handed_on("alice", "n-a", began=2, ended=3)
    instance.handed_on("bob", "n-a", began=2, ended=4)
    instance.decided("carol", "n-a", began=3, ended=5)
    instance.decided("erin", "n-a", began=4, ended=5)
    instance.decided("dave", "n-b", began=5, ended=6)
    instance.finished()

    assert [task.status for task in instance.truth.tasks[:2]] == [TaskStatus.DONE] * 2
    assert receivers(instance) == [CAROL, ERIN]
    assert instance.verdict(Policy(allow_transfer=False))[0] is Status.REJECTED


# -- without a person's hand


def automatic(instance: Instance) -> list[TaskProgress]:
    return [task for task in instance.truth.tasks if task.is_automatic]


@pytest.mark.parametrize("kind", ["EXECUTE_TASK_AUTO", "EXECUTE_TASK_NEW_WORD", "ADD_REMARK", ""])
def test_a_task_without_the_record_of_a_hand_passed_by_itself(kind: str) -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)))
    instance.decided("alice", "n-a", kind=kind)
    instance.finished()

    (task,) = automatic(instance)
    assert (task.status, task.repeats_decision) == (TaskStatus.APPROVED, False)
    assert instance.verdict()[0] is Status.REJECTED
    assert instance.verdict(Policy(allow_auto_pass=True))[0] is Status.APPROVED


def test_a_record_of_somebody_elses_hand_is_none() -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, BOB)))
    instance.decided("alice", "n-a")
    instance.task("bob", "n-a", status="COMPLETED", result="AGREE", finishTime=at(1))

    assert [task.person for task in automatic(instance.finished())] == [BOB]
    assert instance.verdict()[0] is Status.REJECTED


def test_a_record_without_its_node_is_found_by_the_person() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)))
    instance.decided("alice", "n-a", remark="ok")
    del instance.body["operationRecords"][0]["activityId"]

    assert instance.finished().truth.tasks[0].comment == "ok"
    assert instance.verdict()[0] is Status.APPROVED


def test_one_person_with_a_passed_and_a_decided_task_in_a_node_is_told_apart() -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, BOB)))
    instance.handed_on("alice", "n-a", ended=1)
    instance.decided("bob", "n-a", ended=2)
    instance.decided("bob", "n-a", began=1, ended=3, kind="EXECUTE_TASK_AUTO")
    instance.finished()

    assert [task.is_automatic for task in instance.truth.tasks] == [False, False, True]


def test_if_records_are_missing_the_automatic_one_stands_for_all() -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, BOB)))
    instance.handed_on("alice", "n-a", ended=1)
    instance.decided("bob", "n-a", ended=2, kind="EXECUTE_TASK_AUTO")
    instance.task("bob", "n-a", began=1, status="COMPLETED", result="AGREE", finishTime=at(3))

    assert len(automatic(instance.finished())) == 2


def test_a_task_passed_because_its_person_had_agreed_counts_as_theirs() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)), Stage(Mode.ANY, (ALICE,)))
    instance.decided("alice", "n-a")
    instance.decided("alice", "n-b", began=1, ended=1, kind="EXECUTE_TASK_AUTO")
    instance.finished()

    assert [task.repeats_decision for task in instance.truth.tasks] == [False, True]
    assert instance.verdict() == (Status.APPROVED, ("alice",))


def test_a_task_passed_for_another_reason_does_not() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)), Stage(Mode.ANY, (BOB,)))
    instance.decided("alice", "n-a")
    instance.decided("bob", "n-b", began=1, ended=1, kind="EXECUTE_TASK_AUTO")
    instance.finished()

    assert not any(task.repeats_decision for task in instance.truth.tasks)
    assert instance.verdict()[0] is Status.REJECTED


def test_a_deputys_decision_is_a_transfer_to_the_deputy() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)))
    instance.decided("alice", "n-a", by="carol", kind="EXECUTE_TASK_AGENT", remark="for alice")
    instance.finished()

    handed, decided = instance.truth.tasks
    assert (handed.status, handed.person, handed.transferred_to) == (TaskStatus.TRANSFERRED, ALICE, CAROL)
    assert (decided.person, decided.comment, decided.is_automatic) == (CAROL, "for alice", False)
    assert handed.id != decided.id
    assert instance.verdict() == (Status.APPROVED, ("carol",))
    assert instance.verdict(Policy(allow_transfer=False))[0] is Status.REJECTED


def test_a_deputy_who_is_the_requester_opens_nothing() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)))
    instance.decided("alice", "n-a", by="manager164", kind="EXECUTE_TASK_AGENT")

    assert instance.finished().verdict()[0] is Status.REJECTED


def test_a_colleague_who_decided_here_too_is_not_taken_for_a_deputy() -> None:
    instance = Instance(Stage(Mode.ALL, (ALICE, CAROL)))
    instance.decided("alice", "n-a", by="carol", kind="EXECUTE_TASK_AGENT")
    instance.task("carol", "n-a", status="CANCELED")

    assert [task.person for task in automatic(instance.finished())] == [ALICE]


def test_a_deputy_without_a_name_opens_nothing() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)))
    instance.decided("alice", "n-a", kind="EXECUTE_TASK_AGENT")

    assert instance.finished().verdict()[0] is Status.REJECTED


def test_the_handle_tells_approval_and_age() -> None:
    assert dict(Instance(Stage(Mode.ANY, (ALICE,))).truth.handle) == {"approval_id": "apr_01", "created_at": at(0)}


def test_it_tells_of_which_approval_it_is() -> None:
    instance = Instance(Stage(Mode.ANY, (ALICE,)))
    foreign = Instance(Stage(Mode.ANY, (ALICE,)))
    foreign.body["formComponentValues"] = []

    assert (instance.truth.approval_id, foreign.truth.approval_id) == ("apr_01", "")
