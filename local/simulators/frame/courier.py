"""
Delivers callbacks: deadlines and the platform's own retry schedule.

Waiting is counted on the simulator's clock, and `retry_scale` shortens all of it.
"""

import asyncio
import logging
import time
from collections.abc import Callable

import httpx

from local.simulators.frame.apps import App, Apps
from local.simulators.frame.callbacks import DELIVERED, DROPPED, GIVEN_UP, Attempt, Delivery, Outbox
from local.simulators.frame.clock import Clock
from local.simulators.frame.times import rfc3339
from local.simulators.frame.web import Outgoing

__all__ = ["Courier"]

_LONGEST_NAP_S = 3600.0
_AT_ONCE = 16

_log = logging.getLogger(__name__)


class Courier:
    """
    The task that delivers.

    Args:
        seal: turns a delivery into a request, encrypted and signed as the platform does it now.
        accepts: reads the answer (status, body) and returns why it does not count, or nothing.
        schedule_s: pauses before each repetition.
        retry_scale: factor for those pauses.
        deadline_s: how long an app may take to answer.
    """

    def __init__(  # noqa: PLR0913 - the platform's rules of delivery, all named
        self,
        outbox: Outbox,
        apps: Apps,
        clock: Clock,
        http: httpx.AsyncClient,
        *,
        seal: Callable[[App, Delivery], Outgoing],
        accepts: Callable[[App, int, bytes], str],
        schedule_s: tuple[float, ...],
        deadline_s: float,
        retry_scale: float = 1.0,
    ) -> None:
        self._outbox, self._apps, self._clock, self._http = outbox, apps, clock, http
        self._seal, self._accepts = seal, accepts
        self._pauses_s = tuple(pause * retry_scale for pause in schedule_s)
        self._deadline_s = deadline_s
        self._changed = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        outbox.on_change = self._changed.set

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            while True:
                self._changed.clear()
                nap_s = self._start_due()
                try:
                    async with asyncio.timeout(nap_s):
                        await self._changed.wait()
                except TimeoutError:
                    pass
        finally:
            for task in self._under_way:
                task.cancel()

    def _start_due(self) -> float:
        """Start what is due and return how long nothing else will be."""
        while len(self._under_way) < _AT_ONCE:
            delivery = self._outbox.take()
            if delivery is None:
                return self._outbox.wait_s(_LONGEST_NAP_S)
            task = asyncio.create_task(self._deliver(delivery))
            self._under_way.add(task)
            task.add_done_callback(self._finished)
        return _LONGEST_NAP_S  # until one of those under way is done

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._changed.set()

    async def _deliver(self, delivery: Delivery) -> None:
        app = self._apps.get(delivery.app_id)
        if app is None:
            delivery.status = DROPPED
            self._outbox.settle(delivery)
            return
        at = rfc3339(self._clock.told_ms() / 1000)
        started = time.perf_counter()
        status, error = await self._send(app, delivery)
        ms = int((time.perf_counter() - started) * 1000)
        delivery.attempts.append(Attempt(at=at, status=status, ms=ms, error=error))
        if not error:
            delivery.status = DELIVERED
        elif len(delivery.attempts) > len(self._pauses_s):
            delivery.status = GIVEN_UP
        else:
            delivery.next_at_s = self._clock.now_s() + self._pauses_s[len(delivery.attempts) - 1]
        self._outbox.settle(delivery)

    async def _send(self, app: App, delivery: Delivery) -> tuple[int | None, str]:
        try:
            outgoing = self._seal(app, delivery)
            async with asyncio.timeout(self._deadline_s):
                answer = await self._http.request(
                    outgoing.method, outgoing.url, content=outgoing.body, headers=dict(outgoing.headers)
                )
            return answer.status_code, self._accepts(app, answer.status_code, answer.content)
        except TimeoutError:
            return None, f"no answer within {self._deadline_s:g} s"
        except (httpx.HTTPError, httpx.InvalidURL) as err:
            return None, f"not reached: {type(err).__name__}"
        except Exception as err:  # noqa: BLE001 - the outermost edge: a queue must move on whatever happens
            _log.exception("delivery %s failed", delivery.id)
            return None, f"the simulator failed: {type(err).__name__}"
