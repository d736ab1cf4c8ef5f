"""
EventBridge: what the gate tells the account's event bus.

Source `approval-gate`; the detail is the approval as `GET /v1/approvals/{id}` shows it, so that rules can match
`detail.status`, `detail.app` or `detail.metadata`. `resources` holds the message's id, the same on every repetition.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from approval_gate.errors import StoreError

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

__all__ = ["SOURCE", "EventBridge"]

SOURCE = "approval-gate"
DETAIL_TYPES: Mapping[str, str] = {
    "approval.decided": "Approval Decided",
    "approval.revoked": "Approval Revoked",
    "webhook_endpoint.disabled": "Webhook Endpoint Disabled",
}
DETAIL_MAX_BYTES = 250_000
"""An entry may have 256 KB in all. Source: Amazon EventBridge user guide, "Calculating PutEvents entry size", read
2026-02-28."""
_ESSENTIAL = ("id", "status", "app", "provider", "provider_ref", "metadata", "outcome", "created_at", "decided_at")


class EventBridge:
    """The `EventBus` port."""

    def __init__(self, client: EventBridgeClient, bus_name: str = "default") -> None:
        self._client = client
        self._bus_name = bus_name

    def put(self, event_type: str, message_id: str, body: bytes) -> None:
        """Put one event on the bus; see the port."""
        try:
            answer = self._client.put_events(
                Entries=[
                    {
                        "Source": SOURCE,
                        "DetailType": DETAIL_TYPES[event_type],
                        "Detail": _detail(json.loads(body)["data"]),
                        "Resources": [message_id],
                        "EventBusName": self._bus_name,
                    }
                ]
            )
        except ClientError as err:
            raise StoreError(f"put event: {err.response['Error']['Code']}") from err
        except BotoCoreError as err:
            raise StoreError(f"put event: {type(err).__name__}") from err
        if answer["FailedEntryCount"]:
            # The call succeeds although its entry did not.
            raise StoreError(f"put event: {answer['Entries'][0].get('ErrorCode', 'unknown')}")


def _detail(data: Mapping[str, Any]) -> str:
    """Return the detail; of an approval that is too long for the bus what identifies it and how it ended."""
    text = json.dumps(data, ensure_ascii=False)
    if len(text.encode()) <= DETAIL_MAX_BYTES:
        return text
    return json.dumps({**{name: data[name] for name in _ESSENTIAL if name in data}, "truncated": True})
