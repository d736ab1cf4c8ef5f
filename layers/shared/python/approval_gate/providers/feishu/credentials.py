"""What an administrator copies from the developer console."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Self

from approval_gate.credentials import credential_problems
from approval_gate.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Credentials"]

_PATTERNS = {
    "app_id": re.compile(r"cli_[0-9A-Za-z_-]{1,60}"),
    "app_secret": re.compile(r"[!-~]{1,128}"),
    "encrypt_key": re.compile(r"[!-~]{1,128}"),
    "verification_token": re.compile(r"[!-~]{1,128}"),
}
_WHERE = {
    "app_id": "the developer console > Credentials & Basic Info",
    "app_secret": "the developer console > Credentials & Basic Info",
    "encrypt_key": "the developer console > Events & Callbacks > Encryption Strategy",
    "verification_token": "the developer console > Events & Callbacks > Encryption Strategy",
}
_REQUIRED = ("app_id", "app_secret")


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    One app's credentials, named as in the developer console.

    Args:
        encrypt_key: seals and signs callbacks when the administrator set one, as we advise.
        verification_token: is inside every callback; alone it proves them only as far as TLS and a shared word do.
    """

    app_id: str
    app_secret: str = field(repr=False)
    encrypt_key: str = field(default="", repr=False)
    verification_token: str = field(default="", repr=False)

    @classmethod
    def from_fields(cls, given: Mapping[str, str]) -> Self:
        """
        Check and take the fields of a registration; an empty optional field counts as not given.

        Raises:
            RequestError: names each missing, unknown or malformed field, and never repeats a value.
        """
        problems = credential_problems(given, patterns=_PATTERNS, where=_WHERE, required=_REQUIRED)
        if problems:
            raise RequestError("the credentials are incomplete or malformed", problems=tuple(problems))
        return cls(**{each.name: given.get(each.name, "") for each in fields(cls)})

    @property
    def vendor_identity(self) -> str:
        """The App ID: unique on the platform."""
        return self.app_id

    @property
    def callbacks_ready(self) -> bool:
        """Tell whether callbacks can be proven."""
        return bool(self.encrypt_key or self.verification_token)

    @classmethod
    def public_fields(cls) -> frozenset[str]:
        """Return the fields that may be shown."""
        return frozenset({"app_id"})

    @classmethod
    def identity_fields(cls) -> tuple[str, ...]:
        """Return the fields that name the app on the platform."""
        return ("app_id",)

    @classmethod
    def callback_fields(cls) -> frozenset[str]:
        """Return the fields that prove callbacks."""
        return frozenset({"encrypt_key", "verification_token"})
