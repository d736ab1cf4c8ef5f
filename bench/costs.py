"""
What 1,000 ordinary approvals cost on AWS, computed from counted operations.

One approval is taken through the real services over a table that counts, with the calls that the functions' triggers
make: asked for, opened, approved by a callback, concluded, told to the event bus and to one webhook, and to one person.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from approval_gate.domain.approval import Mode, PersonKind, PersonRef, Request, RequestedStage, Subscription
from approval_gate.domain.message import Destination, DestinationKind
from approval_gate.ports import App, CallbackEvent, EventKind, Ports
from approval_gate.ports.outbox import Errand
from approval_gate.services.apply import Applier
from approval_gate.services.conclude import Concluder
from approval_gate.services.create import Creator
from approval_gate.services.decide import Decider
from approval_gate.services.people import People
from approval_gate.services.submit import Submitter
from approval_gate.store.contacts import DynamoContacts
from approval_gate.store.journal import Journal
from approval_gate.store.syncs import DynamoSyncs
from bench.in_process import Gate
from bench.prices import PRICES, Usage, cost
from bench.report import Section
from bench.store import TABLE, Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from approval_gate.domain.approval import Approval

__all__ = ["STATES", "measure_costs"]

STATES: Final = ("Submit", "Waiting?", "AwaitOutcome", "Woken?", "Conclude", "Concluded?", "Approved?", "Done")
"""The way of an ordinary approval through the state machine."""

_TABLE_MS = 5.0
_PLATFORM_MS = 300.0
_OWN_MS = 10.0
_GB: Final = {"authorizer": 1.0, "approvals_api": 1.0, "callback": 1.0}
_USUAL_GB = 0.5
_LOG_BYTES = 2_000

_ORDINARY: Final = (
    "An ordinary approval: asked for once, opened, approved by one callback, concluded; its outcome told to the event "
    "bus, to a webhook and to a person. {calls} calls to the platform."
)
_COUNTED: Final = (
    "Requests, units, messages and transitions are counted. Time of functions is computed from the calls they make: "
    f"{_OWN_MS:.0f} ms of their own, {_TABLE_MS:.0f} ms for the table, {_PLATFORM_MS:.0f} ms for a platform; "
    f"{_LOG_BYTES // 1000} KB of logs each. Cold starts are not in it."
)
_LEFT_OUT: Final = (
    "Not in it, because it does not grow with approvals: a secret per app ($0.40 a month), alarms, and the queue's "
    "empty receives (about a million a month, $0.40). A poll by a pipeline is an API request, two invocations and two "
    "reads: about $2 a million and their time."
)


class _Workflow:
    """Step Functions, as far as it is counted elsewhere."""

    def start(self, _: Approval) -> None:
        """Start; the transitions are counted by `STATES`."""

    def start_closing(self, _: Approval) -> None:
        """Start one more; nothing is stopped here."""

    def resume(self, *_: object) -> None:
        """Wake."""

    def fail(self, *_: object) -> None:
        """Answer a caller's token."""


class _Admission:
    """Callback addresses, all of which are good; that costs the read of a small item, which is counted by hand."""

    def check(self, *_: str) -> None:
        """Refuse nothing."""


class _Tally:
    """Invocations of functions and what each of them did."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.invocations = 0
        self.gb_s = 0.0
        self._seen = (0, 0)

    def ran(self, function: str) -> None:
        """Note that a function has run; its time follows from the calls it made since the last one."""
        calls = (sum(self._gate.counted.calls.values()), self._gate.platform.calls)
        table, platform = (now - before for now, before in zip(calls, self._seen, strict=True))
        self._seen = calls
        self.invocations += 1
        ms = _OWN_MS + table * _TABLE_MS + platform * _PLATFORM_MS
        self.gb_s += ms / 1000 * _GB.get(function, _USUAL_GB)


def measure_costs(work: Path) -> Section:
    """Count one approval's operations and price a thousand."""
    with Store(work / "costs") as store:
        usage, calls = _count(store.environ)
    thousand = Usage(**{each.name: 1000 * getattr(usage, each.name) for each in dataclasses.fields(usage)})
    bill = cost(thousand)
    rows = [
        (name.replace("_", " "), f"{getattr(usage, name):.4g}", f"{PRICES[name] * 1e6:.6g}", f"{each:.4f}")
        for name, each in bill.items()
    ]
    rows.append(("together", "", "", f"{sum(bill.values()):.4f}"))
    return Section(
        name="costs",
        title="Cost of 1,000 approvals on AWS",
        header=("what", "per approval", "dollars a million", "dollars for 1,000"),
        rows=rows,
        notes=(_ORDINARY.format(calls=calls), _COUNTED, _LEFT_OUT, "Prices: bench/prices.py."),
        command="make bench, or python -m bench costs",
    )


