"""AWS error codes in our words, at the one boundary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from approval_gate.errors import StoreError, VersionConflict

__all__ = ["as_store_errors", "failed_conditions", "is_contended"]


@contextmanager
def as_store_errors(what: str) -> Iterator[None]:
    """Raise VersionConflict for a failed condition, StoreError for everything else AWS refuses."""
    try:
        yield
    except ClientError as err:
        code = err.response["Error"]["Code"]
        if code == "ConditionalCheckFailedException" or (
            code == "TransactionCanceledException" and any(failed_conditions(err))
        ):
            raise VersionConflict(f"{what}: changed meanwhile") from err
        raise StoreError(f"{what}: {code}") from err
    except BotoCoreError as err:
        raise StoreError(f"{what}: {type(err).__name__}") from err


def failed_conditions(err: ClientError) -> list[bool]:
    """Tell, for each item of a canceled transaction, whether its condition failed."""
    reasons = err.response.get("CancellationReasons", [])
    return [reason.get("Code") == "ConditionalCheckFailed" for reason in reasons]


def is_contended(err: ClientError) -> bool:
    """Tell whether a transaction was canceled only because another one held the same item at that moment."""
    return any(reason.get("Code") == "TransactionConflict" for reason in err.response.get("CancellationReasons", []))
