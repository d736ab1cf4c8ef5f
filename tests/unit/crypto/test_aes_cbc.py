"""AES-CBC with checked padding."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval_gate.crypto.aes_cbc import decrypt, encrypt

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors", "feishu-lark.json").read_text(encoding="utf-8"))
KEY = bytes(range(32))
IV = bytes(range(16))


@pytest.mark.parametrize("vector", VECTORS["vendor_samples"], ids=lambda vector: vector["name"])
def test_ciphertexts_published_by_the_vendor_open(vector: dict[str, str]) -> None:
    sealed = base64.b64decode(vector["encrypt"])
    key = hashlib.sha256(vector["key"].encode()).digest()

    assert decrypt(sealed[16:], key=key, iv=sealed[:16]).decode() == vector["plaintext"]


@pytest.mark.parametrize(
    "vector", [case for case in VECTORS["cases"] if "iv_hex" in case], ids=lambda vector: vector["name"]
)
def test_the_vectors_are_sealed_to_the_byte(vector: dict[str, str]) -> None:
    iv = bytes.fromhex(vector["iv_hex"])
    key = bytes.fromhex(VECTORS["algorithm"]["key_hex"])

    sealed = iv + encrypt(vector["decrypted"].encode(), key=key, iv=iv)

    assert base64.b64encode(sealed).decode() == json.loads(vector["raw_body"])["encrypt"]


@given(plain=st.binary(max_size=200), block=st.sampled_from([16, 32]))
def test_what_was_sealed_opens(plain: bytes, block: int) -> None:
    sealed = encrypt(plain, key=KEY, iv=IV, padding_block_bytes=block)

    assert len(sealed) % block == 0
    assert decrypt(sealed, key=KEY, iv=IV, padding_block_bytes=block) == plain


@pytest.mark.parametrize("length", [0, 1, 15, 17, 31])
def test_an_impossible_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="ciphertext length"):
        decrypt(bytes(length), key=KEY, iv=IV)


@pytest.mark.parametrize("end", [b"\x00", b"\x11", b"\x01\x02", b"\x03\x02\x03\x03"[1:2] + b"\x03\x03"])
def test_wrong_padding_is_refused(end: bytes) -> None:
    plain = b"A" * (16 - len(end)) + end
    sealed = encrypt(plain, key=KEY, iv=IV)[:16]  # without the block of padding that was added

    with pytest.raises(ValueError, match="padding"):
        decrypt(sealed, key=KEY, iv=IV)


def test_padding_longer_than_the_message_is_refused() -> None:
    sealed = encrypt(b"\x20" * 16, key=KEY, iv=IV)[:16]

    with pytest.raises(ValueError, match="padding"):
        decrypt(sealed, key=KEY, iv=IV, padding_block_bytes=32)


def test_padding_to_32_is_refused_where_16_is_the_rule() -> None:
    sealed = encrypt(b"A", key=KEY, iv=IV, padding_block_bytes=32)

    with pytest.raises(ValueError, match="padding"):
        decrypt(sealed, key=KEY, iv=IV)


@pytest.mark.parametrize("block", [0, 8, 24, 256])
def test_a_padding_block_that_makes_no_sense_is_refused(block: int) -> None:
    with pytest.raises(ValueError, match="multiple of 16"):
        encrypt(b"", key=KEY, iv=IV, padding_block_bytes=block)
