"""
Approval instances: create, list, withdraw, and every change of one.

Source: "Create an approval instance", "Obtain an approval list of instance IDs", "Revoke an approval instance", read
2026-02-28.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.simulators.dingtalk.answers import Problem, done
from local.simulators.dingtalk.call import DingCall
from local.simulators.dingtalk.drafts import Drafts
from local.simulators.dingtalk.events import Events
from local.simulators.dingtalk.flow import Flow
from local.simulators.dingtalk.forms import Forms
from local.simulators.dingtalk.model import Instance
from local.simulators.dingtalk.people import People
from local.simulators.frame.platform import Simulation
from local.simulators.frame.store import Collection
from local.simulators.frame.web import ApiAnswer

__all__ = ["Instances"]

_TOO_NEW_S = 15
_DAY_MS = 24 * 3600 * 1000
_LARGEST_PAGE, _MOST_IDS, _MOST_ORIGINATORS = 20, 10_000, 10
_STATUSES = frozenset({"RUNNING", "TERMINATED", "COMPLETED"})
_LARGEST_REMARK = 1024
_WRONG_STATE = "aflowProcessInstStatusException"


class Instances:
    """The instances of the organisation."""

    def __init__(self, simulation: Simulation, people: People, forms: Forms, events: Events) -> None:
        self._simulation, self._people, self._forms, self._events = simulation, people, forms, events
        self._drafts = Drafts(simulation, people, forms)
        self._instances = Collection(
            simulation.store, "dingtalk_instances", Instance, key="id", indexed=("process_code",)
        )

    def get(self, instance_id: str) -> Instance | None:
        """Return the instance of that id."""
        return self._instances.get(instance_id)

    def required(self, instance_id: str, unknown: str) -> Instance:
        """Return the instance, or refuse with the code that the call has for it."""
        found = self._instances.get(instance_id)
        if found is None or (found.is_deleted and self._simulation.switch("deleted_is_unknown")):
            raise Problem(unknown, "审批实例不存在")
        return found

    def all(self, limit: int = -1) -> list[Instance]:
        """Return instances, newest first."""
        return self._instances.find(newest_first=True, limit=limit)

    @contextmanager
    def change(self, instance: Instance) -> Iterator[Flow]:
        """Move an instance; afterwards it is saved and the apps are told."""
        flow = Flow(
            instance,
            self._simulation.people,
            self._simulation.ids,
            now_ms=self._simulation.clock.told_ms(),
            remove_repeat=bool(self._simulation.switch("remove_repeat")),
            cancels_are_told=bool(self._simulation.switch("cancels_are_told")),
        )
        yield flow
        self._instances.put(instance)
        self._events.tell(instance, flow.notices)

    def create(self, call: DingCall) -> ApiAnswer:
        """POST /v1.0/workflow/processInstances. There is no idempotency key."""
        draft = self._drafts.read(call)
        with self.change(draft) as flow:
            flow.start()
        return done({"instanceId": draft.id})

    def ids(self, call: DingCall) -> ApiAnswer:
        """POST /v1.0/workflow/processes/instanceIds/query: by time of creation."""
        form = self._forms.get(call.text("processCode", "invalidProcessCode"))
        if form is None:
            raise Problem("invalidProcessCode", "流程编码不存在")
        start_ms, end_ms = self._window(call)
        token, size = call.whole("nextToken", "invalidNextToken"), call.whole("maxResults", "invalidMaxResults")
        if token < 0:
            raise Problem("invalidNextToken", "nextToken starts with 0")
        if not 1 <= size <= _LARGEST_PAGE:
            raise Problem("invalidMaxResults", f"maxResults takes 1 to {_LARGEST_PAGE}")
        users = call.texts("userIds", "invalidUserIds", largest=_MOST_ORIGINATORS)
        statuses = call.texts("statuses", largest=len(_STATUSES))
        if not _STATUSES.issuperset(statuses):
            raise Problem("invalidParameter", f"statuses takes {', '.join(sorted(_STATUSES))}")
        found = [
            one.id
            for one in self._instances.find(process_code=form.process_code)
            if start_ms <= one.start_ms <= end_ms
            and not one.is_deleted
            and one.originator in (users or [one.originator])
            and one.status in (statuses or [one.status])
        ][:_MOST_IDS]
        result: dict[str, Any] = {"list": found[token : token + size]}
        if token + size < len(found):
            result["nextToken"] = str(token + size)
        return done({"result": result, "success": True})

    def terminate(self, call: DingCall) -> ApiAnswer:
        """POST /v1.0/workflow/processInstances/terminate: by the system, or by the originator."""
        instance = self.required(call.text("processInstanceId", "invalidInstanceId"), "aflowProcessInstNotExist")
        remark = call.text("remark", required=False, largest=_LARGEST_REMARK)
        by_system, by = call.body.get("isSystem"), ""
        if not isinstance(by_system, bool):
            raise Problem("invalidInstanceTerminateIsSystem", "isSystem must be true or false")
        if not by_system:
            by = call.text("operatingUserId", "invalidInstanceTerminateOperatingUserId")
            if self._people.present(by) is None:
                raise Problem("userNotExist", "用户不存在")
            if by != instance.originator:
                raise Problem("invalidInstanceTerminateOperatingUserId", "只有发起人可以撤销")
        if self._simulation.clock.now_s() - instance.opened_at_s < _TOO_NEW_S:
            raise Problem(_WRONG_STATE, "发起15秒内不能撤销")
        self.withdraw(instance, by, remark)
        return done({"result": True, "success": True})

    def withdraw(self, instance: Instance, by: str, remark: str) -> None:
        """
        Withdraw a running instance; `by` is empty for the system.

        Raises:
            Problem: it has ended, or its form does not allow it.
        """
        if instance.status != "RUNNING":
            raise Problem(_WRONG_STATE, "审批单已结束")
        # Whether the system may where the form forbids it was not seen.
        is_exempt = not by and self._simulation.switch("system_may_withdraw")
        if not self._simulation.switch("withdrawal_allowed") and not is_exempt:
            status = int(self._simulation.switch("withdrawal_refused_status"))
            raise Problem("internalError", "该审批模板不允许撤销", status=status)
        with self.change(instance) as flow:
            flow.terminate(by, remark)

    def _window(self, call: DingCall) -> tuple[int, int]:
        """Return the first and last moment asked for: 120 days at most, begun no more than 365 days ago."""
        start_ms = call.whole("startTime", "invalidInstanceListIdsStartTime")
        now_ms = self._simulation.clock.told_ms()
        if call.body.get("endTime") is None:
            if now_ms - start_ms > 120 * _DAY_MS:
                raise Problem("invalidInstanceListIdsStartTime", "startTime alone may lie 120 days back")
            # No end: also what is created in the millisecond after this one.
            return start_ms, now_ms + _DAY_MS
        end_ms = call.whole("endTime", "invalidEndTime")
        if now_ms - start_ms > 365 * _DAY_MS:
            raise Problem("invalidInstanceListIdsStartTime", "startTime may lie 365 days back")
        if not 0 <= end_ms - start_ms <= 120 * _DAY_MS:
            raise Problem("invalidEndTime", "endTime may lie 120 days after startTime")
        return start_ms, end_ms
