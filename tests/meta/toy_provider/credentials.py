"""What an administrator of the toy platform copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from approval_gate.errors import FieldProblem, RequestError

__all__ = ["Credentials"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """One shared secret signs callbacks and calls."""

    shop_id: str
    shared_secret: str = field(repr=False)

    @classmethod
    def from_fields(cls, fields: Mapping[str, str]) -> Self:
        """
        Check and take the fields of a registration.

        Raises:
            RequestError: names each field that is missing or unknown.
        """
        wanted = ("shop_id", "shared_secret")
        problems = [FieldProblem(f"credentials.{name}", "is required") for name in wanted if not fields.get(name)]
        problems += [FieldProblem(f"credentials.{name}", "is unknown; remove it") for name in fields.keys() - {*wanted}]
        if problems:
            raise RequestError("the credentials are incomplete", problems=tuple(problems))
        return cls(**fields)

    @property
    def vendor_identity(self) -> str:
        """The shop."""
        return self.shop_id

    @property
    def callbacks_ready(self) -> bool:
        """The secret is always there."""
        return True

    @classmethod
    def public_fields(cls) -> frozenset[str]:
        """Return the fields that may be shown."""
        return frozenset({"shop_id"})

    @classmethod
    def identity_fields(cls) -> tuple[str, ...]:
        """Return what names the shop."""
        return ("shop_id",)

    @classmethod
    def callback_fields(cls) -> frozenset[str]:
        """Return what proves callbacks; here it opens the toy's own doors too."""
        return frozenset({"shared_secret"})
