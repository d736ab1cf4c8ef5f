"""Callers' Idempotency-Keys: the same key and body is answered by what it made first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from approval_gate.errors import IdempotencyMismatch
from approval_gate.ports import Idempotency
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["KEPT_FOR", "claim", "made_before"]

KEPT_FOR = timedelta(days=7)


def claim(table: str, tenant: str, idempotency: Idempotency, made: dict[str, str], now: datetime) -> Any:
    """Return the transaction's item that takes a key for what is made, an attribute and its value."""
    return {
        "Put": {
            "TableName": table,
            "Item": {
                **keys.idempotency(tenant, idempotency.key),
                **{name: {"S": value} for name, value in made.items()},
                "digest": {"S": idempotency.digest},
                "expires_at_epoch_s": {"N": str(int((now + KEPT_FOR).timestamp()))},
            },
            # DynamoDB may remove an expired item hours late.
            "ConditionExpression": "attribute_not_exists(PK) OR expires_at_epoch_s < :now",
            "ExpressionAttributeValues": {":now": {"N": str(int(now.timestamp()))}},
        }
    }


def made_before(client: DynamoDBClient, table: str, tenant: str, idempotency: Idempotency, attribute: str) -> str:
    """
    Return what a key made, empty when it is not taken.

    Raises:
        IdempotencyMismatch: it came with another body.
    """
    with as_store_errors("read idempotency key"):
        answer = client.get_item(TableName=table, Key=keys.idempotency(tenant, idempotency.key), ConsistentRead=True)
    item = answer.get("Item")
    if item is None:
        return ""
    if item["digest"]["S"] != idempotency.digest or attribute not in item:
        raise IdempotencyMismatch(
            "This Idempotency-Key came before with another body. Send the first body again, or use a new key."
        )
    return str(item[attribute]["S"])
