"""
Official forms: made and changed by the API, listed, looked up.

Source: "Create an approval form template", "Obtain a list of approval forms visible to the specified user", "Get all
manageable forms", "Obtain the template code", "Obtain the form schema", read 2026-02-28.
"""

from datetime import UTC, datetime
from typing import Any

from local.simulators.dingtalk.answers import Problem, done
from local.simulators.dingtalk.call import DingCall
from local.simulators.dingtalk.model import Form
from local.simulators.dingtalk.values import read_components
from local.simulators.frame.platform import Simulation
from local.simulators.frame.store import Collection
from local.simulators.frame.web import ApiAnswer

__all__ = ["Forms"]

_MOST_FORMS = 200
_LARGEST_PAGE = 100
_SWITCHES_OF_A_FORM = frozenset(
    {"disableFormEdit", "hidden", "disableStopProcessButton", "disableDeleteProcess", "disableResubmit"}
) | {"disableHomepage", "disableSendCard"}


class Forms:
    """The forms of the organisation."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._forms = Collection(simulation.store, "dingtalk_forms", Form, key="process_code", indexed=("name",))

    def get(self, process_code: object) -> Form | None:
        """Return the form of that code."""
        return self._forms.get(process_code) if isinstance(process_code, str) else None

    def save(self, call: DingCall) -> ApiAnswer:
        """POST /v1.0/workflow/forms: makes a form, or changes the one of `processCode`."""
        code = call.text("processCode", "processcode.error", required=False)
        known = self._forms.get(code) if code else None
        if code and known is None:
            raise Problem("processcode.error", "模板不存在")
        if known is not None and known.app_id != call.app.app_id:
            raise Problem("permission.error", "没有该模板的权限")
        name = call.text("name", "formName.error", largest=200)
        namesake = self._forms.first(name=name)
        if namesake is not None and namesake.process_code != code:
            raise Problem("formName.error", "已有相同名称表单")
        if known is None and self._forms.count() >= _MOST_FORMS:
            # The code for the 201st form was not seen.
            raise Problem("formschema.error", f"the organisation has {_MOST_FORMS} forms made by the API")
        form = Form(
            process_code=code or f"PROC-{self._simulation.ids.uuid()}",
            app_id=call.app.app_id,
            name=name,
            description=call.text("description", "formschema.error", required=False, largest=300),
            components=read_components(call.body.get("formComponents")),
            config=_config(call.body.get("templateConfig")),
            changed_ms=self._simulation.clock.told_ms(),
        )
        self._forms.put(form)
        return done({"result": {"processCode": form.process_code}})

    def visible(self, call: DingCall) -> ApiAnswer:
        """GET /v1.0/workflow/processes/userVisibilities/templates: without `userId`, all of the organisation."""
        start, size = call.query.get("nextToken") or "0", call.query.get("maxResults") or str(_LARGEST_PAGE)
        if not start.isdecimal() or not size.isdecimal() or not 1 <= int(size) <= _LARGEST_PAGE:
            raise Problem("invalidParameter", f"maxResults takes 1 to {_LARGEST_PAGE}, nextToken a number")
        # A hidden form is on nobody's start page; that this list leaves it out too was not seen.
        forms = [form for form in self._forms.find() if not form.config.get("hidden")]
        end = int(start) + int(size)
        result: dict[str, Any] = {"processList": [_listed(form) for form in forms[int(start) : end]]}
        if end < len(forms):
            result["nextToken"] = end
        return done({"result": result})

    def manageable(self, call: DingCall) -> ApiAnswer:
        """GET /v1.0/workflow/processes/managements/templates."""
        call.asked("userId")
        return done(
            {
                "result": [
                    {
                        "processCode": form.process_code,
                        "flowTitle": form.name,
                        "attendanceType": 0,
                        "iconName": "common",
                        "gmtModified": _minute(form.changed_ms),
                    }
                    for form in self._forms.find()
                ]
            }
        )

    def named(self, call: DingCall) -> ApiAnswer:
        """GET /v1.0/workflow/processCentres/schemaNames/processCodes, documented for own-OA forms only."""
        form = self._forms.first(name=call.asked("name", "process.error"))
        if form is None or not self._simulation.switch("named_lookup_finds_forms"):
            raise Problem("process.error", "模板不存在")
        return done({"result": {"processCode": form.process_code, "gmtModified": _minute(form.changed_ms)}})

    def schema(self, call: DingCall) -> ApiAnswer:
        """GET /v1.0/workflow/forms/schemas/processCodes; the code for an unknown form is assumed."""
        form = self._forms.get(call.asked("processCode", "processcode.error"))
        if form is None:
            raise Problem("processcode.error", "模板不存在")
        items = [
            {
                "componentName": one["componentType"],
                "props": {**one["props"], "id": one["props"].get("componentId", one["props"].get("id", ""))},
            }
            for one in form.components
        ]
        content = {"title": form.name, "icon": "common", "items": items}
        return done(
            {
                "result": {
                    "name": form.name,
                    "formCode": f"FORM-{form.process_code.removeprefix('PROC-')}",
                    "status": "PUBLISHED",
                    "schemaContent": content,
                    "gmtModified": _minute(form.changed_ms),
                }
            }
        )


def _config(given: object) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise Problem("formschema.error", "templateConfig must be an object")
    for name in _SWITCHES_OF_A_FORM & given.keys():
        if not isinstance(given[name], bool):
            raise Problem("formschema.error", f"templateConfig.{name} must be true or false")
    return given


def _listed(form: Form) -> dict[str, str]:
    return {
        "name": form.name,
        "iconUrl": "",
        "url": f"https://aflow.dingtalk.com/dingtalk/mobile/homepage.htm#/custom?processCode={form.process_code}",
        "processCode": form.process_code,
        "dirId": "",
        "dirName": "",
    }


def _minute(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")
