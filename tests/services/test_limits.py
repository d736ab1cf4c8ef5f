"""What AWS takes at most, and what it does when two write at once: the largest approval goes through, and races end."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from approval_gate.api.models import REQUEST_MAX_BYTES, ApprovalRequestBody
from approval_gate.api.views import MOST_BYTES, approval_view, fitting
from approval_gate.domain.approval import Approval, Identity, TaskProgress, TaskStatus
from approval_gate.domain.truth import COMMENTS_BYTES, TruthStatus, with_short_comments
from approval_gate.errors import StoreError
from approval_gate.store.approvals import DynamoApprovals
from approval_gate.workflow import StepFunctions
from tests.fakes.aws import TABLE
from tests.fakes.table import MemoryTable, client_error
from tests.fakes.world import START, World

ITEM_BYTES = 400 * 1024
STEP_FUNCTIONS_BYTES = 256 * 1024
WRITES = 100


def size_of(item: dict[str, Any]) -> int:
    """Return an item's size as DynamoDB counts it: names, and values as UTF-8."""
    return sum(len(name.encode()) + len(next(iter(value.values())).encode()) for name, value in item.items())


def largest_request() -> ApprovalRequestBody:
    """Return a request that names everybody there may be, in Chinese, and is as long as requests may be."""
    people = [[{"user_id": f"ou_{stage:02d}{n:02d}{'x' * 25}"} for n in range(20)] for stage in range(20)]
    body: dict[str, Any] = {
        "app": "prod",
        "title": "部" * 200,
        "description": "署" * 4000,
        "stages": [{"mode": "all", "approvers": each} for each in people],
        "requester": {"email": "dev@example.com"},
        "cc": people[0],
        "notify": [
            {"app": "prod", "to": people[n], "on": ["pending", "approved", "rejected", "expired", "canceled", "failed"]}
            for n in range(10)
        ],
        "callback": {"url": "https://ci.example.com/" + "x" * 200},
    }
    room = REQUEST_MAX_BYTES - len(ApprovalRequestBody.model_validate(body).model_dump_json().encode())
    body["fields"] = [{"name": f"字段{n:02d}", "value": "值" * (room // 150 - 12)} for n in range(50)]
    request = ApprovalRequestBody.model_validate(body)
    assert len(request.model_dump_json().encode()) > REQUEST_MAX_BYTES - 2_000
    return request


def largest(world: World, comment: str) -> Approval:
    """Open it, and let everybody approve with a long comment, whom their task was handed to by somebody else."""
    approval, _ = world.creator.create("acme", "ci", largest_request().to_domain(), None)
    world.submitter.submit(approval)
    truth = world.platform.truths["REF-1"]
    tasks = tuple(
        replace(
            task,
            id=f"{task.id}-{'t' * 20}",
            status=TaskStatus.APPROVED,
            comment=comment,
            decided_at=START,
            person=Identity(task.person.user_id, "王小明（平台工程部）", f"u{number:07d}") if task.person else None,
        )
        for number, task in enumerate(truth.tasks)
    )
    world.platform.truths["REF-1"] = replace(truth, tasks=tasks, status=TruthStatus.APPROVED)
    return world.stored(approval.id)


@pytest.fixture
def roomy() -> World:
    """A gate over the table in memory: moto counts what an update replaces as if it stayed."""
    return World(MemoryTable())


def largest_item(world: World) -> int:
    return max(size_of(item) for partition in world.client.items.values() for item in partition.values())


@pytest.mark.parametrize("comment", ["", "没有问题，可以上线。" * 400])
def test_the_largest_approval_can_be_decided_whatever_people_write(roomy: World, comment: str) -> None:
    approval = largest(roomy, comment)
    roomy.clock.advance(60)

    assert roomy.checker.check(approval.id).state == "decided"

    stored = roomy.stored(approval.id)
    assert stored.status.value == "APPROVED"
    assert largest_item(roomy) < ITEM_BYTES


def test_the_largest_approval_that_breaks_its_policy_in_every_task_can_be_stored(roomy: World) -> None:
    approval = largest(roomy, "好" * 4000)
    truth = roomy.platform.truths["REF-1"]
    nobodys = tuple(replace(task, is_automatic=True) for task in truth.tasks)
    roomy.platform.truths["REF-1"] = replace(truth, tasks=nobodys)
    roomy.clock.advance(60)

    roomy.checker.check(approval.id)

    outcome = roomy.stored(approval.id).outcome
    assert outcome is not None
    assert (outcome.reason, outcome.detail["en"][-15:]) == ("policy_violation", "; and 790 more.")
    assert largest_item(roomy) < ITEM_BYTES


def test_the_largest_outcome_is_small_enough_for_step_functions(roomy: World) -> None:
    approval = largest(roomy, "没有问题，可以上线。" * 400)
    roomy.clock.advance(60)
    roomy.checker.check(approval.id)

    view = approval_view(roomy.stored(approval.id), roomy.clock()).model_dump(mode="json")

    assert len(json.dumps(view, ensure_ascii=False).encode()) < MOST_BYTES < STEP_FUNCTIONS_BYTES - 10_000


def test_an_outcome_that_is_too_large_all_the_same_is_told_without_what_it_was_asked_with(roomy: World) -> None:
    """Such as by names, which platforms may make as long as they like."""
    view = approval_view(largest(roomy, ""), roomy.clock()).model_dump(mode="json")
    view["outcome"] = {"status": "APPROVED", "decided_by": [{"user_id": "ou_1", "name": "名" * 50_000}]}

    shown = fitting(view)

    assert len(json.dumps(shown, ensure_ascii=False).encode()) < MOST_BYTES
    assert (shown["left_out"], shown["description"], shown["fields"]) == (["description", "fields"], "", [])
    assert (shown["outcome"], len(shown["stages"])) == (view["outcome"], 20)


def test_an_ordinary_outcome_is_told_in_full(world: World) -> None:
    approval = world.opened()

    view = approval_view(approval, world.clock()).model_dump(mode="json")

    assert fitting(view) == view


class Answers:
    """Step Functions, as far as what it is sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send_task_success(self, **given: Any) -> None:
        self.sent.append(given["output"])


def test_chinese_takes_no_more_room_in_an_answer_than_it_has_to() -> None:
    client: Any = Answers()

    StepFunctions(client).resume("token", {"title": "部署" * 10_000})

    assert len(client.sent[0].encode()) < 61_000
    assert json.loads(client.sent[0]) == {"title": "部署" * 10_000}


class Transactions:
    """DynamoDB, counting what transactions hold; some are canceled first because another was at the same items."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.sizes: list[int] = []
        self.conflicts = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **given: Any) -> Any:
        self.sizes.append(len(given["TransactItems"]))
        if self.conflicts:
            self.conflicts -= 1
            reasons = ["TransactionConflict", *["None"] * (len(given["TransactItems"]) - 1)]
            raise client_error("TransactionCanceledException", "TransactWriteItems", reasons)
        return self._client.transact_write_items(**given)


@pytest.fixture
def transactions(world: World) -> Transactions:
    counted = Transactions(world.client)
    world.approvals._client = counted  # type: ignore[assignment]  # the store as it is, over a client that counts
    return counted


def test_the_largest_transaction_is_far_from_a_hundred_writes(world: World, transactions: Transactions) -> None:
    request = replace(largest_request().to_domain(), supersede_key="web/production")
    world.creator.create("acme", "ci", request, None)
    world.creator.create("acme", "ci", request, None)

    assert max(transactions.sizes) < 30 < WRITES


def test_a_cancellation_that_meets_another_write_of_the_approval_is_not_an_error(
    world: World, transactions: Transactions
) -> None:
    approval = world.opened()
    transactions.conflicts = 2

    canceled, is_ours = world.canceler.cancel("acme", "ci", approval.id, "")

    assert (canceled.status.value, is_ours) == ("CANCELED", True)


def test_a_table_that_is_always_busy_is_told_in_the_end(world: World, transactions: Transactions) -> None:
    approval = world.opened()
    transactions.conflicts = 100

    with pytest.raises(StoreError, match="TransactionCanceledException"):
        world.canceler.cancel("acme", "ci", approval.id, "")

    assert world.stored(approval.id).outcome is None


def test_a_lost_race_is_not_taken_for_a_busy_table(world: World) -> None:
    approval = world.opened()
    world.canceler.cancel("acme", "ci", approval.id, "")
    stale = DynamoApprovals(world.client, TABLE, world.clock)

    with pytest.raises(StoreError) as lost:
        stale.change(approval, approval, world.approvals.history(approval.id)[-1])

    assert isinstance(lost.value.__cause__, ClientError)
    assert lost.value.code == "version_conflict"


def test_comments_are_cut_only_where_all_of_them_are_too_long() -> None:
    def tasks(count: int, comment: str) -> list[TaskProgress]:
        return [TaskProgress(f"t{n}", 0, TaskStatus.APPROVED, comment=comment) for n in range(count)]

    few, many = tasks(3, "好" * 4000), tasks(40, "好" * 4000)

    assert with_short_comments(few) == tuple(few)
    cut = with_short_comments(many)
    assert sum(len(each.comment.encode()) for each in cut) <= COMMENTS_BYTES
    assert all(each.comment.startswith("好" * 300) and each.comment.endswith("…") for each in cut)
    assert with_short_comments(cut) == cut
