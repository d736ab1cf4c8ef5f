"""
The envelope DingTalk and WeCom seal their callbacks in, and the signature over it.

Layout before encryption: random(16) | length(4, big-endian) | body(length) | receiver id(rest).
Then PKCS#7 to 32 bytes and AES-256-CBC with the key's own first 16 bytes as the iv.

The layout proves nothing by itself: check the signature first, compare the receiver id afterwards.

Source: DingTalk developer docs, "HTTP event callback"; WeCom developer docs, "Encryption and decryption", read
2026-02-28; checked against the vendors' published samples.
"""

from __future__ import annotations

import base64
import re

from approval_gate.crypto import aes_cbc
from approval_gate.crypto.signatures import sha1_hex
from approval_gate.errors import CallbackRejected

__all__ = ["RANDOM_BYTES", "key_of", "open_sealed", "seal", "signature"]

RANDOM_BYTES = 16
_LENGTH_BYTES = 4
_HEAD_BYTES = RANDOM_BYTES + _LENGTH_BYTES
_IV_BYTES = 16
_PADDING_BLOCK_BYTES = 32
_ENCODED_KEY = re.compile(r"[A-Za-z0-9+/]{43}")


def key_of(encoding_aes_key: str) -> bytes:
    """
    Return the 32 bytes of an AES key as the consoles show it: 43 characters of base64 without padding.

    The last character carries two spare bits; the consoles do not keep them zero, so they are ignored.

    Raises:
        ValueError: any other length or alphabet. The text holds nothing of the key.
    """
    if not _ENCODED_KEY.fullmatch(encoding_aes_key):
        raise ValueError("an AES key has 43 characters of base64, without padding")
    return base64.b64decode(encoding_aes_key + "=")


def open_sealed(sealed: bytes, key: bytes) -> tuple[bytes, bytes]:
    """
    Decrypt one message.

    Every padding length from 1 to 32 is taken: some peers pad to 16.

    Args:
        sealed: the ciphertext, base64 taken off.
        key: 32 bytes, see `key_of`.

    Returns: the body, and the receiver id it was sealed for; the caller compares the latter.

    Raises:
        CallbackRejected: impossible ciphertext length, padding or length field.
    """
    try:
        plain = aes_cbc.decrypt(sealed, key=key, iv=key[:_IV_BYTES], padding_block_bytes=_PADDING_BLOCK_BYTES)
    except ValueError as err:
        raise CallbackRejected("encrypt") from err
    body_bytes = int.from_bytes(plain[RANDOM_BYTES:_HEAD_BYTES])
    end = _HEAD_BYTES + body_bytes
    if len(plain) < end:
        raise CallbackRejected("length field")
    return plain[_HEAD_BYTES:end], plain[end:]


def seal(body: bytes, key: bytes, receiver: bytes, random16: bytes) -> bytes:
    """
    Encrypt one message, the reverse of `open_sealed`.

    Args:
        key: 32 bytes, see `key_of`.
        receiver: the id of the app or the corporation, as the platform puts it into what it sends.
        random16: 16 fresh random bytes.

    Raises:
        ValueError: `random16` or `key` is of another length.
    """
    if len(random16) != RANDOM_BYTES:
        raise ValueError(f"{RANDOM_BYTES} random bytes are needed")
    plain = random16 + len(body).to_bytes(_LENGTH_BYTES) + body + receiver
    return aes_cbc.encrypt(plain, key=key, iv=key[:_IV_BYTES], padding_block_bytes=_PADDING_BLOCK_BYTES)


def signature(*parts: str) -> str:
    """
    Return the hex SHA-1 of the parts, sorted by their bytes and joined.

    Usually token, timestamp, nonce and the base64 text of the sealed message. The parts may hold anything a stranger
    can put into JSON or a query, lone surrogates included.

    Source: as above. SHA-1 is the platforms' specification, not our choice.
    """
    return sha1_hex(*sorted(part.encode("utf-8", "surrogatepass") for part in parts))
