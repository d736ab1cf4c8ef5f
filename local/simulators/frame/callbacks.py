"""
Callbacks that wait for their delivery, and those that had it.

Every event stands in a queue, an approval's, say. The head of a queue is tried until it is delivered or the platform's
schedule is used up; what stands behind it waits. Queues do not wait for each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.simulators.frame.apps import App
from local.simulators.frame.clock import Clock
from local.simulators.frame.faults import Faults
from local.simulators.frame.ids import Ids
from local.simulators.frame.lines import Lines
from local.simulators.frame.store import Collection, Store
from local.simulators.frame.times import rfc3339
from local.simulators.frame.web import SimError

__all__ = ["DELIVERED", "DROPPED", "GIVEN_UP", "WAITING", "Attempt", "Delivery", "Outbox"]

WAITING, DELIVERED, GIVEN_UP, DROPPED = "waiting", "delivered", "given_up", "dropped"


@dataclass(slots=True)
class Attempt:
    """One try. `status` is the HTTP status, None when there was no answer; `error` says why it does not count."""

    at: str
    status: int | None
    ms: int
    error: str = ""


@dataclass(slots=True)
class Delivery:
    """
    One event on its way to one app.

    Args:
        queue: events of one queue are delivered in order, one at a time.
        event: name of the event, for people.
        subject: reference of what it is about, for people.
        plain: the event before it is sealed and signed, which happens anew for every attempt.
        next_at_s: when it is tried next, on the simulator's clock.
    """

    id: str
    app_id: str
    queue: str
    event: str
    subject: str
    plain: dict[str, Any]
    created_at: str
    status: str = WAITING
    attempts: list[Attempt] = field(default_factory=list)
    next_at_s: float = 0.0


class Outbox:
    """Events that wait for their delivery, and those that had it."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, faults: Faults) -> None:
        self._deliveries = Collection(store, "deliveries", Delivery, key="id", indexed=("status", "subject"))
        self._clock, self._ids, self._faults = clock, ids, faults
        self._lines = Lines()
        for delivery in self._deliveries.find(status=WAITING):
            self._lines.join(delivery.queue, delivery.id, delivery.next_at_s)
        self.on_change: Callable[[], None] = lambda: None

    def post(self, app: App, *, queue: str, kind: str, event: str, subject: str, plain: Mapping[str, Any]) -> None:
        """
        Send an event to an app, unless it has no request address or does not want it. Arranged faults apply.

        Args:
            kind: the platform's name of the event, which `App.events` lists.
            event: the same with what a person wants to read of it.
        """
        if not app.request_url or (app.events is not None and kind not in app.events):
            return
        copies, late_s = self._faults.take_for_event()
        for _ in range(max(copies, 1)):
            delivery_id = self._ids.hex(16)
            delivery = self._deliveries.put(
                Delivery(
                    id=delivery_id,
                    app_id=app.app_id,
                    # A late one waits in a queue of its own, so that later ones overtake it.
                    queue=f"{app.app_id}/{queue}/late/{delivery_id}" if late_s else f"{app.app_id}/{queue}",
                    event=event,
                    subject=subject,
                    plain=dict(plain),
                    created_at=rfc3339(self._clock.told_ms() / 1000),
                    status=WAITING if copies else DROPPED,
                    next_at_s=self._clock.now_s() + late_s,
                )
            )
            if copies:
                self._lines.join(delivery.queue, delivery.id, delivery.next_at_s)

    def take(self) -> Delivery | None:
        """Return a delivery that is due and first of its queue; nothing else of the queue comes out until `settle`."""
        while taken := self._lines.take(self._clock.now_s()):
            delivery = self._deliveries.get(taken[1])
            if delivery is not None:
                return delivery
            self._lines.leave(taken[0])  # its transaction was rolled back
        return None

    def settle(self, delivery: Delivery) -> None:
        """Keep what became of a delivery that was taken."""
        self._deliveries.put(delivery)
        if delivery.status == WAITING:
            self._lines.stay(delivery.queue, delivery.next_at_s)
        else:
            self._lines.leave(delivery.queue)

    def wait_s(self, longest_s: float) -> float:
        """Return how long nothing will be due."""
        return self._lines.wait_s(self._clock.now_s(), longest_s)

    def again(self, delivery_id: str) -> Delivery:
        """
        Deliver an event once more, whatever became of it.

        Raises:
            SimError: there is no such delivery.
        """
        delivery = self._deliveries.get(delivery_id)
        if delivery is None:
            raise SimError(f"no callback {delivery_id!r}; GET /_sim/callbacks lists them", status=404)
        delivery.status, delivery.next_at_s = WAITING, self._clock.now_s()
        self._deliveries.put(delivery)
        self._lines.hasten(delivery.queue, delivery.id, delivery.next_at_s)
        self.on_change()
        return delivery

    def given_up(self, app_id: str) -> list[Delivery]:
        """Return an app's events whose schedule is used up, oldest first."""
        return [delivery for delivery in self._deliveries.find(status=GIVEN_UP) if delivery.app_id == app_id]

    def listed(self, *, subject: str = "", limit: int = -1, newest_first: bool = False) -> list[dict[str, Any]]:
        """Return deliveries as JSON-ready values, oldest first unless told otherwise."""
        where = {"subject": subject} if subject else {}
        found = self._deliveries.find(limit=limit, newest_first=newest_first, **where)
        return [self.shown(item) for item in found]

    def shown(self, delivery: Delivery) -> dict[str, Any]:
        """Return one delivery as JSON-ready values, without the event's own secrets."""
        shown = self._deliveries.dump(delivery)
        del shown["plain"]
        next_at_s = shown.pop("next_at_s")
        # Told in wall time, as all times are: when it will come if nobody advances the clock.
        shown["next"] = rfc3339(next_at_s - self._clock.offset_s) if delivery.status == WAITING else None
        return shown
