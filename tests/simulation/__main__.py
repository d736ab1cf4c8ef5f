"""`python -m tests.simulation`, from the project's folder; see `command`."""

import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

if __name__ == "__main__":
    if find_spec("approval_gate") is None:
        # A tree with a planted bug may stand on the path already.
        sys.path.insert(0, str(Path(__file__).parents[2] / "layers" / "shared" / "python"))
    runpy.run_module("tests.simulation.command", run_name="__main__")
