"""
The filled form of an application.

Source: "Submit an approval application", table of control values, read 2026-02-28. The limits of 400 and 4000
characters are what others saw refused; the page states none.
"""

from collections.abc import Callable
from typing import Any

from local.simulators.wecom.answers import param_error
from local.simulators.wecom.call import is_one_of
from local.simulators.wecom.model import Template

__all__ = ["read_values", "shown_text"]

_LONGEST = {"Text": 400, "Textarea": 4000}
_FILLED_BY_THE_SERVER = frozenset({"Tips", "Formula"})


def read_values(apply_data: Any, template: Template) -> list[dict[str, Any]]:
    """
    Read the values: `[{"control", "id", "title", "value"}]`.

    Raises:
        Problem: a field that the template does not have, a mandatory one that is empty, a value of the wrong kind.
    """
    contents = apply_data.get("contents") if isinstance(apply_data, dict) else None
    if not isinstance(contents, list) or not all(isinstance(one, dict) for one in contents):
        raise param_error("apply_data.contents")
    read: dict[str, dict[str, Any]] = {}
    for content in contents:
        control_id = content.get("id")
        control = template.control(control_id) if isinstance(control_id, str) else None
        if control is None or control["control"] != content.get("control") or control_id in read:
            raise param_error(f"apply_data.contents {control_id} not match template")
        value = content.get("value")
        if not isinstance(value, dict):
            raise param_error(f"apply_data.contents {control_id} value")
        _check(control, value)
        read[control["id"]] = {"control": control["control"], "id": control["id"], "title": control["title"]}
        read[control["id"]]["value"] = value
    for control in (one["property"] for one in template.controls):
        if control["require"] and control["control"] not in _FILLED_BY_THE_SERVER and control["id"] not in read:
            raise param_error(f"apply_data.contents {control['id']} is required")
    return list(read.values())


def shown_text(content: dict[str, Any]) -> str:
    """Return a value as a person reads it."""
    value = content["value"]
    if isinstance(value.get("text"), str):
        return str(value["text"])
    first = next(iter(value.values()), "")
    return first if isinstance(first, str) else str(first)


def _check(control: dict[str, Any], value: dict[str, Any]) -> None:
    kind, control_id = control["control"], control["id"]
    if kind in _LONGEST:
        text = value.get("text")
        if not isinstance(text, str) or (control["require"] and not text):
            raise param_error(f"apply_data.contents {control_id} text")
        if len(text) > _LONGEST[kind] or (kind == "Text" and "\n" in text):
            raise param_error(f"apply_data.contents {control_id} text too long or with line breaks")
    elif kind in _CHECKS and not _CHECKS[kind](value):
        raise param_error(f"apply_data.contents {control_id} value")


def _list_of(name: str, member: str) -> Callable[[dict[str, Any]], bool]:
    def check(value: dict[str, Any]) -> bool:
        rows = value.get(name)
        return isinstance(rows, list) and bool(rows) and all(isinstance(one, dict) and one.get(member) for one in rows)

    return check


def _is_date(value: dict[str, Any]) -> bool:
    date = value.get("date")
    return (
        isinstance(date, dict)
        and is_one_of(date.get("type"), ("day", "hour"))
        and isinstance(date.get("s_timestamp"), str)
    )


def _is_choice(value: dict[str, Any]) -> bool:
    selector = value.get("selector")
    return isinstance(selector, dict) and _list_of("options", "key")(selector)


_CHECKS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "Number": lambda value: isinstance(value.get("new_number"), str),
    "Money": lambda value: isinstance(value.get("new_money"), str),
    "Date": _is_date,
    "Selector": _is_choice,
    "Contact": lambda value: _list_of("members", "userid")(value) or _list_of("departments", "openapi_id")(value),
    "File": lambda value: _list_of("files", "file_id")(value) and len(value["files"]) <= 6,
    "Table": _list_of("children", "list"),
    "DateRange": lambda value: isinstance(value.get("date_range"), dict),
    "Location": lambda value: isinstance(value.get("location"), dict),
    "RelatedApproval": _list_of("related_approval", "sp_no"),
}
