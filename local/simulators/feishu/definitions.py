"""
Approval definitions: create or overwrite, read, subscribe.

They can never be disabled or deleted. Source: "Create an approval definition", "Get an approval definition",
"Subscribe to approval events", read 2026-02-28.
"""

from typing import Any

from local.simulators.feishu.answers import Problem, invalid, success
from local.simulators.feishu.call import FeishuCall
from local.simulators.feishu.forms import read_widgets
from local.simulators.feishu.identities import Identities
from local.simulators.feishu.model import Definition, Node, Settings
from local.simulators.frame.platform import Simulation
from local.simulators.frame.store import Collection
from local.simulators.frame.web import ApiAnswer

__all__ = ["Definitions"]

_NODE_TYPES = frozenset({"AND", "OR", "SEQUENTIAL"})
_LEVELLED = frozenset({"Supervisor", "SupervisorTopDown", "DepartmentManager", "DepartmentManagerTopDown"})
_APPROVER_TYPES = _LEVELLED | {"Personal", "Free"}
_VIEWER_TYPES = frozenset({"TENANT", "DEPARTMENT", "USER", "NONE"})
_ASSIGNEES = frozenset({"STARTER", "AUTO_PASS", "SUPERVISOR", "DEPARTMENT_MANAGER"})
_CONFIG = ("can_update_viewer", "can_update_form", "can_update_process", "can_update_revert")
_I18N = "@i18n@"


class Definitions:
    """The definitions of the tenant; every version is kept for the instances that were started with it."""

    def __init__(self, simulation: Simulation, identities: Identities) -> None:
        self._simulation, self._identities = simulation, identities
        self._current = Collection(simulation.store, "feishu_definitions", Definition, key="code")
        self._read_versions: dict[str, Definition] = {}
        self._versions = Collection(simulation.store, "feishu_definition_versions", Definition, key="version_ref")

    def get(self, code: str) -> Definition | None:
        """Return the current version."""
        return self._current.get(code)

    def version(self, ref: str) -> Definition:
        """Return the version that an instance was started with. It never changes, so it is read once."""
        if ref not in self._read_versions:
            found = self._versions.get(ref)
            if found is None:
                raise Problem(1390002)
            self._read_versions[ref] = found
        return self._read_versions[ref]

    def subscribers(self, code: str) -> list[str]:
        """Return the ids of the apps that want to hear of a definition's instances."""
        current = self._current.get(code)
        return current.subscribers if current else []

    def required(self, code: object) -> Definition:
        """Return the current version or refuse as the platform does."""
        if not isinstance(code, str) or not code:
            raise invalid("approval_code is required")
        found = self._current.get(code)
        if found is None:
            raise Problem(1390002)
        return found

    def create(self, call: FeishuCall) -> ApiAnswer:
        """POST /approvals."""
        body = call.body
        code = body.get("approval_code") or ""
        known = self.required(code) if code else None
        texts, default_locale = _texts(body)
        here = texts[default_locale]
        _i18n_key(body.get("approval_name"), here, "approval_name", required=True)
        _i18n_key(body.get("description"), here, "description")
        _check_viewers(body.get("viewers"))
        _check_config(body.get("config"))
        form = body.get("form")
        definition = Definition(
            code=code or self._simulation.ids.uuid(),
            approval_id=known.approval_id if known else self._simulation.ids.number(),
            app_id=known.app_id if known else call.app.app_id,
            name=body["approval_name"],
            description=body.get("description") or "",
            widgets=read_widgets(form.get("form_content") if isinstance(form, dict) else None, here),
            nodes=self._nodes(call, body.get("node_list"), here, known),
            settings=_settings(body.get("settings")),
            texts=texts,
            default_locale=default_locale,
            viewers=body["viewers"],
            version=known.version + 1 if known else 1,
            subscribers=known.subscribers if known else [],
        )
        self._versions.put(definition)
        self._current.put(definition)
        return success({"approval_code": definition.code, "approval_id": definition.approval_id})

    def read(self, call: FeishuCall) -> ApiAnswer:
        """GET /approvals/:approval_code. Shows nodes with approvers; START and END are not among them."""
        definition = self.required(call.params["approval_code"])
        locale = call.query.get("locale", "")
        return success(
            {
                "approval_name": definition.text(definition.name, locale),
                "status": definition.status,
                "form": call.json_text(
                    [{**widget, "name": definition.text(widget["name"], locale)} for widget in definition.widgets]
                ),
                "node_list": [
                    {
                        "name": definition.text(node.name, locale),
                        "need_approver": node.is_free,
                        "node_id": node.system_id,
                        "custom_node_id": node.id,
                        "node_type": node.node_type,
                        "approver_chosen_multi": True,
                        "approver_chosen_range": [],
                        "require_signature": False,
                    }
                    for node in definition.nodes
                ],
                "viewers": [
                    {
                        "type": viewer["viewer_type"],
                        "id": viewer.get("viewer_department_id", ""),
                        "user_id": viewer.get("viewer_user_id", ""),
                    }
                    for viewer in definition.viewers
                ],
                "approval_admin_ids": [],
            }
        )

    def subscribe(self, call: FeishuCall) -> ApiAnswer:
        """POST /approvals/:approval_code/subscribe; once per definition and app."""
        definition = self.required(call.params["approval_code"])
        if call.app.app_id in definition.subscribers:
            raise Problem(1390007)
        definition.subscribers.append(call.app.app_id)
        self._current.put(definition)
        return success({})

    def unsubscribe(self, call: FeishuCall) -> ApiAnswer:
        """POST /approvals/:approval_code/unsubscribe; the same code says that there was nothing to end."""
        definition = self.required(call.params["approval_code"])
        if call.app.app_id not in definition.subscribers:
            raise Problem(1390007)
        definition.subscribers.remove(call.app.app_id)
        self._current.put(definition)
        return success({})

    def _nodes(self, call: FeishuCall, given: object, texts: dict[str, str], known: Definition | None) -> list[Node]:
        nodes = _objects(given, "node_list")
        if len(nodes) < 2 or nodes[0].get("id") != "START" or nodes[-1].get("id") != "END":
            raise invalid("node_list must begin with START and end with END")
        for end in (nodes[0], nodes[-1]):
            # `ccer` of type Free is not documented here, but clients send it and it works.
            extra = end.keys() & {"name", "node_type", "approver"}
            if any(end[name] for name in extra):
                raise invalid(f"node {end['id']} takes no {sorted(extra)}")
        made: list[Node] = []
        for node in nodes[1:-1]:
            node_id = node.get("id")
            if (
                not isinstance(node_id, str)
                or not node_id
                or node_id in {"START", "END", *(other.id for other in made)}
            ):
                raise invalid(f"node id {node_id!r} is missing, reserved or used twice")
            made.append(self._node(call, node_id, node, texts, known))
        return made

    def _node(
        self, call: FeishuCall, node_id: str, node: dict[str, Any], texts: dict[str, str], known: Definition | None
    ) -> Node:
        _i18n_key(node.get("name"), texts, f"node {node_id}: name")
        node_type = node.get("node_type") or "AND"
        if node_type not in _NODE_TYPES:
            raise invalid(f"node {node_id}: node_type {node_type!r} is not one of {sorted(_NODE_TYPES)}")
        approvers = _objects(node.get("approver") or [], f"node {node_id}: approver")
        fixed: list[str] = []
        for approver in approvers:
            kind = approver.get("type")
            if kind not in _APPROVER_TYPES:
                raise invalid(f"node {node_id}: approver type {kind!r} is not supported")
            if kind in _LEVELLED and not isinstance(approver.get("level"), str):
                raise invalid(f"node {node_id}: approver type {kind} needs level, as text")
            if kind == "Personal":
                id_type = call.query.get("user_id_type") or "open_id"
                fixed.append(self._identities.resolve(call.app, str(approver.get("user_id")), id_type, unknown=1390004))
        kinds = [approver["type"] for approver in approvers]
        if node_type == "SEQUENTIAL" and kinds != ["Free"]:
            raise invalid(f"node {node_id}: SEQUENTIAL requires approver type Free")
        assignee = node.get("starter_assignee") or "STARTER"
        if assignee not in _ASSIGNEES:
            raise invalid(f"node {node_id}: starter_assignee {assignee!r} is not one of {sorted(_ASSIGNEES)}")
        before = known.node(node_id) if known else None
        return Node(
            id=node_id,
            system_id=before.system_id if before else self._simulation.ids.hex(),
            name=node.get("name") or "",
            node_type=node_type,
            approver_types=kinds,
            fixed=fixed,
            starter_assignee=assignee,
        )


