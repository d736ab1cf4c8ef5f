"""How an application moves, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.wecom import (
    ALL,
    ANY,
    SEQUENCE,
    Wecom,
    people_of,
    wecom_serving,
)


@pytest.fixture
def wecom(tmp_path: Path) -> Iterator[Wecom]:
    with wecom_serving(tmp_path / "wecom.db") as running:
        yield running


def statuses(info: dict[str, Any]) -> list[int]:
    return [node.get("sp_status", 0) for node in info["process_list"]["node_list"]]


def test_one_agreement_of_an_all_node_leaves_the_others_asked(wecom: Wecom):
    sp_no = wecom.apply((ALL, ["lead", "qa"]), (ALL, ["ops"]))

    wecom.decide(sp_no, "approve", "qa", comment="ok")

    info = wecom.read(sp_no)
    assert (info["sp_status"], statuses(info)) == (1, [1, 1])
    assert people_of(info)[0] == [("lead", 1), ("qa", 2)]
    assert info["sp_record"][0]["details"][1]["speech"] == "ok"
    assert "open for: lead" in wecom.refused(sp_no, "approve", "ops")


@pytest.mark.parametrize("rest_listed", [1, 0])
def test_one_agreement_of_an_any_node_passes_it(wecom: Wecom, rest_listed: int):
    wecom.settings(or_rest_listed=rest_listed)
    sp_no = wecom.apply((ANY, ["lead", "qa"]), (ALL, ["ops"]))

    wecom.decide(sp_no, "approve", "qa")

    info = wecom.read(sp_no)
    assert statuses(info) == [2, 1]
    assert people_of(info)[0] == ([("lead", 1)] if rest_listed else []) + [("qa", 2)]
    wecom.decide(sp_no, "approve", "ops")
    assert wecom.read(sp_no)["sp_status"] == 2


def test_a_sequence_asks_one_after_another(wecom: Wecom):
    sp_no = wecom.apply((SEQUENCE, ["qa", "lead"]))
    assert "open for: qa" in wecom.refused(sp_no, "approve", "lead")

    wecom.decide(sp_no, "approve")
    wecom.decide(sp_no, "approve")

    assert people_of(wecom.read(sp_no)) == [[("qa", 2), ("lead", 2)]]


@pytest.mark.parametrize("mode", [ALL, ANY, SEQUENCE])
def test_a_rejection_ends_everything(wecom: Wecom, mode: int):
    sp_no = wecom.apply((mode, ["lead", "qa"]), (ALL, ["ops"]))

    wecom.decide(sp_no, "reject", "lead", comment="not on a Friday")

    info = wecom.read(sp_no)
    assert (info["sp_status"], statuses(info)) == (3, [3, 1])
    assert "rejected" in wecom.refused(sp_no, "approve", "qa")


def test_a_transfer_puts_the_next_person_behind(wecom: Wecom):
    sp_no = wecom.apply((ALL, ["lead", "qa"]))

    wecom.decide(sp_no, "transfer", "lead", to="release@example.com", comment="please")

    assert people_of(wecom.read(sp_no)) == [[("lead", 4), ("release", 1), ("qa", 1)]]
    wecom.decide(sp_no, "approve", "release")
    wecom.decide(sp_no, "approve", "qa")
    assert wecom.read(sp_no)["sp_status"] == 2


def test_a_transfer_to_somebody_who_is_asked_already_is_refused(wecom: Wecom):
    sp_no = wecom.apply((ALL, ["lead", "qa"]))

    assert "somebody else" in wecom.refused(sp_no, "transfer", "lead", to="qa")
    assert people_of(wecom.read(sp_no)) == [[("lead", 1), ("qa", 1)]]


def test_a_return_asks_the_earlier_node_again_and_then_who_returned_it(wecom: Wecom):
    sp_no = wecom.apply((ALL, ["lead"]), (ALL, ["ops"]))
    wecom.decide(sp_no, "approve", "lead")

    wecom.decide(sp_no, "rollback", "ops", to="1")

    assert people_of(wecom.read(sp_no)) == [[("lead", 1)], [("ops", 11)]]
    wecom.decide(sp_no, "approve", "lead")
    wecom.decide(sp_no, "approve", "ops")
    assert wecom.read(sp_no)["sp_status"] == 2


def test_a_countersignature_waits_for_whom_it_adds(wecom: Wecom):
    sp_no = wecom.apply((ANY, ["lead", "qa"]))

    wecom.decide(sp_no, "countersign", "lead", to="ops")

    info = wecom.read(sp_no)
    assert (info["sp_status"], people_of(info)) == (1, [[("lead", 13), ("ops", 1), ("qa", 1)]])
    wecom.decide(sp_no, "approve", "ops")
    assert wecom.read(sp_no)["sp_status"] == 2


def test_a_handler_handles_or_hands_over_but_refuses_nothing(wecom: Wecom):
    nodes = [{"type": 1, "apv_rel": 1, "userid": ["lead"]}, {"type": 3, "apv_rel": 1, "userid": ["ops"]}]
    sp_no = wecom.apply(process={"node_list": nodes})
    wecom.decide(sp_no, "approve", "lead")

    assert "not reject" in wecom.refused(sp_no, "reject", "ops")
    wecom.decide(sp_no, "transfer", "ops", to="oncall")
    wecom.decide(sp_no, "approve", "oncall")

    info = wecom.read(sp_no)
    assert (info["sp_status"], people_of(info)[1]) == (2, [("ops", 15), ("oncall", 14)])


def test_whoever_passes_by_himself_agreed_at_no_time(wecom: Wecom):
    wecom.control("POST", "people", {"people": [{"user_id": "lead", "auto_pass": True}]})

    info = wecom.read(wecom.apply((ALL, ["lead"])))

    assert info["sp_status"] == 2
    assert info["process_list"]["node_list"][0]["sub_node_list"][0]["sptime"] == 0


@pytest.mark.parametrize(
    ("action", "before", "status"), [("withdraw", "", 4), ("revert", "approve", 6), ("delete", "", 7)]
)
def test_what_people_take_back_says_so(wecom: Wecom, action: str, before: str, status: int):
    sp_no = wecom.apply()
    if before:
        wecom.decide(sp_no, before, "lead")

    wecom.decide(sp_no, action)

    assert wecom.read(sp_no)["sp_status"] == status


def test_only_the_applicant_withdraws_and_only_while_it_is_in_review(wecom: Wecom):
    sp_no = wecom.apply()

    assert "only the applicant" in wecom.refused(sp_no, "withdraw", "lead")
    wecom.decide(sp_no, "approve")
    assert "approved" in wecom.refused(sp_no, "withdraw", "dev")


def test_a_paid_application_has_a_status_of_its_own(wecom: Wecom):
    sp_no = wecom.apply()
    assert wecom.refused(sp_no, "pay")
    wecom.decide(sp_no, "approve")

    wecom.decide(sp_no, "pay")

    assert wecom.read(sp_no)["sp_status"] == 10
    assert wecom.control("GET", f"approvals/{sp_no}")["status"] == "approved"


def test_comments_are_told(wecom: Wecom):
    sp_no = wecom.apply()

    wecom.decide(sp_no, "comment", "qa", comment="which build?")

    (comment,) = wecom.read(sp_no)["comments"]
    assert (comment["commentUserInfo"], comment["commentcontent"]) == ({"userid": "qa"}, "which build?")


def test_older_forms_have_records_only(wecom: Wecom):
    wecom.settings(legacy_details=1)

    info = wecom.read(wecom.apply((ANY, ["lead", "qa"])))

    assert "process_list" not in info
    assert [one["approver"]["userid"] for one in info["sp_record"][0]["details"]] == ["lead", "qa"]
