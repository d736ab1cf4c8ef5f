"""EventBridge: what is put on the bus, and that a call which succeeds may hold an entry that did not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from approval_gate.errors import StoreError
from approval_gate.event_bus import EventBridge
from approval_gate.ports.webhooks import EventType


@pytest.fixture
def bus() -> Iterator[tuple[EventBridge, Stubber]]:
    client = boto3.client("events", region_name="us-east-1")
    with Stubber(client) as stub:
        yield EventBridge(client, "default"), stub


def body(**data: Any) -> bytes:
    return json.dumps({"type": "approval.decided", "timestamp": "2026-01-15T09:00:00Z", "data": data}).encode()


def took(*, failed: int = 0, **entry: str) -> dict[str, Any]:
    return {"FailedEntryCount": failed, "Entries": [entry or {"EventId": "e1"}]}


@pytest.mark.parametrize(
    ("event", "detail_type"),
    [
        (EventType.DECIDED, "Approval Decided"),
        (EventType.REVOKED, "Approval Revoked"),
        (EventType.ENDPOINT_DISABLED, "Webhook Endpoint Disabled"),
    ],
)
def test_the_detail_is_the_approval(bus: tuple[EventBridge, Stubber], event: EventType, detail_type: str) -> None:
    bridge, stub = bus
    detail = json.dumps({"id": "apr_1", "status": "APPROVED", "title": "发布"}, ensure_ascii=False)
    entry = {
        "Source": "approval-gate",
        "DetailType": detail_type,
        "Detail": detail,
        "Resources": ["ntf_1-0"],
        "EventBusName": "default",
    }
    stub.add_response("put_events", took(), {"Entries": [entry]})

    bridge.put(event, "ntf_1-0", body(id="apr_1", status="APPROVED", title="发布"))

    stub.assert_no_pending_responses()


def test_an_entry_that_failed_in_a_call_that_succeeded_is_tried_again(bus: tuple[EventBridge, Stubber]) -> None:
    bridge, stub = bus
    stub.add_response("put_events", took(failed=1, ErrorCode="ThrottlingException", ErrorMessage="x"), {"Entries": ANY})

    with pytest.raises(StoreError, match="ThrottlingException"):
        bridge.put("approval.decided", "ntf_1", body(id="apr_1"))


def test_a_call_that_failed_is_tried_again(bus: tuple[EventBridge, Stubber]) -> None:
    bridge, stub = bus
    stub.add_client_error("put_events", "InternalException")

    with pytest.raises(StoreError, match="InternalException"):
        bridge.put("approval.decided", "ntf_1", body(id="apr_1"))


def test_an_approval_too_long_for_the_bus_still_tells_how_it_ended(bus: tuple[EventBridge, Stubber]) -> None:
    bridge, stub = bus
    short = {"id": "apr_1", "status": "APPROVED", "truncated": True}
    stub.add_response("put_events", took(), {"Entries": [_Detail(short)]})

    bridge.put("approval.decided", "ntf_1", body(id="apr_1", status="APPROVED", description="审" * 100_000))

    stub.assert_no_pending_responses()


class _Detail(dict[str, Any]):
    """Equal to every entry with this detail."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and json.loads(other["Detail"]) == dict(self)

    __hash__ = None  # type: ignore[assignment]  # as for every dict
