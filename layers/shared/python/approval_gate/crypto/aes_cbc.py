"""AES in CBC mode with PKCS#7 padding, as the platforms seal their callbacks."""

from __future__ import annotations

from Crypto.Cipher import AES

__all__ = ["AES_BLOCK_BYTES", "decrypt", "encrypt"]

AES_BLOCK_BYTES = 16
MAX_PADDING_BLOCK_BYTES = 255


def encrypt(plain: bytes, *, key: bytes, iv: bytes, padding_block_bytes: int = AES_BLOCK_BYTES) -> bytes:
    """
    Pad and encrypt.

    Args:
        plain: of any length, also empty.
        key: 16, 24 or 32 bytes.
        iv: 16 bytes; random for each message.
        padding_block_bytes: to what PKCS#7 fills up; a multiple of 16. Some platforms use 32.

    Returns: the ciphertext, without the iv.
    """
    _check_block(padding_block_bytes)
    missing = padding_block_bytes - len(plain) % padding_block_bytes
    padded = plain + bytes([missing]) * missing
    return bytes(AES.new(key, AES.MODE_CBC, iv=iv).encrypt(padded))


def decrypt(sealed: bytes, *, key: bytes, iv: bytes, padding_block_bytes: int = AES_BLOCK_BYTES) -> bytes:
    """
    Decrypt and take the padding off, every byte of it checked.

    CBC authenticates nothing: whoever calls this proves the sender in another way, and tells the world the same
    whether the padding or the proof was wrong.

    Args:
        sealed: the ciphertext, without the iv.
        key, iv, padding_block_bytes: as in `encrypt`.

    Raises:
        ValueError: impossible length or padding. The text names the check and holds no data.
    """
    _check_block(padding_block_bytes)
    if not sealed or len(sealed) % AES_BLOCK_BYTES:
        raise ValueError("ciphertext length")
    padded = bytes(AES.new(key, AES.MODE_CBC, iv=iv).decrypt(sealed))
    count = padded[-1]
    if not 1 <= count <= min(padding_block_bytes, len(padded)):
        raise ValueError("padding")
    if padded[-count:] != bytes([count]) * count:
        raise ValueError("padding")
    return padded[:-count]


def _check_block(padding_block_bytes: int) -> None:
    if padding_block_bytes % AES_BLOCK_BYTES or not 0 < padding_block_bytes <= MAX_PADDING_BLOCK_BYTES:
        raise ValueError("padding block must be a multiple of 16 below 256")
