"""
The history of an approval explains it completely: who, when, why, from which source.

Nothing here is a fixed list of entries: each history is held to what this test did and to what the platform shows.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from local.engine.launcher import aws_session
from local.provision import APPROVER, APPROVER_USER_ID, REQUESTER
from local.stack import PROVIDERS
from tests.stack.chaos import Pipeline

pytestmark = pytest.mark.stack

type Json = dict[str, Any]
type Eventually = Callable[..., Any]

PRINCIPAL = "pipeline"
COMMENT = "Nicht am Freitag 不行"


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done to an approval, and what must therefore stand in its history."""

    approval_id: str
    status: str
    source: str
    by: str
    reason: str
    began: datetime
    comment: str = ""
    says: str = ""
    """What the explanation must name."""
    ended_by_us: bool = False
    """The gate ended it, so the history must say what became of it on the platform."""


@pytest.fixture(scope="module")
def pipeline(stack: Json) -> Iterator[Pipeline]:
    with httpx.Client(timeout=30, trust_env=False) as http:
        yield Pipeline(stack, http)


def request(pipeline: Pipeline, provider: str, **changes: Any) -> str:
    asked = {
        "app": pipeline.stack["apps"][provider],
        "title": f"Deploy {secrets.token_hex(4)}",
        "requester": REQUESTER[provider],
        "stages": [{"mode": "all", "approvers": [APPROVER[provider]]}],
    }
    created: str = pipeline.gate("POST", "/v1/approvals", asked | changes)["id"]
    return created


@pytest.fixture(scope="module")
def deeds(pipeline: Pipeline) -> list[Deed]:
    """Do everything at once on every platform: it takes the minute after which one of them expires."""
    return [deed for provider in PROVIDERS for deed in on_one_platform(pipeline, provider)]


def on_one_platform(pipeline: Pipeline, provider: str) -> Iterator[Deed]:
    key, began = secrets.token_hex(4), datetime.now(UTC)
    silent = request(pipeline, provider, timeout_s=60)
    approved, rejected, canceled = (request(pipeline, provider) for _ in range(3))
    older = request(pipeline, provider, supersede_key=key)
    for approval_id, decision in ((approved, "approve"), (rejected, "reject")):
        decide(pipeline, provider, approval_id, decision)
    opened_ref(pipeline, canceled), opened_ref(pipeline, older)
    pipeline.gate("POST", f"/v1/approvals/{canceled}/cancel", {"reason": COMMENT})
    newer = request(pipeline, provider, supersede_key=key)

    yield Deed(approved, "APPROVED", "callback", "callback", "approved", began, comment=COMMENT)
    yield Deed(rejected, "REJECTED", "callback", "callback", "rejected", began, comment=COMMENT)
    yield Deed(canceled, "CANCELED", "cancel", PRINCIPAL, "canceled", began, COMMENT, COMMENT, ended_by_us=True)
    yield Deed(older, "CANCELED", "cancel", PRINCIPAL, "superseded", began, says=newer, ended_by_us=True)
    yield Deed(silent, "EXPIRED", "timeout", "timeout", "timeout", began, ended_by_us=True)


def opened_ref(pipeline: Pipeline, approval_id: str) -> str:
    while not (ref := pipeline.gate("GET", f"/v1/approvals/{approval_id}")["provider_ref"]):
        pass  # each look asks the gate, and the test has a time limit
    return str(ref)


def decide(pipeline: Pipeline, provider: str, approval_id: str, decision: str) -> None:
    click = {"user_id": APPROVER_USER_ID, "decision": decision, "comment": COMMENT}
    pipeline.sim(provider, "POST", f"/approvals/{opened_ref(pipeline, approval_id)}/decide", click)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("kind", ["approved", "rejected", "canceled", "superseded", "timeout"])
def test_a_history_explains_its_approval(
    pipeline: Pipeline, deeds: list[Deed], eventually: Eventually, provider: str, kind: str
) -> None:
    deed = next(one for place, one in enumerate(deeds) if one.reason == kind and PROVIDERS[place // 5] == provider)
    ended = eventually(lambda: execution(pipeline, deed.approval_id), lambda seen: seen != "RUNNING", 100)
    approval = pipeline.gate("GET", f"/v1/approvals/{deed.approval_id}")
    entries = pipeline.gate("GET", f"/v1/approvals/{deed.approval_id}/history")["entries"]

    assert ended == "SUCCEEDED"
    assert explained(approval, entries, deed) == []


def execution(pipeline: Pipeline, approval_id: str) -> str:
    states = aws_session().client("stepfunctions", endpoint_url=pipeline.stack["aws_endpoint"])
    arn = pipeline.stack["state_machine_arn"].replace(":stateMachine:", ":execution:") + f":{approval_id}"
    return str(states.describe_execution(executionArn=arn)["status"])


def explained(approval: Json, entries: list[Json], deed: Deed) -> list[str]:
    """Return what the history leaves open, or tells otherwise than the approval itself."""
    by_kind = {kind: [entry for entry in entries if entry["kind"] == kind] for kind in {e["kind"] for e in entries}}
    outcome, times = approval["outcome"], [datetime.fromisoformat(entry["at"]) for entry in entries]
    people = [person["user_id"] for person in outcome["decided_by"]]
    decided = by_kind.get("decided", [{}])[0]
    told = decided.get("detail", {})
    checks = {
        "no gap in the numbers": [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1)),
        "in order of time": times == sorted(times),
        "when": deed.began - timedelta(seconds=1) <= times[0] <= times[-1] <= datetime.now(UTC),
        "who asked": [entry["by"] for entry in by_kind.get("requested", [])] == [PRINCIPAL] == [entries[0]["by"]],
        "what was asked": entries[0]["detail"]["title"] == approval["title"],
        "opened once, under its reference": [one["detail"]["provider_ref"] for one in by_kind.get("opened", [])]
        == [approval["provider_ref"]],
        "decided once": len(by_kind.get("decided", [])) == 1,
        "status": told.get("status") == outcome["status"] == approval["status"] == deed.status,
        "from which source": told.get("source") == outcome["source"] == deed.source,
        "by whom it was stored": decided.get("by") == deed.by,
        "who decided": told.get("decided_by", "") == ", ".join(people) and bool(people) == (deed.by == "callback"),
        "why": told.get("reason") == outcome["reason"] == deed.reason,
        "in whose words": told.get("comment", "") == (outcome["comment"] or "") == deed.comment,
        "explanation": deed.says in told.get("explanation", ""),
        "what became of it on the platform": bool(by_kind.get("withdrawal")) == deed.ended_by_us,
        "still open there, if so": [one["detail"]["result"] for one in by_kind.get("withdrawal", [])]
        in ([], ["unsupported" if outcome["still_open_at_provider"] else "done"], ["already_closed"]),
    }
    return [f"{name}: {entries}" for name, holds in checks.items() if not holds]
