"""Templates and applications: what is taken, what is refused, and what the lists show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.simulators.wecom.templates import CONSOLE_TEMPLATE
from tests.simulators.wecom import (
    ALL,
    ANY,
    NARROW,
    SEQUENCE,
    Wecom,
    application,
    people_of,
    template,
    textarea,
    wecom_serving,
)


@pytest.fixture
def wecom(tmp_path: Path) -> Iterator[Wecom]:
    with wecom_serving(tmp_path / "wecom.db") as running:
        yield running


# -- templates


def test_a_template_is_made_read_and_filled(wecom: Wecom):
    template_id = wecom.data("oa/approval/create_template", template())["template_id"]

    read = wecom.data("oa/gettemplatedetail", {"template_id": template_id})
    sp_no = wecom.apply(template_id=template_id, apply_data={"contents": [textarea("go", "Textarea-1")]})

    assert read["template_names"] == [{"text": "Pipeline approval", "lang": "zh_CN"}]
    assert read["template_content"]["controls"][0]["property"]["id"] == "Textarea-1"
    assert wecom.read(sp_no)["sp_name"] == "Pipeline approval"


def test_a_name_is_taken_once_in_a_company(wecom: Wecom):
    wecom.data("oa/approval/create_template", template("A"))

    assert wecom.refusal("oa/approval/create_template", template("A"), app=NARROW) == 301025
    other = {"corp_id": "wwother", "agent_id": "1000002", "secret": "other-secret"}
    wecom.control("POST", "apps", other)
    assert wecom.refusal("oa/approval/create_template", template("A"), app=other) == 0


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("control", "Button"),
        ("id", "Text-1"),
        ("id", "Textarea"),
        ("title", []),
        ("title", [{"text": "x" * 41, "lang": "zh_CN"}]),
        ("title", [{"text": "x", "lang": "zh-CN"}]),
        ("placeholder", [{"text": "x" * 81, "lang": "zh_CN"}]),
        ("require", 2),
    ],
)
def test_a_malformed_control_is_refused(wecom: Wecom, where: str, value: object):
    body = template()
    body["template_content"]["controls"][0]["property"][where] = value

    assert wecom.refusal("oa/approval/create_template", body) == 301086


def test_a_company_can_have_too_many_templates(wecom: Wecom):
    wecom.settings(max_templates=1)
    wecom.data("oa/approval/create_template", template("A"))

    assert wecom.refusal("oa/approval/create_template", template("B")) == 301087


def test_a_redesigned_template_refuses_its_old_field(wecom: Wecom):
    template_id = wecom.data("oa/approval/create_template", template())["template_id"]
    body = template(control_id="Textarea-2") | {"template_id": template_id}

    assert wecom.refusal("oa/approval/update_template", body, app=NARROW) == 301055
    wecom.data("oa/approval/update_template", body)

    old, new = ({"contents": [textarea("go", f"Textarea-{number}")]} for number in (1, 2))
    assert wecom.refusal("oa/applyevent", application(template_id=template_id, apply_data=old)) == 301025
    assert wecom.refusal("oa/applyevent", application(template_id=template_id, apply_data=new)) == 0


# -- submitting


def test_an_application_tells_back_what_was_submitted(wecom: Wecom):
    sp_no = wecom.apply((ANY, ["lead", "QA"]), (SEQUENCE, ["ops", "oncall"]))

    info = wecom.read(sp_no)

    assert (info["sp_no"], info["sp_status"], info["template_id"]) == (sp_no, 1, CONSOLE_TEMPLATE)
    assert info["applyer"] == {"userid": "dev", "partyid": "3"}
    assert people_of(info) == [[("lead", 1), ("qa", 1)], [("ops", 1), ("oncall", 1)]]
    assert [node["apv_rel"] for node in info["process_list"]["node_list"]] == [2, 3]
    assert [record["approverattr"] for record in info["sp_record"]] == [1, 2]
    assert info["apply_data"]["contents"][0]["value"]["text"] == "deploy #42"


def test_numbers_are_a_day_and_a_count(wecom: Wecom):
    first, second = wecom.apply(), wecom.apply()

    assert len(first) == 12
    assert (first[-4:], second[-4:]) == ("0001", "0002")


def test_submitted_twice_it_exists_twice(wecom: Wecom):
    assert wecom.apply() != wecom.apply()


@pytest.mark.parametrize(
    "change",
    [
        {"template_id": "none"},
        {"creator_userid": ""},
        {"creator_userid": "nobody"},
        {"creator_userid": "intern"},
        {"use_template_approver": 2},
        {"choose_department": 99},
        {"process": {}},
        {"process": {"node_list": []}},
        {"process": {"node_list": [{"type": 2, "userid": ["qa"]}]}},
        {"process": {"node_list": [{"type": 1, "userid": ["lead"]}]}},
        {"process": {"node_list": [{"type": 1, "apv_rel": 1, "userid": []}]}},
        {"process": {"node_list": [{"type": 1, "apv_rel": 1, "userid": ["nobody"]}]}},
        {"process": {"node_list": [{"type": 4, "apv_rel": 1, "userid": ["lead"]}]}},
        {"apply_data": {"contents": []}},
        {"apply_data": {"contents": [textarea("")]}},
        {"apply_data": {"contents": [textarea("x" * 4001)]}},
        {"apply_data": {"contents": [textarea("x", "Textarea-1")]}},
        {"apply_data": {"contents": [textarea("x") | {"control": "Text"}]}},
        {"summary_list": [{"summary_info": [{"text": "x" * 21, "lang": "zh_CN"}]}]},
        {"summary_list": [{"summary_info": [{"text": "x", "lang": "zh_CN"}]}] * 4},
    ],
)
def test_a_malformed_application_is_refused_and_opens_nothing(wecom: Wecom, change: dict[str, Any]):
    assert wecom.refusal("oa/applyevent", application(**change)) == 301025
    assert wecom.control("GET", "approvals")["approvals"] == []


def test_a_line_break_has_no_place_in_a_text(wecom: Wecom):
    remark = {"control": "Text", "id": "Text-1583739880001", "value": {"text": "a\nb"}}

    assert wecom.refusal("oa/applyevent", application(apply_data={"contents": [textarea("x"), remark]})) == 301025


@pytest.mark.parametrize("code", [301025, 301055])
def test_people_outside_the_visible_range_fail_the_whole_application(wecom: Wecom, code: int):
    wecom.settings(invisible_person_code=code)

    applicant = wecom.call("oa/applyevent", application(), app=NARROW)
    approver = wecom.call("oa/applyevent", application((ALL, ["oncall", "lead"]), creator_userid="ops"), app=NARROW)

    assert (applicant["errcode"], approver["errcode"]) == (code, code)
    assert "creator_userid not in app visiable range" in applicant["errmsg"]
    assert wecom.refusal("oa/applyevent", application((ALL, ["oncall"]), creator_userid="ops"), app=NARROW) == 0


def test_without_a_summary_and_with_department_zero_it_is_taken(wecom: Wecom):
    assert wecom.apply(summary_list=[], choose_department=0)


def test_the_older_fields_still_work_with_their_opposite_meaning(wecom: Wecom):
    body = application(approver=[{"attr": 2, "userid": ["lead", "qa"]}, {"attr": 1, "userid": ["ops", "oncall"]}])
    del body["process"]
    body |= {"notifyer": ["release"], "notify_type": 1}

    info = wecom.read(wecom.data("oa/applyevent", body)["sp_no"])

    assert [node.get("apv_rel") for node in info["process_list"]["node_list"]] == [ALL, ANY, None]
    assert info["notifyer"] == [{"userid": "release"}]
    assert wecom.refusal("oa/applyevent", body | {"notify_type": 0}) == 301025


def test_the_templates_own_process_asks_the_superior(wecom: Wecom):
    sp_no = wecom.apply(use_template_approver=1)

    assert people_of(wecom.read(sp_no)) == [[("lead", 1)]]


# -- reading and listing


def test_what_the_app_may_not_see_is_refused_and_not_listed(wecom: Wecom):
    sp_no = wecom.apply()

    assert wecom.refusal("oa/getapprovaldetail", {"sp_no": sp_no}, app=NARROW) == 301055
    assert wecom.refusal("oa/getapprovaldetail", {"sp_no": "202601010001"}) == 301025
    assert listed(wecom, app=NARROW) == []


def test_another_company_sees_nothing(wecom: Wecom):
    other = {"corp_id": "wwother", "agent_id": "1000002", "secret": "other-secret"}
    wecom.control("POST", "apps", other)
    sp_no = wecom.apply()

    assert wecom.refusal("oa/getapprovaldetail", {"sp_no": sp_no}, app=other) == 301025
    assert listed(wecom, app=other) == []


def window(wecom: Wecom, *filters: tuple[str, str], **changes: Any) -> dict[str, Any]:
    now_s = wecom.read(wecom.apply())["apply_time"] if "starttime" not in changes else 0
    return {
        "starttime": str(now_s - 3600),
        "endtime": str(now_s + 3600),
        "new_cursor": "",
        "size": 100,
        "filters": [{"key": key, "value": value} for key, value in filters],
        **changes,
    }


def listed(wecom: Wecom, *filters: tuple[str, str], app: dict[str, str] | None = None, **changes: Any) -> list[str]:
    """All pages of the list. Making the window submits one more application."""
    body, numbers = window(wecom, *filters, **changes), []
    while True:
        answer = wecom.data("oa/getapprovalinfo", body, **({"app": app} if app else {}))
        numbers += answer["sp_no_list"]
        if not answer.get("new_next_cursor"):
            return numbers
        body["new_cursor"] = answer["new_next_cursor"]


def test_the_list_filters_by_all_keys(wecom: Wecom):
    mine, other = wecom.apply(), wecom.apply(creator_userid="qa")
    wecom.decide(other, "approve")

    assert listed(wecom, ("creator", "QA")) == [other]
    assert listed(wecom, ("sp_status", "2")) == [other]
    assert listed(wecom, ("creator", "dev"), ("sp_status", "2")) == []
    assert listed(wecom, ("template_id", CONSOLE_TEMPLATE))[:2] == [mine, other]


@pytest.mark.parametrize("short_pages", [0, 1])
def test_the_pages_of_the_list_hold_everything_once(wecom: Wecom, short_pages: int):
    wecom.settings(short_pages=short_pages)
    made = [wecom.apply(creator_userid=who) for who in ("qa", "dev", "dev", "qa", "dev")]

    found = listed(wecom, ("creator", "qa"), size=2)

    assert found == [made[0], made[3]]


def test_the_list_may_show_a_new_application_late(wecom: Wecom):
    wecom.settings(list_delay_s=20)
    sp_no = wecom.apply()

    assert listed(wecom) == []
    wecom.pass_time(20)
    assert sp_no in listed(wecom)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"starttime": 1}, 40058),
        ({"starttime": "1", "endtime": "1"}, 301025),
        ({"starttime": "0", "endtime": str(31 * 86400 + 1)}, 301025),
        ({"size": 101}, 301025),
        ({"size": 0}, 301025),
        ({"new_cursor": "x"}, 301025),
        ({"filters": [{"key": "title", "value": "x"}]}, 301025),
        ({"filters": [{"key": "creator", "value": "dev"}] * 2}, 301025),
        ({"filters": [{"key": "creator", "value": "intern"}]}, 301055),
    ],
)
def test_a_malformed_list_is_refused(wecom: Wecom, change: dict[str, Any], code: int):
    assert wecom.refusal("oa/getapprovalinfo", window(wecom) | change) == code


def test_a_killed_simulator_has_lost_nothing(tmp_path: Path):
    with wecom_serving(tmp_path / "state.db") as before:
        sp_no = before.apply((ALL, ["lead", "qa"]))
        before.decide(sp_no, "approve", "qa")
        template_id = before.data("oa/approval/create_template", template())["template_id"]
        token = before.token()

    with wecom_serving(tmp_path / "state.db", seed=False) as after:
        assert people_of(after.read(sp_no)) == [[("lead", 1), ("qa", 2)]]
        assert after.token() == token
        assert after.refusal("oa/gettemplatedetail", {"template_id": template_id}) == 0
