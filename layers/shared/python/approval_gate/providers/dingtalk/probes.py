"""
The harmless calls that show which permissions an app has: each asks for something that does not exist, or reads.

The form of an invented processCode can be neither changed nor made, for it has no name; the instance of an invented id
cannot be withdrawn. Contact calls do not count against the month's quota, the others do.

Source: DingTalk developer docs, the pages of the calls and "Application development platform billing model", read
2026-02-28.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from approval_gate.providers.dingtalk.client import Client
    from approval_gate.providers.dingtalk.credentials import Credentials

__all__ = ["Probe", "probes"]

_NONE = "approval-gate-check"
_WORKFLOW = "/v1.0/workflow"


@dataclass(frozen=True, slots=True)
class Probe:
    """
    One call to make.

    Args:
        check: whose finding it is.
        operation: our name of the call; `errcodes` knows by it which permission the call needs.
        method, path: of the newer API by `/v1.0/`, else of the older.
        data: the query of a GET, the body of a POST.
        is_counted: against the month's quota.
    """

    check: str
    operation: str
    method: str
    path: str
    data: Mapping[str, Any]
    is_counted: bool = True

    def run(self, client: Client) -> Mapping[str, Any]:
        """
        Make the call.

        Raises:
            ProviderError: it was refused or not answered.
        """
        if not self.path.startswith("/v1.0/"):
            if self.method == "GET":
                return client.read_older(self.operation, self.path)
            return client.call_older(self.operation, self.path, self.data)
        if self.method == "GET":
            return client.call(self.operation, "GET", self.path, query=self.data)
        return client.call(self.operation, "POST", self.path, body=self.data)


def probes(credentials: Credentials) -> Iterator[Probe]:
    """Yield the calls in the order in which they are to be made."""
    yield Probe("contact_range", "read_contact_range", "GET", "/auth/scopes", {}, is_counted=False)
    approvals = "permission_approvals"
    yield Probe(approvals, "get_instance", "GET", f"{_WORKFLOW}/processInstances", {"processInstanceId": _NONE})
    forms = f"{_WORKFLOW}/processes/userVisibilities/templates"
    yield Probe(approvals, "find_form", "GET", forms, {"maxResults": "1", "nextToken": "0"})
    yield Probe(approvals, "check_form", "POST", f"{_WORKFLOW}/forms", {"processCode": f"PROC-{_NONE}"})
    withdrawal = {"processInstanceId": _NONE, "isSystem": True}
    yield Probe(approvals, "check_withdrawal", "POST", f"{_WORKFLOW}/processInstances/terminate", withdrawal)
    if credentials.agent_id:
        progress = {"agent_id": int(credentials.agent_id), "task_id": 1}
        path = "/topapi/message/corpconversation/getsendprogress"
        yield Probe("permission_messages", "read_notification", "POST", path, progress)
    status = {"robotCode": credentials.app_key, "processQueryKey": _NONE}
    yield Probe("permission_messages", "check_robot", "GET", "/v1.0/robot/oToMessages/readStatus", status)
    yield from (
        Probe("permission_contacts", operation, "POST", path, body, is_counted=False)
        for operation, path, body in (
            ("list_departments", "/topapi/v2/department/listsub", {"dept_id": 1}),
            ("list_people", "/topapi/v2/user/list", {"dept_id": 1, "cursor": 0, "size": 1}),
            ("read_person", "/topapi/v2/user/get", {"userid": _NONE}),
            # No number at all: it is refused as malformed, and nobody has it.
            ("find_people", "/topapi/v2/user/getbymobile", {"mobile": "0"}),
        )
    )
