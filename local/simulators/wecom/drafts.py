"""
Read what an app submits as an application.

Source: "Submit an approval application", read 2026-02-28. `process` replaced the older `approver`, `notifyer` and
`notify_type`, which SDKs still send; there `attr` 1 is any one and 2 all, the opposite of `apv_rel`.
"""

from typing import Any

from local.simulators.frame.people import Person
from local.simulators.frame.platform import Simulation
from local.simulators.wecom.answers import Problem, param_error
from local.simulators.wecom.call import WecomCall, is_one_of
from local.simulators.wecom.directory import Directory
from local.simulators.wecom.model import ALL, ANY, APPROVER, COPY, HANDLER, SEQUENCE, Entry, Node

__all__ = ["Drafts"]

_SUMMARY_ROWS, _SUMMARY_CHARS = 3, 20
_LEGACY_ATTR = {1: ANY, 2: ALL}


class Drafts:
    """Reads applicant, process and summary, or refuses them as the platform does."""

    def __init__(self, simulation: Simulation, directory: Directory) -> None:
        self._simulation, self._directory = simulation, directory

    def applicant(self, call: WecomCall) -> tuple[Person, int]:
        """Return who applies, and the number of the department for which."""
        given = call.body.get("creator_userid")
        if not isinstance(given, str) or not given:
            raise param_error("creator_userid")
        person = self._somebody(call, given, "creator_userid not in app visiable range")
        numbers, chosen = self._directory.numbers_of(person), call.body.get("choose_department") or 0
        # Another product sends 0 and is served: the main department then.
        if chosen and not is_one_of(chosen, numbers):
            raise param_error("choose_department")
        return person, chosen or numbers[0]

    def nodes(self, call: WecomCall, applicant: Person) -> list[Node]:
        """Return the process: as given, or the template's own, which here is the applicant's superior."""
        mode = call.body.get("use_template_approver", 0)
        if not is_one_of(mode, (0, 1)):
            raise param_error("use_template_approver")
        if mode == 1:
            if not applicant.leader:
                raise param_error("template has no approver")
            return [Node(type=APPROVER, apv_rel=ANY, entries=[Entry(applicant.leader)])]
        process = call.body.get("process")
        listed = process.get("node_list") if isinstance(process, dict) else None
        if process is None and "approver" in call.body:
            listed = _from_legacy(call.body)
        if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
            raise param_error("process")
        nodes = [self._node(call, one) for one in listed]
        if all(node.type == COPY for node in nodes):
            raise param_error("process has no approver")
        return nodes

    def summary(self, call: WecomCall) -> list[str]:
        """Return the rows of the preview. Documented as needed; without them another product is served."""
        rows = call.body.get("summary_list") or []
        if not isinstance(rows, list) or len(rows) > _SUMMARY_ROWS:
            raise param_error("summary_list")
        texts: list[str] = []
        for row in rows:
            info = row.get("summary_info") if isinstance(row, dict) else None
            if not isinstance(info, list) or not info or not all(isinstance(one, dict) for one in info):
                raise param_error("summary_info")
            for one in info:
                if not isinstance(one.get("text"), str) or len(one["text"]) > _SUMMARY_CHARS:
                    raise param_error("summary_info.text")
            texts.append(info[0]["text"])
        return texts

    def _node(self, call: WecomCall, given: dict[str, Any]) -> Node:
        """Read one node; members that the platform does not know are passed over."""
        kind, rel, userids = given.get("type"), given.get("apv_rel"), given.get("userid")
        if not is_one_of(kind, (APPROVER, COPY, HANDLER)):
            raise param_error("process.node_list.type")
        if kind != COPY and not is_one_of(rel, (ALL, ANY, SEQUENCE)):
            raise param_error("process.node_list.apv_rel")
        if not isinstance(userids, list) or not userids or not all(isinstance(one, str) for one in userids):
            raise param_error("process.node_list.userid")
        people = [self._somebody(call, one, f"process.node_list.userid {one}") for one in userids]
        entries = [Entry(userid) for userid in dict.fromkeys(one.user_id for one in people)]
        return Node(type=int(kind), apv_rel=int(rel) if kind != COPY and rel else 0, entries=entries)

    def _somebody(self, call: WecomCall, userid: str, complaint: str) -> Person:
        found = self._directory.visible_person(call.app, userid)
        if found is None:
            raise Problem(int(self._simulation.switch("invisible_person_code")), complaint)
        return found


def _from_legacy(body: dict[str, Any]) -> list[Any]:
    approvers, copied = body["approver"], body.get("notifyer") or []
    if not isinstance(approvers, list) or not all(isinstance(one, dict) for one in approvers):
        raise param_error("approver")
    if copied and not is_one_of(body.get("notify_type"), (1, 2, 3)):
        raise param_error("notify_type")
    if any(not is_one_of(one.get("attr"), _LEGACY_ATTR) for one in approvers):
        raise param_error("approver.attr")
    nodes = [{"type": APPROVER, "apv_rel": _LEGACY_ATTR[one["attr"]], "userid": one.get("userid")} for one in approvers]
    return [*nodes, {"type": COPY, "userid": copied}] if copied else nodes
