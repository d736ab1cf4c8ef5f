"""
Forms' fields and the values of instances.

Values are always texts; what is no text is JSON inside one. A value names its field by the field's label. Source:
"Create an approval form template", "Create an approval instance", read 2026-02-28. Which of `illegalComponent` and
`formConverterError` stands for which fault was not seen: the first is sent for fields, the second for values.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from local.simulators.dingtalk.answers import Problem

__all__ = ["read_components", "read_values"]

_MOST_COMPONENTS, _MOST_VALUES = 200, 150
_LARGEST_LABEL, _LARGEST_ID, _LARGEST_PLACEHOLDER, _LARGEST_NOTE, _LARGEST_VALUE = 20, 64, 128, 500, 65535
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_STATIC = "TextNote"


def read_components(given: object) -> list[dict[str, Any]]:
    """
    Read the fields of a form.

    Raises:
        Problem: formschema.error, with what is wrong.
    """
    if not isinstance(given, list) or not 1 <= len(given) <= _MOST_COMPONENTS:
        raise _schema(f"formComponents takes 1 to {_MOST_COMPONENTS} entries")
    labels: set[str] = set()
    ids: set[str] = set()
    for component in given:
        if not isinstance(component, dict) or component.get("componentType") not in _CHECKS:
            raise _schema("componentType is missing or unknown")
        props = component.get("props")
        if not isinstance(props, dict):
            raise _schema("props is required")
        _check_props(component["componentType"], props)
        if props.get("label") in labels or _id(props) in ids:
            # That labels must differ is not stated; values could not be told apart.
            raise _schema(f"label or componentId of {props.get('label')!r} is used twice")
        labels.add(str(props.get("label")))
        ids |= {_id(props)} - {""}
        if component.get("children") and component["componentType"] != "TableField":
            raise _schema("only TableField has children")
    return given


def read_values(given: object, components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    Read the values of a new instance against its form, in the form's order.

    Raises:
        Problem: naming the field.
    """
    if not isinstance(given, list) or len(given) > _MOST_VALUES:
        raise Problem("processInstanceInvalidParameter", f"formComponentValues takes up to {_MOST_VALUES} entries")
    by_label = {str(one["props"].get("label")): one for one in components}
    values: dict[str, str] = {}
    for one in given:
        name, value = (one.get("name"), one.get("value")) if isinstance(one, dict) else (None, None)
        if not isinstance(name, str) or name not in by_label or name in values:
            raise Problem("illegalComponent", f"控件不存在或重复 {name}")
        if not isinstance(value, str) or len(value) > _LARGEST_VALUE:
            raise Problem("formConverterError", f"控件值不合法 {name}")
        if value and not _CHECKS[by_label[name]["componentType"]](value, by_label[name]["props"]):
            raise Problem("formConverterError", f"控件值不合法 {name}")
        values[name] = value
    for label, component in by_label.items():
        if component["props"].get("required") and component["componentType"] != _STATIC and not values.get(label):
            raise Problem("formConverterError", f"必填控件没有值 {label}")
    return [
        {"id": _id(one["props"]), "name": label, "value": values[label], "componentType": one["componentType"]}
        for label, one in by_label.items()
        if label in values
    ]


def _check_props(kind: str, props: dict[str, Any]) -> None:
    for name, largest in (
        ("label", _LARGEST_LABEL),
        ("componentId", _LARGEST_ID),
        ("id", _LARGEST_ID),
        ("bizAlias", _LARGEST_ID),
        ("placeholder", _LARGEST_PLACEHOLDER),
        ("content", _LARGEST_NOTE),
    ):
        value = props.get(name, "")
        if not isinstance(value, str) or len(value) > largest:
            raise _schema(f"{name} must be text of up to {largest} characters")
    if kind != _STATIC and not props.get("label"):
        raise _schema("label is required")
    if not isinstance(props.get("required", False), bool):
        raise _schema("required must be true or false")
    if kind in {"DDSelectField", "DDMultiSelectField"} and not isinstance(props.get("options"), list):
        raise _schema("options is required")


def _id(props: dict[str, Any]) -> str:
    return str(props.get("componentId") or props.get("id") or "")


def _schema(detail: str) -> Problem:
    return Problem("formschema.error", detail)


def _is_number(value: str, _: dict[str, Any]) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None


def _is_date(value: str, _: dict[str, Any]) -> bool:
    if not _DATE.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_option(value: str, props: dict[str, Any]) -> bool:
    return value in [option.get("value") for option in props["options"] if isinstance(option, dict)]


def _json_list(value: str) -> list[Any] | None:
    try:
        parsed = json.loads(value)
    except ValueError:
        return None
    return parsed if isinstance(parsed, list) else None


def _is_list(value: str, _: dict[str, Any]) -> bool:
    return _json_list(value) is not None


def _are_texts(value: str, _: dict[str, Any]) -> bool:
    return all(isinstance(one, str) for one in _json_list(value) or [None])


def _are_options(value: str, props: dict[str, Any]) -> bool:
    return all(isinstance(one, str) and _is_option(one, props) for one in _json_list(value) or [None])


def _are_dates(value: str, props: dict[str, Any]) -> bool:
    dates = _json_list(value)
    return dates is not None and len(dates) == 2 and all(isinstance(one, str) and _is_date(one, props) for one in dates)


def _is_anything(_: str, __: dict[str, Any]) -> bool:
    return True


_CHECKS: dict[str, Callable[[str, dict[str, Any]], bool]] = {
    "TextField": _is_anything,
    "TextareaField": _is_anything,
    "TextNote": _is_anything,
    "PhoneField": _is_anything,
    "NumberField": _is_number,
    "MoneyField": _is_number,
    "DDSelectField": _is_option,
    "DDMultiSelectField": _are_options,
    "DDDateField": _is_date,
    "DDDateRangeField": _are_dates,
    "DDPhotoField": _are_texts,
    "InnerContactField": _are_texts,
    "DDAttachment": _is_list,
    "TableField": _is_list,
    "DepartmentField": _is_anything,
    "RelateField": _is_anything,
    "AddressField": _is_anything,
    "StarRatingField": _is_anything,
    "TimeAndLocationField": _is_anything,
}
