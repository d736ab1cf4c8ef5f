"""A function's memory of secrets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter

from approval_gate.api.models import Id
from approval_gate.ports.secrets import AppSecret
from approval_gate.store.keyring import Keyring


class Vault:
    """Secrets that can be counted and changed."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
        self.number = 1
        self.reads = 0

    def load(self, provider: str, tenant: str, app: str) -> AppSecret | None:
        self.reads += 1
        return AppSecret({"key": f"k{self.number}"}, self.now) if app != "nowhere" else None


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def keyring(vault: Vault) -> Keyring:
    return Keyring(vault, "feishu", lambda: vault.now)


def known(keyring: Keyring, app: str = "prod") -> str:
    secret = keyring.get("acme", app).secret
    return secret.credentials["key"] if secret else ""


def test_a_secret_is_read_once_a_minute(keyring: Keyring, vault: Vault) -> None:
    assert [keyring.get("acme", "prod").is_fresh for _ in range(2)] == [True, False]
    vault.number = 2
    vault.now += Keyring.LIFE - timedelta(microseconds=1)
    before = known(keyring)
    vault.now += timedelta(microseconds=1)

    assert (before, known(keyring), vault.reads) == ("k1", "k2", 2)


def test_a_clock_set_back_makes_no_secret_live_longer(keyring: Keyring, vault: Vault) -> None:
    known(keyring)
    vault.number = 2
    vault.now -= timedelta(hours=1)

    assert known(keyring) == "k2"


@pytest.mark.parametrize("app", ["prod", "nowhere"])
def test_fresh_reads_are_counted_for_apps_that_exist_and_for_others(keyring: Keyring, vault: Vault, app: str) -> None:
    keyring.get("acme", app)
    allowed = [keyring.again("acme", app) is not None for _ in range(Keyring.FRESH_READS + 2)]
    vault.now += Keyring.REFILL_AFTER

    assert allowed == [True] * Keyring.FRESH_READS + [False, False]
    assert keyring.again("acme", app) is not None


def test_one_apps_flood_does_not_spend_anothers_reads(keyring: Keyring) -> None:
    for _ in range(Keyring.FRESH_READS + 1):
        keyring.again("acme", "prod")

    assert keyring.again("acme", "other") is not None
    assert keyring.again("other", "prod") is not None


@pytest.mark.parametrize(("tenant", "app"), [("acme#other", "prod"), ("acme", "prod:x"), ("a" * 65, "prod"), ("", "")])
def test_what_no_tenant_or_app_can_be_called_is_never_read(
    keyring: Keyring, vault: Vault, tenant: str, app: str
) -> None:
    held = keyring.get(tenant, app)

    assert (held.secret, held.is_fresh, vault.reads) == (None, True, 0)


@pytest.mark.parametrize("app", ["a", "A1", "feishu-prod.v2_x", "9" * 64])
def test_whatever_an_app_can_be_called_is_read(keyring: Keyring, app: str) -> None:
    assert TypeAdapter(Id).validate_python(app) == app
    assert keyring.get("acme", app).secret is not None


def test_no_number_of_guessed_apps_fills_the_memory(keyring: Keyring) -> None:
    for number in range(Keyring.MAX_APPS + 10):
        keyring.get("acme", f"guess-{number}")

    assert len(keyring._entries) == Keyring.MAX_APPS
