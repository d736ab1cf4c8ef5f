"""How long each function takes to import, as built."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from bench.artefacts import ROOT, Layers
from bench.emulator import Emulator
from bench.report import Section, median_and_spread

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["measure_inits"]

_NOTES = """\
By the INIT REPORT of the AWS Lambda Runtime Interface Emulator: start of the interpreter and import of the handler. \
Nothing is called.
Median of {cold_runs} (smallest-largest), the functions in turn."""


def measure_inits(work: Path, layers: Layers, runtime: Path, *, cold_runs: int) -> Section:
    """Measure, and return the section."""
    folders = {path.parent.name: path.parent for path in sorted((ROOT / "functions").glob("*/handler.py"))}
    found: dict[str, list[float]] = {name: [] for name in folders}
    for run in range(cold_runs + 1):
        for name, folder in folders.items():
            paths = [folder, *layers.paths, runtime]
            with Emulator("handler.lambda_handler", paths, {}, work / "function.log") as function:
                # The call fails for want of an environment; it is made because the emulator starts a function with it.
                with contextlib.suppress(RuntimeError):
                    function.invoke({})
                if run:  # the first one warms the disk cache
                    found[name].append(function.init_ms)
    return Section(
        name="inits",
        title="INIT of every function",
        header=("function", "INIT ms"),
        rows=[(name, median_and_spread(values)) for name, values in found.items()],
        notes=_NOTES.format(cold_runs=cold_runs).splitlines(),
    )
