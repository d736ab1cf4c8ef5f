"""The Idempotency-Key header."""

from __future__ import annotations

from collections.abc import Mapping

from approval_gate.errors import FieldProblem, RequestError
from approval_gate.ports import Idempotency
from approval_gate.services.create import digest_of

__all__ = ["idempotency_of"]

_KEY_LENGTH = 255


def idempotency_of(key: str | None, body: Mapping[str, object]) -> Idempotency | None:
    """
    Return the caller's key with a digest of the body that came with it.

    Raises:
        RequestError: it is empty or too long.
    """
    if key is None:
        return None
    if not 1 <= len(key) <= _KEY_LENGTH:
        problem = FieldProblem("Idempotency-Key", f"must have 1 to {_KEY_LENGTH} characters")
        raise RequestError("The Idempotency-Key header must change.", problems=(problem,))
    return Idempotency(key, digest_of(body))
