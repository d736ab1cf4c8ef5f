"""
Examiner kits: each says how one platform's simulator is put out of order, and what the doctor must say then, so that
one suite can ask the same of every `Examiner`.

A new provider adds one module here with a list `KITS`; the suite in `tests/contract/test_examiners.py` finds it.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

from approval_gate.ports.checks import CheckStatus
from tests.fakes.examined_site import ExaminedSite
from tests.sender_kits import Call, SenderKit

__all__ = ["ExaminerKit", "Trouble", "all_examiner_kits"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """
    One way in which an app is out of order.

    Args:
        name: for the test's id.
        arrange: brings it about, by the simulator's own rules where it has them, else by a fault.
        check: name of the check that must tell of it.
        says, says_zh: what that check must say, in `detail` or `fix`: the address, the permission, the page to open.
        skipped: checks that cannot be made any more, and say so.
    """

    name: str
    arrange: Callable[[ExaminedSite], object]
    check: str
    says: tuple[str, ...]
    says_zh: tuple[str, ...]
    status: CheckStatus = CheckStatus.FAILED
    skipped: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ExaminerKit:
    """
    One platform as the suite meets it.

    Args:
        sender: the same app's sender kit; its credentials are those of the demo app that may do everything and has all
            keys for callbacks.
        callback_fields: the credentials without which no callback can be proven: a rehearsal is not possible then.
        checks: names of all checks, in the order in which they are made.
        calls: every call that an examination may make: only ones that change nothing and reach nobody.
        most_calls: how many of them an examination of an app in order makes, access token included.
        deadline_s: how long the platform waits for the answer to its address check.
        troubles: see there.
    """

    sender: SenderKit
    callback_fields: frozenset[str]
    checks: tuple[str, ...]
    calls: tuple[Call, ...]
    most_calls: int
    deadline_s: float
    troubles: tuple[Trouble, ...] = field(repr=False)

    @property
    def provider(self) -> str:
        """Return the provider's name."""
        return self.sender.provider


def all_examiner_kits() -> list[ExaminerKit]:
    """Return every kit of every module here."""
    modules = (import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__))
    return [kit for module in modules for kit in module.KITS]
