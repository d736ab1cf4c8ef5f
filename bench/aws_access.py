"""What reaching two AWS services costs a cold start, by how it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.artefacts import ROOT
from bench.cold_starts import COLUMNS, Candidate, measure
from bench.report import Section
from bench.store import APP, PREFIX, TENANT, Store
from bench.trimmed_models import write_trimmed_models

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["measure_aws_access"]

_NOTES = """\
Every call, also a warm one, reads one secret and makes one conditional put, and does nothing else.
The store is ministack on this machine. Its share, with a warm client: put {put:.1f} ms, secret {secret:.1f} ms.
Median of {cold_runs} cold starts (smallest-largest), {warm_calls} warm calls, taken in turn; no TLS."""


def _event(number: int) -> dict[str, Any]:
    return {"key": f"aws-access-{number}"}


def measure_aws_access(work: Path, runtime: Path, *, cold_runs: int, warm_calls: int) -> Section:
    """Measure, and return the section."""
    trimmed = {"AWS_DATA_PATH": str(write_trimmed_models(work / "models"))}
    ways: dict[str, tuple[str, dict[str, str]]] = {
        "boto3 clients in the first call": ("aws_boto3", {}),
        "boto3 clients in INIT": ("aws_boto3_at_init", {}),
        "boto3 clients in the first call, trimmed models": ("aws_boto3", trimmed),
        "boto3 clients in INIT, trimmed models": ("aws_boto3_at_init", trimmed),
        "botocore clients in the first call": ("aws_botocore", {}),
        "botocore clients in the first call, trimmed models": ("aws_botocore", trimmed),
        "signed by hand, standard library": ("aws_signed_by_hand", {}),
    }
    with Store(work / "store") as store:
        environ = {**store.environ, "SECRET_ID": f"{PREFIX}/feishu/{TENANT}/{APP}"}
        candidates = [Candidate("bare handler", "bench.handlers.bare.lambda_handler", [ROOT], {}, _event)] + [
            Candidate(name, f"bench.handlers.{module}.lambda_handler", [ROOT], {**environ, **extra}, _event)
            for name, (module, extra) in ways.items()
        ]
        found = measure(candidates, runtime, work / "function.log", cold_runs=cold_runs, warm_calls=warm_calls)
        latency = store.latency_ms(200)
    return Section(
        name="aws-access",
        title="Ways to reach DynamoDB and Secrets Manager",
        header=("way", *COLUMNS),
        rows=[measured.row(name) for name, measured in found.items()],
        notes=_NOTES.format(cold_runs=cold_runs, warm_calls=warm_calls, **latency).splitlines(),
    )
