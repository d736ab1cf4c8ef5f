"""`python -m local.simulators <platform> --port N --state FILE`: run one simulator on 127.0.0.1."""

import argparse
import os
import random
from pathlib import Path

import uvicorn

from local.simulators.frame.demo import seed_demo
from local.simulators.frame.ids import Ids
from local.simulators.frame.platform import Simulation
from local.simulators.frame.server import build_server
from local.simulators.platforms import PLATFORMS


def main() -> None:
    """Read the command line and serve until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m local.simulators", description="Simulate one platform on loopback."
    )
    parser.add_argument("platform", choices=sorted(PLATFORMS))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="SQLite file; made when absent")
    parser.add_argument("--seed", choices=["demo"], help="people, departments, chats and apps to begin with")
    parser.add_argument("--retry-scale", type=float, default=1.0, help="factor for the pauses between callback retries")
    parser.add_argument("--entropy", type=int, help="make identifiers repeatable")
    given = parser.parse_args()

    given.state.parent.mkdir(parents=True, exist_ok=True)
    rules, make = PLATFORMS[given.platform]
    simulation = Simulation(
        rules, given.state, ids=Ids(random.Random(given.entropy) if given.entropy is not None else None)
    )
    platform = make(simulation)
    if given.seed == "demo":
        seed_demo(simulation)
    # A parent that goes away must not leave a simulator behind with a pipe nobody reads.
    level = os.environ.get("SIMULATOR_LOG_LEVEL", "warning")
    print(f"{rules.title['en']} simulator on http://127.0.0.1:{given.port}/ (state: {given.state})", flush=True)
    uvicorn.run(
        build_server(simulation, platform, retry_scale=given.retry_scale),
        host="127.0.0.1",
        port=given.port,
        log_level=level,
        access_log=False,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
