"""How many notifications go through the outbox in a second, and what a burst to one robot becomes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from approval_gate.domain.message import Destination, DestinationKind, Message
from approval_gate.domain.notification import Notification
from approval_gate.ports import App
from approval_gate.ports.outbox import Errand
from bench.in_process import Gate
from bench.report import Section
from bench.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["measure_outbox"]

_ASKED = 120
_BURST = 300

_MEASURED: Final = (
    "Spreading, sending and recording by the real service; the table is ministack's, in another process, and the "
    "platform answers at once. On AWS the platform's answer, 100 to 500 ms, is what takes the time, and up to ten "
    "workers wait for it at once."
)
_VIRTUAL: Final = (
    f"The burst is on a virtual clock: {_BURST} notifications at once to one robot that takes 20 messages a minute; "
    "the seconds are those until the last one has arrived, combined with others."
)


def measure_outbox(work: Path) -> Section:
    """Measure one worker, four of them, several people at once, and a burst."""
    with Store(work / "outbox") as store:
        Gate(store.environ).apps.claim(App("acme", "prod", "fake", vendor_identity="bench"))
        rows = [
            _flow(store.environ, "one person each, 1 worker", workers=1, people=1),
            _flow(store.environ, "one person each, 4 workers", workers=4, people=1),
            _flow(store.environ, "ten people each, 4 workers", workers=4, people=10),
        ]
        rows.append(_burst(store.environ))
    return Section(
        name="outbox",
        title="Notifications through the outbox",
        header=("what", "notifications", "a second", "calls to the platform", "write units each", "reads each"),
        rows=rows,
        notes=(_MEASURED, _VIRTUAL),
        command="make bench, or python -m bench outbox",
    )


def _flow(environ: Mapping[str, str], what: str, *, workers: int, people: int) -> tuple[str, ...]:
    gates = [Gate(environ) for _ in range(workers)]
    share = _ASKED // workers
    for number, gate in enumerate(gates):
        for each in range(share):
            to = tuple(Destination(DestinationKind.USER_ID, f"u{number}-{each}-{person}") for person in range(people))
            _ask(gate, f"ntf_{what}-{number}-{each}", to)
        gate.counted.forget()
    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(Gate.deliver, gates))
    return _row(what, gates, share * workers, time.perf_counter() - began)


def _burst(environ: Mapping[str, str]) -> tuple[str, ...]:
    gate = Gate(environ)
    for each in range(_BURST):
        _ask(gate, f"ntf_burst-{each}", (Destination(DestinationKind.ROBOT, "ops"),))
    gate.counted.forget()
    passed = gate.deliver()
    return _row("a burst to one robot", [gate], _BURST, passed.total_seconds())


def _ask(gate: Gate, name: str, to: tuple[Destination, ...]) -> None:
    message = Message("Deployed", "**web** 1.42.0 is live")
    gate.outbox.add(Notification(name, "acme", "prod", to, gate.now, message), None)
    gate.errands.put(Errand(name))


def _row(what: str, gates: list[Gate], asked: int, seconds: float) -> tuple[str, ...]:
    calls = sum(gate.platform.calls for gate in gates)
    writes, reads = (sum(getattr(gate.counted, name) for gate in gates) / asked for name in ("writes", "reads"))
    return (what, str(asked), f"{asked / seconds:.0f}", str(calls), f"{writes:.1f}", f"{reads:.1f}")
