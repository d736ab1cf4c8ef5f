"""Digests, and the comparison that does not tell where."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

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


DINGTALK = json.loads(Path(__file__).parents[2].joinpath("vectors", "dingtalk.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", DINGTALK["custom_robot_sign"], ids=lambda vector: vector["sign_base64"][:8])
def test_signatures_of_dingtalk_robots(vector: dict[str, str]) -> None:
    sign = hmac_sha256_base64(vector["secret"].encode(), vector["string_to_sign"].encode())

    assert (sign, quote(sign, safe="")) == (vector["sign_base64"], vector["sign_urlencoded"])


@pytest.mark.parametrize("vector", DINGTALK["robot_outgoing_header_sign"], ids=lambda v: v["header_sign"][:8])
def test_signatures_of_dingtalk_outgoing_messages(vector: dict[str, str]) -> None:
    sign = hmac_sha256_base64(vector["app_secret"].encode(), vector["string_to_sign"].encode())

    assert sign == vector["header_sign"]


@pytest.mark.parametrize("vector", DINGTALK["card_callback_header_sign"], ids=lambda v: v["x-ddpaas-signature"][:8])
def test_signatures_of_dingtalk_card_callbacks(vector: dict[str, str]) -> None:
    sign = hmac_sha256_base64(vector["api_secret"].encode(), vector["message"].encode())

    assert sign == vector["x-ddpaas-signature"]


@pytest.mark.parametrize("given", ["", "abd", "ABC", "abc ", "äbc", "\ud800"])
def test_different_texts_are_not_equal(given: str) -> None:
    assert not is_equal("abc", given)


def test_equal_texts_are_equal() -> None:
    assert is_equal("abc", "abc")
