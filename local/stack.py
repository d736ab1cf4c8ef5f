"""
The local stack: `python -m local.stack up|down|status`.

`up` starts the engine and a simulator of each platform, deploys the template, furnishes it and writes `stack.json` (the
addresses and tokens that people and tests need). `down` ends exactly the processes that `up` recorded. All of it lives
in one folder, `.local` unless told otherwise, and nothing in it outlives `down` but logs: an approval of yesterday
would wait for an execution that ended with the engine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from local.addresses import HOST, free_port
from local.engine.build import BuildFailed, built_template, host_architecture
from local.engine.deployer import DeployFailed, deploy
from local.engine.launcher import CREDENTIALS, ROOT, start_engine
from local.processes import Process, StartFailed, crash, start, wait_until
from local.provision import TENANT, ProvisionFailed, connect_app, issue_tokens
from local.running import Running, StackBusy, alone, write_private

__all__ = [
    "FAILURES",
    "FOLDER",
    "PROVIDERS",
    "bring_down",
    "bring_up",
    "main",
    "read_stack",
    "restart_simulator",
    "use_local_credentials",
]

PROVIDERS = ("feishu", "lark", "dingtalk", "wecom")
FOLDER = ROOT / ".local"
FAILURES = (BuildFailed, DeployFailed, StartFailed, ProvisionFailed, StackBusy, httpx.TransportError, OSError)
"""What `bring_up` may raise and a person should read."""

_ENGINE_PORT = 4566
_FIRST_SIMULATOR_PORT = 4571
_SIMULATOR_START_S = 30

type Say = Callable[[str], None]


def bring_up(folder: Path = FOLDER, *, say: Say) -> dict[str, Any]:
    """
    Bring the stack up, or find it up, and return what `stack.json` says.

    Raises:
        StackBusy: another `up` or `down` is at it.
        BuildFailed, DeployFailed, StartFailed, ProvisionFailed: a step failed; everything started is stopped again.
    """
    with alone(folder):
        if found := read_stack(folder):
            say("already up")
            return found
        _tear_down(folder)
        try:
            return _bring_up(folder, say)
        except BaseException:
            _tear_down(folder)
            raise


def bring_down(folder: Path = FOLDER) -> list[str]:
    """
    Stop what `bring_up` started, nothing else, and return the names of what still ran.

    Raises:
        StackBusy: another `up` or `down` is at it.
    """
    with alone(folder):
        return _tear_down(folder)


def read_stack(folder: Path = FOLDER) -> dict[str, Any] | None:
    """Return what `stack.json` says while every recorded process runs; otherwise nothing."""
    file = folder / "stack.json"
    if not file.exists() or not Running(folder).is_complete:
        return None
    stack: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return stack


def _bring_up(folder: Path, say: Say) -> dict[str, Any]:
    architecture = host_architecture()
    say("building the template (the first time takes a minute)")
    with built_template(architecture) as built:
        say("starting the engine and the simulators")
        running = Running(folder)
        ports = _free_ports()
        simulators = {name: running.add(_start_simulator(name, ports[name], folder)) for name in PROVIDERS}
        base_urls = {name: f"http://{HOST}:{ports[name]}" for name in PROVIDERS}
        engine = start_engine(ports["engine"], folder / "engine", on_start=running.add)

        say("deploying the template")
        deployed = deploy(engine, built, architecture=architecture, directory=folder / "engine")
    tokens = issue_tokens(engine, deployed)

    with httpx.Client(timeout=30, trust_env=False) as http:
        apps = {}
        for name, base_url in base_urls.items():
            wait_until(_answers(http, f"{base_url}/_sim/health"), simulators[name], _SIMULATOR_START_S)
            say(f"registering an app on {name}")
            apps[name] = connect_app(http, name, base_url, deployed.api_url, tokens.admin)

    stack = {
        "api_url": deployed.api_url,
        "tenant": TENANT,
        "admin_token": tokens.admin,
        "pipeline_token": tokens.pipeline,
        "state_machine_arn": deployed.state_machine_arn,
        "table": deployed.table,
        "aws_endpoint": engine.endpoint,
        "simulators": {name: {"base_url": url, "ui_url": f"{url}/"} for name, url in base_urls.items()},
        "apps": apps,
    }
    write_private(folder / "stack.json", stack)
    return stack


def _free_ports() -> dict[str, int]:
    ports = {"engine": free_port(_ENGINE_PORT)}
    for name in PROVIDERS:
        ports[name] = free_port(_FIRST_SIMULATOR_PORT, taken=frozenset(ports.values()))
    return ports


def _start_simulator(name: str, port: int, folder: Path) -> Process:
    state = folder / "simulators" / f"{name}.db"
    return start(
        _simulator(name),
        [sys.executable, "-m", "local.simulators", name, "--port", str(port), "--state", str(state), "--seed", "demo"],
        cwd=ROOT,
        env=dict(os.environ),
        log=folder / "simulators" / f"{name}.log",
    )


def restart_simulator(name: str, folder: Path = FOLDER) -> None:
    """
    Let a simulator of a running stack crash, and start it again with the same state on the same address.

    Raises:
        StartFailed: it did not come back.
    """
    running = Running(folder)
    base_url = json.loads((folder / "stack.json").read_text(encoding="utf-8"))["simulators"][name]["base_url"]
    crash(running.named(_simulator(name)))
    restarted = running.add(_start_simulator(name, int(base_url.rpartition(":")[2]), folder))
    with httpx.Client(timeout=5, trust_env=False) as http:
        wait_until(_answers(http, f"{base_url}/_sim/health"), restarted, _SIMULATOR_START_S)


def _simulator(name: str) -> str:
    return f"{name} simulator"


def _answers(http: httpx.Client, url: str) -> Callable[[], bool]:
    def is_ready() -> bool:
        try:
            return http.get(url).is_success
        except httpx.TransportError:
            return False

    return is_ready


def _tear_down(folder: Path) -> list[str]:
    stopped = Running(folder).stop_all()
    (folder / "stack.json").unlink(missing_ok=True)
    for state in (folder / "engine", folder / "simulators"):
        for entry in state.iterdir() if state.exists() else ():
            if entry.suffix != ".log":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    return stopped


def use_local_credentials() -> None:
    """Let this process know only the engine's credentials: a person's AWS profile must not even be looked up."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(CREDENTIALS)


