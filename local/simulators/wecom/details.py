"""
What the read interface and the events tell of an application, as plain values.

Two views of the nodes stand side by side: `process_list`, and the older `sp_record`, whose enumeration of modes is the
opposite. Source: "Get approval details", "Approval status change event", read 2026-02-28.
"""

from typing import Any

from local.simulators.frame.platform import Simulation
from local.simulators.wecom.model import ANY, COPY, IN_REVIEW, Application, Entry, Node

__all__ = ["Details"]

_EMPTY_VALUE: dict[str, Any] = {"tips": [], "members": [], "departments": [], "files": [], "children": []}


class Details:
    """Shows applications."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def shown(self, application: Application) -> dict[str, Any]:
        """Return `info` of getapprovaldetail."""
        info: dict[str, Any] = {
            "sp_no": application.sp_no,
            "sp_name": application.sp_name,
            "sp_status": application.status,
            "template_id": application.template_id,
            "apply_time": application.apply_s,
            "applyer": {"userid": application.applicant, "partyid": str(application.department)},
            "sp_record": [self._record(node) for node in application.nodes if node.type != COPY],
            "notifyer": [{"userid": userid} for userid in copied_to(application)],
            "apply_data": {
                "contents": [{**one, "value": {**_EMPTY_VALUE, **one["value"]}} for one in application.contents]
            },
            "comments": [
                {
                    "commentUserInfo": {"userid": one.userid},
                    "commenttime": one.at_s,
                    "commentcontent": one.text,
                    "commentid": one.id,
                    "media_id": [],
                }
                for one in application.comments
            ],
        }
        if not self._simulation.switch("legacy_details"):
            info["process_list"] = {"node_list": [self._node(node) for node in application.nodes]}
        return info

    def entries(self, node: Node) -> list[Entry]:
        """Return who is shown in a node: those an any-one node did not need may be missing once it is done."""
        if node.apv_rel != ANY or node.status == IN_REVIEW or self._simulation.switch("or_rest_listed"):
            return node.entries
        return [entry for entry in node.entries if entry.status != IN_REVIEW]

    def _record(self, node: Node) -> dict[str, Any]:
        return {
            "sp_status": node.status,
            "approverattr": legacy_attr(node),
            "details": [
                {
                    "approver": {"userid": entry.userid},
                    "speech": entry.speech,
                    "sp_status": entry.status,
                    "sptime": entry.at_s,
                    "media_id": [],
                }
                for entry in self.entries(node)
            ],
        }

    def _node(self, node: Node) -> dict[str, Any]:
        if node.type == COPY:
            return {"node_type": COPY, "sub_node_list": [{"userid": entry.userid} for entry in node.entries]}
        return {
            "node_type": node.type,
            "sp_status": node.status,
            "apv_rel": node.apv_rel,
            "sub_node_list": [
                {
                    "userid": entry.userid,
                    "speech": entry.speech,
                    "sp_yj": entry.status,
                    "sptime": entry.at_s,
                    "media_ids": [],
                }
                for entry in self.entries(node)
            ],
        }


def legacy_attr(node: Node) -> int:
    """Return the mode in the older words: 1 any one, 2 all. They have none for one after another."""
    return 1 if node.apv_rel == ANY else 2


def copied_to(application: Application) -> list[str]:
    """Return who reads along."""
    return list(dict.fromkeys(one.userid for node in application.nodes if node.type == COPY for one in node.entries))
