"""Conditional writes of one item or of many, and the patience that DynamoDB asks for when two meet."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from approval_gate.errors import StoreError, VersionConflict
from approval_gate.store.aws_errors import as_store_errors, failed_conditions

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["write_all"]

_PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.4)
_COLLISIONS = {"TransactionCanceledException", "TransactionInProgressException", "TransactionConflictException"}


def write_all(
    client: DynamoDBClient, what: str, writes: Sequence[Any], pause: Callable[[float], None] = time.sleep
) -> None:
    """
    Store all of it or nothing. One write alone costs half of a transaction.

    Args:
        what: for errors.
        writes: each `{"Put": ...}` or `{"Delete": ...}`, 100 at most.

    Raises:
        VersionConflict: a condition failed.
        StoreError: DynamoDB did not answer, or others kept writing to the same items.
    """
    for pause_s in (*_PAUSES_S, None):
        try:
            with as_store_errors(what):
                if len(writes) == 1 and "Put" in writes[0]:
                    client.put_item(**writes[0]["Put"])
                else:
                    client.transact_write_items(TransactItems=writes)
        except VersionConflict:
            raise
        except StoreError as err:
            if pause_s is None or not _is_collision(err):
                raise
            pause(pause_s)
        else:
            return


def _is_collision(err: StoreError) -> bool:
    """Tell whether another transaction was at the same items: neither has won or lost."""
    cause = err.__cause__
    return (
        isinstance(cause, ClientError)
        and cause.response["Error"]["Code"] in _COLLISIONS
        and not any(failed_conditions(cause))
    )
