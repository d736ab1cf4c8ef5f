"""
One function under the AWS Lambda Runtime Interface Emulator, which `sam local` uses, and the runtime's own client.

What it measures well: the interpreter's start, imports, and calls. What it does not have: Lambda's sandbox and network,
a processor share that follows the memory size, and cold disks.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.metadata
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from bench.artefacts import host_architecture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Answer", "Emulator", "free_port"]

_INVOKE: Final = "/2015-03-31/functions/function/invocations"
_INIT: Final = re.compile(rb"INIT REPORT\(durationMs: ([0-9.]+)\)")
_START_S: Final = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """One invocation as its caller sees it."""

    payload: Any
    took_ms: float


def free_port() -> int:
    """
    Return a port that nobody has now.

    It lies below those that Linux gives to connections (from 32768): of these, any may go to another program
    until the server that it is meant for has started.

    Raises:
        RuntimeError: none was found.
    """
    for _ in range(100):
        port = 20_000 + secrets.randbelow(10_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("No port between 20000 and 29999 is free: stop what listens there.")


class Emulator:
    """
    A cold execution environment; the first invocation starts it.

    Args:
        handler: `module.function`.
        paths: what Lambda would have on `sys.path`: the function, the layers, the runtime's packages with awslambdaric.
        environ: the function's environment variables.
        log: where the emulator and the function write.
    """

    def __init__(self, handler: str, paths: Sequence[Path], environ: Mapping[str, str], log: Path) -> None:
        self._handler = handler
        self._paths = paths
        self._environ = environ
        self._log = log
        self._port = free_port()

    def __enter__(self) -> Self:
        sam = importlib.metadata.distribution("aws-sam-cli")
        binary = sam.locate_file(f"samcli/local/rapid/aws-lambda-rie-{host_architecture()}")
        command = [
            str(binary),
            f"--runtime-interface-emulator-address=127.0.0.1:{self._port}",
            f"--runtime-api-address=127.0.0.1:{free_port()}",
            # -S: without it the interpreter would also see what is installed on this machine.
            *[sys.executable, "-S", "-m", "awslambdaric", self._handler],
        ]
        environ = {
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join(map(str, self._paths)),
            "PYTHONDONTWRITEBYTECODE": "1",  # Lambda's disk is read-only
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "30",
            "LAMBDA_TASK_ROOT": str(self._paths[0]),
            **self._environ,
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=environ, cwd=self._paths[0], stdout=log, stderr=log, start_new_session=True
            )
        self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        until = time.monotonic() + _START_S
        while True:
            try:
                self._connection.connect()
            except ConnectionRefusedError:
                if self._process.poll() is not None or time.monotonic() > until:
                    self.__exit__()
                    raise RuntimeError(f"The emulator did not start: {self._tail()}") from None
                time.sleep(0.005)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        children = self._children()
        # The emulator gives each runtime a process group of its own.
        for pid in (self._process.pid, *children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def invoke(self, event: Mapping[str, Any]) -> Answer:
        """
        Call the function.

        Raises:
            RuntimeError: it failed; its log is in the message.
        """
        body = json.dumps(event).encode()
        started = time.perf_counter()
        self._connection.request("POST", _INVOKE, body, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        answer = response.read()
        took_ms = (time.perf_counter() - started) * 1000
        payload = json.loads(answer or b"null")
        if isinstance(payload, dict) and payload.get("statusCode") == 200:
            return Answer(payload, took_ms)
        raise RuntimeError(f"Unexpected answer {payload!r}: {self._tail()}")

    @property
    def init_ms(self) -> float:
        """Return how long starting the interpreter and importing the handler took, by the emulator's own clock."""
        log = self._log.read_bytes()
        match = _INIT.search(log)
        if match is None or b"INIT RTDONE(status: error)" in log:
            raise RuntimeError(f"The function did not start: {self._tail()}")
        return float(match.group(1))

    @property
    def cpu_ms(self) -> float:
        """Return the processor time that the function's processes have used since they started."""
        total = 0
        for pid in self._children():
            for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                total += int(stat.read_text().split()[0])  # nanoseconds on a processor
        return total / 1e6

    def _children(self) -> list[int]:
        found: list[int] = []
        for children in Path(f"/proc/{self._process.pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, children.read_text().split())
        return found

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]
