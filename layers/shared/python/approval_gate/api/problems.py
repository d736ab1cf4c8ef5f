"""What is wrong with a request, field by field, in words that say what to change and never repeat the input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from approval_gate.errors import FieldProblem

__all__ = ["field_problems", "in_one_line"]

_PLACES = {"body", "query", "path", "header"}
_SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "extra_forbidden": lambda _: "is not a field of this request; check the spelling",
    "missing": lambda _: "is required",
}


def field_problems(errors: Iterable[Mapping[str, Any]], whole: str) -> tuple[FieldProblem, ...]:
    """
    Read pydantic's errors.

    Args:
        whole: what to call the place of an error that is about everything.
    """
    return tuple(FieldProblem(_path(error["loc"]) or whole, _sentence(error)) for error in errors)


def in_one_line(problems: Iterable[FieldProblem]) -> str:
    """Return all of them for a log line or a `detail`."""
    return "; ".join(f"{each.field}: {each.problem}" for each in problems)


def _path(loc: Sequence[int | str]) -> str:
    """Return a place in the body as a person writes it: `stages[0].approvers[1].email`."""
    text = ""
    for part in loc[1:] if loc and loc[0] in _PLACES else loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _sentence(error: Mapping[str, Any]) -> str:
    """Return what is wrong without repeating the input, which may hold a secret."""
    known = _SENTENCES.get(str(error.get("type")))
    return known(error) if known else str(error.get("msg", "is invalid")).removeprefix("Value error, ")
