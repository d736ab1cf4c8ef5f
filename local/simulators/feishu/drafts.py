"""
Reading the request for a new instance.

Source: "Create an approval instance" and the FAQ, read 2026-02-28. Ids are typed by the name of their field.
"""

from typing import Any

from local.simulators.feishu.answers import Problem, invalid
from local.simulators.feishu.call import FeishuCall
from local.simulators.feishu.forms import read_values
from local.simulators.feishu.identities import Identities
from local.simulators.feishu.model import Definition, Instance, Node
from local.simulators.frame.platform import Simulation

__all__ = ["Drafts"]

_LONGEST_UUID = 64


class Drafts:
    """Turns a request into an instance that has not started."""

    def __init__(self, simulation: Simulation, identities: Identities) -> None:
        self._simulation, self._identities = simulation, identities

    def read(self, call: FeishuCall, definition: Definition) -> Instance:
        """
        Read a request against its definition. The serial number is still missing.

        Raises:
            Problem: something in it is malformed, or somebody in it is unknown.
        """
        uuid = call.text("uuid", required=False)
        if len(uuid) > _LONGEST_UUID:
            raise invalid("uuid is longer than 64 characters")
        starter = self._starter(call)
        texts, default_locale = _texts(call.body.get("i18n_resources"))
        auto_nodes = _auto_nodes(call, definition)
        return Instance(
            code=self._simulation.ids.uuid(),
            approval_code=definition.code,
            definition_ref=definition.version_ref,
            app_id=call.app.app_id,
            starter=starter,
            start_ms=self._simulation.clock.told_ms(),
            form=read_values(call.body.get("form"), definition),
            approvers=self._approvers(call, definition, starter, auto_nodes),
            uuid=uuid,
            uuid_key=uuid.lower(),
            department_id=self._department(starter, call.text("department_id", required=False)),
            title=call.text("title", required=False),
            forbid_revoke=call.body.get("forbid_revoke") is True,
            auto_nodes=auto_nodes,
            cc=self._chosen(call, definition, "node_cc", {"START", "END"}),
            texts=texts,
            default_locale=default_locale,
        )

    def _starter(self, call: FeishuCall) -> str:
        user_id, open_id = call.text("user_id", required=False), call.text("open_id", required=False)
        if not user_id and not open_id:
            raise invalid("user_id or open_id of the starter is required")
        return self._somebody(call, user_id, "user_id") if user_id else self._somebody(call, open_id, "open_id")

    def _somebody(self, call: FeishuCall, given: str, id_type: str) -> str:
        user_id = self._identities.resolve(call.app, given, id_type, unknown=1390004)
        person = self._simulation.people.people.get(user_id)
        if person is not None and (person.resigned or not self._identities.is_in_range(call.app, person)):
            raise Problem(1390004)
        return user_id

    def _department(self, starter: str, given: str) -> str:
        person = self._simulation.people.people.get(starter)
        departments = person.departments if person else []
        if given and given not in departments:
            raise invalid("department_id is not a department of the starter")
        return given or (departments[0] if departments else "")

    def _approvers(
        self, call: FeishuCall, definition: Definition, starter: str, auto_nodes: list[str]
    ) -> dict[str, list[str]]:
        chosen = self._chosen(call, definition, "node_approver", set())
        people: dict[str, list[str]] = {}
        for node in definition.nodes:
            named = chosen.get(node.id, [])
            if node.is_free and not named and node.id not in auto_nodes:
                raise invalid(
                    f"node {node.id} needs approvers: node_approver_open_id_list or node_approver_user_id_list"
                )
            people[node.id] = self._assigned(node, [*named, *node.fixed, *self._superiors(node, starter)], starter)
        return people

    def _chosen(self, call: FeishuCall, definition: Definition, prefix: str, ends: set[str]) -> dict[str, list[str]]:
        """Read and merge the `_open_id_list` and `_user_id_list` of one prefix; each person once per node."""
        chosen: dict[str, list[str]] = {}
        for id_type in ("open_id", "user_id"):
            name = f"{prefix}_{id_type}_list"
            entries = call.body.get(name) or []
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                raise invalid(f"{name} must be a list of objects")
            for entry in entries:
                node = definition.node(str(entry.get("key")))
                key = node.id if node else str(entry.get("key"))
                if node is None and key not in ends:
                    raise invalid(f"{name}: node {key} is not in the definition")
                ids = entry.get("value") or []
                if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
                    raise invalid(f"{name}: value must be a list of ids")
                users = [self._somebody(call, one, id_type) for one in ids]
                chosen[key] = list(dict.fromkeys([*chosen.get(key, []), *users]))
        return chosen

    def _superiors(self, node: Node, starter: str) -> list[str]:
        person = self._simulation.people.people.get(starter)
        # Departments have no managers here: the starter's superior stands for each kind of manager.
        is_led = any(kind not in {"Free", "Personal"} for kind in node.approver_types)
        return [person.leader] if is_led and person and person.leader else []

    def _assigned(self, node: Node, users: list[str], starter: str) -> list[str]:
        if node.starter_assignee in {"SUPERVISOR", "DEPARTMENT_MANAGER"}:
            person = self._simulation.people.people.get(starter)
            instead = person.leader if person and person.leader else starter
            users = [instead if user == starter else user for user in users]
        return list(dict.fromkeys(users))


def _auto_nodes(call: FeishuCall, definition: Definition) -> list[str]:
    entries = call.body.get("node_auto_approval_list") or []
    if not isinstance(entries, list) or len(entries) > 10 or not all(isinstance(entry, dict) for entry in entries):
        raise invalid("node_auto_approval_list must be a list of at most 10 objects")
    nodes: list[str] = []
    for entry in entries:
        if entry.get("node_id_type") not in {"CUSTOM", "NON_CUSTOM"}:
            raise invalid("node_auto_approval_list: node_id_type must be CUSTOM or NON_CUSTOM")
        node = definition.node(str(entry.get("node_id")))
        if node is None or entry["node_id"] != (node.id if entry["node_id_type"] == "CUSTOM" else node.system_id):
            raise invalid(f"node_auto_approval_list: node {entry.get('node_id')} is not in the definition")
        nodes.append(node.id)
    return nodes


def _texts(resources: Any) -> tuple[dict[str, dict[str, str]], str]:
    if not resources:
        return {}, ""
    if not isinstance(resources, list) or not all(isinstance(one, dict) for one in resources):
        raise invalid("i18n_resources must be a list of objects")
    texts: dict[str, dict[str, str]] = {}
    default = ""
    for resource in resources:
        locale, entries = str(resource.get("locale")), resource.get("texts") or []
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise invalid(f"i18n_resources {locale}: texts must be a list of objects")
        texts[locale] = {str(entry.get("key")): str(entry.get("value")) for entry in entries}
        default = locale if resource.get("is_default") else default
    if not default:
        raise invalid("i18n_resources must have a default language")
    return texts, default
