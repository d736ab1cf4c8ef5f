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
    "app_key": re.compile(r"ding[0-9A-Za-z]{1,60}"),
    "app_secret": re.compile(r"[!-~]{1,128}"),
    # The console makes letters and digits; the two other characters of base64 are possible in a key set elsewhere.
    "aes_key": re.compile(r"[0-9A-Za-z+/]{43}"),
    # 3 to 32 letters and digits in the console; the older registration call took up to 64.
    "token": re.compile(r"[0-9A-Za-z]{3,64}"),
    "agent_id": re.compile(r"[0-9]{1,20}"),
    "corp_id": re.compile(r"ding[0-9A-Za-z]{1,60}"),
}
_WHERE = {
    "app_key": "the developer console > Credentials and basic information (凭证与基础信息)",
    "app_secret": "the developer console > Credentials and basic information (凭证与基础信息)",
    "aes_key": "the developer console > Event subscription (事件订阅)",
    "token": "the developer console > Event subscription (事件订阅)",
    "agent_id": "the developer console > Credentials and basic information (凭证与基础信息)",
    "corp_id": "the developer console > home page of the console",
}
_REQUIRED = ("app_key", "app_secret")


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    One internal app's credentials, named as in the developer console.

    Args:
        app_key: also called Client ID.
        app_secret: also called Client Secret.
        aes_key, token: of the event subscription; both or callbacks are refused.
        agent_id: for work notifications; approvals do without.
        corp_id: the organisation; callbacks subscribed by the old registration call are sealed for it.
    """

    app_key: str
    app_secret: str = field(repr=False)
    aes_key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    agent_id: str = ""
    corp_id: str = ""

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
        """The AppKey: unique on the platform."""
        return self.app_key

    @property
    def callbacks_ready(self) -> bool:
        """Tell whether callbacks can be proven."""
        return bool(self.aes_key and self.token)

    @classmethod
    def public_fields(cls) -> frozenset[str]:
        """Return the fields that may be shown."""
        return frozenset({"app_key", "agent_id", "corp_id"})

    @classmethod
    def identity_fields(cls) -> tuple[str, ...]:
        """Return the fields that name the app on the platform."""
        return ("app_key",)

    @classmethod
    def callback_fields(cls) -> frozenset[str]:
        """Return the fields that prove callbacks."""
        return frozenset({"aes_key", "token"})
