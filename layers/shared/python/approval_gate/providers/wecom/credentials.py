"""What an administrator copies from the WeCom admin console."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Self

from approval_gate.credentials import credential_problems
from approval_gate.errors import FieldProblem, RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Credentials"]

_PATTERNS = {
    "corp_id": re.compile(r"[0-9A-Za-z_-]{1,64}"),
    "agent_id": re.compile(r"[1-9][0-9]{0,15}"),
    "secret": re.compile(r"[!-~]{1,128}"),
    "token": re.compile(r"[0-9A-Za-z]{1,32}"),
    # The console says letters and digits; base64's other two characters make a working key too.
    "encoding_aes_key": re.compile(r"[0-9A-Za-z+/]{43}"),
    "template_id": re.compile(r"[0-9A-Za-z_-]{1,128}"),
}
_WHERE = {
    "corp_id": "My Company (我的企业) > Company ID (企业ID)",
    "agent_id": "App Management (应用管理) > the app > AgentId",
    "secret": "App Management (应用管理) > the app > Secret",
    "token": "the app > Receive messages (接收消息) > Set API reception (设置API接收)",
    "encoding_aes_key": "the app > Receive messages (接收消息) > Set API reception (设置API接收)",
    "template_id": "the Approval app (审批) > the template > Edit: the last part of the page's address",
}
_REQUIRED = ("corp_id", "agent_id", "secret")


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    One app's credentials, named as in the admin console.

    The app is one the company built itself, or the Approval app (agent_id 3010040) where its secret still works: the
    vendor keeps that for companies that used it before 2023-12-01. Both have the same fields.

    Source: WeCom developer docs, "Submit an approval application", "Callback configuration", read 2026-02-28.

    Args:
        token, encoding_aes_key: sign and seal callbacks; both or neither.
        template_id: the approval template to use; "" to have the gate create its own.
    """

    corp_id: str
    agent_id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    encoding_aes_key: str = field(default="", repr=False)
    template_id: str = ""

    @classmethod
    def from_fields(cls, given: Mapping[str, str]) -> Self:
        """
        Check and take the fields of a registration; an empty optional field counts as not given.

        Raises:
            RequestError: names each missing, unknown or malformed field, and never repeats a value.
        """
        problems = credential_problems(given, patterns=_PATTERNS, where=_WHERE, required=_REQUIRED)
        problems += [
            FieldProblem(f"credentials.{name}", f"is required with {other}; copy it from {_WHERE[name]}")
            for name, other in (("token", "encoding_aes_key"), ("encoding_aes_key", "token"))
            if given.get(other) and not given.get(name)
        ]
        if problems:
            raise RequestError("the credentials are incomplete or malformed", problems=tuple(problems))
        return cls(**{each.name: given.get(each.name, "") for each in fields(cls)})

    @property
    def vendor_identity(self) -> str:
        """The app of the company: AgentIds are unique only inside one."""
        return f"{self.corp_id}:{self.agent_id}"

    @property
    def callbacks_ready(self) -> bool:
        """Tell whether callbacks can be proven."""
        return bool(self.token and self.encoding_aes_key)

    @classmethod
    def public_fields(cls) -> frozenset[str]:
        """Return the fields that may be shown."""
        return frozenset({"corp_id", "agent_id", "template_id"})

    @classmethod
    def identity_fields(cls) -> tuple[str, ...]:
        """Return the fields that name the app on the platform."""
        return ("agent_id", "corp_id")

    @classmethod
    def callback_fields(cls) -> frozenset[str]:
        """Return the fields that prove callbacks."""
        return frozenset({"encoding_aes_key", "token"})
