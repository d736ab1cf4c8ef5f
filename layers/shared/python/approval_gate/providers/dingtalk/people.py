"""
Find people by what a request says of them.

Budget: none for a user_id; one call per mobile number, as the platform takes no lists. These calls do not count
against the organisation's monthly quota, only against 20 a second.

There is no look-up by e-mail. An address is in a person's record for those apps alone that may read it, so finding one
would mean reading every department and everybody in it.

Source: DingTalk developer docs, "Query users by phone number", "Server API error codes", "Application development
platform billing model", read 2026-02-28.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from approval_gate.domain.approval import Identity, PersonKind, PersonRef
from approval_gate.errors import PeopleNotFound, PersonProblem, ProviderRejected
from approval_gate.providers.dingtalk.errcodes import PERSON_HIDDEN, PERSON_MALFORMED, PERSON_UNKNOWN, PROVIDER
from approval_gate.untrusted import mapping, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from approval_gate.providers.dingtalk.client import Client
    from approval_gate.providers.dingtalk.wire import GetByMobileRequest

__all__ = ["find_people"]

_PATH = "/topapi/v2/user/getbymobile"
_USER_ID = re.compile(r"[!-+\--~]{1,64}")
_MOBILE = re.compile(r"\+?[0-9]{5,20}")
_SEPARATORS = re.compile(r"[\s().-]")
# Country codes are prefix-free: the platform wants one set apart from the number behind it (`+1-4155550100`). That
# form is from memory; mainland numbers, the usual case, go without.
_COUNTRY = re.compile(
    r"\+(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[0-9]{3})([0-9]+)",
)
_MAINLAND = "+86"
_VISIBLE_RANGE = "developer console > the app > Version management (版本管理) > visible range"

_UNKNOWN = (
    "is unknown in the organisation",
    "Check the number; it is the one they log in to DingTalk with. Or name them by user_id.",
)
_HIDDEN = ("is outside the app's visible range", f"Add them at {_VISIBLE_RANGE}, or name somebody else.")
_MALFORMED = (
    "is no mobile number to DingTalk",
    "Correct it; a number outside mainland China starts with + and country.",
)

type _Found = Identity | tuple[str, str]


def find_people(client: Client, refs: Sequence[PersonRef]) -> tuple[Identity, ...]:
    """
    Return one identity per ref, in order. One call per different mobile number; none for ids.

    The platform tells no names here: `name` is what the request said. A user_id is taken as given.

    Raises:
        PeopleNotFound: names everyone who is unknown, not visible to the app, or named in a way it cannot look up.
    """
    looked_up: dict[str, _Found] = {}
    answers = [_resolve(client, ref, looked_up) for ref in refs]
    problems = tuple(answer for answer in answers if isinstance(answer, PersonProblem))
    if problems:
        raise PeopleNotFound(problems, provider=PROVIDER)
    return tuple(answer for answer in answers if isinstance(answer, Identity))


def _resolve(client: Client, ref: PersonRef, looked_up: dict[str, _Found]) -> Identity | PersonProblem:
    match ref.kind:
        case PersonKind.USER_ID if _USER_ID.fullmatch(ref.value):
            return Identity(ref.value, name=ref.value)
        case PersonKind.USER_ID:
            return _problem(ref, "is no user_id", "Copy it from the admin console > Contacts, or give a mobile number.")
        case PersonKind.MOBILE:
            number = _SEPARATORS.sub("", ref.value)
            if not _MOBILE.fullmatch(number):
                return _problem(ref, *_MALFORMED)
            if number not in looked_up:
                looked_up[number] = _look_up(client, number)
            found = looked_up[number]
            return Identity(found.user_id, name=ref.value) if isinstance(found, Identity) else _problem(ref, *found)
        case PersonKind.EMAIL:
            return _problem(
                ref, "is an e-mail address, and DingTalk has no look-up by e-mail", "Name them by mobile or user_id."
            )
        case _:
            return _problem(
                ref, f"is a kind ({ref.kind}) not supported for this app yet", "Name people by mobile or user_id."
            )


def _look_up(client: Client, number: str) -> _Found:
    """Return who has this number, or problem and remedy."""
    body: GetByMobileRequest = {"mobile": _as_sent(number)}
    try:
        answer = client.call_older("find_people", _PATH, {**body})
    except ProviderRejected as err:
        for codes, text in ((PERSON_UNKNOWN, _UNKNOWN), (PERSON_HIDDEN, _HIDDEN), (PERSON_MALFORMED, _MALFORMED)):
            if err.vendor_code in codes:
                return text
        raise
    result = mapping(answer, "result")
    user_id = word(result, "userid")
    # Accounts that the organisation issued itself may share the number with somebody's own account.
    others = result.get("exclusive_account_userid_list")
    ids = {user_id, *(each for each in others if isinstance(each, str))} if isinstance(others, list) else {user_id}
    ids.discard("")
    if len(ids) > 1:
        return f"fits {len(ids)} accounts", "Name the one you mean by user_id."
    return Identity(ids.pop()) if ids else _UNKNOWN


def _as_sent(number: str) -> str:
    if number.startswith(_MAINLAND):
        return number.removeprefix(_MAINLAND)
    match = _COUNTRY.fullmatch(number)
    return f"+{match[1]}-{match[2]}" if match else number


def _problem(ref: PersonRef, problem: str, remedy: str) -> PersonProblem:
    return PersonProblem(field=ref.field, given=ref.value, problem=problem, remedy=remedy)
