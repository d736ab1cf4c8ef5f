"""
Sealing of events and reading of the app's answers, written from the vendor's description of its helpers.

    encrypt   = base64(AES-256-CBC(key, iv = key[:16], random(16) | length(4, big-endian) | body | owner | padding))
    signature = hex(SHA-1(the sorted token, timestamp, nonce and encrypt, joined))

The key is base64 of the 43 characters of `aes_key`; padding is PKCS#7 to 32 bytes, and 1 to 32 are taken, because peers
of the vendor's own pad to 16. `owner` is the AppKey. Source: "HTTP event callback" and the vendor's helpers, read
2026-02-28.
"""

import base64
import binascii
import hmac
import json
from hashlib import sha1

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

__all__ = ["key_of", "reply_problem", "seal", "signature", "unseal"]

_KEY_CHARS, _KEY_BYTES, _HEAD_BYTES, _BLOCK_BYTES, _LARGEST_PADDING = 43, 32, 20, 16, 32
_NAMES = ("msg_signature", "timeStamp", "nonce", "encrypt")


def key_of(aes_key: str) -> bytes:
    """
    Return the key, also when spare bits of the last character are set, as in the vendor's own samples.

    Raises:
        ValueError: not 43 characters of base64.
    """
    if len(aes_key) != _KEY_CHARS:
        raise ValueError("aes_key must have 43 characters")
    key = base64.b64decode(f"{aes_key}=", validate=True)
    if len(key) != _KEY_BYTES:
        raise ValueError("aes_key must be base64 of 32 bytes")
    return key


def signature(token: str, timestamp: str, nonce: str, encrypt: str) -> str:
    """Return the signature of what is sent in either direction."""
    # SHA-1 is the platform's specification.
    return sha1("".join(sorted((token, timestamp, nonce, encrypt))).encode()).hexdigest()  # noqa: S324 - see above


def seal(body: bytes, key: bytes, owner: str, random16: bytes) -> str:
    """Return `encrypt`."""
    padder = PKCS7(_LARGEST_PADDING * 8).padder()
    plain = random16 + len(body).to_bytes(4) + body + owner.encode()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    padded = padder.update(plain) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def unseal(encrypt: str, key: bytes) -> tuple[bytes, str]:
    """
    Return body and owner.

    Raises:
        ValueError: with the vendor's number for the fault.
    """
    try:
        sealed = base64.b64decode(encrypt, validate=True)
    except (binascii.Error, ValueError) as err:
        raise ValueError("900008: encrypt is not base64 (line breaks count)") from err
    if not sealed or len(sealed) % _BLOCK_BYTES:
        raise ValueError("900008: encrypt holds no whole blocks")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    padded = decryptor.update(sealed) + decryptor.finalize()
    count = padded[-1]
    if not 1 <= count <= _LARGEST_PADDING or padded[-count:] != bytes([count]) * count:
        raise ValueError("900009: the padding is wrong")
    plain = padded[:-count]
    end = _HEAD_BYTES + int.from_bytes(plain[16:_HEAD_BYTES])
    if len(plain) < _HEAD_BYTES or end > len(plain):
        raise ValueError("900009: the length is wrong")
    return plain[_HEAD_BYTES:end], plain[end:].decode(errors="replace")


def reply_problem(body: bytes, key: bytes, token: str, owner: str) -> str:
    """
    Say why an app's answer is no proven `success`, or nothing.

    Four texts of these very names are wanted; the time in it is not compared with anything.
    """
    try:
        reply = json.loads(body)
    except ValueError:
        return "the answer is not JSON; answer with the sealed word success"
    if not isinstance(reply, dict) or not all(isinstance(reply.get(name), str) for name in _NAMES):
        return f"the answer needs {', '.join(_NAMES)}, all as texts"
    expected = signature(token, reply["timeStamp"], reply["nonce"], reply["encrypt"])
    if not hmac.compare_digest(expected.encode(), reply["msg_signature"].encode()):
        return "900005: msg_signature of the answer does not match"
    try:
        said, said_by = unseal(reply["encrypt"], key)
    except ValueError as err:
        return f"{err} (in the answer)"
    if said_by != owner:
        return "900010: the answer is sealed for somebody else than the request was"
    return "" if said == b"success" else "the answer does not say success"
