"""Processes that are started, found again and stopped: those and no others."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local.addresses import HOST, free_port
from local.processes import Process, StartFailed, _began, crash, descendants, start, stop, wait_until
from local.running import Running, StackBusy, alone, write_private

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
PARENT_SCRIPT = f"""
import subprocess, time
print(subprocess.Popen({SLEEPER!r}).pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Process]:
    process = start("sleeper", SLEEPER, cwd=tmp_path, env=os.environ, log=tmp_path / "sleeper.log")
    yield process
    stop(process)


def test_a_process_is_found_again_by_what_was_written_down(sleeper: Process, tmp_path: Path):
    Running(tmp_path).add(sleeper)

    assert Running(tmp_path).is_complete
    assert Running(tmp_path).stop_all() == ["sleeper"]
    assert not sleeper.is_running
    assert Running(tmp_path).stop_all() == []


def test_a_process_that_crashed_gives_its_place_to_its_successor(sleeper: Process, tmp_path: Path):
    Running(tmp_path).add(sleeper)

    crash(Running(tmp_path).named("sleeper"))
    assert not sleeper.is_running
    successor = start("sleeper", SLEEPER, cwd=tmp_path, env=os.environ, log=tmp_path / "sleeper.log")
    Running(tmp_path).add(successor)

    assert Running(tmp_path).named("sleeper") == successor
    assert Running(tmp_path).is_complete
    assert Running(tmp_path).stop_all() == ["sleeper"]


def test_another_process_with_the_same_id_is_left_alone(sleeper: Process):
    impostor = replace(sleeper, began="another moment")

    assert not impostor.is_running
    assert not stop(impostor)
    assert sleeper.is_running


def test_what_a_process_started_ends_with_it(tmp_path: Path):
    log = tmp_path / "parent.log"
    parent = start("parent", [sys.executable, "-c", PARENT_SCRIPT], cwd=tmp_path, env=os.environ, log=log)
    wait_until(lambda: log.read_text().endswith("\n"), parent, timeout_s=10)
    pid = int(log.read_text())
    child = Process("child", pid, began=_began(pid))
    assert child.is_running
    assert set(descendants(parent.pid)) == {pid}
    assert descendants(parent.pid, itself=True)[parent.pid] > 0

    assert stop(parent)

    assert not child.is_running


def test_waiting_ends_when_the_process_does(tmp_path: Path):
    short = start("short", [sys.executable, "-c", "pass"], cwd=tmp_path, env=os.environ, log=tmp_path / "short.log")

    with pytest.raises(StartFailed, match=r"short\.log"):
        wait_until(lambda: False, short, timeout_s=10)


def test_only_one_command_at_a_time_changes_a_stack(tmp_path: Path):
    with alone(tmp_path), pytest.raises(StackBusy, match="wait for it"), alone(tmp_path):
        pass


def test_what_may_hold_tokens_is_readable_by_its_owner_only(tmp_path: Path):
    write_private(tmp_path / "stack.json", {"admin_token": "agt_x"})

    assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600


def test_a_busy_port_is_passed_over():
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        busy = listener.getsockname()[1]

        assert free_port(busy) > busy
        assert free_port(busy + 1, taken=frozenset({busy + 1})) > busy + 1
