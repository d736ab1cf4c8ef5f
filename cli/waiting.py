"""Wait for an approval: look again when the gate says so, and outlast a gate that is away for a while."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from cli.exits import Misused, Refused, Unreachable
from cli.gate import WAITING_S, Answer, path
from cli.run import Run
from cli.shown import progress_of

__all__ = ["Stopped", "interruptible", "is_pending", "wait_for"]

_USUAL_S, _LONGEST_S = 5.0, 300.0
_SIGN_OF_LIFE_S = 300.0
"""Without a terminal, one line so often: some CI systems end a job that says nothing for ten minutes."""


class Stopped(KeyboardInterrupt):
    """The machine or the CI system ends the command (SIGTERM); treated as Ctrl-C."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM, which CI systems send when a job is canceled, interrupt as Ctrl-C does."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def wait_for(run: Run, first: Answer, seen: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """
    Return the approval once it is not pending any more.

    Args:
        seen: hears of the approval whenever it was read.

    Raises:
        Unreachable: the gate did not answer for ten minutes on end.
        Refused: it does not let us read on, for example because the token was removed.
    """
    answer, url = first, path("approvals", str(first.body["id"]))
    seen(answer.body)
    if not is_pending(answer.body):
        return answer.body
    outside = run.outside
    with run.terminal.progress(progress_of(answer.body, outside.now())) as tell:
        state, told_at_s = progress_of(answer.body, None), outside.monotonic_s()
        while is_pending(answer.body):
            outside.pause(_pause_s(answer))
            answer = _look(run, url, answer.body)
            seen(answer.body)
            before, state = state, progress_of(answer.body, None)
            is_time = outside.monotonic_s() - told_at_s >= _SIGN_OF_LIFE_S
            if is_pending(answer.body) and (run.terminal.lives or is_time or state != before):
                tell(progress_of(answer.body, outside.now()))
                told_at_s = outside.monotonic_s()
    return answer.body


def is_pending(approval: Mapping[str, Any]) -> bool:
    """Tell whether nobody has decided yet."""
    return approval.get("status") == "PENDING"


def _look(run: Run, url: str, last: Mapping[str, Any]) -> Answer:
    try:
        answer = run.gate.get(url, patience_s=WAITING_S)
    except (Unreachable, Refused, Misused) as err:
        err.text = f"{err.text} The approval is not canceled: `approval-gate status {last['id']} --wait` waits on."
        err.approval = last
        raise
    if "status" not in answer.body:
        raise Unreachable(f"The gate answered without a status for {last['id']}.", approval=last)
    return answer


def _pause_s(answer: Answer) -> float:
    wanted = answer.retry_after_s
    if wanted is None:
        told = answer.body.get("poll_after_s")
        wanted = float(told) if isinstance(told, int | float) else _USUAL_S
    return min(max(wanted, 1.0), _LONGEST_S)
