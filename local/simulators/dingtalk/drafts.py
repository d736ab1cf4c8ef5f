"""
Reading the request for a new instance.

Source: "Create an approval instance", read 2026-02-28; sizes of nodes from the page of the older call, the newer one
gives none. Which code stands for people who do not exist was not seen: `processInstanceStartFailed` is assumed, and
`processInstanceInvalidParameter` for what is malformed.
"""

import base64
from datetime import datetime, timedelta, timezone
from typing import Any

from local.simulators.dingtalk.answers import Problem
from local.simulators.dingtalk.call import DingCall
from local.simulators.dingtalk.forms import Forms
from local.simulators.dingtalk.model import Instance, Node
from local.simulators.dingtalk.people import People
from local.simulators.dingtalk.values import read_values
from local.simulators.frame.people import ROOT, Person
from local.simulators.frame.platform import Simulation

__all__ = ["Drafts"]

_MOST_NODES, _MOST_PEOPLE_PER_NODE, _MOST_COPIES = 20, 20, 50
_MALFORMED = "processInstanceInvalidParameter"
_COPY_POSITIONS = frozenset({"START", "FINISH", "START_FINISH"})
_ROOT_IN_APPROVALS = -1
_CHINA = timezone(timedelta(hours=8))


class Drafts:
    """Turns a request into an instance that has not started."""

    def __init__(self, simulation: Simulation, people: People, forms: Forms) -> None:
        self._simulation, self._people, self._forms = simulation, people, forms

    def read(self, call: DingCall) -> Instance:
        """
        Read a request against its form.

        Raises:
            Problem: something in it is malformed, or somebody in it is unknown.
        """
        form = self._forms.get(call.text("processCode", _MALFORMED))
        if form is None:
            raise Problem("processCodeError", "流程编码不存在")
        originator = self._person(call.text("originatorUserId", _MALFORMED))
        self._check_agent(call)
        nodes = self._nodes(call)
        now_ms = self._simulation.clock.told_ms()
        cc = [self._person(user_id).user_id for user_id in call.texts("ccList", _MALFORMED, largest=_MOST_COPIES)]
        position = call.text("ccPosition", _MALFORMED, required=False) or "FINISH"  # the default is not stated
        if position not in _COPY_POSITIONS:
            raise Problem(_MALFORMED, f"ccPosition is one of {', '.join(sorted(_COPY_POSITIONS))}")
        return Instance(
            id=self._id(),
            process_code=form.process_code,
            app_id=call.app.app_id,
            originator=originator.user_id,
            department=str(self._department(call, originator)),
            # The platform makes the title; a call cannot give one.
            title=f"{originator.name}提交的{form.name}",
            business_id=self._business_id(now_ms),
            start_ms=now_ms,
            opened_at_s=self._simulation.clock.now_s(),
            nodes=nodes,
            values=read_values(call.body.get("formComponentValues"), form.components),
            cc=cc,
            cc_position=position,
        )

    def _nodes(self, call: DingCall) -> list[Node]:
        given = call.body.get("approvers")
        if not given:
            if call.body.get("deptId") is None:
                raise Problem(_MALFORMED, "deptId is required without approvers")
            # Forms made by the API have no flow of their own here: every step's people are the submitter's choice.
            raise Problem("targetSelectApproverMissing", "name approvers")
        if not isinstance(given, list) or len(given) > _MOST_NODES:
            raise Problem(_MALFORMED, f"approvers takes up to {_MOST_NODES} nodes")
        return [self._node(one) for one in given]

    def _node(self, given: object) -> Node:
        mode, users = (given.get("actionType"), given.get("userIds")) if isinstance(given, dict) else (None, None)
        if mode not in {"AND", "OR", "NONE"}:
            raise Problem(_MALFORMED, "actionType is AND, OR or NONE")
        if not isinstance(users, list) or not users or not all(isinstance(one, str) for one in users):
            raise Problem(_MALFORMED, "userIds must be a list of texts, not empty")
        fits = len(users) == 1 if mode == "NONE" else 2 <= len(users) <= _MOST_PEOPLE_PER_NODE
        if len(set(users)) != len(users) or (not fits and self._simulation.switch("node_sizes_are_checked")):
            raise Problem(_MALFORMED, "NONE takes one person, AND and OR take 2 to 20 different ones")
        approvers = [self._person(user_id).user_id for user_id in users]
        return Node(id=f"{self._simulation.ids.hex(4)}_{self._simulation.ids.hex(4)}", mode=mode, approvers=approvers)

    def _person(self, user_id: str) -> Person:
        person = self._people.present(user_id)
        if person is None:
            raise Problem("processInstanceStartFailed", f"用户不存在 {user_id}")
        return person

    def _department(self, call: DingCall, originator: Person) -> int:
        """
        Return the department the originator acts for.

        "One of the originator's departments; root = -1", says the page. Whether -1 is taken from somebody who is not
        directly in the root was not seen: see `department_is_checked`.
        """
        own = [
            _ROOT_IN_APPROVALS if one == ROOT else self._people.number(one) for one in originator.departments or [ROOT]
        ]
        given: Any = call.body.get("deptId")
        if given is None:
            return own[0]
        is_root = given == _ROOT_IN_APPROVALS and not self._simulation.switch("department_is_checked")
        if type(given) is not int or not (given in own or is_root):
            raise Problem(_MALFORMED, "deptId is not a department of the originator")
        return given

    def _check_agent(self, call: DingCall) -> None:
        given, own = call.body.get("microappAgentId"), call.app.extra.get("agent_id", "")
        if given is not None and own and str(given) != own:
            raise Problem("invalidAgentId", "微应用agentId错误")

    def _id(self) -> str:
        """Return an id as they were seen: no UUID, letters and digits with `-` and `_`, a number at the end."""
        head = base64.urlsafe_b64encode(self._simulation.ids.octets(16)).decode().rstrip("=")
        return f"{head}{self._simulation.ids.number(12)}"

    def _business_id(self, now_ms: int) -> str:
        minute = datetime.fromtimestamp(now_ms / 1000, _CHINA).strftime("%Y%m%d%H%M")
        return f"{minute}{self._simulation.values.increment('dingtalk_business_ids'):09d}"
