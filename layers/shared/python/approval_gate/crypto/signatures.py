"""Digests and message authentication codes, and the one way to compare them."""

from __future__ import annotations

import base64
import hashlib
import hmac

__all__ = ["hmac_sha256_base64", "is_equal", "sha1_hex", "sha256_hex"]


def sha256_hex(*parts: bytes) -> str:
    """Return the SHA-256 of the parts joined without a separator, in lower-case hex."""
    return hashlib.sha256(b"".join(parts)).hexdigest()


def sha1_hex(*parts: bytes) -> str:
    """
    Return the SHA-1 of the parts joined without a separator, in lower-case hex.

    SHA-1 is what some platforms specify for callbacks; nothing of ours is built on it.
    """
    return hashlib.sha1(b"".join(parts), usedforsecurity=False).hexdigest()


def hmac_sha256_base64(key: bytes, message: bytes) -> str:
    """Return HMAC-SHA256 of the message in base64 with padding."""
    return base64.b64encode(hmac.digest(key, message, "sha256")).decode()


def is_equal(expected: str, given: str) -> bool:
    """
    Compare two texts in a time that does not tell where they differ.

    `given` may be anything a stranger can put into JSON, lone surrogates included.
    """
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass"))
