"""
People, departments and user groups.

Results are limited to the app's data permission range: people outside disappear without an error. Fields whose scope is
missing vanish as well. Source: contact v3 pages, read 2026-02-28.
"""

from hashlib import sha256
from typing import Any

from local.simulators.feishu.answers import Problem, success
from local.simulators.feishu.call import FeishuCall, field_violation, page_of
from local.simulators.feishu.identities import Identities
from local.simulators.frame.apps import App
from local.simulators.frame.people import ROOT, Department, Group, Person
from local.simulators.frame.platform import Simulation
from local.simulators.frame.web import ApiAnswer

__all__ = ["FIELD_SCOPES", "Contacts"]

# Without these, fields vanish from answers; no call needs them.
FIELD_SCOPES = (
    "contact:department.base:readonly",
    "contact:department.organize:readonly",
    "contact:user.base:readonly",
    "contact:user.department:readonly",
    "contact:user.email:readonly",
    "contact:user.employee:readonly",
    "contact:user.employee_id:readonly",
    "contact:user.phone:readonly",
)

_BROAD = ("contact:contact:readonly_as_app", "contact:contact:readonly", "contact:contact:access_as_app")
_MAINLAND = "+86"


class Contacts:
    """The directory as an app may see it."""

    def __init__(self, simulation: Simulation, identities: Identities) -> None:
        self._people, self._identities = simulation.people, identities

    def batch_get_id(self, call: FeishuCall) -> ApiAnswer:
        """POST /contact/v3/users/batch_get_id: one entry per address asked for; without `user_id` when not found."""
        emails, mobiles = _texts(call, "emails"), _texts(call, "mobiles")
        if not emails and not mobiles:
            raise field_violation("emails", "", "emails or mobiles is required")
        id_type = call.user_id_type()
        with_resigned = call.body.get("include_resigned") is True
        people = self._people.people.find()
        entries: list[dict[str, Any]] = []
        for name, values in (("email", emails), ("mobile", mobiles)):
            for value in values:
                entry: dict[str, Any] = {name: value}
                person = next((one for one in people if _answers_to(one, name, value)), None)
                if person and self._identities.is_in_range(call.app, person) and (with_resigned or not person.resigned):
                    entry |= {
                        "user_id": self._identities.typed(call.app, person.user_id, id_type),
                        "status": _status(person),
                    }
                    if not entry["user_id"]:
                        del entry["user_id"]
                entries.append(entry)
        return success({"user_list": entries})

    def scopes(self, call: FeishuCall) -> ApiAnswer:
        """GET /contact/v3/scopes: the data permission range; users first, then departments, then groups."""
        app, id_type = call.app, call.user_id_type()
        if app.contact_range is None:
            everything = [("department_ids", ROOT)]
        else:
            everything = [("user_ids", self._identities.typed(app, user, id_type)) for user in app.contact_range.people]
            everything += [("department_ids", self._department_id(call, one)) for one in app.contact_range.departments]
        everything += [("group_ids", group.id) for group in self._people.groups.find()]
        items, page = page_of(call, everything, default=50, largest=100)
        lists: dict[str, list[str]] = {"department_ids": [], "user_ids": [], "group_ids": []}
        for name, value in items:
            lists[name].append(value)
        return success({**lists, **page})

    def children(self, call: FeishuCall) -> ApiAnswer:
        """GET /contact/v3/departments/:department_id/children."""
        parent = self._department_of(call.params["department_id"])
        if not self._identities.is_department_in_range(call.app, parent):
            raise Problem(40014 if parent == ROOT else 40004, status=403)
        below = self._below(parent, deep=call.query.get("fetch_child", "").lower() == "true")
        items, page = page_of(call, below, default=10, largest=50)
        return success({"items": [self._department(call, one) for one in items], **page})

    def department(self, call: FeishuCall) -> ApiAnswer:
        """GET /contact/v3/departments/:department_id."""
        found = self._people.departments.get(self._department_of(call.params["department_id"]))
        if found is None:
            found = Department(id=ROOT, name="Simulated company", parent="")
        if not self._identities.is_department_in_range(call.app, found.id):
            raise Problem(40004, status=403)
        return success({"department": self._department(call, found)})

    def users_of_department(self, call: FeishuCall) -> ApiAnswer:
        """GET /contact/v3/users/find_by_department: direct members only."""
        department = self._department_of(call.query.get("department_id", ""))
        if not self._identities.is_department_in_range(call.app, department):
            raise Problem(40004, status=403)
        members = [person for person in self._people.members(department) if not person.resigned]
        items, page = page_of(call, members, default=10, largest=50)
        return success({"items": [self._person(call, person) for person in items], **page})

    def user(self, call: FeishuCall) -> ApiAnswer:
        """GET /contact/v3/users/:user_id."""
        user_id = self._identities.resolve(call.app, call.params["user_id"], call.user_id_type(), unknown=41012)
        person = self._people.people.get(user_id)
        if person is None:
            raise Problem(41012)
        if not self._identities.is_in_range(call.app, person):
            raise Problem(41050)
        return success({"user": self._person(call, person)})

    def groups(self, call: FeishuCall) -> ApiAnswer:
        """GET /contact/v3/group/simplelist; only normal groups exist here."""
        groups = self._people.groups.find() if call.query.get("type", "1") == "1" else []
        items, page = page_of(call, groups, default=50, largest=100)
        return success({"grouplist": [_group(group) for group in items], **page})

    def group(self, call: FeishuCall) -> ApiAnswer:
        """GET /contact/v3/group/:group_id."""
        return success({"group": _group(self._group_of(call))})

    def group_members(self, call: FeishuCall) -> ApiAnswer:
        """GET /contact/v3/group/:group_id/member/simplelist: people, or departments, asked for one after the other."""
        group = self._group_of(call)
        member_type = call.query.get("member_type") or "user"
        if member_type not in {"user", "department"}:
            raise Problem(42002)
        if member_type == "user":
            id_type = call.query.get("member_id_type") or "open_id"
            ids = [self._identities.typed(call.app, user, id_type) for user in group.members]
        else:
            ids = [self._department_id(call, one, call.query.get("member_id_type")) for one in group.departments]
        items, page = page_of(call, ids, default=50, largest=100)
        members = [
            {
                "member_id": one,
                "member_type": member_type,
                "member_id_type": call.query.get("member_id_type", "open_id"),
            }
            for one in items
        ]
        return success({"memberlist": members, **page})

    def department_ids(self, given: list[str]) -> list[str]:
        """Return the departments known by these ids of either kind."""
        known = {
            alias: one.id for one in self._people.departments.find() for alias in (one.id, _open_department_id(one.id))
        }
        return [known[one] for one in given if one in known]

    def people_below(self, department: str) -> list[Person]:
        """Return everybody in a department and in those below it."""
        departments = [department, *(one.id for one in self._below(department, deep=True))]
        return [person for one in departments for person in self._people.members(one)]

    def _below(self, parent: str, *, deep: bool) -> list[Department]:
        children = self._people.departments.find(parent=parent)
        return [one for child in children for one in (child, *(self._below(child.id, deep=True) if deep else ()))]

    def _department_of(self, given: str) -> str:
        if given == ROOT:
            return ROOT
        found = self.department_ids([given])
        if not found:
            raise Problem(40008)
        return found[0]

    def _department_id(self, call: FeishuCall, department: str, id_type: str | None = None) -> str:
        wanted = id_type or call.query.get("department_id_type") or "open_department_id"
        return department if department == ROOT or wanted == "department_id" else _open_department_id(department)

    def _department(self, call: FeishuCall, department: Department) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "open_department_id": _open_department_id(department.id) if department.id != ROOT else ROOT,
            "status": {"is_deleted": False},
        }
        if _sees(call.app, "contact:department.base:readonly"):
            shown["name"] = department.name
            shown["department_id"] = department.id
        if _sees(call.app, "contact:department.organize:readonly"):
            shown["parent_department_id"] = self._department_id(call, department.parent) if department.parent else ""
            shown["member_count"] = len({person.user_id for person in self.people_below(department.id)})
        return shown

    def _person(self, call: FeishuCall, person: Person) -> dict[str, Any]:
        app = call.app
        shown: dict[str, Any] = {
            "open_id": self._identities.open_id(app.app_id, person.user_id),
            "union_id": self._identities.union_id(person.user_id),
            "status": _status(person),
        }
        for scope, fields in (
            ("contact:user.employee_id:readonly", {"user_id": person.user_id}),
            ("contact:user.base:readonly", {"name": person.name, "en_name": person.en_name}),
            ("contact:user.email:readonly", {"email": person.email}),
            ("contact:user.phone:readonly", {"mobile": person.mobile}),
            ("contact:user.employee:readonly", {"job_title": person.title, "employee_no": person.job_number}),
            (
                "contact:user.department:readonly",
                {"department_ids": [self._department_id(call, one) for one in person.departments or [ROOT]]},
            ),
        ):
            if _sees(app, scope):
                shown |= fields
        return shown

    def _group_of(self, call: FeishuCall) -> Group:
        found = self._people.groups.get(call.params["group_id"])
        if found is None:
            raise Problem(42009, status=403)
        return found


def _sees(app: App, scope: str) -> bool:
    return any(app.is_granted(one) for one in (scope, *_BROAD))


def _texts(call: FeishuCall, name: str) -> list[str]:
    value = call.body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise field_violation(name, value, "must be a list of texts")
    if len(value) > 50:
        raise field_violation(name, len(value), "the max len is 50")
    return value


def _answers_to(person: Person, name: str, value: str) -> bool:
    if name == "email":
        return bool(person.email) and person.email.lower() == value.lower()
    # Numbers of mainland China are given without the country code, others with it; both spellings are found.
    return bool(person.mobile) and value in {person.mobile, person.mobile.removeprefix(_MAINLAND)}


def _status(person: Person) -> dict[str, bool]:
    return {
        "is_frozen": False,
        "is_resigned": person.resigned,
        "is_activated": not person.resigned,
        "is_exited": False,
        "is_unjoin": False,
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "name": group.name,
        "description": "",
        "member_user_count": len(group.members),
        "member_department_count": len(group.departments),
        "type": 1,
    }


def _open_department_id(department: str) -> str:
    return f"od-{sha256(department.encode()).hexdigest()[:32]}"
