"""
What the project's state machine needs of the Amazon States Language: paths, payload templates, choices.

Only JSONPath's `$`, `$.name.name` and `$$.name.name` exist here, the intrinsic `States.Format`, and the comparisons the
definition makes. Whatever else a definition says is refused (`Unsupported`): it cannot drift from the simulation.

Source: Amazon States Language specification, read 2026-02-28.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.expressions import Unsupported

__all__ = ["Missing", "chosen", "filled", "placed", "read_path"]

_PATH = re.compile(r"\$\$?(\.[A-Za-z_][A-Za-z0-9_]*)*")
_FORMAT = re.compile(r"States\.Format\('([^']*)', (\$[^,)]*)\)")
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "StringEquals": lambda value, wanted: isinstance(value, str) and value == wanted,
    "BooleanEquals": lambda value, wanted: isinstance(value, bool) and value is wanted,
    "NumericGreaterThan": lambda value, wanted: isinstance(value, int) and value > wanted,
}


class Missing(Exception):
    """A path leads nowhere: Step Functions fails the state with `States.ParameterPathFailure` or `States.Runtime`."""


def read_path(path: str, data: Any, context: Mapping[str, Any]) -> Any:
    """Return what a path names in a state's input, or, with `$$`, in the execution's context."""
    if not _PATH.fullmatch(path):
        raise Unsupported(f"path {path!r}")
    value = context if path.startswith("$$") else data
    for name in path.split(".")[1:]:
        if not isinstance(value, Mapping) or name not in value:
            raise Missing(path)
        value = value[name]
    return value


def filled(template: Any, data: Any, context: Mapping[str, Any]) -> Any:
    """Fill a payload template: every `name.$` is replaced by `name` with what its expression says."""
    if isinstance(template, list):
        return [filled(each, data, context) for each in template]
    if not isinstance(template, dict):
        return template
    result: dict[str, Any] = {}
    for name, value in template.items():
        if name.endswith(".$"):
            result[name[:-2]] = _expression(value, data, context)
        else:
            result[name] = filled(value, data, context)
    return result


def _expression(text: str, data: Any, context: Mapping[str, Any]) -> Any:
    if text.startswith("$"):
        return read_path(text, data, context)
    match = _FORMAT.fullmatch(text)
    if match is None or match[1].count("{}") != 1:
        raise Unsupported(f"intrinsic {text!r}")
    return match[1].replace("{}", str(read_path(match[2], data, context)))


def placed(result: Any, path: str | None, data: Any) -> Any:
    """Put a state's result into its input as `ResultPath` says; None keeps the input."""
    if path is None:
        return data
    if path == "$":
        return result
    names = path.split(".")
    if not _PATH.fullmatch(path) or len(names) != 2 or not isinstance(data, dict):
        raise Unsupported(f"ResultPath {path!r}")
    return {**data, names[1]: result}


def chosen(state: Mapping[str, Any], data: Any) -> str:
    """Return the next state of a Choice."""
    for rule in state["Choices"]:
        if _holds({name: value for name, value in rule.items() if name not in {"Next", "Comment"}}, data):
            return str(rule["Next"])
    return str(state["Default"])


def _holds(rule: Mapping[str, Any], data: Any) -> bool:
    if set(rule) == {"And"}:
        return all(_holds(each, data) for each in rule["And"])
    if set(rule) == {"Or"}:
        return any(_holds(each, data) for each in rule["Or"])
    if set(rule) == {"Not"}:
        return not _holds(rule["Not"], data)
    (operator,) = set(rule) - {"Variable"}
    if operator == "IsPresent":
        try:
            read_path(rule["Variable"], data, {})
        except Missing:
            return not rule["IsPresent"]
        return bool(rule["IsPresent"])
    if operator not in _COMPARISONS:
        raise Unsupported(f"comparison {operator!r}")
    return _COMPARISONS[operator](read_path(rule["Variable"], data, {}), rule[operator])
