"""
Find the people that a request names: among the synchronised contacts first, then on the platform.

Contacts that are in date spare a call and give names. What they do not know, the platform is asked; what they know to
be ambiguous or gone is refused without asking, since the platform's answer could be anybody of several.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from approval_gate.domain.contacts import Contact, address_keys, normal_email, normal_mobile
from approval_gate.domain.people import Identity, PersonKind, PersonRef
from approval_gate.errors import PeopleNotFound, PersonProblem
from approval_gate.ports import App, Clock, Senders
from approval_gate.ports.directory import ContactIndex, Syncs
from approval_gate.services.members import MOST_PER_LIST, Members, problem_of

__all__ = ["People"]

_PERSONAL = {"user_id": PersonKind.USER_ID, "email": PersonKind.EMAIL, "mobile": PersonKind.MOBILE}
_SYNCED_ATTRIBUTES = frozenset({"job_number"})


@dataclass(frozen=True, slots=True)
class _Asked:
    """A person as asked for, and as looked up: `ref` has the meaning that the app's mapping gives it."""

    given: PersonRef
    ref: PersonRef
    attribute: str = ""


class People:
    """Look people up for requests. Callers freeze whom they find: a later synchronisation changes nothing."""

    def __init__(self, contacts: ContactIndex, syncs: Syncs, senders: Senders, clock: Clock) -> None:
        self._contacts = contacts
        self._syncs = syncs
        self._senders = senders
        self._clock = clock

    def find(self, app: App, refs: Sequence[PersonRef]) -> tuple[Identity, ...]:
        """
        Return one identity per ref, in order, with the person's name where it is known.

        Raises:
            PeopleNotFound: everybody who is unknown, ambiguous or gone, and every department and group.
        """
        (found,) = self._resolve(app, [refs], may_expand=False)
        return found

    def expand(
        self, app: App, lists: Sequence[Sequence[PersonRef]], *, but: PersonRef | None = None
    ) -> tuple[tuple[Identity, ...], ...]:
        """
        Return the people of several lists (such as requester, stages, copies), departments and groups as their members.

        A department stands for everybody in it and in those below it. All lists cost one look-up on the platform.

        Args:
            but: one of the lists' people, who is left out of departments and groups.

        Raises:
            PeopleNotFound: as `find`; also a department or group that is unknown, empty or too large for one list.
        """
        return self._resolve(app, lists, may_expand=True, but=but)

    def _resolve(
        self, app: App, lists: Sequence[Sequence[PersonRef]], *, may_expand: bool, but: PersonRef | None = None
    ) -> tuple[tuple[Identity, ...], ...]:
        problems: list[PersonProblem] = []
        sync = self._syncs.get(app.tenant, app.id)
        in_date = sync is not None and sync.identity == app.vendor_identity and sync.is_fresh(self._clock())
        members = Members(self._contacts, app, is_known=in_date and sync is not None and not sync.is_partial)
        asked: list[_Asked] = []
        sets: dict[PersonRef, tuple[Identity, ...]] = {}
        for ref in (ref for refs in lists for ref in refs):
            if ref.kind in {PersonKind.DEPARTMENT, PersonKind.GROUP}:
                answer = members.of(ref) if may_expand else _not_a_person(ref)
                if isinstance(answer, PersonProblem):
                    problems.append(answer)
                else:
                    sets[ref] = answer
            else:
                meant = _meant(app, ref)
                (asked if isinstance(meant, _Asked) else problems).append(meant)  # type: ignore[arg-type] # one of both
        found = self._known(app, asked) if in_date else {}
        problems += [each for each in found.values() if isinstance(each, PersonProblem)]
        unknown = [each for each in asked if each.given not in found]
        problems += [_no_such_attribute(each) for each in unknown if each.attribute]
        answers, more = self._on_platform(app, [each for each in unknown if not each.attribute])
        problems += more
        people = {ref: (each,) for ref, each in {**found, **answers}.items() if isinstance(each, Identity)}
        sets = {ref: _without(members, people.get(but, ()) if but else ()) for ref, members in sets.items()}
        problems += [_nobody_else(ref) for ref, members in sets.items() if not members]
        everybody = {**people, **sets}
        if not problems:
            problems += [each for refs in lists for each in _too_many(refs, everybody)]
        if problems:
            raise PeopleNotFound(tuple(problems), provider=app.provider)
        return tuple(tuple(person for ref in refs for person in everybody[ref]) for refs in lists)

    def _known(self, app: App, asked: Iterable[_Asked]) -> dict[PersonRef, Identity | PersonProblem]:
        """Return those whom contacts know: a person, or why that is nobody."""
        wanted = {each.given: (each, _keys_of(each)) for each in asked}
        owners = self._contacts.by_address(app, {key for _, keys in wanted.values() for key in keys})
        ids = {each for found in owners.values() for each in found}
        given_ids = [each.ref.value for each, _ in wanted.values() if each.ref.kind is PersonKind.USER_ID]
        ids |= {spelling for each in given_ids for spelling in (each, each.lower())}
        people = self._contacts.by_id(app, ids)
        found: dict[PersonRef, Identity | PersonProblem] = {}
        for given, (each, keys) in wanted.items():
            candidates = _candidates(each, keys, owners, people)
            present = [contact for contact, has_left in candidates if not has_left]
            if len(present) == 1:
                found[given] = present[0].identity()
            elif present:
                found[given] = _ambiguous(given, present)
            elif candidates:
                found[given] = _has_left(given)
        return found

    def _on_platform(
        self, app: App, unknown: Sequence[_Asked]
    ) -> tuple[dict[PersonRef, Identity], tuple[PersonProblem, ...]]:
        unique = list({each.given: each for each in unknown}.values())
        if not unique:
            return {}, ()
        try:
            found = self._senders.of(app).find_people([each.ref for each in unique])
        except PeopleNotFound as err:
            given = {each.ref.field: each.given.value for each in unique}
            return {}, tuple(replace(each, given=given.get(each.field, each.given)) for each in err.problems)
        return {each.given: person for each, person in zip(unique, found, strict=True)}, ()


