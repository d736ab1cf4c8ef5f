"""Access tokens, forms and apps on the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from approval_gate.errors import AppExists, IdentityInUse
from approval_gate.ports import AccessTokens, App, Forms
from approval_gate.store.access_tokens import DynamoAccessTokens
from approval_gate.store.apps import DynamoApps
from approval_gate.store.forms import DynamoForms
from tests.fakes.aws import TABLE, aws
from tests.fakes.memory import MemoryForms, MemoryTokens
from tests.fakes.world import Clock

APP = App(tenant="acme", id="prod", provider="feishu", vendor_identity="cli_1")


@pytest.fixture
def table() -> Iterator[Any]:
    with aws() as client:
        yield client


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Platform:
    def __init__(self) -> None:
        self.fetched = 0

    def fetch(self) -> tuple[str, float]:
        self.fetched += 1
        return f"token-{self.fetched}", 6600.0


def tokens(table: Any, clock: Clock, app: App = APP) -> DynamoAccessTokens:
    return DynamoAccessTokens(table, TABLE, clock, app)


def test_a_token_is_fetched_once_for_all_processes(table: Any, clock: Clock) -> None:
    platform = Platform()
    one, other = tokens(table, clock), tokens(table, clock)

    assert [one.get(platform.fetch), one.get(platform.fetch), other.get(platform.fetch)] == ["token-1"] * 3


def test_a_token_is_fetched_anew_when_its_time_is_up(table: Any, clock: Clock) -> None:
    platform = Platform()
    held = tokens(table, clock)
    held.get(platform.fetch)
    clock.advance(6600)

    assert held.get(platform.fetch) == "token-2"


def test_a_refused_token_is_dropped_everywhere_but_not_a_newer_one(table: Any, clock: Clock) -> None:
    platform = Platform()
    one, other = tokens(table, clock), tokens(table, clock)
    refused = one.get(platform.fetch)
    other.get(platform.fetch)
    one.drop(refused)
    fresh = one.get(platform.fetch)

    other.drop(refused)

    assert other.get(platform.fetch) == fresh == "token-2"


def test_an_app_registered_anew_does_not_get_the_old_ones_token(table: Any, clock: Clock) -> None:
    platform = Platform()
    tokens(table, clock).get(platform.fetch)

    assert tokens(table, clock, replace(APP, vendor_identity="cli_2")).get(platform.fetch) == "token-2"
    assert tokens(table, clock, replace(APP, tenant="other")).get(platform.fetch) == "token-3"


type Worker = Callable[[], Forms]
"""Make another worker's view of the same forms."""


@pytest.fixture(params=["table", "memory"])
def worker(request: pytest.FixtureRequest, table: Any, clock: Clock) -> Worker:
    in_memory = MemoryForms(clock)
    return (lambda: DynamoForms(table, TABLE, clock, APP)) if request.param == "table" else (lambda: in_memory)


def test_only_one_worker_may_create_a_form(worker: Worker) -> None:
    one, other = worker(), worker()

    assert (one.claim("k"), other.claim("k"), other.claim("another")) == (True, False, True)
    one.save("k", {"code": "C1"})
    assert other.get("k") == {"code": "C1"}
    assert not other.claim("k")


def test_a_claim_of_a_worker_that_died_lapses_after_a_minute(worker: Worker, clock: Clock) -> None:
    worker().claim("k")
    clock.advance(59)
    assert not worker().claim("k")
    clock.advance(2)
    assert worker().claim("k")


def test_a_released_or_forgotten_form_can_be_created_again(worker: Worker) -> None:
    held = worker()
    held.claim("k")
    held.release("k")
    assert held.claim("k")
    held.save("k", {"code": "C1"})
    held.forget("k")

    assert held.get("k") is None
    assert held.claim("k")


@pytest.fixture(params=["table", "memory"])
def access_tokens(request: pytest.FixtureRequest, table: Any, clock: Clock) -> AccessTokens:
    return tokens(table, clock) if request.param == "table" else MemoryTokens()


def test_a_token_is_kept_until_it_is_refused(access_tokens: AccessTokens) -> None:
    platform = Platform()
    first, second = access_tokens.get(platform.fetch), access_tokens.get(platform.fetch)
    access_tokens.drop(first)
    third = access_tokens.get(platform.fetch)
    access_tokens.drop(first)

    assert [first, second, third, access_tokens.get(platform.fetch)] == ["token-1", "token-1", "token-2", "token-2"]


def test_an_id_and_an_identity_can_be_taken_once(table: Any, clock: Clock) -> None:
    apps = DynamoApps(table, TABLE, clock)
    apps.claim(APP)

    with pytest.raises(AppExists):
        apps.claim(replace(APP, vendor_identity="cli_2"))
    with pytest.raises(IdentityInUse):
        apps.claim(replace(APP, id="second"))
    with pytest.raises(IdentityInUse):
        apps.claim(replace(APP, tenant="other"))


def test_a_callback_is_remembered_at_most_once_an_hour(table: Any, clock: Clock) -> None:
    apps = DynamoApps(table, TABLE, clock)
    apps.claim(APP)

    def seen() -> Any:
        app = apps.get("acme", "prod")
        assert app is not None
        return app

    apps.saw_callback(seen(), clock())
    first = seen().callback_seen_at
    apps.saw_callback(seen(), clock() + timedelta(seconds=59))
    assert seen().callback_seen_at == first
    apps.saw_callback(seen(), clock() + timedelta(seconds=60))
    assert seen().callback_seen_at > first


def test_a_callback_of_a_deleted_app_brings_nothing_back(table: Any, clock: Clock) -> None:
    apps = DynamoApps(table, TABLE, clock)
    apps.claim(APP)
    apps.remove(APP)

    apps.saw_callback(APP, clock())

    assert apps.get("acme", "prod") is None
