"""Applications as the platform's API tells them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from approval_gate.domain.approval import Approval, Identity, Mode, Policy, Request, Stage, Status, TaskStatus
from approval_gate.domain.quorum import judge
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.providers.wecom.documents import json_document
from approval_gate.providers.wecom.truth import truth_of

REF = "202601150007"
AT = 1768448000
LATER = 1768448300


def person(userid: str, sp_yj: object = 1, sptime: object = 0, speech: str = "") -> dict[str, Any]:
    return {"userid": userid, "speech": speech, "sp_yj": sp_yj, "sptime": sptime, "media_ids": []}


def node(*people: dict[str, Any], status: object = 1, rel: int = 1, kind: int = 1) -> dict[str, Any]:
    return {"node_type": kind, "sp_status": status, "apv_rel": rel, "sub_node_list": list(people)}


def truth(*nodes: dict[str, Any], status: object = 1, **info: Any) -> Truth:
    whole = {
        "sp_no": REF,
        "sp_status": status,
        "applyer": {"userid": "ci.bot", "partyid": "2"},
        "process_list": {"node_list": list(nodes)},
    } | info
    return truth_of(REF, json_document(json.dumps(whole).encode()))


def approval(*stages: Stage, **policy: bool) -> Approval:
    at = datetime(2026, 1, 15, 3, 30, tzinfo=UTC)
    return Approval(
        id="apr_1",
        tenant="acme",
        provider="wecom",
        request=Request(app="wecom-prod", title="t", stages=(), timeout_s=60, policy=Policy(**policy)),
        created_at=at,
        expires_at=at + timedelta(hours=1),
        requester=Identity("CI.bot", other_id="ci.bot"),
        stages=stages,
        provider_ref=REF,
    )


def asked(mode: Mode, *userids: str) -> Stage:
    return Stage(mode, tuple(Identity(each, other_id=each.lower()) for each in userids))


@pytest.mark.parametrize(
    ("sp_status", "expected"),
    [
        (1, TruthStatus.PENDING),
        (2, TruthStatus.APPROVED),
        (3, TruthStatus.REJECTED),
        (4, TruthStatus.CANCELED),
        (6, TruthStatus.REVOKED),
        (7, TruthStatus.DELETED),
        (10, TruthStatus.APPROVED),
        ("2", TruthStatus.APPROVED),
        (0, TruthStatus.UNKNOWN),
        (5, TruthStatus.UNKNOWN),
        (11, TruthStatus.UNKNOWN),
        (2.0, TruthStatus.UNKNOWN),
        (True, TruthStatus.UNKNOWN),
        (None, TruthStatus.UNKNOWN),
        ([2, 3], TruthStatus.UNKNOWN),
        ("02", TruthStatus.UNKNOWN),
        ("approved", TruthStatus.UNKNOWN),
    ],
)
def test_only_listed_statuses_mean_anything(sp_status: object, expected: TruthStatus) -> None:
    assert truth(status=sp_status).status is expected


def test_an_empty_answer_decides_nothing() -> None:
    read = truth_of(REF, json_document(b"{}"))

    assert (read.status, read.tasks, read.requester) == (TruthStatus.UNKNOWN, (), None)


def test_tasks_tell_stage_person_comment_and_time() -> None:
    read = truth(
        node(person("alice", 2, AT), person("Bob", 2, LATER, "LGTM 好"), status=2),
        node(person("carol"), person("dave"), rel=2),
        node(person("release.mgr"), kind=2),
    )

    assert [(task.id, task.stage, task.status) for task in read.tasks] == [
        ("1.alice", 0, TaskStatus.APPROVED),
        ("1.bob", 0, TaskStatus.APPROVED),
        ("2.carol", 1, TaskStatus.PENDING),
        ("2.dave", 1, TaskStatus.PENDING),
    ]
    assert read.tasks[1].person == Identity("Bob", other_id="bob")
    assert read.tasks[1].comment == "LGTM 好"
    assert read.tasks[1].decided_at == datetime.fromtimestamp(LATER, UTC)
    assert read.requester == Identity("ci.bot", other_id="ci.bot")
    assert read.decided_at is None


def test_stages_that_are_not_reached_wait() -> None:
    read = truth(node(person("alice")), node(person("carol")))

    assert [task.status for task in read.tasks] == [TaskStatus.PENDING, TaskStatus.WAITING]


def test_in_a_sequence_only_the_next_is_asked() -> None:
    read = truth(node(person("alice", 2, AT), person("bob"), person("carol"), rel=3))

    assert [task.status for task in read.tasks] == [TaskStatus.APPROVED, TaskStatus.PENDING, TaskStatus.WAITING]


def test_who_was_not_needed_is_done() -> None:
    read = truth(node(person("carol", 2, AT), person("dave"), status=2, rel=2), status=2)

    assert read.tasks[1].status is TaskStatus.DONE
    assert read.decided_at == datetime.fromtimestamp(AT, UTC)


@pytest.mark.parametrize(
    ("sp_yj", "expected"),
    [
        (2, TaskStatus.APPROVED),
        (3, TaskStatus.REJECTED),
        (4, TaskStatus.TRANSFERRED),
        (11, TaskStatus.WAITING),
        (12, TaskStatus.PENDING),
        (13, TaskStatus.APPROVED),
        (14, TaskStatus.DONE),
        (15, TaskStatus.TRANSFERRED),
        (16, TaskStatus.PENDING),
        ("", TaskStatus.PENDING),
    ],
)
def test_only_agreed_and_rejected_are_decisions(sp_yj: object, expected: TaskStatus) -> None:
    (task, *_) = truth(node(person("alice", sp_yj, AT))).tasks

    assert task.status is expected
    assert (task.decided_at is not None) is (expected in {TaskStatus.APPROVED, TaskStatus.REJECTED})


@pytest.mark.parametrize("sptime", [0, "", "0", None, "soon", -5, 1.5])
def test_agreed_at_no_time_is_nobodys_decision(sptime: object) -> None:
    read = truth(node(person("alice", 2, sptime), status=2), status=2)

    assert read.tasks[0].is_automatic
    assert judge(approval(asked(Mode.ALL, "alice")), read).reason == "policy_violation"


def test_keys_in_mixed_case_are_read() -> None:
    sub_node = {"UserId": "alice", "Speech": "ok", "Sp_Yj": "2", "Sptime": str(AT)}
    nodes = {"Node_List": [{"Node_Type": "1", "Sp_Status": "2", "Apv_Rel": "1", "Sub_Node_List": [sub_node]}]}

    (task,) = truth(process_list=nodes, status=2).tasks

    assert (task.id, task.status, task.comment) == ("1.alice", TaskStatus.APPROVED, "ok")
    assert task.decided_at == datetime.fromtimestamp(AT, UTC)


def test_older_forms_have_records_instead_of_nodes() -> None:
    details = [
        {"approver": {"userid": "carol"}, "speech": "ok", "sp_status": 2, "sptime": AT, "media_id": []},
        {"approver": {"userid": "dave"}, "speech": "", "sp_status": 1, "sptime": "", "media_id": []},
    ]
    records = [
        {"sp_status": 2, "approverattr": 1, "details": details},
        {"sp_status": 1, "approverattr": 2, "details": [{"approver": {"userid": "erin"}, "sp_status": 1}]},
    ]

    read = truth(process_list={}, sp_record=records)

    assert [(task.id, task.stage, task.status) for task in read.tasks] == [
        ("1.carol", 0, TaskStatus.APPROVED),
        ("1.dave", 0, TaskStatus.DONE),
        ("2.erin", 1, TaskStatus.PENDING),
    ]


def test_nodes_are_preferred_to_records() -> None:
    records = [{"sp_status": 2, "details": [{"approver": {"userid": "mallory"}, "sp_status": 2, "sptime": AT}]}]

    read = truth(node(person("alice")), sp_record=records)

    assert [task.id for task in read.tasks] == ["1.alice"]


def test_handlers_are_no_stage_and_do_not_shift_the_others() -> None:
    read = truth(
        node(person("alice", 2, AT), status=2), node(person("bob", 14, AT), status=14, kind=3), node(person("carol"))
    )

    assert [(task.id, task.stage) for task in read.tasks] == [("1.alice", 0), ("handler.bob", None), ("2.carol", 1)]
    assert read.tasks[2].status is TaskStatus.PENDING


def test_a_person_twice_in_a_node_has_two_tasks() -> None:
    read = truth(node(person("alice", 11, AT), person("alice", 2, LATER)))

    assert [task.id for task in read.tasks] == ["1.alice", "1.alice.2"]


# -- what it means for a request


def test_the_named_people_open_the_gate_whatever_the_case_of_their_ids() -> None:
    read = truth(node(person("ALICE", 2, AT), person("bob", 2, LATER), status=2), status=2)

    verdict = judge(approval(asked(Mode.ALL, "alice", "Bob")), read)

    assert verdict.status is Status.APPROVED


def test_an_added_approver_opens_nothing_by_himself() -> None:
    read = truth(node(person("alice", 13, AT), person("erin", 2, LATER), person("bob"), status=2), status=2)

    assert judge(approval(asked(Mode.ALL, "alice", "bob")), read).reason == "policy_violation"
    assert judge(approval(asked(Mode.ANY, "bob", "carol")), read).reason == "policy_violation"
    assert judge(approval(asked(Mode.ANY, "alice", "bob")), read).status is Status.APPROVED


def test_a_transfer_counts_where_the_policy_allows_it() -> None:
    read = truth(node(person("alice", 4, AT), person("erin", 2, LATER), person("bob", 2, LATER), status=2), status=2)
    stage = asked(Mode.ALL, "alice", "bob")

    assert judge(approval(stage), read).status is Status.APPROVED
    assert judge(approval(stage, allow_transfer=False), read).reason == "policy_violation"


def test_a_chain_of_transfers_is_followed() -> None:
    read = truth(node(person("alice", 4, AT), person("erin", 4, AT), person("frank", 2, LATER), status=2), status=2)

    assert judge(approval(asked(Mode.ALL, "alice")), read).status is Status.APPROVED


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_transfer_to_the_requester_is_never_hidden(place: int) -> None:
    people = [person("bob", 2, LATER), person("carol", 2, LATER)]
    people.insert(place, person("ci.bot", 2, LATER))
    read = truth(node(person("alice", 4, AT), *people, status=2), status=2)
    stage = asked(Mode.ALL, "alice", "bob", "carol")

    assert judge(approval(stage), read).reason == "policy_violation"
    assert judge(approval(stage, allow_self_approval=True), read).status is Status.APPROVED


def test_a_transfer_to_nobody_known_opens_nothing() -> None:
    read = truth(node(person("bob", 2, AT), person("carol", 2, AT), person("alice", 4, AT), status=2), status=2)

    assert judge(approval(asked(Mode.ALL, "alice", "bob", "carol")), read).reason == "policy_violation"


def test_the_only_other_person_of_a_node_is_who_has_the_task() -> None:
    read = truth(node(person("erin", 2, LATER), person("alice", 4, AT), status=2), status=2)

    assert read.tasks[1].transferred_to == Identity("erin", other_id="erin")


def test_paid_is_approved_and_still_needs_its_approvers() -> None:
    read = truth(node(person("alice", 2, AT), status=2), status=10)

    assert judge(approval(asked(Mode.ALL, "alice")), read).status is Status.APPROVED
    assert judge(approval(asked(Mode.ALL, "bob")), read).reason == "policy_violation"
