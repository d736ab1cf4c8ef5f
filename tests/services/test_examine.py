"""The doctor's own half: our request address, what arrives there, and what was refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from approval_gate.errors import ConfigurationError, ProviderUnavailable
from approval_gate.ports import App
from approval_gate.ports.checks import Check, CheckStatus, Refusal, Rehearsal, Words
from approval_gate.services.examine import Doctor
from approval_gate.store.refusals import DynamoRefusals
from approval_gate.web import WebRequest, WebResponse
from tests.fakes.aws import TABLE, aws
from tests.fakes.world import START, Clock

URL = "https://gate.example.com/callbacks/toy/acme/prod"
GOOD = Check("credentials", CheckStatus.OK, Words("Accepted.", "凭证有效。"))


@dataclass
class Surroundings:
    """An examiner, our address and the refusals, as a test wants them."""

    answers: list[tuple[WebResponse, float] | Exception] = field(default_factory=list)
    refusal: Refusal | None = None
    has_keys: bool = True
    has_credentials: bool = True
    sent: list[str] = field(default_factory=list)

    def of(self, app: App) -> Any:
        if not self.has_credentials:
            raise ConfigurationError("The app 'prod' has no credentials stored: register it again.")
        return self

    def examine(self) -> tuple[Check, ...]:
        return (GOOD,)

    def rehearsal(self) -> Rehearsal | None:
        request = WebRequest("POST", body=b"{}")
        return Rehearsal(request, lambda answer: answer.body == b"ok", 1.0) if self.has_keys else None

    def about_refusal(self, check: str) -> Words:
        return Words(f"Copy the key again ({check}).", "请重新复制密钥。")

    def send(self, url: str, request: WebRequest, timeout_s: float) -> tuple[WebResponse, float]:
        self.sent.append(url)
        answer = self.answers.pop(0) if self.answers else (WebResponse(200, b"ok"), 0.05)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def last(self, app: App) -> Refusal | None:
        return self.refusal

    def checks(self, **app: Any) -> dict[str, Check]:
        registered = App("acme", "prod", "toy", **app)
        found = Doctor(self, self, self, lambda: START).examine(registered, URL)
        return {each.name: each for each in found}


def test_a_healthy_app_passes_everything() -> None:
    checks = Surroundings().checks(callback_seen_at=START - timedelta(hours=1), callback_took_ms=12)

    assert list(checks) == ["credentials", "callback_address", "callback_seen", "callback_accepted"]
    assert {each.status for each in checks.values()} == {CheckStatus.OK}
    assert "12 ms" in checks["callback_seen"].detail.en
    assert "12 毫秒" in checks["callback_seen"].detail.zh


def test_the_address_is_tried_twice_and_the_warm_answer_counts() -> None:
    around = Surroundings([(WebResponse(200, b"ok"), 2.5), (WebResponse(200, b"ok"), 0.02)])

    check = around.checks()["callback_address"]

    assert around.sent == [URL, URL]
    assert check.status is CheckStatus.OK
    assert "20 ms" in check.detail.en
    assert "2500 ms" in check.detail.en


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([ProviderUnavailable("no connection (ConnectError)")], "did not answer"),
        ([(WebResponse(200, b"ok"), 0.1), (WebResponse(502, b"bad gateway"), 0.1)], "answered 502"),
        ([(WebResponse(200, b"ok"), 0.1), (WebResponse(200, b"log in here"), 0.1)], "not what"),
        (
            [(WebResponse(200, b"ok"), 0.1), (WebResponse(200, b"ok"), 1.2)],
            "would fail: the right answer takes 1200 ms",
        ),
    ],
)
def test_an_address_the_platform_would_refuse_fails_with_what_to_do(answers: list[Any], says: str) -> None:
    check = Surroundings(answers).checks()["callback_address"]

    assert check.status is CheckStatus.FAILED
    assert says in check.detail.en
    assert check.fix.en
    assert check.fix.zh


def test_missing_keys_for_callbacks_are_told_with_where_to_copy_them() -> None:
    checks = Surroundings(has_keys=False).checks()

    assert list(checks) == ["credentials", "callback_keys"]
    assert (checks["callback_keys"].status, URL in checks["callback_keys"].fix.en) == (CheckStatus.FAILED, True)


def test_an_app_without_callbacks_is_told_what_that_costs() -> None:
    around = Surroundings()

    assert around.checks(callbacks="none")["callback_address"].status is CheckStatus.SKIPPED
    assert around.sent == []


def test_missing_credentials_are_the_only_thing_said() -> None:
    checks = Surroundings(has_credentials=False).checks()

    assert [(each.name, each.status) for each in checks.values()] == [("credentials", CheckStatus.FAILED)]


@pytest.mark.parametrize(
    ("seen", "status"),
    [(None, CheckStatus.WARNING), (timedelta(days=8), CheckStatus.WARNING), (timedelta(days=6), CheckStatus.OK)],
)
def test_callbacks_that_never_or_no_longer_arrive_are_worth_a_look(seen: timedelta | None, status: CheckStatus) -> None:
    seen_at = START - seen if seen else None

    assert Surroundings().checks(callback_seen_at=seen_at)["callback_seen"].status is status


@pytest.mark.parametrize(
    ("seen_at", "status"),
    [
        (None, CheckStatus.FAILED),
        (START - timedelta(hours=1), CheckStatus.WARNING),
        (START - timedelta(minutes=1), CheckStatus.OK),
    ],
)
def test_a_refused_callback_is_told_unless_later_ones_were_taken(seen_at: datetime | None, status: CheckStatus) -> None:
    around = Surroundings(refusal=Refusal(START - timedelta(minutes=5), "signature"))

    check = around.checks(callback_seen_at=seen_at)["callback_accepted"]

    assert check.status is status
    assert ("signature" in check.fix.en) == (status is not CheckStatus.OK)


@pytest.fixture
def client() -> Iterator[Any]:
    with aws() as client:
        yield client


def test_the_last_refusal_of_an_app_is_kept_for_a_day(client: Any) -> None:
    clock = Clock()
    refusals, app = DynamoRefusals(client, TABLE, clock), App("acme", "prod", "toy")
    assert refusals.last(app) is None

    refusals.note("toy", "acme", "prod", "signature")

    assert refusals.last(app) == Refusal(START, "signature")
    assert refusals.last(App("other", "prod", "toy")) is None
    clock.advance(24 * 3600)
    assert refusals.last(app) is None


def test_a_flood_of_forgeries_writes_next_to_nothing(client: Any) -> None:
    clock = Clock()
    refusals = DynamoRefusals(client, TABLE, clock)

    for number in range(1000):
        refusals.note("toy", "acme", f"app-{number % 50}", "signature")

    assert client.scan(TableName=TABLE, Select="COUNT")["Count"] == DynamoRefusals.MAX_A_MINUTE
    clock.advance(60)
    refusals.note("toy", "acme", "app-49", "signature")
    assert client.scan(TableName=TABLE, Select="COUNT")["Count"] == DynamoRefusals.MAX_A_MINUTE + 1
