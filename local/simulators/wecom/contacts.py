"""
People, departments and tags. An app sees its visible range only.

Mobile, e-mail and the like are not told to apps made since 2022-06-20, and every app here is one. Source: "Get member",
"Get userid by mobile", "Get userid by e-mail", "Get department list", "Get tag members", read 2026-02-28.
"""

import re
from typing import Any

from local.simulators.frame.people import Department, Group, Person
from local.simulators.frame.platform import Simulation
from local.simulators.frame.web import ApiAnswer
from local.simulators.wecom.answers import Problem, success
from local.simulators.wecom.call import WecomCall, is_one_of
from local.simulators.wecom.directory import COMPANY, Directory
from local.simulators.wecom.throttle import Throttle

__all__ = ["Contacts"]

_DAY_S = 86_400
_MAINLAND = "+86"
_CORPORATE, _PERSONAL = 1, 2
_ACTIVE = 1
_POSITION = re.compile(r"[0-9]{1,9}")


class Contacts:
    """The directory as an app may see it."""

    def __init__(self, simulation: Simulation, directory: Directory, throttle: Throttle) -> None:
        self._simulation, self._directory, self._throttle = simulation, directory, throttle

    def userid_by_mobile(self, call: WecomCall) -> ApiAnswer:
        """
        POST /cgi-bin/user/getuserid.

        Once as many numbers failed as a fifth of the company has people, the call is blocked for the day. The code of
        the block is not documented; 45009 is assumed. `rate_scale` stretches the limit.
        """
        mobile = call.text("mobile")
        failures = f"getuserid {call.corp_id}"
        limit = self._simulation.people.people.count() / 5 * call.app.rate_scale
        if self._throttle.count(failures, _DAY_S) >= limit:
            raise Problem(45009)
        # Numbers of mainland China are known with and without the country code, others with it.
        found = self._visible(call, lambda one: mobile in {one.mobile, one.mobile.removeprefix(_MAINLAND)})
        if found is None:
            self._throttle.add(failures, _DAY_S)
            raise Problem(46004)
        return success(userid=found.user_id)

    def userid_by_email(self, call: WecomCall) -> ApiAnswer:
        """POST /cgi-bin/user/get_userid_by_email. A person here has one address, of the kind that a switch says."""
        email, kind = call.text("email"), call.body.get("email_type", _CORPORATE)
        if not is_one_of(kind, (_CORPORATE, _PERSONAL)):
            raise Problem(40058, "email_type must be 1 or 2")
        known = _PERSONAL if self._simulation.switch("emails_are_personal") else _CORPORATE
        found = self._visible(call, lambda one: kind == known and one.email.lower() == email.lower())
        if found is None:
            raise Problem(46004)
        return success(userid=found.user_id)

    def user(self, call: WecomCall) -> ApiAnswer:
        """GET /cgi-bin/user/get."""
        userid = call.parameter("userid")
        if not 1 <= len(userid.encode()) <= 64:
            raise Problem(40003)
        person = self._directory.visible_person(call.app, userid)
        if person is None:
            raise Problem(60111)
        return success(**self._person(person))

    def users_brief(self, call: WecomCall) -> ApiAnswer:
        """GET /cgi-bin/user/simplelist: direct members only."""
        brief = [
            {"userid": one.user_id, "name": one.name, "department": self._directory.numbers_of(one), "open_userid": ""}
            for one in self._members(call)
        ]
        return success(userlist=brief)

    def users(self, call: WecomCall) -> ApiAnswer:
        """GET /cgi-bin/user/list: direct members only."""
        return success(userlist=[self._person(one) for one in self._members(call)])

    def user_ids(self, call: WecomCall) -> ApiAnswer:
        """POST /cgi-bin/user/list_id: one row per person and department; only with the contact-sync secret."""
        if call.app.scopes is None or "contact_sync" not in call.app.scopes:
            raise Problem(48002)
        cursor, limit = call.body.get("cursor") or "0", call.body.get("limit", 10_000)
        if not _POSITION.fullmatch(str(cursor)) or type(limit) is not int or not 1 <= limit <= 10_000:
            raise Problem(40058, "cursor or limit")
        rows = [
            {"userid": person.user_id, "department": number}
            for person in self._simulation.people.people.find()
            if not person.resigned
            for number in self._directory.numbers_of(person)
        ]
        end = int(cursor) + limit
        return success(dept_user=rows[int(cursor) : end], next_cursor=str(end) if end < len(rows) else "")

    def departments_brief(self, call: WecomCall) -> ApiAnswer:
        """GET /cgi-bin/department/simplelist: a department and all below; without `id`, everything visible."""
        return success(department_id=[_without_names(self._department(one)) for one in self._departments(call)])

    def departments(self, call: WecomCall) -> ApiAnswer:
        """GET /cgi-bin/department/list."""
        return success(department=[self._department(one) for one in self._departments(call)])

    def department(self, call: WecomCall) -> ApiAnswer:
        """GET /cgi-bin/department/get."""
        return success(department=self._department(self._one_department(call, call.parameter("id"), unknown=60123)))

    def tags(self, _: WecomCall) -> ApiAnswer:
        """GET /cgi-bin/tag/list."""
        return success(taglist=[{"tagid": n, "tagname": tag.name} for n, tag in self._directory.tags().items()])

    def tag(self, call: WecomCall) -> ApiAnswer:
        """GET /cgi-bin/tag/get."""
        found = self._directory.tag(call.parameter("tagid"))
        if found is None:
            raise Problem(40068)
        return success(
            tagname=found.name,
            userlist=[{"userid": one.user_id, "name": one.name} for one in self._tagged(call, found)],
            partylist=[self._directory.number(one) for one in found.departments],
        )

    def _visible(self, call: WecomCall, is_meant: Any) -> Person | None:
        return next((one for one in self._directory.visible_people(call.app) if is_meant(one)), None)

    def _members(self, call: WecomCall) -> list[Person]:
        department = self._one_department(call, call.parameter("department_id"), unknown=60003)
        return [one for one in self._directory.members(department.id) if self._directory.is_visible(call.app, one)]

    def _departments(self, call: WecomCall) -> list[Department]:
        if call.parameter("id"):
            top = self._one_department(call, call.parameter("id"), unknown=60123)
            return [top, *self._directory.below(top.id)]
        company = self._directory.department(str(COMPANY))
        everything = [company, *self._simulation.people.departments.find()]
        return [one for one in everything if one and self._directory.is_department_visible(call.app, one.id)]

    def _one_department(self, call: WecomCall, number: str, *, unknown: int) -> Department:
        found = self._directory.department(number)
        if found is None:
            raise Problem(unknown)
        if not self._directory.is_department_visible(call.app, found.id):
            raise Problem(60011)
        return found

    def _tagged(self, call: WecomCall, tag: Group) -> list[Person]:
        found = (self._directory.visible_person(call.app, one) for one in tag.members)
        return [one for one in found if one is not None]

    def _person(self, person: Person) -> dict[str, Any]:
        numbers = self._directory.numbers_of(person)
        return {
            "userid": person.user_id,
            "name": person.name,
            "department": numbers,
            "main_department": numbers[0],
            "position": person.title,
            "direct_leader": [person.leader] if person.leader else [],
            "status": _ACTIVE,
        }

    def _department(self, department: Department) -> dict[str, Any]:
        number = self._directory.number(department.id)
        return {
            "id": number,
            "name": department.name,
            "name_en": "",
            "department_leader": [],
            "parentid": 0 if number == COMPANY else self._directory.number(department.parent),
            "order": number,
        }


def _without_names(department: dict[str, Any]) -> dict[str, Any]:
    return {name: department[name] for name in ("id", "parentid", "order")}
