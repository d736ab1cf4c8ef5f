"""How the calls of an examination end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from approval_gate.verdicts import Advice

__all__ = ["Reply"]


@dataclass(frozen=True, slots=True)
class Reply:
    """
    How one call ended.

    Args:
        data: of the answer; empty when it failed.
        advice: what is wrong and what to press; None when it succeeded.
        code: the platform's, as text; "" when it succeeded or did not say.
        may_pass: the failure may be gone at the next attempt.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    advice: Advice | None = None
    code: str = ""
    may_pass: bool = False
