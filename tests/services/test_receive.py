"""Refusing a callback is the same work whether or not its app exists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Self

import pytest

from approval_gate.errors import CallbackRejected
from approval_gate.ports import CallbackEvent, Clock, Opened
from approval_gate.ports.secrets import AppSecret, Held, OldKeys
from approval_gate.services.receive import Callbacks
from approval_gate.web import WebRequest, WebResponse

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)


class WordReceiver:
    """A platform whose proof is the key itself, as the body."""

    checked: list[str] = []  # noqa: RUF012 - emptied before each test

    def __init__(self, key: str) -> None:
        self._key = key

    @classmethod
    def from_credentials(cls, credentials: Mapping[str, str], _clock: Clock) -> Self:
        if not credentials.get("key"):
            raise CallbackRejected("callbacks are not set up")
        return cls(credentials["key"])

    def open(self, request: WebRequest) -> Opened:
        self.checked.append(self._key)
        if request.body.decode() != self._key:
            raise CallbackRejected(f"not by {self._key}")
        return Opened(WebResponse())


class Keys:
    """A memory of one app's secret; what is stored may be newer."""

    def __init__(self, held: AppSecret | None, stored: AppSecret | None, *, is_fresh: bool = False) -> None:
        self._held, self._stored, self._is_fresh = held, stored, is_fresh
        self.asked_again = 0

    def get(self, tenant: str, app: str) -> Held:
        return Held(self._held, is_fresh=self._is_fresh)

    def again(self, tenant: str, app: str) -> Held | None:
        self.asked_again += 1
        return Held(self._stored, is_fresh=True)


class Journal:
    def add(
        self, provider: str, tenant: str, app: str, event: CallbackEvent, body: bytes, took_ms: int | None = None
    ) -> bool:
        return True


@pytest.fixture(autouse=True)
def _nothing_checked() -> None:
    WordReceiver.checked.clear()


def receive(keys: Keys, body: str, entropy: bytes = b"\x01" * 32) -> Opened:
    callbacks = Callbacks("word", WordReceiver, keys, Journal(), lambda: NOW, lambda _: entropy)
    return callbacks.receive("acme", "prod", WebRequest("POST", body=body.encode()))[0]


def secret(key: str, *previous: OldKeys) -> AppSecret:
    return AppSecret({"key": key} if key else {}, NOW, previous)


@pytest.mark.parametrize("stored", [None, secret(""), secret("k1")], ids=["no app", "not set up", "set up"])
def test_one_check_is_made_whatever_is_stored(stored: AppSecret | None) -> None:
    keys = Keys(stored, stored)

    with pytest.raises(CallbackRejected):
        receive(keys, "forged")

    assert (len(WordReceiver.checked), keys.asked_again) == (1, 1)


def test_whoever_guesses_the_stand_in_key_is_refused_all_the_same() -> None:
    with pytest.raises(CallbackRejected):
        receive(Keys(None, None), "forged")
    (stand_in,) = WordReceiver.checked

    with pytest.raises(CallbackRejected, match="unknown app"):
        receive(Keys(None, None), stand_in)


def test_the_stand_in_key_is_drawn_anew_by_every_function() -> None:
    for entropy in (b"\x01" * 32, b"\x02" * 32):
        with pytest.raises(CallbackRejected):
            receive(Keys(None, None), "forged", entropy)

    assert len(set(WordReceiver.checked)) == 2


def test_the_log_hears_which_check_the_current_keys_failed() -> None:
    held = secret("k2", OldKeys({"key": "k1"}, NOW + timedelta(hours=1)))

    with pytest.raises(CallbackRejected, match="not by k2"):
        receive(Keys(held, held), "forged")
    assert WordReceiver.checked == ["k2", "k1"]


def test_newer_keys_are_tried_once_and_only_if_they_differ() -> None:
    assert receive(Keys(secret("k1"), secret("k2")), "k2")
    assert WordReceiver.checked == ["k1", "k2"]


def test_what_was_read_for_this_request_is_not_read_again() -> None:
    keys = Keys(secret("k1"), secret("k2"), is_fresh=True)

    with pytest.raises(CallbackRejected):
        receive(keys, "k2")
    assert keys.asked_again == 0
