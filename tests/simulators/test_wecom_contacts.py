"""People, departments and tags, as an app may see them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulators.wecom import CORP, NARROW, Wecom, wecom_serving


@pytest.fixture
def wecom(tmp_path: Path) -> Iterator[Wecom]:
    with wecom_serving(tmp_path / "wecom.db") as running:
        yield running


@pytest.mark.parametrize("mobile", ["13800000001", "+8613800000001"])
def test_a_mobile_names_a_person(wecom: Wecom, mobile: str):
    assert wecom.data("user/getuserid", {"mobile": mobile})["userid"] == "lead"


def test_a_number_is_no_mobile(wecom: Wecom):
    assert wecom.refusal("user/getuserid", {"mobile": 13800000001}) == 40058


def test_who_left_or_is_out_of_range_is_not_found(wecom: Wecom):
    assert wecom.refusal("user/getuserid", {"mobile": "13800000007"}) == 46004
    assert wecom.refusal("user/getuserid", {"mobile": "13800000001"}, app=NARROW) == 46004
    assert wecom.data("user/getuserid", {"mobile": "13800000004"}, app=NARROW)["userid"] == "ops"


def test_failed_look_ups_of_a_fifth_of_the_company_block_them_for_the_day(wecom: Wecom):
    wecom.register(rate_scale=1)
    known = {"mobile": "13800000001"}

    failures = [wecom.refusal("user/getuserid", {"mobile": f"139{number}"}) for number in range(3)]

    assert failures == [46004, 46004, 45009]
    assert wecom.refusal("user/getuserid", known) == 45009
    wecom.pass_time(86_400)
    assert wecom.refusal("user/getuserid", known) == 0


@pytest.mark.parametrize(("are_personal", "kinds"), [(0, [0, 46004]), (1, [46004, 0])])
def test_an_address_is_corporate_or_personal(wecom: Wecom, are_personal: int, kinds: list[int]):
    wecom.settings(emails_are_personal=are_personal)

    assert [
        wecom.refusal("user/get_userid_by_email", {"email": "Lead@example.com", "email_type": kind}) for kind in (1, 2)
    ] == kinds


def test_a_person_is_told_without_addresses(wecom: Wecom):
    person = wecom.data("user/get", userid="DEV")

    assert (person["userid"], person["name"], person["direct_leader"]) == ("dev", "周航", ["lead"])
    assert person["department"] == [3]
    assert not {"mobile", "email"} & person.keys()
    assert wecom.refusal("user/get", userid="nobody") == 60111
    assert wecom.refusal("user/get", userid="intern") == 60111
    assert wecom.refusal("user/get", userid="x" * 65) == 40003


def test_departments_are_numbered_from_the_company_on(wecom: Wecom):
    listed = wecom.data("department/list")["department"]

    assert [(one["id"], one["parentid"]) for one in listed] == [(1, 0), (2, 1), (3, 2), (4, 2), (5, 2), (6, 1)]
    brief = wecom.data("department/simplelist", id=2)["department_id"]
    assert brief == [{"id": n, "parentid": p, "order": n} for n, p in ((2, 1), (3, 2), (4, 2), (5, 2))]
    assert wecom.data("department/get", id=6)["department"]["name"] == "产品部 Product"


def test_only_what_is_visible_is_listed(wecom: Wecom):
    assert [one["id"] for one in wecom.data("department/list", app=NARROW)["department"]] == [5]
    assert wecom.refusal("department/get", id=6, app=NARROW) == 60011
    assert wecom.refusal("department/get", id=99) == 60123
    assert wecom.refusal("user/simplelist", department_id=99) == 60003


def test_direct_members_are_listed_by_get_and_by_post(wecom: Wecom):
    by_get = wecom.data("user/simplelist", department_id=5)["userlist"]
    by_post = wecom.data("user/simplelist", {"department_id": 5})["userlist"]

    assert [one["userid"] for one in by_get] == ["ops", "oncall"]
    assert by_post == by_get
    assert wecom.data("user/simplelist", department_id=2)["userlist"] == []


def test_all_ids_need_the_contact_sync_secret(wecom: Wecom):
    sync = {"corp_id": CORP, "agent_id": "2000003", "secret": "sync-secret"}
    wecom.control("POST", "apps", {**sync, "scopes": ["contact_sync", "message"]})

    assert wecom.refusal("user/list_id", {"cursor": "", "limit": 4}) == 48002
    first = wecom.data("user/list_id", {"cursor": "", "limit": 4}, app=sync)
    second = wecom.data("user/list_id", {"cursor": first["next_cursor"], "limit": 4}, app=sync)
    assert len({one["userid"] for one in first["dept_user"] + second["dept_user"]}) == 6
    assert second["next_cursor"] == ""
    assert wecom.refusal("message/send", {}, app=sync) == 48002


def test_tags_have_members(wecom: Wecom):
    tag = wecom.data("tag/get", tagid=1)

    assert [one["userid"] for one in tag["userlist"]] == ["lead", "release", "oncall"]
    assert wecom.refusal("tag/get", tagid=7) == 40068


def test_where_callbacks_come_from_is_told(wecom: Wecom):
    assert wecom.data("getcallbackip")["ip_list"] == ["127.0.0.1"]
