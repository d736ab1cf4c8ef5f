"""
People of the organisation, on the older host.

Source: "Query user details", "Query users by phone number", "Queries the complete information of a department user" and
the pages beside them, read 2026-02-28. Real answers have JSON types where the pages' samples print texts.
"""

import re
from typing import Any

from local.simulators.dingtalk.answers import OldProblem, old_done
from local.simulators.dingtalk.call import DingCall
from local.simulators.dingtalk.people import People
from local.simulators.frame.apps import App
from local.simulators.frame.people import ROOT, Person
from local.simulators.frame.platform import Simulation
from local.simulators.frame.web import ApiAnswer

__all__ = ["Contacts"]

_LARGEST_PAGE = 100
_MAINLAND = "+86"
_NUMBER = re.compile(r"\d{5,15}|\+\d{1,4}-\d{4,14}")
# Field permissions have Chinese names in the console; the English ones are in some texts.
_MOBILE = ("企业员工手机号信息", "fieldMobile")
_PERSONAL = ("邮箱等个人信息", "fieldEmail")


class Contacts:
    """Look-ups of people."""

    def __init__(self, simulation: Simulation, people: People) -> None:
        self._simulation, self._people = simulation, people

    def user(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/v2/user/get."""
        return old_done(self._full(call.app, self._people.visible(call.app, call.old_text("userid"))))

    def by_mobile(self, call: DingCall) -> ApiAnswer:
        """
        POST /topapi/v2/user/getbymobile.

        Numbers of mainland China are given without the country code, others as `+code-number`; the latter form was not
        seen on the page.
        """
        given = call.old_text("mobile")
        if not _NUMBER.fullmatch(given):
            raise OldProblem(40104)
        wanted = given.replace("-", "") if given.startswith("+") else _MAINLAND + given
        person = self._simulation.people.people.first(mobile=wanted)
        if person is None:
            raise OldProblem(60121)
        self._people.visible(call.app, person.user_id)
        result: dict[str, Any] = {"userid": person.user_id}
        if str(call.body.get("support_exclusive_account_search")).lower() == "true":
            result["exclusive_account_userid_list"] = []
        return old_done(result)

    def by_union_id(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/user/getbyunionid."""
        union_id = call.old_text("unionid")
        people = self._simulation.people.people.find()
        found = next((one.user_id for one in people if self._people.union_id(one.user_id) == union_id), "")
        return old_done({"contact_type": 0, "userid": self._people.required(found).user_id})

    def ids_of_department(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/user/listid: not limited by the app's visible range."""
        department = self._people.department(call.old_whole("dept_id"))
        return old_done({"userid_list": [one.user_id for one in self._people.members(department.id)]})

    def names_of_department(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/user/listsimple."""
        return self._page(call, [{"userid": one.user_id, "name": one.name} for one in self._members(call)])

    def users_of_department(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/v2/user/list: direct members only."""
        return self._page(call, [self._full(call.app, one) for one in self._members(call)])

    def admins(self, _: DingCall) -> ApiAnswer:
        """POST /topapi/user/listadmin: here, who leads somebody and has no leader is the main administrator."""
        people = [one for one in self._simulation.people.people.find() if not one.resigned]
        leaders = {one.leader for one in people}
        admins = [one for one in people if one.user_id in leaders and not one.leader] or people[:1]
        return old_done([{"userid": one.user_id, "sys_level": 1} for one in admins[:1]])

    def count(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/user/count."""
        if call.body.get("only_active") is None:
            raise OldProblem(40035, "缺少参数 only_active")
        return old_done({"count": sum(not one.resigned for one in self._simulation.people.people.find())})

    def _members(self, call: DingCall) -> list[Person]:
        return self._people.members(self._people.visible_department(call.app, call.old_whole("dept_id")).id)

    def _page(self, call: DingCall, items: list[dict[str, Any]]) -> ApiAnswer:
        cursor, size = call.old_whole("cursor"), call.old_whole("size")
        if cursor < 0 or not 1 <= size <= _LARGEST_PAGE:
            raise OldProblem(400002, f"size takes 1 to {_LARGEST_PAGE}, cursor starts with 0")
        end = cursor + size
        result: dict[str, Any] = {"has_more": end < len(items), "list": items[cursor:end]}
        return old_done(result | ({"next_cursor": end} if end < len(items) else {}))

    def _full(self, app: App, person: Person) -> dict[str, Any]:
        """Return the full user; a missing field is a missing permission."""
        departments = [self._people.number(one) for one in person.departments or [ROOT]]
        shown: dict[str, Any] = {
            "userid": person.user_id,
            "unionid": self._people.union_id(person.user_id),
            "name": person.name,
            "avatar": "",
            "job_number": person.job_number,
            "title": person.title,
            "manager_userid": person.leader,
            "dept_id_list": departments,
            "dept_order_list": [{"dept_id": one, "order": 1} for one in departments],
            "leader_in_dept": [{"dept_id": one, "leader": False} for one in departments],
            "active": True,
            "real_authed": True,
            "admin": False,
            "boss": False,
            "senior": False,
            "hide_mobile": False,
            "exclusive_account": False,
            "role_list": [],
        }
        if any(app.is_granted(one) for one in _MOBILE):
            code = _MAINLAND if person.mobile.startswith(_MAINLAND) else ""
            shown |= {"mobile": person.mobile.removeprefix(code), "state_code": code.removeprefix("+")}
        if any(app.is_granted(one) for one in _PERSONAL):
            shown |= {"email": person.email, "remark": "", "work_place": "", "extension": "{}"}
        return shown
