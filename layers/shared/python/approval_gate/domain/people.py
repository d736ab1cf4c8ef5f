"""People, as a request names them and as a platform does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Identity", "PersonKind", "PersonRef"]


class PersonKind(StrEnum):
    """How a request names a person."""

    USER_ID = "user_id"
    EMAIL = "email"
    MOBILE = "mobile"
    ACCOUNT = "account"
    DEPARTMENT = "department"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class PersonRef:
    """A person as the request names them. `field` is the path in the request, for error messages."""

    kind: PersonKind
    value: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """
    A person as the platform names them.

    Args:
        user_id: the platform's id that we show and compare by.
        name: what to call them; what the request said when the platform told no name.
        other_id: a second id of the same person, where the platform has two kinds of ids.
    """

    user_id: str
    name: str = ""
    other_id: str = ""

    @property
    def label(self) -> str:
        """What to call them where people read: the name, and the id that it stands for."""
        return f"{self.name} ({self.user_id})" if self.name and self.name != self.user_id else self.user_id

    def is_same_person(self, other: Identity) -> bool:
        """Tell whether two identities share an id. Nobody (no id at all) is the same as no one."""
        mine = {self.user_id, self.other_id} - {""}
        return not mine.isdisjoint({other.user_id, other.other_id} - {""})
