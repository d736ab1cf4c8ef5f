"""What runs for a stack, kept in a file, so that another process can stop it: exactly that, and one at a time."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from local.processes import Process, stop

__all__ = ["Running", "StackBusy", "alone", "write_private"]


class StackBusy(RuntimeError):
    """Somebody else is bringing this stack up or down."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """
    Keep other commands away from a stack's folder.

    Raises:
        StackBusy: one is at work there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise StackBusy(f"another command is bringing the stack in {folder} up or down; wait for it") from err
        yield


class Running:
    """The processes of one stack. Each is written down as soon as it exists."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "processes.json"
        entries = json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else []
        self._processes = [Process(**entry) for entry in entries]

    @property
    def is_complete(self) -> bool:
        """Tell whether there are processes and all of them run."""
        return bool(self._processes) and all(process.is_running for process in self._processes)

    def named(self, name: str) -> Process:
        """
        Return the process of that name.

        Raises:
            KeyError: there is none.
        """
        return {process.name: process for process in self._processes}[name]

    def add(self, process: Process) -> Process:
        """Write down a process, in the place of the one that had its name before, and return it."""
        self._processes = [one for one in self._processes if one.name != process.name] + [process]
        write_private(self._file, [asdict(one) for one in self._processes])
        return process

    def stop_all(self) -> list[str]:
        """Stop what still runs, forget everything, and return the names of what still ran."""
        stopped = [process.name for process in stop(*self._processes)]
        self._processes.clear()
        self._file.unlink(missing_ok=True)
        return stopped


def write_private(file: Path, content: Mapping[str, Any] | list[Any]) -> None:
    """Replace a file at once, readable by its owner only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    draft.replace(file)