def _count(environ: Mapping[str, str]) -> tuple[Usage, int]:
    gate = Gate(environ)
    gate.apps.claim(App("acme", "prod", "fake", vendor_identity="bench"))
    workflow = _Workflow()
    people = People(DynamoContacts(gate.client, TABLE), DynamoSyncs(gate.client, TABLE), gate.platform, gate.clock)
    ports = Ports(gate.approvals, gate.apps, gate.platform, workflow, gate.clock, people)
    decider = Decider(gate.approvals, workflow, gate.clock)
    applier = Applier(ports, decider)
    gate.counted.forget()
    tally = _Tally(gate)

    creator = Creator(gate.approvals, gate.apps, workflow, gate.clock, bytes, _Admission())
    approval, _ = creator.create("acme", "ci", _request(), None)
    gate.counted.note("GetItem", {})  # the authorizer's
    gate.counted.note("GetItem", {})  # whether the tenant has a webhook secret
    tally.ran("authorizer")
    tally.ran("approvals_api")
    gate.approvals.get(approval.id)
    tally.ran("drive_workflow")
    Submitter(ports, decider, applier).submit(approval)
    tally.ran("submit_approval")
    gate.counted.note("UpdateItem", {"ExpressionAttributeValues": {":task_token": "x" * 700}})  # AwaitOutcome's
    opened = gate.approvals.get(approval.id)
    if opened is None:
        raise RuntimeError("the approval is not there")
    event = CallbackEvent(opened.provider_ref, "e1", EventKind.DECIDED, "approval", "APPROVED", gate.now)
    Journal(gate.client, TABLE, gate.clock).add("fake", "acme", "prod", event, b"{}" * 500)
    tally.ran("callback")
    gate.now += timedelta(minutes=10)
    applier.apply("fake", "acme", "prod", event)
    tally.ran("apply_callback")
    gate.approvals.get(approval.id)
    tally.ran("drive_workflow")
    decided = gate.approvals.get(approval.id)
    if decided is None or decided.outcome is None:
        raise RuntimeError("the approval was not decided")
    Concluder(ports, decider).conclude(decided, {}, last_attempt=False)
    tally.ran("conclude_approval")
    _deliver(gate, tally)
    usage = Usage(
        api_requests=2,
        lambda_requests=tally.invocations,
        lambda_gb_s=tally.gb_s,
        write_units=gate.counted.writes,
        read_units=gate.counted.reads,
        transitions=len(STATES),
        queue_requests=3 * gate.errands.taken,  # send, receive, delete
        events=1,
        log_gb=tally.invocations * _LOG_BYTES / 1e9,
    )
    return usage, gate.platform.calls


def _deliver(gate: Gate, tally: _Tally) -> None:
    """Deliver what the change announced, found as the stream would find it."""
    pages = gate.client.get_paginator("scan").paginate(TableName=TABLE)
    names = [item["PK"]["S"].partition("#")[2] for page in pages for item in page["Items"] if _is_notification(item)]
    gate.counted.reads -= 1  # the scan is ours
    for name in names:
        tally.ran("drive_workflow")
        gate.errands.put(Errand(name))
    while gate.errands.due:
        _, errand = gate.errands.take()
        gate.deliverer.look(errand)
        tally.ran("deliver")


def _is_notification(item: Mapping[str, Any]) -> bool:
    return bool(item["SK"]["S"] == "NOTIFICATION")


def _request() -> Request:
    lead = PersonRef(PersonKind.EMAIL, "lead@example.com", "stages[0].approvers[0].email")
    return Request(
        app="prod",
        title="Deploy web 1.42.0 to production",
        description="Rolls out the new checkout.",
        stages=(RequestedStage(Mode.ALL, (lead,)),),
        timeout_s=3600,
        requester=PersonRef(PersonKind.EMAIL, "dev@example.com", "requester.email"),
        callback_url="https://ci.example.com/hooks/approval",
        notify=(Subscription("prod", (Destination(DestinationKind.USER_ID, "ou_release"),), frozenset({"approved"})),),
    )