def _texts(body: dict[str, Any]) -> tuple[dict[str, dict[str, str]], str]:
    resources = _objects(body.get("i18n_resources"), "i18n_resources")
    texts: dict[str, dict[str, str]] = {}
    defaults: list[str] = []
    for resource in resources:
        locale = resource.get("locale")
        if locale not in {"zh-CN", "en-US", "ja-JP"}:
            raise invalid(f"i18n_resources: locale {locale!r} is not zh-CN, en-US or ja-JP")
        entries = _objects(resource.get("texts"), f"i18n_resources {locale}: texts")
        texts[locale] = {str(entry.get("key")): str(entry.get("value")) for entry in entries}
        wrong = [key for key in texts[locale] if not key.startswith(_I18N)]
        if wrong:
            raise invalid(f"i18n_resources {locale}: key {wrong[0]!r} does not start with {_I18N}")
        if resource.get("is_default"):
            defaults.append(locale)
    if len(defaults) != 1:
        raise invalid("i18n_resources must have exactly one default language")
    return texts, defaults[0]


def _i18n_key(key: object, texts: dict[str, str], where: str, *, required: bool = False) -> None:
    if not key and not required:
        return
    if not isinstance(key, str) or not key.startswith(_I18N) or (required and len(key) < 9):
        raise invalid(f"{where} must be a key that starts with {_I18N} (9 characters or more)")
    if key not in texts:
        raise invalid(f"{where}: key {key} has no text in the default language")


def _check_viewers(given: object) -> None:
    viewers = _objects(given, "viewers")
    if not 1 <= len(viewers) <= 200:
        raise invalid("viewers must have 1 to 200 entries")
    for viewer in viewers:
        if viewer.get("viewer_type") not in _VIEWER_TYPES:
            raise invalid(f"viewers: viewer_type {viewer.get('viewer_type')!r} is not one of {sorted(_VIEWER_TYPES)}")


def _check_config(config: object) -> None:
    if config is None:
        return
    if not isinstance(config, dict) or not all(isinstance(config.get(name), bool) for name in _CONFIG):
        raise invalid(f"config needs {', '.join(_CONFIG)}, each true or false")


def _settings(given: object) -> Settings:
    if given is None:
        return Settings()
    if not isinstance(given, dict):
        raise invalid("settings must be an object")
    settings = Settings()
    for name in ("revert_interval", "revert_option", "reject_option", "quick_approval_option"):
        value = given.get(name)
        if value is None:
            continue
        if (
            not isinstance(value, int)
            or isinstance(value, bool)
            or value < 0
            or (name != "revert_interval" and value > 1)
        ):
            raise invalid(f"settings.{name} is out of range")
        setattr(settings, name, value)
    return settings


def _objects(given: object, where: str) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise invalid(f"{where} must be a list of objects")
    return given
