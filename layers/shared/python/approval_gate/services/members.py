"""Who is in a department or group that a request names, by what was synchronised."""

from __future__ import annotations

from approval_gate.domain.contacts import below
from approval_gate.domain.people import Identity, PersonKind, PersonRef
from approval_gate.errors import PersonProblem
from approval_gate.ports import App
from approval_gate.ports.directory import ContactIndex

__all__ = ["MOST_PER_LIST", "Members", "problem_of"]

MOST_PER_LIST = 20
"""People of one stage or one list of copies, also after departments and groups were expanded."""

_ENOUGH = MOST_PER_LIST * 10
"""People looked at of a set: of so many, more than a list takes are still there when some have left."""


class Members:
    """
    The sets of people that an app's contacts know.

    Args:
        is_known: the contacts are in date and complete. Of a partial reading somebody may be missing, and a stage with
            fewer approvers is a weaker gate.
    """

    def __init__(self, contacts: ContactIndex, app: App, *, is_known: bool) -> None:
        self._contacts = contacts
        self._app = app
        self._is_known = is_known

    def of(self, ref: PersonRef) -> tuple[Identity, ...] | PersonProblem:
        """Return everybody in a department and below it, or in a group; else what is wrong with it."""
        if not self._is_known:
            return problem_of(
                ref,
                f"is a {ref.kind}, and the contacts of this app were not read completely in the last days",
                f"Synchronise them (POST /v1/apps/{self._app.id}/contacts/sync), look at the report, or name the "
                "people.",
            )
        ids = self._of_department(ref) if ref.kind is PersonKind.DEPARTMENT else self._of_group(ref)
        if isinstance(ids, PersonProblem):
            return ids
        wanted = list(dict.fromkeys(ids))[:_ENOUGH]
        known = self._contacts.by_id(self._app, wanted)
        if known.keys() != set(wanted):
            return _out_of_sight(ref)
        present = [contact.identity() for contact, has_left in known.values() if not has_left]
        if not present:
            return problem_of(ref, "has nobody in it", "Name people, or another one.")
        return _too_large(ref) if len(present) > MOST_PER_LIST else tuple(sorted(present, key=_by_id))

    def _of_department(self, ref: PersonRef) -> list[str] | PersonProblem:
        within = below(self._contacts.departments(self._app), ref.value)
        if not within:
            path = f"GET /v1/apps/{self._app.id}/contacts/departments"
            return problem_of(ref, "is no department that was read", f"{path} lists their ids.")
        return self._listed_in(within)

    def _of_group(self, ref: PersonRef) -> list[str] | PersonProblem:
        group = self._contacts.group(self._app, ref.value)
        if group is None:
            return problem_of(ref, "is no group that was read", "Take its id from the platform's console.")
        if group.may_be_cut:
            return _too_large(ref)
        departments = self._contacts.departments(self._app) if group.departments else ()
        tops = [below(departments, top) for top in group.departments]
        if not all(tops):
            return _out_of_sight(ref)
        within = frozenset(each for top in tops for each in top)
        return [*group.people, *self._listed_in(within)]

    def _listed_in(self, departments: frozenset[str]) -> list[str]:
        if not departments:
            return []
        lines = self._contacts.search_lines(self._app)
        return [each.id for each in lines if not departments.isdisjoint(each.departments)]


def problem_of(ref: PersonRef, problem: str, remedy: str) -> PersonProblem:
    """Return what is wrong with one entry of a request."""
    return PersonProblem(field=ref.field, given=ref.value, problem=problem, remedy=remedy)


def _too_large(ref: PersonRef) -> PersonProblem:
    return problem_of(
        ref, f"has more than {MOST_PER_LIST} people in it", "Name the people, or a smaller department or group."
    )


def _out_of_sight(ref: PersonRef) -> PersonProblem:
    return problem_of(
        ref,
        "has members whom the app cannot see, so not everybody in it could be asked",
        "Widen the app's contact range and synchronise, or name the people.",
    )


def _by_id(person: Identity) -> str:
    return person.user_id
