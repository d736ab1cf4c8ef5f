"""Check an app's credentials as they are registered; the fields and their forms are each provider's."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from approval_gate.errors import FieldProblem

__all__ = ["credential_problems"]


def credential_problems(
    given: Mapping[str, str],
    *,
    patterns: Mapping[str, re.Pattern[str]],
    where: Mapping[str, str],
    required: Collection[str],
) -> list[FieldProblem]:
    """
    Return each unknown, missing or malformed field as `credentials.<field>`; a value is never repeated.

    Args:
        given: an empty optional field counts as not given.
        patterns: the form of every field there is.
        where: the place in the platform's console to copy each field from.
        required: fields that must be given.
    """
    problems = [FieldProblem(f"credentials.{name}", "is unknown; remove it") for name in given if name not in patterns]
    problems += [
        FieldProblem(f"credentials.{name}", f"is required; copy it from {where[name]}")
        for name in required
        if not given.get(name)
    ]
    problems += [
        FieldProblem(f"credentials.{name}", f"is malformed; copy it again from {place}")
        for name, place in where.items()
        if given.get(name) and not patterns[name].fullmatch(given[name])
    ]
    return problems
