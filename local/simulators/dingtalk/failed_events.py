"""
Events that could not be delivered, for apps that ask.

GET /call_back/get_call_back_failed_result. Source: "Obtain the event list of failed push messages", read 2026-02-28.
There they appear within 3 to 5 minutes, here at once. That asking takes them off the list was reported by users; the
page's sample of an approval's entry is empty, so that it holds the event's own fields is assumed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.simulators.dingtalk.answers import old_done
from local.simulators.dingtalk.call import DingCall
from local.simulators.dingtalk.tokens import corp_id
from local.simulators.frame.callbacks import Delivery
from local.simulators.frame.platform import Simulation
from local.simulators.frame.store import Collection
from local.simulators.frame.web import ApiAnswer

__all__ = ["FailedEvents"]

_MOST = 200
_ENVELOPE = frozenset({"EventType", "EventTime", "CorpId", "corpId", "BizId", "eventId"})


@dataclass(frozen=True, slots=True)
class _Told:
    """A failed delivery that was asked for already."""

    delivery_id: str


class FailedEvents:
    """The list of each app."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._told = Collection(simulation.store, "dingtalk_told_failures", _Told, key="delivery_id", quiet=True)

    def listed(self, call: DingCall) -> ApiAnswer:
        """Answer the call."""
        waiting = [one for one in self._simulation.outbox.given_up(call.app.app_id) if self._told.get(one.id) is None]
        for delivery in waiting[:_MOST]:
            self._told.put(_Told(delivery.id))
        entries = [self._entry(call, delivery) for delivery in waiting[:_MOST]]
        return old_done(has_more=len(waiting) > _MOST, failed_list=entries)

    def _entry(self, call: DingCall, delivery: Delivery) -> dict[str, Any]:
        plain = delivery.plain
        kind = plain["EventType"]
        sent_ms = int(datetime.fromisoformat(delivery.created_at).timestamp() * 1000)
        data = {name: value for name, value in plain.items() if name not in _ENVELOPE}
        return {
            "call_back_tag": kind,
            "event_time": plain.get("EventTime", sent_ms),
            kind: {"corpid": corp_id(call.app), "bpmsCallBackData": data},
        }
