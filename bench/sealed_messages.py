"""
Messages as DingTalk and WeCom seal and sign them.

Sealed: `base64(AES-256-CBC(random(16) | length(4, big-endian) | message(length) | receiver id(rest)))`, PKCS#7 to 32
bytes; the key is the 43 characters of the console and `=`, base64-decoded, and its first 16 bytes are the iv.
Signed: hex SHA-1 of the sorted and joined token, timestamp, nonce and sealed text.

Source: DingTalk developer docs, "HTTP event callback"; WeCom developer docs, "Encryption and decryption"; both read
2026-02-28. Written apart from the gate's own code and on another library, so that it cannot agree with a mistake in it.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

__all__ = ["seal", "signature", "unseal"]

_PADDING = PKCS7(32 * 8)


def seal(message: bytes, receiver_id: str, console_key: str, random16: bytes) -> str:
    """Seal a message for a receiver."""
    padder = _PADDING.padder()
    plain = random16 + len(message).to_bytes(4, "big") + message + receiver_id.encode()
    encryptor = _cipher(console_key).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    return base64.b64encode(sealed).decode()


def unseal(sealed: str, console_key: str) -> tuple[bytes, str]:
    """
    Return the message and the receiver's id.

    Raises:
        ValueError: it is not sealed with this key.
    """
    decryptor, unpadder = _cipher(console_key).decryptor(), _PADDING.unpadder()
    padded = decryptor.update(base64.b64decode(sealed, validate=True)) + decryptor.finalize()
    plain = unpadder.update(padded) + unpadder.finalize()
    end = 20 + int.from_bytes(plain[16:20], "big")
    return plain[20:end], plain[end:].decode()


def signature(token: str, timestamp: str, nonce: str, sealed: str) -> str:
    """Sign a sealed text."""
    joined = "".join(sorted([token, timestamp, nonce, sealed]))
    return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()  # the platforms' specification


def _cipher(console_key: str) -> Cipher[modes.CBC]:
    key = base64.b64decode(console_key + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))
