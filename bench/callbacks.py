"""The callback functions as built, against a bare handler and the same verification on the vendor's SDK."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.artefacts import ROOT, Layers, link_distributions
from bench.callback_requests import FEISHU, PLATFORMS, for_api_gateway
from bench.cold_starts import COLUMNS, Candidate, measure
from bench.report import Section
from bench.store import APP, TENANT, Store

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["measure_callbacks"]

_NOTES = """\
Under the AWS Lambda Runtime Interface Emulator; every call brings a new, signed and sealed "approved" event, \
made here as the platform makes it.
Every answer is opened and checked: status 200, for WeCom nothing in it, for DingTalk its sealed and signed "success".
INIT: start of the interpreter and import of the handler, by the emulator's INIT REPORT.
First call: making the clients, one secret read, verification, one conditional put, one log line.
First answer: both together, as the platform waits for it. CPU: processor time of the function up to then.
Median of {cold_runs} cold starts (smallest-largest), {warm_calls} warm calls, taken in turn.
Warm calls include the emulator's own share, which is the bare handler's figure.
The store is ministack on this machine. Its share, with a warm client: put {put:.1f} ms (every call), secret \
{secret:.1f} ms (first call).
The SDK's handler reads no secret and writes no journal.
Not in here: Lambda's sandbox, network and TLS; a processor share below one core, which stretches the first call at \
memory sizes under 1,769 MB, but not INIT."""


def _event(provider: str, number: int) -> dict[str, Any]:
    return for_api_gateway(PLATFORMS[provider].approved(number, time.time()), provider, TENANT, APP)


def measure_callbacks(work: Path, layers: Layers, runtime: Path, *, cold_runs: int, warm_calls: int) -> Section:
    """Measure, and return the section."""
    sdk = link_distributions(["lark-oapi"], work / "sdk")
    bare_source = _without_bytecode(layers, work / "no-bytecode")
    with Store(work / "store") as store:
        gate = [
            Candidate(
                f"{provider}_callback",
                "handler.lambda_handler",
                [ROOT / "functions" / f"{provider}_callback", *layers.paths],
                store.environ,
                partial(_event, provider),
                platform.acknowledged,
            )
            for provider, platform in PLATFORMS.items()
        ]
        feishu = gate[0]
        function, dependencies, _shared = feishu.paths
        variants = [
            ("our layer without bytecode", [function, dependencies, bare_source.shared]),
            ("both layers without bytecode", [function, *bare_source.paths]),
        ]
        candidates = [
            Candidate("bare handler", "bench.handlers.bare.lambda_handler", [ROOT], {}, feishu.events),
            *gate,
            *(replace(feishu, name=f"{feishu.name}, {what}", paths=paths) for what, paths in variants),
            Candidate(
                "lark-oapi's dispatcher, no store",
                "bench.handlers.lark_oapi_dispatcher.lambda_handler",
                [ROOT, sdk],
                {
                    "ENCRYPT_KEY": FEISHU.credentials["encrypt_key"],
                    "VERIFICATION_TOKEN": FEISHU.credentials["verification_token"],
                },
                feishu.events,
                FEISHU.acknowledged,
            ),
        ]
        found = measure(candidates, runtime, work / "function.log", cold_runs=cold_runs, warm_calls=warm_calls)
        latency = store.latency_ms(200)
    return Section(
        name="callbacks",
        title="Callback functions: cold start and warm call",
        header=("function", *COLUMNS),
        rows=[measured.row(name) for name, measured in found.items()],
        notes=_NOTES.format(cold_runs=cold_runs, warm_calls=warm_calls, **latency).splitlines(),
    )


def _without_bytecode(layers: Layers, into: Path) -> Layers:
    shutil.rmtree(into, ignore_errors=True)
    ignore = shutil.ignore_patterns("__pycache__")
    copies = {name: into / name for name in ("dependencies", "shared")}
    for name, copy in copies.items():
        shutil.copytree(getattr(layers, name), copy, ignore=ignore)
    return Layers(**copies)
