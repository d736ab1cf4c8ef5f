"""
The platform's ids of people and departments, and whom an app may see.

A userid is the organisation's own, a unionid the developer's; departments are numbers and the root is 1 (in approvals
-1). Source: "Basic concepts", read 2026-02-28.
"""

from hashlib import sha256

from local.simulators.dingtalk.answers import OldProblem
from local.simulators.frame.apps import App
from local.simulators.frame.people import ROOT, Department, Person
from local.simulators.frame.platform import Simulation

__all__ = ["ROOT_NUMBER", "People"]

ROOT_NUMBER = 1


class People:
    """Translate between the organisation's ids and the platform's."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._people = simulation.people
        self._by_number: tuple[int, dict[int, str]] = (-1, {})

    def present(self, user_id: object) -> Person | None:
        """Return somebody who works here."""
        person = self._people.people.get(user_id) if isinstance(user_id, str) else None
        return None if person is None or person.resigned else person

    def required(self, user_id: str, unknown: int = 60121) -> Person:
        """Return somebody who works here or refuse as the older API does."""
        person = self.present(user_id)
        if person is None:
            raise OldProblem(unknown)
        return person

    def visible(self, app: App, user_id: str) -> Person:
        """Return somebody whom an app may see, or refuse as the older API does."""
        person = self.required(user_id)
        if not self.is_visible(app, person):
            raise OldProblem(50002)
        return person

    def union_id(self, user_id: str) -> str:
        """Return the developer-wide id."""
        return f"{sha256(user_id.encode()).hexdigest()[:22]}iEiE"

    def anyone(self, given: str) -> str:
        """Return the user id of a person named by any id or e-mail, empty when unknown."""
        if self._people.people.get(given):
            return given
        by_union = next((one for one in self._people.people.find() if self.union_id(one.user_id) == given), None)
        found = by_union or self._people.people.first(email=given)
        return found.user_id if found else ""

    def number(self, department: str) -> int:
        """Return the platform's number of a department."""
        if department == ROOT:
            return ROOT_NUMBER
        return 10**8 + int.from_bytes(sha256(department.encode()).digest()[:4]) % (9 * 10**8)

    def department(self, number: int) -> Department:
        """
        Return the department of that number.

        Raises:
            OldProblem: there is none.
        """
        if number == ROOT_NUMBER:
            return Department(id=ROOT, name="Simulated company", parent="")
        revision = self._people.departments.revision
        if self._by_number[0] != revision:
            self._by_number = (revision, {self.number(one.id): one.id for one in self._people.departments.find()})
        found = self._people.departments.get(self._by_number[1].get(number, ""))
        if found is None:
            raise OldProblem(60003)
        return found

    def visible_department(self, app: App, number: int) -> Department:
        """Return a department that an app may see, or refuse."""
        found = self.department(number)
        if not self.is_department_visible(app, found.id):
            raise OldProblem(50004)
        return found

    def is_visible(self, app: App, person: Person) -> bool:
        """Tell whether an app's visible range covers somebody."""
        if app.contact_range is None or person.user_id in app.contact_range.people:
            return True
        return any(self.is_department_visible(app, one) for one in person.departments or [ROOT])

    def is_department_visible(self, app: App, department: str) -> bool:
        """Tell whether an app's visible range covers a department."""
        if app.contact_range is None:
            return True
        return any(above in app.contact_range.departments for above in self._people.lineage(department))

    def department_name(self, told: str) -> str:
        """Return the name of a department as approvals tell it: "-1" is the root."""
        if told == "-1":
            return "Simulated company"
        found = next((one for one in self._people.departments.find() if str(self.number(one.id)) == told), None)
        return found.name if found else ""

    def members(self, department: str) -> list[Person]:
        """Return who works directly in a department."""
        return [person for person in self._people.members(department) if not person.resigned]
