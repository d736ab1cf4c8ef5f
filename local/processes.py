"""
Start a process that outlives this one, and stop it later: that one and no other.

A process is known by its id and the moment it began, because ids are used again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Process", "StartFailed", "crash", "descendants", "start", "stop", "wait_until"]

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Started by this process, which has to ask after them: otherwise they stay in the table of processes when they end."""

_STOP_S = 4.0
_POLL_S = 0.05


class StartFailed(RuntimeError):
    """A process did not come up. The message names its log."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process we started. `began` is the system's own word for when, compared and never read."""

    name: str
    pid: int
    began: str
    log: str = ""

    @property
    def is_running(self) -> bool:
        """Tell whether this very process still runs."""
        return bool(self.began) and _began(self.pid) == self.began


def start(name: str, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Process:
    """
    Start `command` in a session of its own, so that Ctrl-C here does not reach it.

    Raises:
        StartFailed: it ended at once.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[child.pid] = child
    process = Process(name=name, pid=child.pid, began=_began(child.pid), log=str(log))
    if not process.began:
        raise StartFailed(f"{name} ended at once; see {log}")
    return process


def wait_until(is_ready: Callable[[], bool], process: Process, timeout_s: float) -> None:
    """
    Wait until a process serves.

    Raises:
        StartFailed: it ended, or took too long.
    """
    deadline = time.monotonic() + timeout_s
    while not is_ready():
        if not process.is_running:
            raise StartFailed(f"{process.name} ended while starting; see {process.log}")
        if time.monotonic() > deadline:
            raise StartFailed(f"{process.name} did not answer within {timeout_s:g} s; see {process.log}")
        time.sleep(_POLL_S)


def stop(*processes: Process) -> list[Process]:
    """
    End processes and what they started: all politely at once, those that stay by force.

    Returns: those that still ran. One that does not run any more, or whose id now belongs to another, is left alone.
    """
    stopped = [process for process in processes if process.is_running]
    for sent in (signal.SIGTERM, signal.SIGKILL):
        for process in stopped:
            if process.is_running:
                _signal_group(process, sent)
        deadline = time.monotonic() + _STOP_S
        while any(process.is_running for process in stopped) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
    for process in stopped:
        _signal_group(process, signal.SIGKILL)  # workers that outlived the engine: its session is ours
    deadline = time.monotonic() + _STOP_S
    while any(_is_group_left(process) for process in stopped) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    return stopped


def crash(process: Process) -> None:
    """End a process and what it started without a warning, as a machine that dies does, and wait until it is gone."""
    while process.is_running:
        _signal_group(process, signal.SIGKILL)
        time.sleep(_POLL_S)


def descendants(pid: int, *, itself: bool = False) -> dict[int, int]:
    """Return the ids of a process's children, their children and so on, each with its resident memory in KiB."""
    told = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True).stdout
    lines = [tuple(map(int, line.split())) for line in told.splitlines()]
    found = {one: rss for one, _, rss in lines if itself and one == pid}
    parents = {pid}
    while parents:
        young = {child: rss for child, parent, rss in lines if parent in parents}
        found |= young
        parents = set(young)
    return found


def _signal_group(process: Process, sent: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, sent)


def _is_group_left(process: Process) -> bool:
    """Tell whether anything that a process started is still there: who was killed needs a moment to go."""
    if process.pid in _children:
        _children[process.pid].poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _began(pid: int) -> str:
    """Return when a process began; nothing when there is none, or when it ended and only waits for its parent."""
    if pid in _children:
        _children[pid].poll()
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except FileNotFoundError:
        return "" if Path("/proc/self").exists() else _began_by_ps(pid)
    # Field 3 is the state and field 22 the start time, in clock ticks after boot. Source: proc_pid_stat(5).
    return "" if fields[0] in "ZX" else fields[19]


def _began_by_ps(pid: int) -> str:
    """Ask `ps`, where there is no /proc (macOS)."""
    told = subprocess.run(["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, began = told.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else began.strip()
