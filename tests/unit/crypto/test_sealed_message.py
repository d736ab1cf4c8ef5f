"""The envelope of DingTalk and WeCom, held against the `cryptography` package and against vectors of others."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from approval_gate.crypto.sealed_message import key_of, open_sealed, seal, signature
from approval_gate.errors import CallbackRejected

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors", "dingtalk.json").read_text(encoding="utf-8"))
SEALED = [
    each for group in ("vendor_published", "requests", "requests_other_owner", "responses") for each in VECTORS[group]
]
KEY = bytes(range(32))
RANDOM = b"0123456789abcdef"


def encrypted(padded: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(KEY), modes.CBC(KEY[:16])).encryptor()
    return encryptor.update(padded) + encryptor.finalize()


def padded(plain: bytes, block: int = 32) -> bytes:
    missing = block - len(plain) % block
    return plain + bytes([missing]) * missing


def layout(body: bytes, receiver: bytes = b"receiver", length: int | None = None) -> bytes:
    return RANDOM + struct.pack(">I", len(body) if length is None else length) + body + receiver


@pytest.mark.parametrize("vector", SEALED, ids=lambda vector: vector["name"])
def test_vectors_open(vector: dict[str, Any]) -> None:
    body, receiver = open_sealed(base64.b64decode(vector["encrypt"]), key_of(vector["aes_key"]))

    assert (body.decode(), receiver.decode()) == (vector["plaintext"], vector["owner_key"])


@pytest.mark.parametrize(
    "vector", [each for each in SEALED if each.get("pad_block", 32) == 32], ids=lambda vector: vector["name"]
)
def test_vectors_are_sealed_to_the_byte(vector: dict[str, Any]) -> None:
    sealed = seal(
        vector["plaintext"].encode(),
        key_of(vector["aes_key"]),
        vector["owner_key"].encode(),
        vector["random16"].encode(),
    )

    assert base64.b64encode(sealed).decode() == vector["encrypt"]


@pytest.mark.parametrize("vector", SEALED + VECTORS["signature_only"], ids=lambda vector: vector["signature"][:8])
def test_vectors_are_signed(vector: dict[str, Any]) -> None:
    parts = (vector[name] for name in ("token", "timestamp", "nonce", "encrypt"))

    assert signature(*parts) == vector["signature"]


def test_the_key_of_the_vectors() -> None:
    assert key_of("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").hex() == VECTORS["parameters"]["aes_key_hex_computed"]


def test_spare_bits_of_a_key_are_ignored() -> None:
    assert key_of("A" * 42 + "A") == key_of("A" * 42 + "B") == bytes(32)


@pytest.mark.parametrize(
    "given", ["", "A" * 42, "A" * 44, "A" * 42 + "=", "A" * 42 + "\n", "A" * 42 + "é", "A" * 42 + "-"]
)
def test_what_is_no_key_is_refused_without_being_repeated(given: str) -> None:
    with pytest.raises(ValueError, match="43 characters") as caught:
        key_of(given)

    assert not given or given not in str(caught.value)


@given(body=st.binary(max_size=200), receiver=st.binary(max_size=40), random16=st.binary(min_size=16, max_size=16))
def test_what_was_sealed_opens_for_others_and_for_us(body: bytes, receiver: bytes, random16: bytes) -> None:
    sealed = seal(body, KEY, receiver, random16)

    decryptor = Cipher(algorithms.AES(KEY), modes.CBC(KEY[:16])).decryptor()
    plain = decryptor.update(sealed) + decryptor.finalize()
    assert plain == padded(random16 + struct.pack(">I", len(body)) + body + receiver)
    assert open_sealed(sealed, KEY) == (body, receiver)


@pytest.mark.parametrize("count", [0, 15, 17, 32])
def test_sealing_wants_sixteen_random_bytes(count: int) -> None:
    with pytest.raises(ValueError, match="random"):
        seal(b"body", KEY, b"receiver", bytes(count))


@pytest.mark.parametrize("block", [16, 32])
def test_both_paddings_in_use_open(block: int) -> None:
    assert open_sealed(encrypted(padded(layout(b"body"), block)), KEY) == (b"body", b"receiver")


def test_every_byte_of_the_padding_is_checked() -> None:
    good = padded(layout(b"body", b"receiver"))
    count = good[-1]
    assert count > 2

    for position in range(len(good) - count, len(good) - 1):
        bad = bytearray(good)
        bad[position] ^= 1
        with pytest.raises(CallbackRejected):
            open_sealed(encrypted(bytes(bad)), KEY)


@pytest.mark.parametrize("last", [0, 33, 48, 255])
def test_an_impossible_padding_is_refused(last: int) -> None:
    plain = layout(b"x" * 68)  # 96 bytes
    with pytest.raises(CallbackRejected):
        open_sealed(encrypted(plain[:-1] + bytes([last])), KEY)


@pytest.mark.parametrize("length", [13, 100, 2**31, 2**32 - 1])
def test_a_length_beyond_the_message_is_refused(length: int) -> None:
    with pytest.raises(CallbackRejected, match="length field"):
        open_sealed(encrypted(padded(layout(b"body", b"receiver", length))), KEY)


@pytest.mark.parametrize("plain", [b"", RANDOM, RANDOM + b"\0\0\0"])
def test_a_message_without_room_for_its_length_is_refused(plain: bytes) -> None:
    with pytest.raises(CallbackRejected, match="length field"):
        open_sealed(encrypted(padded(plain)), KEY)


@pytest.mark.parametrize("sealed", [b"", b"a", bytes(15), bytes(17), bytes(33)])
def test_an_impossible_ciphertext_is_refused(sealed: bytes) -> None:
    with pytest.raises(CallbackRejected):
        open_sealed(sealed, KEY)


@given(sealed=st.binary(max_size=200))
def test_no_other_error_leaves(sealed: bytes) -> None:
    try:
        open_sealed(sealed, KEY)
    except CallbackRejected as err:
        assert err.check in {"encrypt", "length field"}  # noqa: PT017 - whether it is raised at all is up to the bytes


def test_a_signature_takes_what_no_codec_takes() -> None:
    assert len(signature("token", "\ud800", "n", "é")) == 40
