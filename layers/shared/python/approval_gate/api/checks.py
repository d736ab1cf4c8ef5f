"""Bodies of the doctor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, Field

from approval_gate.ports.checks import Check

__all__ = ["CheckBody", "ChecksBody", "checks_view"]


class CheckBody(BaseModel):
    """One thing that was looked at."""

    name: str
    status: Literal["ok", "warning", "failed", "skipped"]
    detail: str
    fix: str = Field(description="What to press and where; empty when nothing is to be done.")
    detail_zh: str
    fix_zh: str


class ChecksBody(BaseModel):
    """Everything that was looked at, and whether the app is ready: no check failed."""

    ready: bool
    checks: list[CheckBody]


def checks_view(checks: Iterable[Check]) -> ChecksBody:
    """Return checks as the public API shows them."""
    bodies = [
        CheckBody(
            name=each.name,
            status=each.status.value,
            detail=each.detail.en,
            fix=each.fix.en,
            detail_zh=each.detail.zh,
            fix_zh=each.fix.zh,
        )
        for each in checks
    ]
    return ChecksBody(ready=not any(each.status == "failed" for each in bodies), checks=bodies)
