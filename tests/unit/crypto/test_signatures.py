"""Digests, and the comparison that does not tell where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from approval_gate.crypto.signatures import hmac_sha256_base64, is_equal, sha1_hex, sha256_hex

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors", "feishu-lark.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS["signature_only"], ids=lambda vector: vector["signature"][:8])
def test_signatures_of_callbacks(vector: dict[str, str]) -> None:
    digest = {"sha256": sha256_hex, "sha1": sha1_hex}[vector["algorithm"]]

    parts = (vector[name].encode() for name in ("timestamp", "nonce", "key", "raw_body"))

    assert digest(*parts) == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS["custom_bot_sign"], ids=lambda vector: vector["timestamp"])
def test_signatures_of_group_robots(vector: dict[str, str]) -> None:
    key = vector["string_to_sign_as_hmac_key"].encode()

    assert hmac_sha256_base64(key, vector["message"].encode()) == vector["sign"]


@pytest.mark.parametrize("given", ["", "abd", "ABC", "abc ", "äbc", "\ud800"])
def test_different_texts_are_not_equal(given: str) -> None:
    assert not is_equal("abc", given)


def test_equal_texts_are_equal() -> None:
    assert is_equal("abc", "abc")
