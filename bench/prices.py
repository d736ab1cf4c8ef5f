"""
What AWS asks for, and what a number of operations costs.

Prices in US dollars: us-east-1, on demand, without free tiers. Source: the services' own pricing pages, as of 2025-11;
they change, so look before you rely on the cents.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

__all__ = ["PRICES", "Usage", "cost"]

PRICES: Final[dict[str, float]] = {
    "api_requests": 1.00e-6,
    "lambda_requests": 0.20e-6,
    "lambda_gb_s": 13.3334e-6,
    "write_units": 0.625e-6,
    "read_units": 0.125e-6,
    "transitions": 25.0e-6,
    "queue_requests": 0.40e-6,
    "events": 1.00e-6,
    "log_gb": 0.50,
}
"""
Of one of each: a request to the HTTP API; a Lambda invocation; a GB-second of Lambda on arm64; a DynamoDB write and a
read unit; a state transition (Standard); an SQS request; a custom event; a GB of logs taken in.
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of each was used; names as in `PRICES`."""

    api_requests: float = 0
    lambda_requests: float = 0
    lambda_gb_s: float = 0
    write_units: float = 0
    read_units: float = 0
    transitions: float = 0
    queue_requests: float = 0
    events: float = 0
    log_gb: float = 0


def cost(usage: Usage) -> dict[str, float]:
    """Return what each kind of use costs, in dollars."""
    return {each.name: getattr(usage, each.name) * PRICES[each.name] for each in fields(usage)}
