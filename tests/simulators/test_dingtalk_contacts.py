"""People and departments, as the older host tells them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.dingtalk import GATE, MOBILE, NARROW, DingTalk, dingtalk_at


@pytest.fixture
def dingtalk(tmp_path: Path) -> Iterator[DingTalk]:
    with dingtalk_at(tmp_path / "dingtalk.db") as simulator:
        yield simulator


def result(dingtalk: DingTalk, path: str, body: Any, **more: Any) -> Any:
    answer = dingtalk.old(f"/topapi/{path}", body, **more)
    assert answer["errcode"] == 0, answer
    return answer["result"]


def number(dingtalk: DingTalk, name: str) -> int:
    """The number of a department below engineering, or of engineering itself."""
    top = result(dingtalk, "v2/department/listsub", {})
    engineering = next(one for one in top if "Engineering" in one["name"])
    below = result(dingtalk, "v2/department/listsub", {"dept_id": engineering["dept_id"]})
    return next(one["dept_id"] for one in [engineering, *below] if name in one["name"])


@pytest.mark.parametrize(
    ("mobile", "found"),
    [
        ("13800000001", "lead"),
        ("+65-91234567", "qa"),
        ("+86-13800000004", "ops"),
        ("91234567", 60121),
        ("13800000007", 60121),
        ("lead@example.com", 40104),
        ("", 40035),
        (13800000001, 400002),
    ],
)
def test_people_are_found_by_mobile(dingtalk: DingTalk, mobile: Any, found: str | int):
    answer = dingtalk.old(MOBILE, {"mobile": mobile})

    assert answer.get("result", {}).get("userid", answer["errcode"]) == found


def test_departments_are_walked_level_by_level(dingtalk: DingTalk):
    top = result(dingtalk, "v2/department/listsub", {"dept_id": 1})
    assert {one["parent_id"] for one in top} == {1}
    operations = number(dingtalk, "Operations")

    assert "parent_id" not in result(dingtalk, "v2/department/get", {"dept_id": 1})
    parents = result(dingtalk, "v2/department/listparentbydept", {"dept_id": operations})["parent_id_list"]
    assert parents == [operations, number(dingtalk, "Engineering"), 1]
    assert result(dingtalk, "v2/department/listparentbyuser", {"userid": "ops"}) == {
        "parent_list": [{"parent_dept_id_list": parents}]
    }
    ids = result(dingtalk, "v2/department/listsubid", {"dept_id": parents[1]})["dept_id_list"]
    assert operations in ids
    assert dingtalk.old("/topapi/v2/department/get", {"dept_id": 7})["errcode"] == 60003


def test_members_come_in_pages_without_those_who_left(dingtalk: DingTalk):
    development = number(dingtalk, "Development")
    first = result(dingtalk, "v2/user/list", {"dept_id": development, "cursor": 0, "size": 1})
    rest = result(dingtalk, "v2/user/list", {"dept_id": development, "cursor": first["next_cursor"], "size": 1})

    assert [one["userid"] for one in first["list"] + rest["list"]] == ["lead", "dev"]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert result(dingtalk, "user/listid", {"dept_id": development}) == {"userid_list": ["lead", "dev"]}
    names = result(dingtalk, "user/listsimple", {"dept_id": development, "cursor": 0, "size": 100})
    assert names["list"][1] == {"userid": "dev", "name": "周航"}
    too_many = dingtalk.old("/topapi/v2/user/list", {"dept_id": development, "cursor": 0, "size": 101})
    assert too_many["errcode"] == 400002


def test_a_missing_permission_hides_fields(dingtalk: DingTalk):
    full = result(dingtalk, "v2/user/get", {"userid": "ops"})
    narrow = result(dingtalk, "v2/user/get", {"userid": "ops"}, app=NARROW)

    assert (full["mobile"], full["email"], full["manager_userid"]) == ("13800000004", "ops@example.com", "oncall")
    assert not {"mobile", "email"} & narrow.keys()
    assert result(dingtalk, "user/getbyunionid", {"unionid": full["unionid"]})["userid"] == "ops"


def test_the_visible_range_is_held(dingtalk: DingTalk):
    assert dingtalk.old("/topapi/v2/user/get", {"userid": "lead"}, app=NARROW)["errcode"] == 50002
    dingtalk.control("POST", "apps", {"app_key": NARROW["appKey"], "scopes": None})
    operations, development = number(dingtalk, "Operations"), number(dingtalk, "Development")

    assert dingtalk.old("/topapi/v2/department/get", {"dept_id": development}, app=NARROW)["errcode"] == 50004
    assert dingtalk.old(MOBILE, {"mobile": "13800000001"}, app=NARROW)["errcode"] == 50002
    assert result(dingtalk, "user/listid", {"dept_id": development}, app=NARROW)["userid_list"] == ["lead", "dev"]
    scopes = dingtalk.old("/auth/scopes", method="GET", app=NARROW)
    assert scopes["auth_org_scopes"] == {"authed_user": [], "authed_dept": [operations]}
    assert dingtalk.old("/auth/scopes", method="GET")["auth_org_scopes"]["authed_dept"] == [1]


def test_the_rest_of_the_look_ups(dingtalk: DingTalk):
    assert result(dingtalk, "user/count", {"only_active": False}) == {"count": 6}
    assert result(dingtalk, "user/listadmin", {}) == [{"userid": "lead", "sys_level": 1}]
    assert dingtalk.old("/topapi/v2/user/get", {"userid": "nobody"})["errcode"] == 60121
    assert GATE["appKey"] not in str(dingtalk.old("/topapi/user/getbyunionid", {"unionid": "x"}))
