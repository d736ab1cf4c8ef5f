"""
Approval templates: create, update, read. They can neither be listed nor deleted.

Source: "Create an approval template", "Update an approval template", "Get approval template details", read 2026-02-28.
"""

import re
from typing import Any

from local.simulators.frame.platform import Simulation
from local.simulators.frame.store import Collection
from local.simulators.frame.web import ApiAnswer
from local.simulators.wecom.answers import Problem, param_error, success
from local.simulators.wecom.call import WecomCall, is_one_of
from local.simulators.wecom.model import Template

__all__ = ["CONSOLE_TEMPLATE", "Templates"]

CONSOLE_TEMPLATE = "3TkaConsoleMadePipelineApproval0000000001"
"""A template that an administrator made: an optional Text, and a mandatory Textarea with an id as the console gives."""

_KINDS = frozenset(
    {
        "Text",
        "Textarea",
        "Number",
        "Money",
        "Date",
        "Selector",
        "Contact",
        "Tips",
        "File",
        "Table",
        "Location",
        "RelatedApproval",
        "DateRange",
        "PhoneNumber",
        "Vacation",
        "Attendance",
        "BankAccount",
    }
)
_LANGUAGES = frozenset({"zh_CN", "en"})
_CONTROL_ID = re.compile(r"([A-Za-z]+)-([0-9]{1,19})")


class Templates:
    """The templates of the simulated companies."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._templates = Collection(simulation.store, "wecom_templates", Template, key="id", indexed=("corp_id",))
        if self._templates.get(CONSOLE_TEMPLATE) is None:
            self._templates.put(_console_template())

    def get(self, corp_id: str, template_id: object) -> Template:
        """
        Return a template of a company.

        Raises:
            Problem: there is none of that id.
        """
        found = self._templates.get(template_id) if isinstance(template_id, str) else None
        if found is None or found.corp_id not in {"", corp_id}:
            raise param_error("template_id")
        return found

    def create(self, call: WecomCall) -> ApiAnswer:
        """POST /cgi-bin/oa/approval/create_template."""
        template = Template(
            id=f"C4{self._simulation.ids.hex(40)}",
            corp_id=call.corp_id,
            app_id=call.app.app_id,
            names=_texts(call.body.get("template_name"), "template_name", longest=40),
            controls=_controls(call.body.get("template_content")),
            # Whether a template made by a call sends events before somebody ticked it is not documented; much speaks
            # against it.
            is_ticked=bool(self._simulation.switch("ticked_templates")),
        )
        self._check_name(template)
        if self._templates.count(corp_id=call.corp_id) >= self._simulation.switch("max_templates"):
            raise Problem(301087)
        self._templates.put(template)
        return success(template_id=template.id)

    def update(self, call: WecomCall) -> ApiAnswer:
        """POST /cgi-bin/oa/approval/update_template: an app changes what it made itself."""
        template = self.get(call.corp_id, call.body.get("template_id"))
        if template.app_id != call.app.app_id:
            raise Problem(301055)
        template.names = _texts(call.body.get("template_name"), "template_name", longest=40)
        template.controls = _controls(call.body.get("template_content"))
        self._check_name(template)
        self._templates.put(template)
        return success()

    def read(self, call: WecomCall) -> ApiAnswer:
        """POST /cgi-bin/oa/gettemplatedetail."""
        template = self.get(call.corp_id, call.body.get("template_id"))
        return success(template_names=template.names, template_content={"controls": template.controls})

    def _check_name(self, template: Template) -> None:
        """Refuse a name that another template of the company has, in whatever language."""
        names = {one["text"] for one in template.names}
        others = [*self._templates.find(corp_id=template.corp_id), *self._templates.find(corp_id="")]
        if any(other.id != template.id and names & {one["text"] for one in other.names} for other in others):
            raise Problem(int(self._simulation.switch("duplicate_template_code")), "template_name")


def _controls(content: Any) -> list[dict[str, Any]]:
    controls = content.get("controls") if isinstance(content, dict) else None
    if not isinstance(controls, list) or not controls or not all(isinstance(one, dict) for one in controls):
        raise Problem(301086, "controls")
    ids: set[str] = set()
    titles: set[str] = set()
    read: list[dict[str, Any]] = []
    for control in controls:
        given, config = control.get("property"), control.get("config") or {}
        if not isinstance(given, dict) or not isinstance(config, dict):
            raise Problem(301086, "property")
        kind, control_id = given.get("control"), str(given.get("id"))
        form = _CONTROL_ID.fullmatch(control_id)
        if not is_one_of(kind, _KINDS) or form is None or form[1] != kind or control_id in ids:
            raise Problem(301086, f"property.id {control_id}")
        title = _texts(given.get("title"), "property.title", longest=40)
        if title[0]["text"] in titles:
            raise Problem(301086, "property.title is used twice")
        ids.add(control_id)
        titles.add(title[0]["text"])
        if given.get("placeholder"):
            _texts(given["placeholder"], "property.placeholder", longest=80)
        if not all(is_one_of(given.get(name, 0), (0, 1)) for name in ("require", "un_print")):
            raise Problem(301086, "property.require")
        _check_config(str(kind), config)
        read.append({"property": {"require": 0, "un_print": 0, **given}, "config": config})
    return read


def _check_config(kind: str, config: dict[str, Any]) -> None:
    inner = config.get(kind.lower())
    if kind == "Selector":
        options = inner.get("options") if isinstance(inner, dict) else None
        is_fine = isinstance(options, list) and options and all(isinstance(one, dict) for one in options)
        if not isinstance(inner, dict) or not is_one_of(inner.get("type"), ("single", "multi")) or not is_fine:
            raise Problem(301086, "config.selector")
    elif kind == "Date" and (not isinstance(inner, dict) or not is_one_of(inner.get("type"), ("day", "hour"))):
        raise Problem(301086, "config.date")
    elif kind == "Contact" and (
        not isinstance(inner, dict) or not is_one_of(inner.get("mode"), ("user", "department"))
    ):
        raise Problem(301086, "config.contact")


def _texts(value: Any, name: str, *, longest: int) -> list[dict[str, str]]:
    """Read `[{"text", "lang"}]`."""
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        raise Problem(301086, name)
    for one in value:
        text, lang = one.get("text"), one.get("lang", "zh_CN")
        if not isinstance(text, str) or not 1 <= len(text) <= longest or not is_one_of(lang, _LANGUAGES):
            raise Problem(301086, name)
    return [{"text": one["text"], "lang": one.get("lang", "zh_CN")} for one in value]


def _console_template() -> Template:
    def control(kind: str, control_id: str, title: str, *, require: int) -> dict[str, Any]:
        named = [{"text": title, "lang": "zh_CN"}]
        given = {"control": kind, "id": control_id, "title": named, "placeholder": [], "require": require}
        return {"property": {**given, "un_print": 0}, "config": {}}

    return Template(
        id=CONSOLE_TEMPLATE,
        corp_id="",
        app_id="",
        names=[{"text": "发布审批（管理员创建）", "lang": "zh_CN"}],
        controls=[
            control("Text", "Text-1583739880001", "备注", require=0),
            control("Textarea", "Textarea-1583739881382", "发布内容", require=1),
        ],
        is_ticked=True,
    )