def _meant(app: App, ref: PersonRef) -> _Asked | PersonProblem:
    """Return what a ref means on this app's platform."""
    if ref.kind is not PersonKind.ACCOUNT:
        return _Asked(ref, _as_platforms_take_it(ref))
    target = app.user_mapping.get(PersonKind.ACCOUNT.value)
    if target is None:
        return problem_of(
            ref,
            "is an account, and the app has no mapping for accounts",
            f'Set one with PUT /v1/apps/{app.id} {{"user_mapping": {{"account": "user_id"}}}} '
            "(or email, mobile, job_number), or name people otherwise.",
        )
    if target in _PERSONAL:
        return _Asked(ref, _as_platforms_take_it(replace(ref, kind=_PERSONAL[target])))
    if target in _SYNCED_ATTRIBUTES:
        return _Asked(ref, ref, attribute=target)
    known = ", ".join([*_PERSONAL, *sorted(_SYNCED_ATTRIBUTES)])
    return problem_of(
        ref, f"is mapped to {target!r}, which is not known", f"Map account to one of {known} in the app's user_mapping."
    )


def _as_platforms_take_it(ref: PersonRef) -> PersonRef:
    """Return a mobile number without `+` as all platforms document it: of mainland China without 86, else with `+`."""
    if ref.kind is not PersonKind.MOBILE or ref.value.strip().startswith("+"):
        return ref
    return replace(ref, value=normal_mobile(ref.value).removeprefix("+86"))


def _keys_of(asked: _Asked) -> tuple[tuple[str, str], ...]:
    """Return the addresses under which contacts may know a person, the surest first."""
    value = asked.ref.value.strip()
    if asked.attribute:
        return ((asked.attribute, value),)
    match asked.ref.kind:
        case PersonKind.EMAIL:
            return (("email", normal_email(value)),)
        case PersonKind.MOBILE:
            return (("mobile", normal_mobile(value)),)
        case _:
            # Where ids are equal without regard to case, the lower-case spelling is the second id.
            return (("user_id", value), ("user_id", value.lower()))


def _candidates(
    asked: _Asked,
    keys: Iterable[tuple[str, str]],
    owners: Mapping[tuple[str, str], tuple[str, ...]],
    people: Mapping[str, tuple[Contact, bool]],
) -> list[tuple[Contact, bool]]:
    """Return who is meant. An address counts only for those who have it: the way to them may be older than they are."""
    if asked.ref.kind is PersonKind.USER_ID:
        lower = people.get(asked.ref.value.lower())
        if asked.ref.value in people:
            return [people[asked.ref.value]]
        if lower is not None and lower[0].other_id == asked.ref.value.lower():
            return [lower]
    for key in keys:
        found = [
            people[each] for each in owners.get(key, ()) if each in people and key in address_keys(people[each][0])
        ]
        if asked.ref.kind is PersonKind.USER_ID:
            found = [each for each in found if key[1] in {asked.ref.value, each[0].id.lower()}]
        if found:
            return found
    return []


def _without(members: tuple[Identity, ...], left_out: tuple[Identity, ...]) -> tuple[Identity, ...]:
    return tuple(each for each in members if not any(each.is_same_person(other) for other in left_out))


def _too_many(refs: Sequence[PersonRef], found: Mapping[PersonRef, tuple[Identity, ...]]) -> list[PersonProblem]:
    people = {person.user_id for ref in refs for person in found.get(ref, ())}
    sets = [ref for ref in refs if ref.kind in {PersonKind.DEPARTMENT, PersonKind.GROUP}]
    if len(people) <= MOST_PER_LIST or not sets:
        return []
    text = f"makes {len(people)} people of this list, and {MOST_PER_LIST} is the most"
    return [problem_of(sets[0], text, "Name fewer, or split them over stages.")]


def _nobody_else(ref: PersonRef) -> PersonProblem:
    return problem_of(
        ref,
        "has nobody in it but the requester, whose own decision does not count",
        "Name people, or another one, or allow it with policy.allow_self_approval.",
    )


def _ambiguous(ref: PersonRef, people: Sequence[Contact]) -> PersonProblem:
    names = ", ".join(sorted(each.id for each in people)[:3])
    return problem_of(
        ref,
        f"fits {len(people)} people or more ({names})",
        "Name the one you mean by user_id, or correct the double entry on the platform and synchronise.",
    )


def _has_left(ref: PersonRef) -> PersonProblem:
    return problem_of(
        ref,
        "has left, is suspended or is not visible to the app any more",
        "Name somebody else. If they are back, synchronise the contacts first.",
    )


def _no_such_attribute(asked: _Asked) -> PersonProblem:
    return problem_of(
        asked.given,
        f"is nobody's {asked.attribute} among the synchronised contacts",
        "Check it, and that contacts are synchronised: only they know this attribute.",
    )


def _not_a_person(ref: PersonRef) -> PersonProblem:
    return problem_of(ref, f"is a {ref.kind} where one person is needed", "Name a person.")
