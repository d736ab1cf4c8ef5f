"""Which sets of keys may prove a callback, and in which order they are tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from approval_gate.ports.messages import Robot
from approval_gate.ports.secrets import MAX_KEY_SETS, MAX_OLD_KEYS, AppSecret, OldKeys
from approval_gate.services.rotate import end_overlaps, with_credentials

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIELDS = {"key", "token"}


def rotated(*steps: tuple[dict[str, str], timedelta, datetime], start: dict[str, str]) -> AppSecret:
    secret = AppSecret({"id": "app", **start}, NOW)
    for fields, overlap, at in steps:
        secret = with_credentials(secret, {**secret.credentials, **fields}, FIELDS, overlap, at)
    return secret


def sets(secret: AppSecret, at: datetime = NOW) -> list[tuple[str, str]]:
    return [(keys.get("key", ""), keys.get("token", "")) for keys in secret.key_sets(at)]


def test_without_a_change_there_is_one_set() -> None:
    assert sets(rotated(start={"key": "k1", "token": "t1"})) == [("k1", "t1")]


def test_whole_sets_come_before_mixtures() -> None:
    secret = rotated(({"key": "k2", "token": "t2"}, HOUR, NOW), start={"key": "k1", "token": "t1"})

    assert sets(secret) == [("k2", "t2"), ("k1", "t1"), ("k2", "t1"), ("k1", "t2")]


def test_other_credentials_are_always_the_current_ones() -> None:
    secret = rotated(({"key": "k2", "secret": "s2"}, HOUR, NOW), start={"key": "k1", "token": "t1", "secret": "s1"})

    assert {keys["secret"] for keys in secret.key_sets(NOW)} == {"s2"}


def test_two_changes_give_every_state_there_was() -> None:
    secret = rotated(
        ({"key": "k2"}, HOUR, NOW), ({"token": "t2"}, HOUR, NOW + HOUR / 2), start={"key": "k1", "token": "t1"}
    )

    assert sets(secret, NOW + HOUR / 2)[:3] == [("k2", "t2"), ("k2", "t1"), ("k1", "t1")]
    assert sets(secret, NOW + HOUR) == [("k2", "t2"), ("k2", "t1")]
    assert sets(secret, NOW + HOUR * 1.5) == [("k2", "t2")]


def test_a_value_taken_away_at_once_is_in_no_set_though_older_ones_are() -> None:
    """An older key is still good; the token that leaked is not, not even beside it."""
    secret = rotated(
        ({"key": "k2"}, HOUR, NOW), ({"token": "t2"}, timedelta(), NOW), start={"key": "k1", "token": "leaked"}
    )

    assert sets(secret) == [("k2", "t2"), ("k1", "t2")]


def test_a_mixture_never_leaves_a_check_out() -> None:
    secret = rotated(({"key": "k2", "token": "t2"}, HOUR, NOW), start={"key": "", "token": "t1"})

    assert sets(secret) == [("k2", "t2"), ("", "t1"), ("k2", "t1")]


def test_keys_that_were_not_set_leave_nothing_behind() -> None:
    secret = rotated(({"key": "k1", "token": "t1"}, HOUR, NOW), start={})

    assert (secret.previous, sets(secret)) == ((), [("k1", "t1")])


def test_an_unproven_callback_costs_a_bounded_number_of_checks() -> None:
    steps = [({"key": f"k{n}", "token": f"t{n}"}, HOUR, NOW) for n in range(1, MAX_OLD_KEYS + 1)]
    found = sets(rotated(*steps, start={"key": "k0", "token": "t0"}))

    assert len(found) == MAX_KEY_SETS
    assert found == [(f"k{n}", f"t{n}") for n in range(MAX_OLD_KEYS, -1, -1)]


def test_overlaps_end_early_and_never_later() -> None:
    secret = rotated(({"key": "k2"}, HOUR, NOW), start={"key": "k1", "token": "t1"})

    assert end_overlaps(secret, 2 * HOUR, NOW).previous[0].until == NOW + HOUR
    assert end_overlaps(secret, HOUR / 2, NOW).previous[0].until == NOW + HOUR / 2
    assert end_overlaps(secret, timedelta(), NOW).previous == ()


def test_nothing_of_a_secret_has_a_repr() -> None:
    secret = AppSecret(
        {"key": "hidden-1"}, NOW, (OldKeys({"key": "hidden-2"}, NOW),), {"r": Robot("r", "hidden-3", "hidden-4")}
    )

    assert "hidden" not in f"{secret!r} {secret} {secret.previous} {secret.robots}"
