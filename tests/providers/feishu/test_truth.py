"""What an instance says, in our words."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approval_gate.domain.approval import Identity, TaskStatus
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.providers.feishu.truth import truth_of

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors", "feishu-lark.json").read_text(encoding="utf-8"))
REF = "A7E2B6C1-58D3-4F0A-8B9C-6D1E2F304152"
ALICE = Identity("ou_a11ce000000000000000000000000001", other_id="a11ce001")
BOB = Identity("ou_b0b00000000000000000000000000002", other_id="b0b00002")
ERIN = Identity("ou_e2140000000000000000000000000004", other_id="e2140004")
STATUSES = {
    "pending_created": TruthStatus.PENDING,
    "pending_and_partial": TruthStatus.PENDING,
    "approved_and_then_or": TruthStatus.APPROVED,
    "rejected_with_comment": TruthStatus.REJECTED,
    "canceled": TruthStatus.CANCELED,
    "deleted": TruthStatus.DELETED,
    "revoked_after_approval": TruthStatus.REVOKED,
    "pending_transferred": TruthStatus.PENDING,
    "approved_auto_pass": TruthStatus.APPROVED,
}


def data_of(name: str) -> dict[str, Any]:
    found = next(each for each in VECTORS["instance_responses"] if each["name"] == name)
    data: dict[str, Any] = copy.deepcopy(found["response"]["data"])
    return data


def truth(name: str) -> Truth:
    return truth_of(REF, data_of(name))


@pytest.mark.parametrize("vector", VECTORS["instance_responses"], ids=lambda vector: vector["name"])
def test_every_vector_has_its_status(vector: dict[str, Any]) -> None:
    data = vector["response"]["data"]

    read = truth_of(REF, data)

    assert read.status is STATUSES[vector["name"]]
    assert read.ref == REF
    assert read.vendor_status == data["status"]
    assert dict(read.handle) == {"approval_code": data["approval_code"], "instance_code": REF}
    assert read.requester == Identity("ou_b07c1cd0000000000000000000000005")
    assert len(read.tasks) == len(data["task_list"])
    assert (read.decided_at is None) == (read.status is TruthStatus.PENDING)


def test_a_partial_approval_has_one_decision_with_its_comment_and_time() -> None:
    alice, bob = truth("pending_and_partial").tasks

    assert (alice.person, alice.status, alice.stage, alice.comment) == (ALICE, TaskStatus.APPROVED, 0, "LGTM")
    assert alice.decided_at == datetime(2026, 1, 15, 3, 30, 30, 123000, tzinfo=UTC)
    assert (bob.person, bob.status, bob.comment, bob.decided_at) == (BOB, TaskStatus.PENDING, "", None)
    assert not alice.is_automatic


def test_stages_come_from_the_custom_node_ids() -> None:
    read = truth("approved_and_then_or")

    assert [(task.stage, task.status) for task in read.tasks] == [
        (0, TaskStatus.APPROVED),
        (0, TaskStatus.APPROVED),
        (1, TaskStatus.DONE),
        (1, TaskStatus.APPROVED),
    ]
    assert read.tasks[2].decided_at is None
    assert read.comment == "ship it"


def test_a_rejection_carries_its_reason() -> None:
    read = truth("rejected_with_comment")

    assert read.comment == "no rollback plan"
    assert [task.comment for task in read.tasks] == ["", "no rollback plan"]
    assert read.decided_at == datetime(2026, 1, 15, 3, 30, 31, 123000, tzinfo=UTC)


def test_a_transfer_names_its_target() -> None:
    handed, taken = truth("pending_transferred").tasks

    assert handed.status is TaskStatus.TRANSFERRED
    assert handed.transferred_to == ERIN
    assert taken.person == ERIN
    assert taken.transferred_to is None


@pytest.mark.parametrize(
    ("entry", "target"),
    [
        ({"ext": '{"user_id_list":["e2140004"]}'}, Identity("e2140004")),
        ({"ext": '{"user_id_list":["ou_5"]}'}, Identity("ou_5")),
        ({"open_id_list": ["ou_5"], "ext": "{}"}, Identity("ou_5")),
        ({"user_id_list": ["e5"], "open_id_list": ["ou_5"]}, Identity("ou_5", other_id="e5")),
        ({"user_id_list": ["ou_5"], "ext": '{"user_id_list":["e5"]}'}, Identity("ou_5", other_id="e5")),
        ({"ext": '{"user_id_list":["on_5"]}'}, None),
        ({"ext": '{"user_id_list":["ou_5","ou_6"]}'}, None),
        ({"ext": '{"user_id_list":["e5","e6"]}'}, None),
        ({"ext": "not json"}, None),
        ({"ext": '["ou_5"]'}, None),
        ({"ext": None, "user_id_list": "ou_5"}, None),
        ({}, None),
    ],
)
def test_the_target_of_a_transfer_may_be_told_in_many_ways(entry: dict[str, Any], target: Identity | None) -> None:
    data = data_of("pending_transferred")
    data["timeline"][-1] = {"type": "TRANSFER", "task_id": "7460000000000000001"} | entry

    assert truth_of(REF, data).tasks[0].transferred_to == target


def test_a_task_passed_by_the_system_is_automatic() -> None:
    (task,) = truth("approved_auto_pass").tasks

    assert task.is_automatic
    assert task.person is None
    assert not task.repeats_decision


@pytest.mark.parametrize("kind", ["AUTO_PASS", "AUTO_REJECT"])
def test_an_automatic_kind_is_automatic_even_with_a_person(kind: str) -> None:
    data = data_of("pending_and_partial")
    data["task_list"][0]["type"] = kind

    assert truth_of(REF, data).tasks[0].is_automatic


@pytest.mark.parametrize("status", ["APPROVED", "DONE"])
@pytest.mark.parametrize("person", [{}, {"open_id": ALICE.user_id, "user_id": ALICE.other_id}], ids=["untold", "told"])
def test_a_repeated_decision_is_marked_with_the_person_when_told(status: str, person: dict[str, str]) -> None:
    data = data_of("pending_and_partial")
    repeated = {"id": "9", "status": status, "type": "AUTO_PASS", "custom_node_id": "APPROVAL_NODE_1", "node_id": "n1"}
    data["task_list"].append(repeated)
    data["timeline"].append({"type": "REMOVE_REPEAT", "task_id": "9", "node_key": "n1"} | person)

    task = truth_of(REF, data).tasks[-1]

    assert task.repeats_decision
    assert task.is_automatic
    assert task.status is TaskStatus.APPROVED
    assert task.person == (ALICE if person else None)


def test_a_repeated_decision_without_a_task_id_is_joined_by_node_and_person() -> None:
    data = data_of("pending_and_partial")
    alice = {"open_id": ALICE.user_id, "user_id": ALICE.other_id}
    bob = {"open_id": BOB.user_id, "user_id": BOB.other_id}
    node = {"status": "DONE", "type": "AND", "custom_node_id": "APPROVAL_NODE_1", "node_id": "n1"}
    data["task_list"] += [node | alice | {"id": "8"}, node | bob | {"id": "9"}]
    data["timeline"].append({"type": "REMOVE_REPEAT", "node_key": "n1"} | alice)

    tasks = truth_of(REF, data).tasks

    assert [(task.repeats_decision, task.status) for task in tasks[-2:]] == [
        (True, TaskStatus.APPROVED),
        (False, TaskStatus.DONE),
    ]


def test_without_a_custom_id_the_system_node_tells_the_stage() -> None:
    data = data_of("approved_and_then_or")
    for index in (1, 3):
        del data["task_list"][index]["custom_node_id"]

    assert [task.stage for task in truth_of(REF, data).tasks] == [0, 0, 1, 1]


def test_a_node_that_is_none_of_ours_has_no_stage() -> None:
    data = data_of("approved_auto_pass")
    data["task_list"][0]["custom_node_id"] = "SOMETHING"

    assert truth_of(REF, data).tasks[0].stage is None


def test_a_system_node_of_two_stages_is_none() -> None:
    data = data_of("approved_and_then_or")
    for task in data["task_list"]:
        task["node_id"] = "same"
    del data["task_list"][0]["custom_node_id"]

    assert [task.stage for task in truth_of(REF, data).tasks] == [None, 0, 1, 1]


@pytest.mark.parametrize("status", ["APPROVED", "PENDING", "CANCELED", "REVERTED", ""])
def test_reverted_comes_first(status: str) -> None:
    data = data_of("revoked_after_approval") | {"status": status}

    assert truth_of(REF, data).status is TruthStatus.REVOKED


@pytest.mark.parametrize("reverted", ["true", 1, "false", {}])
def test_an_odd_reverted_is_never_an_approval(reverted: object) -> None:
    data = data_of("approved_and_then_or") | {"reverted": reverted}

    assert truth_of(REF, data).status is TruthStatus.UNKNOWN


@pytest.mark.parametrize("status", ["OVERTIME_CLOSE", "approved", "CANCELLED", "", None, 1, ["APPROVED"]])
def test_an_unknown_status_is_unknown(status: object) -> None:
    assert truth_of(REF, data_of("approved_and_then_or") | {"status": status}).status is TruthStatus.UNKNOWN


@pytest.mark.parametrize("status", ["RM_REPEAT", "approved", "", None, 7])
def test_an_unknown_status_of_a_task_is_no_decision(status: object) -> None:
    data = data_of("pending_and_partial")
    data["task_list"][0]["status"] = status

    task = truth_of(REF, data).tasks[0]

    assert task.status is TaskStatus.PENDING
    assert task.decided_at is None


@pytest.mark.parametrize(("end_time", "is_told"), [(1768447830123, True), ("0", True), ("", True), ("soon", True)])
def test_times_are_read_as_text_or_number_and_from_the_timeline_if_need_be(end_time: object, is_told: bool) -> None:
    data = data_of("pending_and_partial")
    data["task_list"][0]["end_time"] = end_time

    assert (truth_of(REF, data).tasks[0].decided_at is not None) == is_told


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KINDS: list[object] = ["PASS", "TRANSFER", "REMOVE_REPEAT", ["PASS"], {}, None]
fields = st.sampled_from(
    ["id", "status", "type", "open_id", "user_id", "node_id", "custom_node_id", "task_id", "ext", "comment", "end_time"]
)
ids = st.fixed_dictionaries({}, optional={"id": st.just("7"), "task_id": st.just("7"), "type": st.sampled_from(KINDS)})
entries = st.lists(st.builds(dict.__or__, st.dictionaries(fields, anything), ids) | anything, max_size=4)


@settings(max_examples=150, deadline=None)
@given(tasks=entries, timeline=entries, status=anything, reverted=anything)
def test_nothing_an_answer_holds_breaks_the_reading(tasks: Any, timeline: Any, status: Any, reverted: Any) -> None:
    data = {"task_list": tasks, "timeline": timeline, "status": status, "reverted": reverted}

    read = truth_of(REF, data)

    assert read.status in {TruthStatus.UNKNOWN, TruthStatus.REVOKED}
    assert (read.status is TruthStatus.REVOKED) == (reverted is True)
