"""Credentials of Feishu and Lark."""

from __future__ import annotations

import pytest

from approval_gate.errors import RequestError
from approval_gate.providers.feishu.credentials import Credentials
from approval_gate.providers.lark.credentials import Credentials as LarkCredentials

GOOD = {
    "app_id": "cli_a1b2c3d4e5f60718",
    "app_secret": "s3cret-s3cret",
    "encrypt_key": "k3y-k3y",
    "verification_token": "t0ken-t0ken",
}


@pytest.fixture(params=[Credentials, LarkCredentials], ids=["feishu", "lark"])
def credentials_class(request: pytest.FixtureRequest) -> type[Credentials]:
    chosen: type[Credentials] = request.param
    return chosen


def test_all_four_fields_are_taken(credentials_class: type[Credentials]) -> None:
    credentials = credentials_class.from_fields(GOOD)

    assert isinstance(credentials, credentials_class)
    assert (credentials.app_id, credentials.app_secret) == (GOOD["app_id"], GOOD["app_secret"])
    assert credentials.callbacks_ready
    assert credentials.vendor_identity == GOOD["app_id"]
    assert credentials_class.public_fields() == {"app_id"}


@pytest.mark.parametrize("optional", [{}, {"encrypt_key": "", "verification_token": ""}])
def test_callbacks_can_be_set_up_later(credentials_class: type[Credentials], optional: dict[str, str]) -> None:
    required = {"app_id": GOOD["app_id"], "app_secret": GOOD["app_secret"]}

    assert not credentials_class.from_fields(required | optional).callbacks_ready


@pytest.mark.parametrize("name", ["encrypt_key", "verification_token"])
def test_one_of_the_two_is_enough_for_callbacks(credentials_class: type[Credentials], name: str) -> None:
    given = {key: GOOD[key] for key in ("app_id", "app_secret", name)}

    assert credentials_class.from_fields(given).callbacks_ready


@pytest.mark.parametrize("name", ["app_id", "app_secret"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_field_is_named_with_the_place_to_find_it(name: str, value: str | None) -> None:
    given = {key: text for key, text in (GOOD | {name: value}).items() if text is not None}

    with pytest.raises(RequestError) as caught:
        Credentials.from_fields(given)

    (problem,) = caught.value.problems
    assert problem.field == f"credentials.{name}"
    assert "Credentials & Basic Info" in problem.problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app_id", "a1b2c3"),
        ("app_id", "cli_a1b2c3d4e5f60718 "),
        ("app_secret", "with space"),
        ("encrypt_key", "x\n"),
        ("verification_token", "密"),
    ],
)
def test_a_malformed_field_is_named_and_its_value_is_not(name: str, value: str) -> None:
    with pytest.raises(RequestError) as caught:
        Credentials.from_fields(GOOD | {name: value})

    (problem,) = caught.value.problems
    assert problem.field == f"credentials.{name}"
    assert value.strip() not in str(caught.value) + problem.problem


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(RequestError) as caught:
        Credentials.from_fields({"app_key": "x", "encrypt_key": " "})

    assert {each.field.removeprefix("credentials.") for each in caught.value.problems} == {
        "app_key",
        "app_id",
        "app_secret",
        "encrypt_key",
    }


def test_no_secret_is_in_the_repr(credentials_class: type[Credentials]) -> None:
    shown = repr(credentials_class.from_fields(GOOD))

    assert GOOD["app_id"] in shown
    for name in ("app_secret", "encrypt_key", "verification_token"):
        assert GOOD[name] not in shown
