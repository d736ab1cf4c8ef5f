"""What can only be counted on the whole stack: approvals from request to released execution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from bench.provider_calls import measure_provider_calls
from local.scenario import Case, World, run_case
from local.stack import bring_down, bring_up, use_local_credentials

if TYPE_CHECKING:
    from pathlib import Path

    from bench.report import Section

__all__ = ["measure_calls_on_the_stack"]


def measure_calls_on_the_stack(folder: Path, *, approvals: int) -> Section:
    """
    Bring up a stack of its own and count the calls of ordinary approvals, approved by a click.

    People are named by e-mail, on DingTalk by mobile number.

    Raises:
        RuntimeError: an approval did not end as it should; then the count would mean nothing.
    """
    use_local_credentials()
    stack = bring_up(folder, say=print)
    try:
        with httpx.Client(timeout=30, trust_env=False) as http:
            world = World(stack, http, lambda *_: None)

            def approve(provider: str, number: int) -> None:
                case = Case(provider, "APPROVED", decision="approve", comment=f"number {number}")
                result = run_case(world, case)
                if result.problem:
                    raise RuntimeError(f"{provider}: {result.problem}")

            base_urls = {name: simulator["base_url"] for name, simulator in stack["simulators"].items()}
            return measure_provider_calls(base_urls, approve, approvals=approvals)
    finally:
        bring_down(folder)
