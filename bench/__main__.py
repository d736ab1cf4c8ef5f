"""Run the benchmarks: `python -m bench [suite ...] [--cold-runs N] [--warm-calls N] [--approvals N] [--dry-run]`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bench.artefacts import ROOT, build_layers, link_distributions
from bench.aws_access import measure_aws_access
from bench.callbacks import measure_callbacks
from bench.contacts import measure_contacts
from bench.costs import measure_costs
from bench.inits import measure_inits
from bench.load import measure_load
from bench.on_the_stack import measure_calls_on_the_stack
from bench.outbox import measure_outbox
from bench.report import RESULTS, text_table, with_section
from bench.waiting import measure_waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.report import Section


def main() -> None:
    """Measure what was asked for, show it, and renew its sections of RESULTS.md."""
    arguments = _arguments()
    work = ROOT / ".local" / "bench"
    work.mkdir(parents=True, exist_ok=True)
    layers = build_layers(ROOT / ".local" / "layers")
    runtime = link_distributions(["boto3", "awslambdaric"], work / "runtime")
    cold_runs, warm_calls = arguments.cold_runs, arguments.warm_calls
    suites: dict[str, Callable[[], Section]] = {
        "callbacks": lambda: measure_callbacks(work, layers, runtime, cold_runs=cold_runs, warm_calls=warm_calls),
        "inits": lambda: measure_inits(work, layers, runtime, cold_runs=cold_runs),
        "provider-calls": lambda: measure_calls_on_the_stack(work / "stack", approvals=arguments.approvals),
        "contacts": measure_contacts,
        "outbox": lambda: measure_outbox(work),
        "costs": lambda: measure_costs(work),
        "waiting": lambda: measure_waiting(work),
        "load": lambda: measure_load(work / "load-stack"),
        "aws-access": lambda: measure_aws_access(work, runtime, cold_runs=cold_runs, warm_calls=warm_calls),
    }
    unknown = set(arguments.suites) - set(suites)
    if unknown:
        raise SystemExit(f"Unknown: {', '.join(sorted(unknown))}. There are: {', '.join(suites)}.")
    for name in arguments.suites or suites:
        section = suites[name]()
        print(f"{section.title}\n\n{text_table(section.header, section.rows)}\n")
        if not arguments.dry_run:
            document = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
            RESULTS.write_text(with_section(document, section), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the gate.")
    parser.add_argument("suites", nargs="*", help="some of them; without any, all")
    parser.add_argument("--cold-runs", type=int, default=15)
    parser.add_argument("--warm-calls", type=int, default=300)
    parser.add_argument("--approvals", type=int, default=10)
    parser.add_argument("--dry-run", action="store_true", help="leave RESULTS.md as it is")
    return parser.parse_args()


if __name__ == "__main__":
    main()
