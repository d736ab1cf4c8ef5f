"""
Find people by what a request says of them.

A userid costs no call; an address costs one, two for an e-mail that is not a corporate one. Looking up mobiles that
nobody has is counted: errors for a fifth of the company's size block the call for a day. So each address is asked for
once per request, and a malformed one never.

Source: WeCom developer docs, "Get userid by mobile", "Get userid by e-mail", read 2026-02-28.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from approval_gate.domain.approval import Identity, PersonKind, PersonRef
from approval_gate.errors import PeopleNotFound, PersonProblem, ProviderRejected
from approval_gate.providers.wecom.errcodes import PERSON_UNKNOWN
from approval_gate.providers.wecom.identities import identity_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from approval_gate.providers.wecom.client import Client

__all__ = ["find_people"]

_BY_MOBILE = "/cgi-bin/user/getuserid"
_BY_EMAIL = "/cgi-bin/user/get_userid_by_email"
_CORPORATE_THEN_PERSONAL = (1, 2)
_EMAIL = re.compile(r"[^@\s]{1,128}@[^@\s]{1,255}")
_MOBILE = re.compile(r"\+?[0-9]{5,20}")
_SEPARATORS = re.compile(r"[\s().-]")


def find_people(client: Client, refs: Sequence[PersonRef]) -> tuple[Identity, ...]:
    """
    Return one identity per ref, in order. The platform tells no names here: `name` is what the request said.

    Raises:
        PeopleNotFound: names everyone who is unknown or not nameable this way.
    """
    asked: dict[tuple[PersonKind, str], Identity | PersonProblem] = {}
    answers: list[Identity | PersonProblem] = []
    for ref in refs:
        address = _address(ref)
        if address not in asked:
            asked[address] = _resolve(client, ref, address[1])
        answer = asked[address]
        answers.append(_problem(ref, answer.problem, answer.remedy) if isinstance(answer, PersonProblem) else answer)
    problems = tuple(answer for answer in answers if isinstance(answer, PersonProblem))
    if problems:
        raise PeopleNotFound(problems, provider="wecom")
    return tuple(answer for answer in answers if isinstance(answer, Identity))


def _resolve(client: Client, ref: PersonRef, address: str) -> Identity | PersonProblem:
    match ref.kind:
        case PersonKind.USER_ID:
            return identity_of(address, name=ref.value) or _problem(
                ref, "is no userid", "Copy the account (账号) from Contacts in the admin console."
            )
        case PersonKind.MOBILE:
            return _by_mobile(client, ref, address)
        case PersonKind.EMAIL:
            return _by_email(client, ref, address)
        case _:
            return _problem(
                ref,
                f"is a kind ({ref.kind}) not supported for this app yet",
                "Name people by user_id, email or mobile.",
            )


def _by_mobile(client: Client, ref: PersonRef, mobile: str) -> Identity | PersonProblem:
    if not _MOBILE.fullmatch(mobile):
        return _problem(
            ref, "is no mobile", "Correct it; a mobile outside mainland China starts with + and country code."
        )
    # A text: as a number it would lose its plus sign and leading zeros.
    return _asked(client, ref, "find_by_mobile", _BY_MOBILE, {"mobile": mobile}) or _unknown(ref)


def _by_email(client: Client, ref: PersonRef, email: str) -> Identity | PersonProblem:
    if not _EMAIL.fullmatch(email):
        return _problem(ref, "is no email", "Correct it.")
    for email_type in _CORPORATE_THEN_PERSONAL:
        body = {"email": email, "email_type": email_type}
        found = _asked(client, ref, "find_by_email", _BY_EMAIL, body)
        if found is not None:
            return found
    return _unknown(ref)


def _asked(client: Client, ref: PersonRef, operation: str, path: str, body: Mapping[str, Any]) -> Identity | None:
    try:
        answer = client.call(operation, path, body)
    except ProviderRejected as err:
        if err.vendor_code in PERSON_UNKNOWN:
            return None
        raise
    return identity_of(answer.word("userid"), name=ref.value)


def _address(ref: PersonRef) -> tuple[PersonKind, str]:
    """Return what two spellings of one address share."""
    value = ref.value.strip()
    return ref.kind, _SEPARATORS.sub("", value) if ref.kind is PersonKind.MOBILE else value


def _unknown(ref: PersonRef) -> PersonProblem:
    return _problem(
        ref,
        "is unknown or outside what the app may see",
        "Check it in Contacts, and the app's visible range (可见范围) in the admin console > App Management.",
    )


def _problem(ref: PersonRef, problem: str, remedy: str) -> PersonProblem:
    return PersonProblem(field=ref.field, given=ref.value, problem=problem, remedy=remedy)
