"""Credentials as an administrator registers them."""

from __future__ import annotations

import pytest

from approval_gate.errors import RequestError
from approval_gate.providers.wecom.credentials import Credentials

GIVEN = {"corp_id": "ww1a2b3c4d5e6f7890", "agent_id": "1000002", "secret": "s3cret-value"}
CALLBACKS = {"token": "ApprvTok2026wecom", "encoding_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"}


def problems(fields: dict[str, str]) -> dict[str, str]:
    with pytest.raises(RequestError) as caught:
        Credentials.from_fields(fields)
    return {each.field: each.problem for each in caught.value.problems}


def test_callbacks_may_be_set_up_later() -> None:
    assert not Credentials.from_fields(GIVEN).callbacks_ready
    assert not Credentials.from_fields(GIVEN | {"token": "", "encoding_aes_key": ""}).callbacks_ready
    assert Credentials.from_fields(GIVEN | CALLBACKS).callbacks_ready


def test_an_app_is_known_by_company_and_agent() -> None:
    assert Credentials.from_fields(GIVEN).vendor_identity == "ww1a2b3c4d5e6f7890:1000002"


@pytest.mark.parametrize("name", ["corp_id", "agent_id", "secret"])
def test_what_is_missing_is_named_with_its_place(name: str) -> None:
    assert "is required" in problems({key: value for key, value in GIVEN.items() if key != name})[f"credentials.{name}"]


@pytest.mark.parametrize("name", ["token", "encoding_aes_key"])
def test_one_of_token_and_key_needs_the_other(name: str) -> None:
    found = problems({**GIVEN, **CALLBACKS, name: ""})

    assert list(found) == [f"credentials.{name}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("corp_id", "ww 1"),
        ("agent_id", "0"),
        ("agent_id", "agent"),
        ("secret", "two words"),
        ("token", "has-hyphen"),
        ("token", "x" * 33),
        ("encoding_aes_key", "x" * 42),
        ("encoding_aes_key", "x" * 42 + "="),
        ("template_id", "a/b"),
    ],
)
def test_what_is_malformed_is_named_and_not_repeated(name: str, value: str) -> None:
    found = problems({**GIVEN, **CALLBACKS, name: value})

    assert "malformed" in found[f"credentials.{name}"]
    assert value not in found[f"credentials.{name}"]


def test_unknown_fields_are_refused() -> None:
    assert "credentials.app_secret" in problems({**GIVEN, "app_secret": "x"})


def test_secrets_have_no_repr_and_are_not_public() -> None:
    credentials = Credentials.from_fields(GIVEN | CALLBACKS)

    assert all(value not in repr(credentials) for value in (GIVEN["secret"], *CALLBACKS.values()))
    assert Credentials.public_fields() == {"corp_id", "agent_id", "template_id"}
