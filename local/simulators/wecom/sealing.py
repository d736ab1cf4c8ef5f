"""
Seal and sign callbacks, and open what comes back.

    key  = base64(EncodingAESKey + "="), AES-256-CBC with the key's first 16 bytes as IV
    text = random(16) | length(4, big-endian) | message(length) | CorpId(rest), PKCS#7 to 32 bytes
    msg_signature = hex SHA-1 over token, timestamp, nonce and sealed text, sorted and joined

Written from the vendor's description with the `cryptography` package, without our own modules. Source: "Encryption and
decryption", read 2026-02-28.
"""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

__all__ = ["opened", "sealed", "signature"]

_BLOCK_BITS = 256
_HEAD_BYTES = 20


def sealed(message: bytes, encoding_aes_key: str, receiver: str, random16: bytes) -> str:
    """Return the sealed text of a message."""
    packed = random16 + len(message).to_bytes(4, "big") + message + receiver.encode()
    padder = PKCS7(_BLOCK_BITS).padder()
    padded = padder.update(packed) + padder.finalize()
    encryptor = _cipher(encoding_aes_key).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def opened(text: str, encoding_aes_key: str) -> tuple[bytes, str]:
    """
    Return message and receiver of a sealed text.

    Raises:
        ValueError: it is none.
    """
    decryptor = _cipher(encoding_aes_key).decryptor()
    padded = decryptor.update(base64.b64decode(text, validate=True)) + decryptor.finalize()
    unpadder = PKCS7(_BLOCK_BITS).unpadder()
    packed = unpadder.update(padded) + unpadder.finalize()
    end = _HEAD_BYTES + int.from_bytes(packed[16:_HEAD_BYTES], "big")
    if len(packed) < end:
        raise ValueError("impossible length")
    return packed[_HEAD_BYTES:end], packed[end:].decode()


def signature(token: str, timestamp: str, nonce: str, text: str) -> str:
    """Return the signature of a sealed text."""
    joined = "".join(sorted((token, timestamp, nonce, text)))
    # SHA-1 is the platform's specification, not our choice.
    return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()


def is_signed(given: str, token: str, timestamp: str, nonce: str, text: str) -> bool:
    """Tell whether a signature is right."""
    return hmac.compare_digest(given.encode(), signature(token, timestamp, nonce, text).encode())


def _cipher(encoding_aes_key: str) -> Cipher[modes.CBC]:
    key = base64.b64decode(encoding_aes_key + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))
