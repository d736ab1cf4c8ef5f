"""
Exit codes, and the errors that lead to them.

    Problem
    |- Misused          64  the command, its environment or its input must change
    |- Refused          64  the gate understood and said no; carries its problem document
    |- NotRight          4  a check, a delivery or a synchronisation failed
    |- OutputClosed     74  nobody reads what we print
    |- Unreachable      75  the gate did not answer, after retries; sending it again may work
    `- Interrupted     130  somebody pressed Ctrl-C, or the machine is going down

0 to 3 are kept for outcomes of approvals, so that no failure of ours can be taken for somebody's decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

__all__ = [
    "OUTCOMES",
    "Exit",
    "Interrupted",
    "Misused",
    "NotRight",
    "OutputClosed",
    "Problem",
    "Refused",
    "Unreachable",
    "exit_of",
]


class Exit(IntEnum):
    """What the command's exit code says."""

    APPROVED = 0
    REJECTED = 1
    EXPIRED = 2
    CANCELED = 3
    FAILED = 4
    USAGE = 64
    BUG = 70
    OUTPUT = 74
    UNREACHABLE = 75
    INTERRUPTED = 130


OUTCOMES = {status: Exit[status] for status in ("APPROVED", "REJECTED", "EXPIRED", "CANCELED", "FAILED")}


def exit_of(approval: Mapping[str, Any]) -> Exit:
    """Return the exit code of an approval that has ended. A status that this version does not know is a failure."""
    return OUTCOMES.get(str(approval.get("status")), Exit.FAILED)


class Problem(Exception):
    """
    Something that ends the command. The text says what to do next.

    Args:
        code: stable, for programs; printed with `--json`.
        approval: the approval as last known, when there is one.
    """

    exit_code = Exit.BUG
    code = "problem"

    def __init__(self, text: str, *, code: str = "", approval: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code or self.code
        self.approval = approval

    def document(self) -> dict[str, Any]:
        """Return what `--json` prints instead of a result."""
        found: dict[str, Any] = {"error": {"code": self.code, "detail": self.text}}
        return found | ({"approval": self.approval} if self.approval else {})


class Misused(Problem):
    """The command, its environment or its input must change."""

    exit_code = Exit.USAGE
    code = "usage"


class Refused(Problem):
    """The gate refused. `errors` are pairs of field and problem, as the gate's problem document names them."""

    exit_code = Exit.USAGE

    def __init__(
        self,
        text: str,
        *,
        code: str,
        status: int,
        errors: Sequence[tuple[str, str]] = (),
        approval: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(text, code=code, approval=approval)
        self.status = status
        self.errors = tuple(errors)

    def document(self) -> dict[str, Any]:
        """Return what `--json` prints instead of a result."""
        found = super().document()
        found["error"]["status"] = self.status
        found["error"]["errors"] = [{"field": field, "problem": problem} for field, problem in self.errors]
        return found


class NotRight(Problem):
    """What was asked for was done, and its result is bad; the result has been printed."""

    exit_code = Exit.FAILED
    code = "failed"


class Unreachable(Problem):
    """The gate did not answer as a gate does, after retries."""

    exit_code = Exit.UNREACHABLE
    code = "unreachable"


class OutputClosed(Problem):
    """Nobody reads what we print any more. Click would end with 1, which is our "rejected"."""

    exit_code = Exit.OUTPUT
    code = "output"


class Interrupted(Problem):
    """Somebody ended the command."""

    exit_code = Exit.INTERRUPTED
    code = "interrupted"
