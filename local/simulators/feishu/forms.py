"""
The form of a definition and the values of an instance.

Both travel as JSON text inside JSON. Source: "Approval definition form control parameters" and "Approval instance form
control parameters", read 2026-02-28.
"""

import json
from collections.abc import Callable
from typing import Any

from local.simulators.feishu.answers import invalid
from local.simulators.feishu.model import Definition, Instance

__all__ = ["read_values", "read_widgets", "shown_values"]

_IN_DEFINITIONS = frozenset(
    {
        "input",
        "textarea",
        "number",
        "amount",
        "date",
        "dateInterval",
        "radioV2",
        "checkboxV2",
        "contact",
        "department",
        "connect",
        "document",
        "attachmentV2",
        "image",
        "telephone",
        "address",
        "fieldList",
        "text",
    }
)
_NOT_IN_INSTANCES = frozenset({"text"})


def read_widgets(form_content: object, texts: dict[str, str]) -> list[dict[str, Any]]:
    """
    Read the form of a new definition.

    Args:
        texts: of the default locale; every name must be among them.

    Raises:
        Problem: it is no list of known widgets with unique ids and i18n names.
    """
    widgets = _list_of_objects(form_content, "form.form_content")
    if not widgets:
        raise invalid("form.form_content has no widget")
    seen: set[str] = set()
    for widget in widgets:
        widget_id, kind, name = widget.get("id"), widget.get("type"), widget.get("name")
        if not isinstance(widget_id, str) or not widget_id or widget_id in seen:
            raise invalid(f"widget id {widget_id!r} is missing or used twice")
        seen.add(widget_id)
        if kind not in _IN_DEFINITIONS:
            raise invalid(f"widget {widget_id}: type {kind!r} is not supported by this interface")
        if name not in texts:
            raise invalid(f"widget {widget_id}: name must be an i18n key with a text in the default language")
    return widgets


def read_values(form: object, definition: Definition) -> list[dict[str, Any]]:
    """
    Read the values of a new instance. Required widgets are not enforced (documented in the FAQ).

    Raises:
        Problem: an unknown widget, one without a value, or a value of the wrong kind.
    """
    widgets = {widget["id"]: widget for widget in definition.widgets}
    values = _list_of_objects(form, "form")
    for value in values:
        widget = widgets.get(str(value.get("id")))
        if widget is None:
            raise invalid(f"form: widget {value.get('id')!r} is not in the definition")
        kind = widget["type"]
        if value.get("type") != kind:
            raise invalid(f"form: widget {widget['id']} is of type {kind}, not {value.get('type')}")
        if kind in _NOT_IN_INSTANCES:
            raise invalid(f"form: widget {widget['id']} of type {kind} takes no value")
        if "value" not in value:
            raise invalid(f"form: widget {widget['id']} has no value")
        check = _CHECKS.get(kind)
        if check is not None and not check(value["value"], widget):
            raise invalid(f"form: widget {widget['id']} has a value that does not fit {kind}")
    return values


def shown_values(definition: Definition, instance: Instance, locale: str) -> list[dict[str, Any]]:
    """Return the form as the read interface tells it: with names, and texts instead of option keys."""
    widgets = {widget["id"]: widget for widget in definition.widgets}
    return [
        {
            "id": value["id"],
            "custom_id": widgets[value["id"]].get("custom_id", ""),
            "name": definition.text(widgets[value["id"]]["name"], locale),
            "type": value["type"],
            "ext": None,
            "value": _shown(value["value"], widgets[value["id"]], definition, instance, locale),
        }
        for value in instance.form
    ]


def _shown(value: Any, widget: dict[str, Any], definition: Definition, instance: Instance, locale: str) -> Any:
    kind = widget["type"]
    if kind in {"input", "textarea"}:
        texts = instance.texts.get(locale) or instance.texts.get(instance.default_locale) or {}
        return texts.get(value, value)
    if kind == "radioV2":
        return _option_text(value, widget, definition, locale)
    if kind == "checkboxV2":
        return [_option_text(one, widget, definition, locale) for one in value]
    if kind == "telephone" and isinstance(value, dict):
        return {"country_code": value.get("countryCode", ""), "national_number": value.get("nationalNumber", "")}
    return value


def _option_text(key: Any, widget: dict[str, Any], definition: Definition, locale: str) -> Any:
    texts = {option.get("key"): option.get("text", "") for option in widget.get("value") or []}
    return definition.text(texts[key], locale) if key in texts else key


def _is_number(value: Any, _: dict[str, Any]) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, bool)


def _is_option(value: Any, widget: dict[str, Any]) -> bool:
    return value in [option.get("key") for option in widget.get("value") or []]


_CHECKS: dict[str, Callable[[Any, dict[str, Any]], bool]] = {
    "input": lambda value, _: isinstance(value, str),
    "textarea": lambda value, _: isinstance(value, str),
    "date": lambda value, _: isinstance(value, str),
    "number": _is_number,
    "amount": _is_number,
    "radioV2": _is_option,
    "checkboxV2": lambda value, widget: isinstance(value, list) and all(_is_option(one, widget) for one in value),
    "contact": lambda value, _: isinstance(value, list),
    "department": lambda value, _: isinstance(value, list),
    "connect": lambda value, _: isinstance(value, list),
    "attachmentV2": lambda value, _: isinstance(value, list),
    "image": lambda value, _: isinstance(value, list),
    "dateInterval": lambda value, _: isinstance(value, dict),
    "telephone": lambda value, _: isinstance(value, dict),
    "document": lambda value, _: isinstance(value, dict),
    "fieldList": lambda value, _: isinstance(value, list) and all(isinstance(row, list) for row in value),
}


def _list_of_objects(text: object, name: str) -> list[dict[str, Any]]:
    try:
        parsed = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        parsed = None
    if not isinstance(parsed, list) or not all(isinstance(one, dict) for one in parsed):
        raise invalid(f"{name} must be a JSON list of objects, as text")
    return parsed
