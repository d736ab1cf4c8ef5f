"""
The organisation: departments, people, chats and user groups, the same for all apps of the simulated tenant.

`POST /_sim/people` adds or replaces (by id) any of them:

    {"departments": [{"id": "d-dev", "name": "研发部", "parent": "0"}],
     "people": [{"user_id": "dev", "name": "Dev", "email": "dev@example.com", "mobile": "+8613800000001",
                 "departments": ["d-dev"], "title": "Engineer", "leader": "lead", "auto_pass": false}],
     "chats": [{"id": "oc_ops", "name": "Releases", "members": ["dev"], "bots": ["<app id>"], "owner": "dev"}],
     "groups": [{"id": "g-release", "name": "Release managers", "members": ["dev"], "departments": []}],
     "robots": [{"id": "<hook id>", "chat": "oc_ops", "name": "ops", "secret": "...", "keywords": []}]}

`bots: ["*"]` puts every app's bot into the chat. What is left out of an entry that exists already stays as it is.

    {"generate": {"people": 20000, "departments": 500}}

makes up a whole organisation beside what is there (`frame/crowd.py`), the same one for the same numbers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from local.simulators.frame.crowd import crowd
from local.simulators.frame.store import Collection, Store
from local.simulators.frame.web import SimError

__all__ = ["ROOT", "Chat", "Department", "Group", "Organisation", "Person", "Robot"]

ROOT = "0"
"""Id of the whole organisation. A platform that calls its root otherwise translates."""


@dataclass(slots=True)
class Department:
    """One department; `parent` is the id of the one above."""

    id: str
    name: str
    parent: str = ROOT


@dataclass(slots=True)
class Person:
    """
    One person.

    Args:
        user_id: unique in the tenant.
        mobile: with country code, such as `+8613800000001`.
        leader: user_id of the superior.
        auto_pass: the platform passes this person's tasks without asking, as an administrator can arrange.
    """

    user_id: str
    name: str
    en_name: str = ""
    email: str = ""
    mobile: str = ""
    title: str = ""
    departments: list[str] = field(default_factory=list)
    leader: str = ""
    resigned: bool = False
    auto_pass: bool = False
    job_number: str = ""


@dataclass(slots=True)
class Chat:
    """One group chat. `bots` are ids of the apps whose bot is in it."""

    id: str
    name: str
    members: list[str] = field(default_factory=list)
    bots: list[str] = field(default_factory=list)
    owner: str = ""
    description: str = ""

    def has_bot(self, app_id: str) -> bool:
        """Tell whether that app's bot is in the chat."""
        return app_id in self.bots or "*" in self.bots


@dataclass(slots=True)
class Group:
    """One user group: people and whole departments."""

    id: str
    name: str
    members: list[str] = field(default_factory=list)
    departments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Robot:
    """One custom robot of a chat, called by an address that is itself the secret."""

    id: str
    chat: str
    name: str = ""
    secret: str = ""
    keywords: list[str] = field(default_factory=list)
    ip_allow_list: list[str] = field(default_factory=list)


class Organisation:
    """Departments, people, chats, groups and robots of the simulated tenant."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._members: tuple[int, dict[str, list[Person]]] = (-1, {})
        self.departments = Collection(store, "departments", Department, key="id", indexed=("parent",))
        self.people = Collection(store, "people", Person, key="user_id", indexed=("email", "mobile"))
        self.chats = Collection(store, "chats", Chat, key="id")
        self.groups = Collection(store, "user_groups", Group, key="id")
        self.robots = Collection(store, "robots", Robot, key="id")

    def add(self, body: Mapping[str, Any]) -> None:
        """
        Add or change what the body lists, all of it or nothing.

        Raises:
            SimError: an entry is malformed or refers to somebody who does not exist.
        """
        known = ("departments", "people", "chats", "groups", "robots", "generate")
        unknown = body.keys() - set(known)
        if unknown:
            raise SimError(f"unknown fields {sorted(unknown)}; known are {', '.join(known)}")
        if "generate" in body:
            self.add(crowd(body["generate"]))
        with self._store.transaction():
            _merge(self.departments, Department, body.get("departments") or [], "id")
            _merge(self.people, Person, body.get("people") or [], "user_id")
            _merge(self.chats, Chat, body.get("chats") or [], "id")
            _merge(self.groups, Group, body.get("groups") or [], "id")
            _merge(self.robots, Robot, body.get("robots") or [], "id")
            self._check_references()

    def listed(self) -> dict[str, list[dict[str, Any]]]:
        """Return everything as JSON-ready values; robots without their secrets."""
        return {
            "departments": [self.departments.dump(item) for item in self.departments.find()],
            "people": [self.people.dump(item) for item in self.people.find()],
            "chats": [self.chats.dump(item) for item in self.chats.find()],
            "groups": [self.groups.dump(item) for item in self.groups.find()],
        }

    def members(self, department: str) -> list[Person]:
        """Return the people directly in a department; those without any are in the root."""
        if self._members[0] != self.people.revision:
            by_department: dict[str, list[Person]] = {}
            for person in self.people.find():
                for each in dict.fromkeys(person.departments or [ROOT]):
                    by_department.setdefault(each, []).append(person)
            self._members = (self.people.revision, by_department)
        return list(self._members[1].get(department, ()))

    def lineage(self, department: str) -> Iterator[str]:
        """Yield a department and those above it, the root last."""
        while department and department != ROOT:
            yield department
            found = self.departments.get(department)
            department = found.parent if found else ROOT
        yield ROOT

    def name_of(self, user_id: str) -> str:
        """Return what to call somebody."""
        person = self.people.get(user_id)
        return person.name if person else user_id

    def _check_references(self) -> None:
        departments = {ROOT, *(item.id for item in self.departments.find())}
        parents = {item.id: item.parent for item in self.departments.find()}
        for department, parent in parents.items():
            seen, above = {department}, parent
            while above != ROOT:
                if above not in parents or above in seen:
                    raise SimError(f"department {department!r}: {above!r} is unknown or above itself")
                seen.add(above)
                above = parents[above]
        for person in self.people.find():
            missing = set(person.departments) - departments
            if missing:
                raise SimError(f"person {person.user_id!r}: add departments {sorted(missing)} first")
        people = {person.user_id for person in self.people.find()}
        circles: list[Chat | Group] = [*self.chats.find(), *self.groups.find()]
        for circle in circles:
            missing = set(circle.members) - people
            if missing:
                raise SimError(f"{circle.id!r}: add people {sorted(missing)} first")


def _merge(collection: Collection[Any], model: type[Any], entries: list[Any], key: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(model)
    known_fields = set(model.__dataclass_fields__)
    for entry in entries:
        if not isinstance(entry, dict) or not entry.get(key):
            raise SimError(f"every {model.__name__.lower()} needs {key!r}")
        unknown = entry.keys() - known_fields
        if unknown:
            raise SimError(f"{entry[key]!r}: unknown fields {sorted(unknown)}; known are {sorted(known_fields)}")
        known = collection.get(str(entry[key]))
        merged = {**(collection.dump(known) if known else {}), **entry}
        try:
            collection.put(adapter.validate_python(merged))
        except ValidationError as err:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in err.errors())
            raise SimError(f"{entry[key]!r}: {problems}") from err
