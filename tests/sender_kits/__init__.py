"""
Sender kits: each says how one platform's simulator is addressed, so that one suite can ask the same of every `Sender`.

The simulator is the vendor's side: it was written from the vendor's documents and is tested against the vendor's SDK.
A new provider adds one module here with a list `KITS`; the suite in `tests/contract/test_senders.py` finds it.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module

from approval_gate.domain.approval import PersonKind

__all__ = ["Call", "SenderKit", "all_sender_kits"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a platform's API; `path` may hold `*`."""

    method: str
    path: str

    def matches(self, method: str, path: str) -> bool:
        """Tell whether a request is this call."""
        return method == self.method and fnmatchcase(path, self.path)


@dataclass(frozen=True, slots=True)
class SenderKit:
    """
    One platform as the suite meets it.

    Args:
        provider: the name of the provider and of its simulator.
        credentials: of the demo app that may do everything, in the vendor's words.
        token_field: what the answer of `fetch_token` calls the access token.
        kind: by which kind of address people are looked up.
        addresses: of the demo's people, by user id.
        strangers: two addresses that nobody has.
        fetch_token, find_people, create, read: the calls of the platform's API.
        withdraw: None where the platform has no such call.
    """

    provider: str
    credentials: Mapping[str, str]
    token_field: str
    kind: PersonKind
    addresses: Mapping[str, str]
    strangers: tuple[str, str]
    fetch_token: Call
    find_people: Call
    create: Call
    read: Call
    withdraw: Call | None


def all_sender_kits() -> list[SenderKit]:
    """Return every kit of every module here."""
    modules = (import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__))
    return [kit for module in modules for kit in module.KITS]
