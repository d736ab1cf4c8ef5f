"""Who gets a message of the app, and what the platform's answer says of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from approval_gate.ports.messages import Receipt
from approval_gate.providers.wecom.identities import is_userid
from approval_gate.providers.wecom.message_errcodes import RECEIVERS_UNKNOWN

if TYPE_CHECKING:
    from approval_gate.ports.messages import Recipient
    from approval_gate.providers.wecom.documents import Element
    from approval_gate.providers.wecom.wire_messages import ReceiverField

__all__ = ["DEPARTMENTS", "PEOPLE", "Sort", "id_of"]

_MAX_LIST_CHARS = 100_000  # a thousand userids of 64 characters


@dataclass(frozen=True, slots=True)
class Sort:
    """
    A sort of receivers that many of fit into one call.

    Args:
        field: of the call.
        refusals: code and advice for those whom the answer names in a list, by the list's name. Userids come back in
            lower case there.
        advice: for those who cannot be receivers at all.
    """

    field: ReceiverField
    is_id: Callable[[str], bool]
    refusals: Mapping[str, tuple[str, str]]
    advice: str

    def receipt(self, recipient: Recipient, answer: Element, message_id: str) -> Receipt:
        """Return what an answer without an error says of one receiver."""
        for name, (code, advice) in self.refusals.items():
            if id_of(recipient).lower() in answer.prose(name, limit=_MAX_LIST_CHARS).lower().split("|"):
                return Receipt(recipient.destination, error_code=code, problem=advice)
        return Receipt(recipient.destination, message_id=message_id)

    def unknown(self, recipient: Recipient) -> Receipt:
        """Return that there is no such receiver."""
        return Receipt(recipient.destination, error_code=RECEIVERS_UNKNOWN, problem=self.advice)


def id_of(recipient: Recipient) -> str:
    """Return the platform's id of a recipient, as it was given for departments."""
    return recipient.person.user_id if recipient.person else recipient.destination.value


_UNKNOWN_PERSON = (
    "WeCom does not know this person, or the app may not see them. Correct the userid, or widen the app's visible "
    "range (可见范围) in the admin console > App Management > the app."
)
_UNKNOWN_DEPARTMENT = (
    "WeCom does not know this department, or the app may not see it. Give its number from Contacts (通讯录) in the "
    "admin console, or widen the app's visible range (可见范围)."
)
_UNLICENSED = (
    "This person has no license for app messages. Assign one in the admin console > App Management > interface "
    "licenses (接口许可)."
)
PEOPLE = Sort(
    "touser",
    is_userid,
    {"invaliduser": (RECEIVERS_UNKNOWN, _UNKNOWN_PERSON), "unlicenseduser": ("unlicenseduser", _UNLICENSED)},
    _UNKNOWN_PERSON,
)
DEPARTMENTS = Sort(
    "toparty",
    lambda given: re.fullmatch(r"[0-9]{1,10}", given) is not None,
    {"invalidparty": (RECEIVERS_UNKNOWN, _UNKNOWN_DEPARTMENT)},
    _UNKNOWN_DEPARTMENT,
)
