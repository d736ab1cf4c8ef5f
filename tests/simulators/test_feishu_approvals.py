"""How approvals move: AND, OR, SEQUENTIAL, and everything people do with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.conftest import GATE, NARROW, Receiver, Simulator, definition

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "feishu-lark.json").read_text())


def statuses(read: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(task["user_id"], task["custom_node_id"], task["status"]) for task in read["task_list"]]


def told(events: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(one["type"].removeprefix("approval_"), one.get("user_id", ""), one["status"]) for one in events]


def test_one_approval_of_an_and_node_leaves_the_others_pending(feishu: Simulator, listening: Receiver):
    ref = feishu.start(feishu.define(("N0", "AND")), {"N0": ["lead", "qa"]})
    listening.events(3)

    feishu.decide(ref, "approve", "qa")

    assert told(listening.events(2)) == [("task", "qa", "APPROVED"), ("task", "lead", "PENDING")]
    assert feishu.read(ref)["status"] == "PENDING"


def test_one_approval_of_an_or_node_closes_it_and_opens_the_next(feishu: Simulator, listening: Receiver):
    ref = feishu.start(feishu.define(("N0", "OR"), ("N1", "AND")), {"N0": ["lead", "qa"], "N1": ["ops"]})
    assert statuses(feishu.read(ref)) == [("lead", "N0", "PENDING"), ("qa", "N0", "PENDING")]
    listening.events(3)

    feishu.decide(ref, "approve", "qa")

    assert told(listening.events(3)) == [
        ("task", "qa", "APPROVED"),
        ("task", "lead", "DONE"),
        ("task", "ops", "PENDING"),
    ]


def test_a_sequential_node_asks_one_after_another(feishu: Simulator):
    ref = feishu.start(feishu.define(("N0", "SEQUENTIAL")), {"N0": ["qa", "lead"]})
    assert statuses(feishu.read(ref)) == [("qa", "N0", "PENDING")]
    refused = feishu.control("POST", f"approvals/{ref}/decide", {"decision": "approve", "user_id": "lead"}, status=409)
    assert "open for: qa" in refused["error"]

    feishu.decide(ref, "approve")
    feishu.decide(ref, "approve")

    assert feishu.read(ref)["status"] == "APPROVED"


@pytest.mark.parametrize("kind", ["AND", "OR"])
def test_a_rejection_ends_everything(feishu: Simulator, listening: Receiver, kind: str):
    ref = feishu.start(feishu.define(("N0", kind), ("N1", "AND")), {"N0": ["lead", "qa"], "N1": ["ops"]})
    listening.events(3)

    feishu.decide(ref, "reject", "qa", comment="no rollback plan")

    assert told(listening.events(3)) == [
        ("task", "qa", "REJECTED"),
        ("task", "lead", "DONE"),
        ("instance", "", "REJECTED"),
    ]
    read = feishu.read(ref)
    assert (read["status"], read["timeline"][-1]["comment"]) == ("REJECTED", "no rollback plan")
    assert read["comment_list"] == []


def test_a_transfer_hands_the_task_over(feishu: Simulator, listening: Receiver):
    ref = feishu.start(feishu.define(("N0", "AND")), {"N0": ["lead"]})
    listening.events(2)

    feishu.decide(ref, "transfer", "lead", to="release@example.com", comment="please")

    assert told(listening.events(2)) == [("task", "lead", "TRANSFERRED"), ("task", "release", "PENDING")]
    entry = feishu.read(ref)["timeline"][-1]
    assert entry["type"] == "TRANSFER"
    assert json.loads(entry["ext"])["user_id_list"] == entry["user_id_list"] == ["release"]
    feishu.decide(ref, "approve", "release")
    assert feishu.read(ref)["status"] == "APPROVED"


def test_a_rollback_asks_the_earlier_node_again(feishu: Simulator, listening: Receiver):
    ref = feishu.start(feishu.define(("N0", "AND"), ("N1", "OR")), {"N0": ["lead"], "N1": ["ops", "qa"]})
    feishu.decide(ref, "approve", "lead")
    listening.events(5)

    feishu.decide(ref, "rollback", "ops", to="N0")

    events = listening.events(3)
    assert told(events) == [("task", "ops", "ROLLBACK"), ("task", "qa", "DONE"), ("task", "lead", "PENDING")]
    assert json.loads(events[0]["extra"])["rollback_custom_node_ids"] == ["N0"]
    feishu.decide(ref, "approve", "lead")
    feishu.decide(ref, "approve", "qa")
    assert feishu.read(ref)["status"] == "APPROVED"


def test_a_withdrawn_approval_closes_its_tasks(feishu: Simulator, listening: Receiver):
    ref = feishu.start(feishu.define(("N0", "OR")), {"N0": ["lead"]})
    listening.events(2)

    feishu.decide(ref, "withdraw")

    assert told(listening.events(2)) == [("task", "lead", "DONE"), ("instance", "", "CANCELED")]
    assert feishu.read(ref)["timeline"][-1]["type"] == "CANCEL"


def test_a_deleted_approval_says_so(feishu: Simulator):
    ref = feishu.start(feishu.define(("N0", "OR")), {"N0": ["lead"]})

    feishu.decide(ref, "delete")

    assert feishu.read(ref)["status"] == "DELETED"


def test_a_decided_approval_cannot_be_decided_again(feishu: Simulator):
    ref = feishu.start(feishu.define(("N0", "OR")), {"N0": ["lead"]})
    feishu.decide(ref, "approve")

    for decision in ("approve", "reject", "transfer", "rollback", "delete", "withdraw", "revert"):
        feishu.control("POST", f"approvals/{ref}/decide", {"decision": decision, "to": "qa"}, status=409)

    assert feishu.read(ref)["status"] == "APPROVED"


def test_an_approved_one_that_may_be_revoked_reads_as_canceled_and_reverted(feishu: Simulator, listening: Receiver):
    ref = feishu.start(feishu.define(("N0", "OR"), settings={"revert_interval": 3600}), {"N0": ["lead"]})
    feishu.decide(ref, "approve")
    listening.events(4)

    feishu.decide(ref, "revert", "dev")

    event = listening.events(1)[0]
    assert (event["status"], type(event["operate_time"])) == ("REVERTED", int)
    read = feishu.read(ref)
    assert (read["status"], read["reverted"]) == ("CANCELED", True)


def test_cancelling_an_approved_one_starts_the_approval_of_its_revocation(feishu: Simulator):
    code = feishu.define(("N0", "OR"), settings={"revert_interval": 3600})
    ref = feishu.start(code, {"N0": ["lead"]})
    feishu.decide(ref, "approve")

    feishu.data(
        "POST",
        "/approval/v4/instances/cancel",
        {"approval_code": code, "instance_code": ref, "user_id": feishu.open_id("dev")},
    )

    revocation = feishu.control("GET", "approvals")["approvals"][0]
    assert revocation["raw"]["reverted_instance_code"] == ref
    assert feishu.read(ref)["status"] == "APPROVED"
    feishu.decide(revocation["ref"], "approve", "lead")
    assert feishu.read(ref)["reverted"] is True


def test_the_time_for_a_revocation_ends(feishu: Simulator):
    ref = feishu.start(feishu.define(("N0", "OR"), settings={"revert_interval": 3600}), {"N0": ["lead"]})
    feishu.decide(ref, "approve")
    feishu.control("POST", "clock", {"advance_s": 3601})

    feishu.control("POST", f"approvals/{ref}/decide", {"decision": "revert"}, status=409)


@pytest.mark.parametrize(
    ("more", "settings"), [({"forbid_revoke": True}, {}), ({}, {"revert_option": 0})], ids=["forbidden", "after a node"]
)
def test_what_may_not_be_withdrawn_is_not(feishu: Simulator, more: dict[str, Any], settings: dict[str, int]):
    ref = feishu.start(
        feishu.define(("N0", "OR"), ("N1", "OR"), settings=settings), {"N0": ["lead"], "N1": ["qa"]}, **more
    )
    feishu.decide(ref, "approve", "lead")

    feishu.control("POST", f"approvals/{ref}/decide", {"decision": "withdraw"}, status=409)

    assert feishu.read(ref)["status"] == "PENDING"


def test_a_node_that_passes_by_itself_names_nobody(feishu: Simulator):
    ref = feishu.start(
        feishu.define(("N0", "AND"), ("N1", "AND")),
        {"N0": ["lead"], "N1": ["qa"]},
        node_auto_approval_list=[{"node_id_type": "CUSTOM", "node_id": "N0"}],
    )

    read = feishu.read(ref)

    automatic = read["task_list"][0]
    assert (automatic["type"], automatic["user_id"], automatic["open_id"]) == ("AUTO_PASS", "", "")
    assert read["timeline"][1]["type"] == "AUTO_PASS"
    assert statuses(read)[1] == ("qa", "N1", "PENDING")


def test_a_person_whose_tasks_pass_by_themselves_can_approve_a_whole_instance(feishu: Simulator):
    feishu.control("POST", "people", {"people": [{"user_id": "lead", "auto_pass": True}]})

    ref = feishu.start(feishu.define(("N0", "SEQUENTIAL"), ("N1", "OR")), {"N0": ["lead"], "N1": ["lead", "qa"]})

    read = feishu.read(ref)
    assert read["status"] == "APPROVED"
    assert {task["type"] for task in read["task_list"] if task["status"] == "APPROVED"} == {"AUTO_PASS"}


def test_a_starter_may_be_set_to_pass_by_themselves(feishu: Simulator):
    body = definition()
    body["node_list"][1]["starter_assignee"] = "AUTO_PASS"
    code = feishu.data("POST", "/approval/v4/approvals", body)["approval_code"]

    assert feishu.read(feishu.start(code, {"N0": ["dev"]}))["status"] == "APPROVED"


def test_whoever_agreed_before_is_not_asked_again_when_the_tenant_removes_repeats(feishu: Simulator):
    feishu.control("POST", "settings", {"remove_repeat": True})
    ref = feishu.start(feishu.define(("N0", "AND"), ("N1", "AND")), {"N0": ["lead"], "N1": ["lead"]})

    feishu.decide(ref, "approve", "lead")

    read = feishu.read(ref)
    assert read["status"] == "APPROVED"
    assert [entry["type"] for entry in read["timeline"]] == ["START", "PASS", "REMOVE_REPEAT"]


def test_copies_are_told_and_kept(feishu: Simulator, listening: Receiver):
    code = feishu.define(("N0", "OR"))
    lists = [
        {"key": "START", "value": [feishu.open_id("ops")]},
        {"key": "END", "value": [feishu.open_id("release")]},
    ]
    ref = feishu.start(code, {"N0": ["lead"]}, node_cc_open_id_list=lists)
    feishu.decide(ref, "approve")
    body = {
        "approval_code": code,
        "instance_code": ref,
        "user_id": feishu.open_id("dev"),
        "cc_user_ids": [feishu.open_id("oncall")],
    }
    feishu.data("POST", "/approval/v4/instances/cc", body)

    copies = [one for one in listening.events(7) if one["type"] == "approval_cc"]

    assert [(one["user_id"], one["operate"]) for one in copies] == [
        ("ops", "CREATE"),
        ("release", "CREATE"),
        ("oncall", "CREATE"),
    ]
    assert feishu.control("GET", f"approvals/{ref}")["copied_to"] == ["ops", "release", "oncall"]


def test_comments_are_not_reasons(feishu: Simulator):
    ref = feishu.start(feishu.define(("N0", "OR")), {"N0": ["lead"]})
    path = f"/approval/v4/instances/{ref}/comments"
    content = json.dumps({"text": "see CHG-1", "files": []})

    comment_id = feishu.data("POST", path, {"content": content}, user_id=feishu.open_id("qa"))["comment_id"]

    assert feishu.read(ref)["comment_list"][0]["comment"] == "see CHG-1"
    assert feishu.data("GET", path, user_id=feishu.open_id("qa"))["comments"][0]["content"] == content
    feishu.data("DELETE", f"{path}/{comment_id}", user_id=feishu.open_id("qa"))
    assert feishu.read(ref)["comment_list"] == []


def test_an_overwritten_definition_leaves_running_instances_alone(feishu: Simulator):
    code = feishu.define(("N0", "AND"))
    ref = feishu.start(code, {"N0": ["lead"]})

    feishu.data("POST", "/approval/v4/approvals", definition(("OTHER", "OR"), approval_code=code))
    feishu.decide(ref, "approve")

    read = feishu.read(ref)
    assert (read["status"], read["task_list"][0]["custom_node_id"]) == ("APPROVED", "N0")
    nodes = feishu.data("GET", f"/approval/v4/approvals/{code}")["node_list"]
    assert [node["custom_node_id"] for node in nodes] == ["OTHER"]


@pytest.mark.parametrize(
    "changes",
    [
        {"approval_name": "CI/CD"},
        {"approval_name": "@i18n@unknown_key"},
        {"viewers": []},
        {"viewers": [{"viewer_type": "EVERYONE"}]},
        {"form": {"form_content": "[]"}},
        {"form": {"form_content": "{}"}},
        {"form": {"form_content": '[{"id":"1","name":"@i18n@formname","type":"formula"}]'}},
        {"form": {"form_content": '[{"id":"1","name":"Details","type":"textarea"}]'}},
        {"node_list": [{"id": "START"}]},
        {"node_list": [{"id": "START", "name": "@i18n@node"}, {"id": "END"}]},
        {"node_list": [{"id": "START"}, {"id": "A", "node_type": "ANY"}, {"id": "END"}]},
        {"node_list": [{"id": "START"}, {"id": "A"}, {"id": "A"}, {"id": "END"}]},
        {
            "node_list": [
                {"id": "START"},
                {"id": "A", "node_type": "SEQUENTIAL", "approver": [{"type": "Supervisor", "level": "1"}]},
                {"id": "END"},
            ]
        },
        {"node_list": [{"id": "START"}, {"id": "A", "approver": [{"type": "Supervisor"}]}, {"id": "END"}]},
        {"config": {"can_update_viewer": True}},
        {"settings": {"revert_option": 2}},
        {"i18n_resources": []},
    ],
)
def test_a_malformed_definition_is_refused(feishu: Simulator, changes: dict[str, Any]):
    assert feishu.refusal("POST", "/approval/v4/approvals", definition(**changes)) == 1390001


def test_instances_are_validated(feishu: Simulator):
    code = feishu.define(("N0", "AND"))
    good: dict[str, Any] = {
        "approval_code": code,
        "open_id": feishu.open_id("dev"),
        "form": "[]",
        "node_approver_open_id_list": [{"key": "N0", "value": [feishu.open_id("lead")]}],
    }

    def refused(**changes: Any) -> int:
        return feishu.refusal("POST", "/approval/v4/instances", {**good, **changes})

    def approvers(*ids: str) -> list[dict[str, Any]]:
        return [{"key": "N0", "value": list(ids)}]

    assert refused(approval_code="NOPE") == 1390002
    assert refused(open_id="") == 1390001
    assert refused(open_id="ou_unknown") == 1390004
    assert refused(node_approver_open_id_list=[]) == 1390001
    assert refused(node_approver_open_id_list=[{"key": "NOPE", "value": []}]) == 1390001
    assert refused(node_approver_open_id_list=approvers("ou_unknown")) == 1390004
    assert refused(node_approver_open_id_list=approvers(feishu.open_id("lead", NARROW))) == 99992361
    assert refused(node_approver_open_id_list=approvers(feishu.open_id("intern"))) == 1390004
    assert refused(form="not json") == 1390001
    assert refused(form='[{"id":"2","type":"textarea","value":"x"}]') == 1390001
    assert refused(form='[{"id":"1","type":"textarea"}]') == 1390001
    assert refused(form='[{"id":"1","type":"textarea","value":7}]') == 1390001
    assert refused(form='[{"id":"1","type":"input","value":"x"}]') == 1390001
    assert refused(uuid="x" * 65) == 1390001
    assert feishu.control("GET", "approvals")["approvals"] == []


def test_approvers_may_be_named_by_either_node_id_and_twice(feishu: Simulator):
    code = feishu.define(("N0", "AND"))
    node = feishu.data("GET", f"/approval/v4/approvals/{code}")["node_list"][0]

    ref = feishu.start(
        code,
        {},
        node_approver_open_id_list=[{"key": node["node_id"], "value": [feishu.open_id("lead")] * 2}],
        node_approver_user_id_list=[{"key": "N0", "value": ["lead", "qa"]}],
    )

    assert node["node_id"] != node["custom_node_id"]
    assert [task["user_id"] for task in feishu.read(ref)["task_list"]] == ["lead", "qa"]


def test_a_bot_starts_and_withdraws_without_a_user_id(feishu: Simulator):
    code = feishu.define(("N0", "AND"))
    ref = feishu.start(code, {"N0": ["lead"]}, open_id=feishu.bot())

    read = feishu.read(ref)
    assert (read["user_id"], read["open_id"]) == ("", feishu.bot())
    body = {"approval_code": code, "instance_code": ref, "user_id": feishu.bot()}
    feishu.control("POST", "settings", {"bot_may_withdraw": False})
    assert feishu.refusal("POST", "/approval/v4/instances/cancel", body) == 1390009
    feishu.control("POST", "settings", {"bot_may_withdraw": True})
    assert feishu.data("POST", "/approval/v4/instances/cancel", body) == {}


def test_the_callers_own_node_ids_may_be_missing(feishu: Simulator):
    feishu.control("POST", "settings", {"custom_node_ids": False})
    code = feishu.define(("N0", "AND"))
    ref = feishu.start(code, {"N0": ["lead"]})

    task = feishu.read(ref)["task_list"][0]

    assert "custom_node_id" not in task
    assert task["node_id"] == feishu.data("GET", f"/approval/v4/approvals/{code}")["node_list"][0]["node_id"]


def test_each_app_sees_its_own_open_ids(feishu: Simulator):
    feishu.control("POST", "apps", {**NARROW, "scopes": None})
    ref = feishu.start(feishu.define(("N0", "AND")), {"N0": ["lead"]})

    seen = {app["app_id"]: feishu.read(ref, app)["task_list"][0]["open_id"] for app in (GATE, NARROW)}

    assert seen == {app["app_id"]: feishu.open_id("lead", app) for app in (GATE, NARROW)}
    assert len(set(seen.values())) == 2


def test_user_ids_need_their_scope(feishu: Simulator):
    ref = feishu.start(feishu.define(("N0", "AND")), {"N0": ["lead"]})

    read = feishu.read(ref, NARROW)

    assert read["task_list"][0]["user_id"] == ""
    assert read["task_list"][0]["open_id"]


@pytest.mark.parametrize("vector", VECTORS["instance_responses"], ids=lambda vector: vector["name"])
def test_the_read_interface_has_the_documented_shape(feishu: Simulator, vector: dict[str, Any]):
    """Play the vector's story and compare names, types and words with the documented answer."""
    expected = vector["response"]["data"]
    nodes = list(dict.fromkeys((task["custom_node_id"], _kind(expected, task)) for task in expected["task_list"]))
    story = vector["name"]
    code = feishu.define(*nodes, settings={"revert_interval": 3600})
    people = {"N": ["lead", "qa"], "OR": ["lead"], "AND": ["lead", "qa"]}
    approvers = {node: (["ops", "release"] if node.endswith("1") else people[kind]) for node, kind in nodes}
    auto = [{"node_id_type": "CUSTOM", "node_id": nodes[0][0]}] if story == "approved_auto_pass" else []
    ref = feishu.start(code, approvers, node_auto_approval_list=auto, uuid="cicd-run-1", open_id=feishu.bot())
    for step in _STORIES[story]:
        feishu.decide(ref, *step)

    read = feishu.read(ref)

    assert read.keys() == expected.keys()
    assert {name: type(value) for name, value in read.items()} == {name: type(v) for name, v in expected.items()}
    assert (read["status"], read["reverted"]) == (expected["status"], expected["reverted"])
    assert (read["end_time"] == "0") == (expected["end_time"] == "0")
    for name in ("task_list", "timeline"):
        for ours, theirs in zip(read[name], expected[name], strict=False):
            assert theirs.keys() <= ours.keys() | {"comment"}
            assert all(type(ours[key]) is type(theirs[key]) for key in theirs if key in ours)
    assert {entry["type"] for entry in expected["timeline"]} <= {entry["type"] for entry in read["timeline"]}


def _kind(expected: dict[str, Any], task: dict[str, Any]) -> str:
    return task["type"] if task["type"] in {"AND", "OR"} else "AND"


_STORIES: dict[str, list[tuple[str, ...]]] = {
    "pending_created": [],
    "pending_and_partial": [("approve", "lead")],
    "approved_and_then_or": [("approve", "lead"), ("approve", "qa"), ("approve", "release")],
    "rejected_with_comment": [("reject", "qa")],
    "canceled": [("withdraw",)],
    "deleted": [("delete",)],
    "revoked_after_approval": [("approve", "lead"), ("revert",)],
    "approved_auto_pass": [],
    "pending_transferred": [("transfer", "lead", "release")],
}