def _next_steps(stack: Mapping[str, Any]) -> str:
    pages = "\n".join(f"  {name:<9} {one['ui_url']}" for name, one in stack["simulators"].items())
    return (
        f"Pages to decide on, as 林悦 (Lin Yue, lead@example.com):\n{pages}\n"
        "This shell:\n"
        '  PATH="$PWD/.venv/bin:$PATH"; eval "$(approval-gate local-env)"\n'
        f'  approval-gate request --app {stack["apps"]["feishu"]} --title "May I?" --approver lead@example.com --wait'
    )


def main() -> int:
    """Read the command line; what people read goes to standard error, what programs read to standard output."""
    parser = argparse.ArgumentParser(prog="python -m local.stack", description="The local stack.")
    parser.add_argument("command", choices=["up", "down", "status"])
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where its state is kept (default: .local)")
    given = parser.parse_args()
    folder: Path = given.folder.resolve()
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - began:5.1f} s] {what}", file=sys.stderr, flush=True)

    use_local_credentials()
    try:
        if given.command == "up":
            up = bring_up(folder, say=say)
            print(json.dumps(up, indent=2))
            say("the stack is up; `make down` stops it. What to do with it: docs/quickstart.md")
            print(_next_steps(up), file=sys.stderr)
        elif given.command == "down":
            stopped = bring_down(folder)
            say(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")
        else:
            stack = read_stack(folder)
            print(json.dumps(stack, indent=2) if stack else "the stack is down; `make up` starts it")
            return 0 if stack else 3
    except FAILURES as err:
        print(f"\n{err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; what was started is stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
