"""Identifiers: a prefix and a ULID, so that they sort by time and say nothing else."""

from __future__ import annotations

import hashlib
from datetime import datetime

__all__ = ["approval_id_of_execution", "new_approval_id", "new_notification_id"]

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BYTES = 10


def new_approval_id(now: datetime, entropy: bytes) -> str:
    """Return `apr_` and a ULID of `now` and ten random bytes."""
    return "apr_" + _ulid(now, entropy)


def new_notification_id(now: datetime, entropy: bytes) -> str:
    """Return `ntf_` and a ULID; for notifications that somebody asks for. Others follow from what they tell."""
    return "ntf_" + _ulid(now, entropy)


def approval_id_of_execution(execution_arn: str, started_at: datetime) -> str:
    """
    Return the approval id of an execution that was started without one.

    The same execution always gives the same id, so a repeated first step cannot make a second approval.
    """
    return "apr_" + _ulid(started_at, hashlib.sha256(execution_arn.encode()).digest())


def _ulid(now: datetime, entropy: bytes) -> str:
    """Layout: milliseconds since 1970 (48 bits, big-endian) | random(80 bits), as 26 Crockford base-32 digits."""
    if len(entropy) < _RANDOM_BYTES:
        raise ValueError("a ULID needs ten bytes of entropy")
    number = (int(now.timestamp() * 1000) << 80) | int.from_bytes(entropy[:_RANDOM_BYTES], "big")
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))
