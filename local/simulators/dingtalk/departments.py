"""
Departments of the organisation, on the older host, and what an app may see.

Source: "Acquires the list of departments", "Query department details", "Obtain the authorization scope", read
2026-02-28.
"""

from typing import Any

from local.simulators.dingtalk.answers import old_done
from local.simulators.dingtalk.call import DingCall
from local.simulators.dingtalk.people import ROOT_NUMBER, People
from local.simulators.frame.people import ROOT, Department
from local.simulators.frame.platform import Simulation
from local.simulators.frame.web import ApiAnswer

__all__ = ["Departments"]


class Departments:
    """Look-ups of departments."""

    def __init__(self, simulation: Simulation, people: People) -> None:
        self._simulation, self._people = simulation, people

    def below(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/v2/department/listsub: one level."""
        parent = self._people.visible_department(call.app, call.old_whole("dept_id", ROOT_NUMBER))
        return old_done([self._short(one) for one in self._children(parent)])

    def ids_below(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/v2/department/listsubid: one level, not limited by the app's visible range."""
        parent = self._people.department(call.old_whole("dept_id"))
        return old_done({"dept_id_list": [self._people.number(one.id) for one in self._children(parent)]})

    def read(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/v2/department/get."""
        department = self._people.visible_department(call.app, call.old_whole("dept_id"))
        shown: dict[str, Any] = {
            **self._short(department),
            "source_identifier": "",
            "order": 0,
            "code": "",
            "dept_manager_userid_list": [],
            "member_count": len(self._people.members(department.id)),
            "hide_dept": False,
            "outer_dept": False,
        }
        return old_done(shown)

    def above(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/v2/department/listparentbydept: from the department up to the root."""
        department = self._people.visible_department(call.app, call.old_whole("dept_id"))
        return old_done({"parent_id_list": self._lineage(department.id)})

    def above_user(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/v2/department/listparentbyuser: one line for each of somebody's departments."""
        person = self._people.visible(call.app, call.old_text("userid"))
        lines = [{"parent_dept_id_list": self._lineage(one)} for one in person.departments or [ROOT]]
        return old_done({"parent_list": lines})

    def scopes(self, call: DingCall) -> ApiAnswer:
        """GET /auth/scopes: whom the app may see; beside errcode, not in `result`."""
        seen = call.app.contact_range
        departments = [ROOT] if seen is None else seen.departments
        return old_done(
            auth_user_field=["userid", "name"],
            auth_org_scopes={
                "authed_user": [] if seen is None else seen.people,
                "authed_dept": [self._people.number(one) for one in departments],
            },
        )

    def _children(self, parent: Department) -> list[Department]:
        return self._simulation.people.departments.find(parent=parent.id)

    def _lineage(self, department: str) -> list[int]:
        return [self._people.number(one) for one in self._simulation.people.lineage(department)]

    def _short(self, department: Department) -> dict[str, Any]:
        shown: dict[str, Any] = {"dept_id": self._people.number(department.id), "name": department.name}
        if department.id != ROOT:  # the root has no parent
            shown["parent_id"] = self._people.number(department.parent)
        return shown | {"create_dept_group": False, "auto_add_user": False}
