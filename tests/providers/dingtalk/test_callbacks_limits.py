"""Where opening a seal stops: its length and its padding. Everything else about these requests is right."""

from __future__ import annotations

import base64

import pytest

from approval_gate.errors import CallbackRejected
from approval_gate.web import WebRequest
from tests.kits.dingtalk import DingTalkKit

CHECK = b'{"EventType":"check_url"}'


def with_padding(kit: DingTalkKit, padding: bytes) -> WebRequest:
    """Seal and sign an address check, filled up with spaces so that `padding` ends it at a block's end."""
    owner = kit.credentials["app_key"].encode()
    body = CHECK + b" " * (-(20 + len(CHECK) + len(owner) + len(padding)) % 16)
    return kit.sealed_layout(b"r" * 16 + len(body).to_bytes(4) + body + owner + padding)


@pytest.mark.parametrize("count", range(1, 33))
def test_every_length_of_padding_is_taken(kit: DingTalkKit, count: int) -> None:
    assert kit.receiver().open(with_padding(kit, bytes([count]) * count)).is_address_check


@pytest.mark.parametrize(
    "padding",
    [b"\x21" * 33, b"\x30" * 48, b"\x00" * 16, b"\x01\x02", b"\x1f" + b"\x20" * 31, b"\xff" * 32],
    ids=["33", "48", "zeros", "unequal", "one-of-32-unequal", "too-long"],
)
def test_an_impossible_padding_is_rejected(kit: DingTalkKit, padding: bytes) -> None:
    with pytest.raises(CallbackRejected, match="encrypt"):
        kit.receiver().open(with_padding(kit, padding))


@pytest.mark.parametrize("sealed", [b"", b"0" * 15, b"0" * 17, b"0" * 31, b"0" * 33], ids=len)
def test_a_seal_of_impossible_length_is_rejected(kit: DingTalkKit, sealed: bytes) -> None:
    with pytest.raises(CallbackRejected, match="encrypt"):
        kit.receiver().open(kit.signed({"encrypt": base64.b64encode(sealed).decode()}))
