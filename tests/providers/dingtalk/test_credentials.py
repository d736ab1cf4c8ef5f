"""What an administrator registers."""

from __future__ import annotations

import pytest

from approval_gate.errors import RequestError
from approval_gate.providers.dingtalk.credentials import Credentials

GOOD = {
    "app_key": "dingabcdefgh12345678",
    "app_secret": "very-secret-app-secret",
    "aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "token": "cicdToken2026",
    "agent_id": "836390886",
    "corp_id": "ding9f50b15bccd16741",
}


def problems_of(fields: dict[str, str]) -> dict[str, str]:
    with pytest.raises(RequestError) as caught:
        Credentials.from_fields(fields)
    return {each.field: each.problem for each in caught.value.problems}


def test_everything_is_taken() -> None:
    credentials = Credentials.from_fields(GOOD)

    assert {name: getattr(credentials, name) for name in GOOD} == GOOD
    assert credentials.vendor_identity == GOOD["app_key"]
    assert credentials.callbacks_ready


@pytest.mark.parametrize("later", [("aes_key",), ("token",), ("aes_key", "token"), ("agent_id", "corp_id", "token")])
def test_what_belongs_to_callbacks_may_come_later(later: tuple[str, ...]) -> None:
    credentials = Credentials.from_fields(GOOD | dict.fromkeys(later, ""))

    assert not credentials.callbacks_ready


@pytest.mark.parametrize("name", ["app_key", "app_secret"])
def test_the_key_and_its_secret_are_required(name: str) -> None:
    assert "is required" in problems_of(GOOD | {name: ""})[f"credentials.{name}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app_key", "cli_a1b2c3"),
        ("app_key", "dingäöü"),
        ("app_secret", "has a space"),
        ("aes_key", "short"),
        ("aes_key", "a" * 44),
        ("token", "with-dash"),
        ("token", "ab"),
        ("agent_id", "12a"),
        ("corp_id", "ww123"),
    ],
)
def test_a_malformed_value_is_named_and_not_repeated(name: str, value: str) -> None:
    problems = problems_of(GOOD | {name: value})

    assert list(problems) == [f"credentials.{name}"]
    assert value not in problems[f"credentials.{name}"]
    assert "console" in problems[f"credentials.{name}"]


def test_an_unknown_field_is_named() -> None:
    assert problems_of(GOOD | {"encrypt_key": "x"}) == {"credentials.encrypt_key": "is unknown; remove it"}


def test_secrets_have_no_repr() -> None:
    shown = repr(Credentials.from_fields(GOOD))

    assert not any(GOOD[name] in shown for name in GOOD.keys() - Credentials.public_fields())
    assert Credentials.public_fields() == {"app_key", "agent_id", "corp_id"}
