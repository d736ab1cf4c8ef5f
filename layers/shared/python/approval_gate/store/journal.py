"""
The journal of callbacks as received: one conditional put each.

This is all a callback function does with the table, so this module imports neither pydantic nor a second client.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from approval_gate.errors import VersionConflict
from approval_gate.ports import CallbackEvent
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["Journal", "event_document"]

KEPT_FOR = timedelta(days=30)
MOST_NAMED = 100
"""People of one mark. For more, everything is read: a call for each would be slower."""


class Journal:
    """Callbacks as they arrived, keyed so that a redelivery is a failed condition."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def add(
        self, provider: str, tenant: str, app: str, event: CallbackEvent, body: bytes, took_ms: int | None = None
    ) -> bool:
        """
        Write one verified callback.

        Args:
            body: as received; only its SHA-256 is stored.
            took_ms: how long it took to get here; None when that is not known.

        Returns: False for a redelivery.

        Raises:
            StoreError: not written; the platform must deliver again.
        """
        now = self._clock()
        item: dict[str, Any] = {
            **keys.journal(provider, tenant, app, event.provider_ref, event.dedupe_key),
            "provider": {"S": provider},
            "tenant": {"S": tenant},
            "app": {"S": app},
            "event": {"S": event_document(event)},
            "body_sha256": {"S": hashlib.sha256(body).hexdigest()},
            "received_at": {"S": now.isoformat()},
            "expires_at_epoch_s": {"N": str(int((now + KEPT_FOR).timestamp()))},
        }
        if took_ms is not None:
            item["took_ms"] = {"N": str(took_ms)}
        try:
            with as_store_errors("journal"):
                self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(PK)")
        except VersionConflict:
            return False
        return True

    def mark_contacts(self, provider: str, tenant: str, app: str, people: tuple[str, ...] = ()) -> None:
        """
        Remember that an app's contacts changed; the schedule reads them again then.

        A mark without people means that anything may have changed, and stays one. So does one about too many people.

        Args:
            people: ids of whom alone it is about; empty: of anybody.

        Raises:
            StoreError: not written; the platform must deliver again.
        """
        key, now = keys.changed(provider, tenant, app), self._clock()
        values: dict[str, Any] = {
            "at": {"S": now.isoformat()},
            "expires_at_epoch_s": {"N": str(int((now + KEPT_FOR).timestamp()))},
        }
        if 0 < len(people) <= MOST_NAMED:
            try:
                with as_store_errors("mark contacts"):
                    self._client.update_item(
                        TableName=self._table,
                        Key=key,
                        UpdateExpression="SET #at = :at, expires_at_epoch_s = :expires ADD people :people",
                        ConditionExpression=(
                            "attribute_not_exists(PK) OR (attribute_exists(people) AND size(people) < :most)"
                        ),
                        ExpressionAttributeNames={"#at": "at"},
                        ExpressionAttributeValues={
                            ":at": values["at"],
                            ":expires": values["expires_at_epoch_s"],
                            ":people": {"SS": list(people)},
                            ":most": {"N": str(MOST_NAMED)},
                        },
                    )
            except VersionConflict:
                pass  # too many by now, or anything may have changed anyway
            else:
                return
        with as_store_errors("mark contacts"):
            self._client.put_item(TableName=self._table, Item={**key, **values})


def event_document(event: CallbackEvent) -> str:
    """Return the event as the JSON that `documents.read_event` reads."""
    return json.dumps(dataclasses.asdict(event), default=_plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return str(value.value)
    raise TypeError(f"no JSON for {type(value).__name__}")
