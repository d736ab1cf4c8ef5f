"""Where reading stops: size of a body, length and padding of a seal. Everything else about these requests is right."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from approval_gate.errors import CallbackRejected
from approval_gate.providers.feishu.callbacks import MAX_BODY_BYTES
from approval_gate.web import WebRequest
from tests.kits.feishu import FeishuKit

REF = "A7E2B6C1-58D3-4F0A-8B9C-6D1E2F304152"
IV = bytes(range(16))


def with_padding(kit: FeishuKit, padding: bytes) -> WebRequest:
    """Seal and sign a true event, filled up with spaces so that `padding` ends it at a block's end."""
    plain = json.dumps(kit.envelope(kit.instance_event(REF, "APPROVED"))).encode()
    padded = plain + b" " * (-(len(plain) + len(padding)) % 16) + padding
    encryptor = Cipher(algorithms.AES(kit._key()), modes.CBC(IV)).encryptor()
    return _signed(kit, IV + encryptor.update(padded) + encryptor.finalize())


def _signed(kit: FeishuKit, sealed: bytes) -> WebRequest:
    return kit.signed(json.dumps({"encrypt": base64.b64encode(sealed).decode()}).encode())


def test_a_body_of_the_greatest_size_is_read_and_one_byte_more_is_not(kit: FeishuKit) -> None:
    body = kit.approve(REF).body
    room = MAX_BODY_BYTES - len(body)

    assert kit.receiver().open(kit.signed(body + b" " * room)).events
    with pytest.raises(CallbackRejected, match="size"):
        kit.receiver().open(kit.signed(body + b" " * (room + 1)))


@pytest.mark.parametrize("count", range(1, 17))
def test_every_length_of_padding_is_taken(kit: FeishuKit, count: int) -> None:
    assert kit.receiver().open(with_padding(kit, bytes([count]) * count)).events


@pytest.mark.parametrize(
    "padding",
    [b"\x11" * 17, b"\x20" * 32, b"\x00" * 16, b"\x01\x02", b"\x0f" + b"\x10" * 15, b"\xff" * 16],
    ids=["17", "32", "zeros", "unequal", "one-of-sixteen-unequal", "too-long"],
)
def test_an_impossible_padding_is_rejected(kit: FeishuKit, padding: bytes) -> None:
    with pytest.raises(CallbackRejected, match="encrypt"):
        kit.receiver().open(with_padding(kit, padding))


@pytest.mark.parametrize("sealed", [b"", IV[:15], IV, IV + b"0" * 15, IV + b"0" * 17], ids=len)
def test_a_seal_of_impossible_length_is_rejected(kit: FeishuKit, sealed: bytes) -> None:
    with pytest.raises(CallbackRejected, match="encrypt"):
        kit.receiver().open(_signed(kit, sealed))
