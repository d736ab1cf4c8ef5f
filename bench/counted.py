"""A DynamoDB client that counts what it asks for, in the units that are paid."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["Counted", "count"]

_INDEXED = "tenant_status"


@dataclass
class Counted:
    """
    Requests and units so far.

    Args:
        calls: by operation.
        writes: write units: per KB of an item, twice in a transaction, and again for an item that is in the index.
        reads: read units, a consistent read of 4 KB each; an item's size is not known when it is asked for.
    """

    calls: dict[str, int] = field(default_factory=dict)
    writes: int = 0
    reads: int = 0

    def forget(self) -> None:
        """Begin anew."""
        self.calls, self.writes, self.reads = {}, 0, 0

    def note(self, operation: str, asked: Mapping[str, Any]) -> None:
        """Count one request."""
        self.calls[operation] = self.calls.get(operation, 0) + 1
        if operation == "TransactWriteItems":
            for each in asked["TransactItems"]:
                self.writes += 2 * sum(_units(write) for write in each.values())
        elif operation in {"PutItem", "UpdateItem", "DeleteItem"}:
            self.writes += _units(asked)
        else:
            self.reads += 1


def count(client: DynamoDBClient) -> Counted:
    """Count every request of this client from now on."""
    counted = Counted()

    def noted(params: Mapping[str, Any], model: Any, **_: object) -> None:
        counted.note(model.name, params)

    client.meta.events.register("provide-client-params.dynamodb.*", noted)
    return counted


def _units(write: Mapping[str, Any]) -> int:
    item = write.get("Item") or write.get("ExpressionAttributeValues") or write["Key"]
    size = math.ceil(len(json.dumps(item)) / 1024)
    return size * (2 if _INDEXED in item or f":{_INDEXED}" in item else 1)
