"""Calls to a platform per approval, counted by its simulator: `GET <base>/_sim/calls`."""

from __future__ import annotations

import json
import re
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING

from bench.report import Section

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["measure_provider_calls"]

_ID = re.compile(r"/[^/]*\d[^/]{7,}(?=/|$)")
"""A segment of a path that is an id rather than a word such as `v4`."""


def measure_provider_calls(
    base_urls: Mapping[str, str], approve: Callable[[str, int], None], *, approvals: int
) -> Section:
    """
    Run approvals and count what reached each simulator.

    Args:
        base_urls: simulators by provider.
        approve: takes one approval of a provider from request to outcome; given its number. The first one of a
            provider also fetches the access token and creates the form, and is therefore run before the count.
        approvals: how many to count over.
    """
    rows = []
    for provider, base_url in base_urls.items():
        approve(provider, 0)
        before = len(_calls(base_url))
        for number in range(1, approvals + 1):
            approve(provider, number)
        calls = Counter(_calls(base_url)[before:])
        each = ", ".join(f"{call} {count / approvals:g}" for call, count in calls.most_common())
        rows.append((provider, f"{calls.total() / approvals:.2f}", each))
    return Section(
        name="provider-calls",
        title="Calls to the platform per approval",
        header=("provider", "calls", "which"),
        rows=rows,
        notes=(f"Over {approvals} approvals each, after one that fetched the token and created the form.",),
    )


def _calls(base_url: str) -> list[str]:
    if not base_url.startswith("http://127.0.0.1:"):
        raise ValueError(f"not a simulator on this machine: {base_url}")
    with urllib.request.urlopen(f"{base_url}/_sim/calls", timeout=5) as answer:  # noqa: S310 -- checked above
        return [f"{call['method']} {_ID.sub('/{id}', call['path'])}" for call in json.load(answer)["calls"]]
