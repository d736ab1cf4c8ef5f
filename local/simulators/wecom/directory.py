"""
People, departments and tags as the platform numbers them, and what an app may see of them.

Userids are equal without regard to case. Departments have numbers, the whole company is 1; tags are the organisation's
user groups. Source: "Create member", "Visible range", read 2026-02-28.
"""

from local.simulators.frame.apps import App
from local.simulators.frame.people import ROOT, Department, Group, Person
from local.simulators.frame.platform import Simulation
from local.simulators.wecom.call import agent_id
from local.simulators.wecom.rules import APPROVAL_APP

__all__ = ["COMPANY", "Directory"]

COMPANY = 1
"""Number of the whole company."""


class Directory:
    """The company's people, departments and tags."""

    def __init__(self, simulation: Simulation) -> None:
        self._people = simulation.people
        self._numbers: tuple[int, dict[str, int]] = (-1, {})

    def person(self, userid: str) -> Person | None:
        """Return who has that userid, also after having left."""
        found = self._people.people.get(userid)
        if found is not None or not userid:
            return found
        return next((one for one in self._people.people.find() if one.user_id.lower() == userid.lower()), None)

    def visible_person(self, app: App, userid: str) -> Person | None:
        """Return who has that userid, if the app may see them and they have not left."""
        found = self.person(userid)
        return found if found and not found.resigned and self.is_visible(app, found) else None

    def is_visible(self, app: App, person: Person) -> bool:
        """Tell whether an app's visible range covers somebody."""
        if app.contact_range is None or agent_id(app) == APPROVAL_APP or person.user_id in app.contact_range.people:
            return True
        return any(self.is_department_visible(app, department) for department in person.departments or [ROOT])

    def is_department_visible(self, app: App, department: str) -> bool:
        """Tell whether an app's visible range covers a department."""
        if app.contact_range is None:
            return True
        return any(above in app.contact_range.departments for above in self._people.lineage(department))

    def visible_people(self, app: App) -> list[Person]:
        """Return everybody in an app's visible range."""
        return [one for one in self._people.people.find() if not one.resigned and self.is_visible(app, one)]

    def number(self, department: str) -> int:
        """Return the number of a department: they are counted in the order in which they were made."""
        return self._known_numbers().get(department, COMPANY)

    def department(self, number: str) -> Department | None:
        """Return the department of that number."""
        if number == str(COMPANY):
            return Department(id=ROOT, name="Simulated company", parent="")
        found = next((one for one, known in self._known_numbers().items() if str(known) == number), "")
        return self._people.departments.get(found)

    def _known_numbers(self) -> dict[str, int]:
        revision = self._people.departments.revision
        if self._numbers[0] != revision:
            ids = [one.id for one in self._people.departments.find()]
            self._numbers = (revision, {one: COMPANY + 1 + place for place, one in enumerate(ids)})
        return self._numbers[1]

    def numbers_of(self, person: Person) -> list[int]:
        """Return the numbers of somebody's departments, the main one first."""
        return [self.number(one) for one in person.departments] or [COMPANY]

    def below(self, department: str) -> list[Department]:
        """Return the departments under one, at any depth."""
        children = self._people.departments.find(parent=department)
        return [one for child in children for one in (child, *self.below(child.id))]

    def members(self, department: str) -> list[Person]:
        """Return who is directly in a department."""
        return [one for one in self._people.members(department) if not one.resigned]

    def everybody_below(self, department: str) -> list[Person]:
        """Return who is in a department or under it."""
        within = [department, *(one.id for one in self.below(department))]
        return [person for one in within for person in self.members(one)]

    def tags(self) -> dict[int, Group]:
        """Return the tags by number."""
        return dict(enumerate(self._people.groups.find(), start=1))

    def tag(self, number: str) -> Group | None:
        """Return the tag of that number."""
        return next((tag for known, tag in self.tags().items() if str(known) == number), None)

    def name_of(self, userid: str) -> str:
        """Return what to call somebody."""
        return self._people.name_of(userid)
