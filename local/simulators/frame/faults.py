"""
Faults on order: an API that answers with an error, late or with a proxy's page; callbacks that get lost, come twice or
late.

`POST /_sim/faults` takes one fault or a list of them. They are used in the order they were given and survive a restart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from random import Random
from typing import Any

from local.simulators.frame.ids import Ids
from local.simulators.frame.store import Collection, Store
from local.simulators.frame.web import SimError

__all__ = ["Fault", "Faults"]


@dataclass(slots=True)
class Fault:
    """
    One arranged misbehaviour.

    Args:
        path: of API calls, as a prefix, or as a glob when it holds `*`, `?` or `[`; empty for callbacks.
        method: only calls of that method; empty for all.
        times: how many calls are left; None for without end.
        status, code, msg, body: the answer; `body` is raw text such as an HTML page.
        delay_s: wait so long, in real seconds, before the call is carried out; for events, before the first attempt.
        executed: carry the call out and lose only its answer, as when a connection breaks after the platform acted.
        drop_callbacks: how many events are never delivered; None for without end, 0 for none.
        duplicate_callbacks: how many events are delivered twice; None for without end, 0 for none.
        delay_callbacks: how many events wait `delay_s` first and are overtaken; None for without end, 0 for none.
        share: which part of the events all this befalls, drawn for each from `seed`.
        seen: how many events were drawn for.
    """

    id: str
    path: str = ""
    method: str = ""
    times: int | None = 1
    status: int | None = None
    code: int | str | None = None
    msg: str = ""
    body: str | None = None
    delay_s: float = 0.0
    executed: bool = False
    drop_callbacks: int | None = 0
    duplicate_callbacks: int | None = 0
    delay_callbacks: int | None = 0
    share: float = 1.0
    seed: int = 0
    seen: int = 0

    @property
    def answers(self) -> bool:
        """Tell whether the fault replaces the answer, not only delays it."""
        return self.status is not None or self.code is not None or self.body is not None

    def matches(self, method: str, path: str) -> bool:
        """Tell whether the fault is meant for such a call."""
        if not self.path or self.times == 0 or (self.method and self.method != method):
            return False
        return fnmatchcase(path, self.path) if any(sign in self.path for sign in "*?[") else path.startswith(self.path)


class Faults:
    """The faults that are still to happen."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._faults = Collection(store, "faults", Fault, key="id")
        self._ids = ids

    def add(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """
        Arrange one fault.

        Raises:
            SimError: it names neither calls nor callbacks, or a value has the wrong type.
        """
        unknown = body.keys() - _FIELDS.keys()
        if unknown:
            raise SimError(f"unknown fault fields {sorted(unknown)}; known are {sorted(_FIELDS)}")
        for name, kinds in _FIELDS.items():
            value = body.get(name)
            if value is not None and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
                raise SimError(f"{name} must be {' or '.join(kind.__name__ for kind in kinds)}")
        fault = Fault(
            id=self._ids.hex(12),
            path=body.get("path") or "",
            method=(body.get("method") or "").upper(),
            times=body.get("times", 1),
            status=body.get("status"),
            code=body.get("code"),
            msg=body.get("msg") or "",
            body=body.get("body"),
            delay_s=body.get("delay_s") or 0.0,
            executed=bool(body.get("executed")),
            drop_callbacks=_count(body, "drop_callbacks"),
            duplicate_callbacks=_count(body, "duplicate_callbacks"),
            delay_callbacks=_count(body, "delay_callbacks"),
            share=body.get("share") or 1.0,
            seed=body.get("seed") or 0,
        )
        if not fault.path and not any(getattr(fault, name) != 0 for name, _ in _BEFALLS_EVENTS):
            raise SimError("a fault needs path (for API calls), drop_callbacks, duplicate_callbacks or delay_callbacks")
        if fault.delay_callbacks != 0 and not fault.delay_s:
            raise SimError("delay_callbacks needs delay_s: how long")
        if not 0 < fault.share <= 1:
            raise SimError("share must be above 0 and at most 1")
        if fault.path and not fault.answers and not fault.delay_s:
            raise SimError("a fault of API calls needs status, code, body or delay_s")
        self._faults.put(fault)
        return self._faults.dump(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first fault meant for such a call and count it."""
        for fault in self._faults.find():
            if fault.matches(method, path):
                if fault.times is not None:
                    fault.times -= 1
                    self._faults.put(fault)
                return fault
        return None

    def take_for_event(self) -> tuple[int, float]:
        """Return how often the next event is to be delivered (0, 1 or 2), and after how many seconds."""
        for fault in self._faults.find():
            for name, copies in _BEFALLS_EVENTS:
                left = getattr(fault, name)
                if left == 0:
                    continue
                hit = self._draw(fault)
                if left is not None and hit:
                    setattr(fault, name, left - 1)
                if left is not None or fault.share < 1:
                    self._faults.put(fault)
                if hit:
                    return copies, fault.delay_s if name == "delay_callbacks" else 0.0
        return 1, 0.0

    @staticmethod
    def _draw(fault: Fault) -> bool:
        if fault.share == 1:
            return True
        fault.seen += 1
        return Random(f"{fault.seed}/{fault.seen}").random() < fault.share

    def listed(self) -> list[dict[str, Any]]:
        """Return all faults as JSON-ready values."""
        return [self._faults.dump(fault) for fault in self._faults.find()]

    def clear(self) -> None:
        """Behave again."""
        self._faults.clear()


_BEFALLS_EVENTS = (("drop_callbacks", 0), ("duplicate_callbacks", 2), ("delay_callbacks", 1))
"""What may befall events, each with the number of deliveries that come of one."""

_FIELDS: dict[str, tuple[type, ...]] = {
    "path": (str,),
    "method": (str,),
    "times": (int,),
    "status": (int,),
    "code": (int, str),
    "msg": (str,),
    "body": (str,),
    "delay_s": (int, float),
    "executed": (bool,),
    "drop_callbacks": (int, bool),
    "duplicate_callbacks": (int, bool),
    "delay_callbacks": (int, bool),
    "share": (int, float),
    "seed": (int,),
}


def _count(body: Mapping[str, Any], name: str) -> int | None:
    """Read `true` (all of them, or `times` when given), a number, or nothing."""
    value = body.get(name) or 0
    if value is True:
        times = body.get("times")
        return int(times) if times is not None else None
    return int(value)
