"""
The platform's ids of people and bots.

An `open_id` is per app: the one that another app got is refused with 99992361. A `union_id` is per developer, a
`user_id` per tenant. Source: "User identity", read 2026-02-28.
"""

from hashlib import sha256

from local.simulators.feishu.answers import Problem
from local.simulators.frame.apps import App
from local.simulators.frame.people import ROOT, Person
from local.simulators.frame.platform import Simulation

__all__ = ["Identities"]

_BOT = "bot:"


class Identities:
    """Translate between user ids of the tenant and the ids that an app may use."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._open_ids: dict[str, tuple[str, str]] = {}

    def open_id(self, app_id: str, user_id: str) -> str:
        """Return the id under which an app knows somebody; empty for nobody."""
        if not user_id:
            return ""
        # A bot has one open_id, the same for everybody; people have one per app.
        seed = user_id if user_id.startswith(_BOT) else f"{app_id}\0{user_id}"
        return f"ou_{sha256(seed.encode()).hexdigest()[:32]}"

    def union_id(self, user_id: str) -> str:
        """Return the developer-wide id."""
        return f"on_{sha256(user_id.encode()).hexdigest()[:32]}"

    def bot(self, app_id: str) -> str:
        """Return how a bot is written where people are stored."""
        return _BOT + app_id

    def is_bot(self, user_id: str) -> bool:
        """Tell a bot from a person."""
        return user_id.startswith(_BOT)

    def shown_user_id(self, app: App, user_id: str) -> str:
        """Return the `user_id` an app may see: none of a bot, none without the scope."""
        if self.is_bot(user_id) or not app.is_granted("contact:user.employee_id:readonly"):
            return ""
        return user_id

    def typed(self, app: App, user_id: str, id_type: str) -> str:
        """Return an id of the requested type."""
        if id_type == "user_id":
            return self.shown_user_id(app, user_id)
        return self.union_id(user_id) if id_type == "union_id" else self.open_id(app.app_id, user_id)

    def resolve(self, app: App, given: str, id_type: str, *, unknown: int = 0) -> str:
        """
        Return the user id (or bot) that an app means.

        Args:
            unknown: the code for somebody who does not exist; the gateway's own by default.

        Raises:
            Problem: nobody of that id, or an open_id of another app.
        """
        found = ""
        if id_type == "open_id":
            app_id, found = self._owner(given)
            if found and not self.is_bot(found) and app_id != app.app_id:
                raise Problem(99992361)
        elif id_type == "union_id":
            found = next((p.user_id for p in self._people() if self.union_id(p.user_id) == given), "")
        elif self._simulation.people.people.get(given):
            found = given
        if not found:
            raise Problem(unknown or {"user_id": 99992360, "union_id": 99992364}.get(id_type, 99992351))
        return found

    def anyone(self, given: str) -> str:
        """Return the user id of a person named by any id or e-mail, empty when unknown."""
        if self._simulation.people.people.get(given):
            return given
        found = self._owner(given)[1]
        if found:
            return found
        by_mail = self._simulation.people.people.first(email=given)
        return by_mail.user_id if by_mail else ""

    def is_in_range(self, app: App, person: Person) -> bool:
        """Tell whether an app's data permission range covers somebody."""
        if app.contact_range is None or person.user_id in app.contact_range.people:
            return True
        return any(self.is_department_in_range(app, department) for department in person.departments or [ROOT])

    def is_department_in_range(self, app: App, department: str) -> bool:
        """Tell whether an app's data permission range covers a department."""
        if app.contact_range is None:
            return True
        return any(above in app.contact_range.departments for above in self._simulation.people.lineage(department))

    def _owner(self, open_id: str) -> tuple[str, str]:
        if open_id not in self._open_ids:
            apps = self._simulation.apps.all()
            people = self._people()
            self._open_ids = {
                self.open_id(app.app_id, person.user_id): (app.app_id, person.user_id)
                for app in apps
                for person in people
            } | {self.open_id(app.app_id, self.bot(app.app_id)): (app.app_id, self.bot(app.app_id)) for app in apps}
        return self._open_ids.get(open_id, ("", ""))

    def _people(self) -> list[Person]:
        return self._simulation.people.people.find()
