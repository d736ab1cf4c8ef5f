"""A signed webhook and what its answer means; addresses that only fail."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from approval_gate.errors import EndpointRefused, EndpointUnavailable, GateError, StoreError
from approval_gate.store.endpoints import DynamoEndpoints
from approval_gate.webhooks.poster import FAILING_FOR, FAILURES, SignedPoster
from approval_gate.webhooks.transport import Reply
from tests.fakes.aws import TABLE, aws
from tests.fakes.world import Clock

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://ci.example.com/hooks?token=receivers-own"
BODY = b'{"type":"approval.decided"}'


@dataclass
class Line:
    """A transport that answers as told."""

    answers: list[Reply | GateError] = field(default_factory=lambda: [Reply(200)])
    sent: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        self.sent.append((url, headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, GateError):
            raise answer
        return answer


@dataclass
class Bus:
    events: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    is_down: bool = False

    def put(self, event_type: str, message_id: str, body: bytes) -> None:
        if self.is_down:
            raise StoreError("put event: down")
        self.events.append((event_type, message_id, json.loads(body)))


@dataclass
class Keys:
    secrets: tuple[str, ...] = (SECRET,)

    def of(self, tenant: str) -> tuple[str, ...]:
        return self.secrets


class Health(DynamoEndpoints):
    """The real store, which a test can make fail."""

    fails: str = ""

    def recovered(self, *args: Any) -> None:
        if self.fails:
            raise StoreError(self.fails)
        super().recovered(*args)

    def failed(self, *args: Any) -> Any:
        if self.fails:
            raise StoreError(self.fails)
        return super().failed(*args)


class Gate:
    def __init__(self, client: Any) -> None:
        self.clock, self.line, self.bus, self.keys = Clock(), Line(), Bus(), Keys()
        self.health = Health(client, TABLE)
        self.poster = SignedPoster(self.line, self.keys, self.health, self.bus, self.clock)

    def post(self, *, tenant: str = "acme", url: str = URL) -> None:
        self.poster.post(tenant, url, "ntf_1-0", BODY)

    def fail(self, times: int = 1, *, every: timedelta = timedelta(0)) -> None:
        self.line.answers = [Reply(503)]
        for _ in range(times):
            with pytest.raises(EndpointUnavailable):
                self.post()
            self.clock.now += every


@pytest.fixture
def gate() -> Iterator[Gate]:
    with aws() as client:
        yield Gate(client)


def test_every_attempt_sends_the_same_id_and_body_signed_anew(gate: Gate) -> None:
    gate.fail()
    gate.clock.advance(3600)
    gate.line.answers = [Reply(204)]

    gate.post()

    (_, first, one), (url, second, other) = gate.line.sent
    assert (url, one, other) == (URL, BODY, BODY)
    assert first["webhook-id"] == second["webhook-id"] == "ntf_1-0"
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 3600
    assert first["webhook-signature"] != second["webhook-signature"]
    assert second["webhook-signature"] == Webhook(SECRET).sign("ntf_1-0", gate.clock.now, BODY.decode())
    assert second["Content-Type"] == "application/json"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_success(gate: Gate, status: int) -> None:
    gate.line.answers = [Reply(status)]

    gate.post()

    assert gate.health.list("acme") == ()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (301, "endpoint_redirects"),
        (307, "endpoint_redirects"),
        (400, "endpoint_http_400"),
        (401, "endpoint_http_401"),
        (404, "endpoint_http_404"),
        (429, "endpoint_http_429"),
        (500, "endpoint_http_500"),
        (199, "endpoint_http_199"),
        (999, "endpoint_http_999"),
    ],
)
def test_any_other_answer_may_change(gate: Gate, status: int, code: str) -> None:
    gate.line.answers = [Reply(status)]

    with pytest.raises(EndpointUnavailable) as failed:
        gate.post()

    assert (failed.value.code, failed.value.retry_after_s) == (code, None)
    assert gate.health.list("acme")[0].code == code


@pytest.mark.parametrize(
    ("value", "pause_s"),
    [
        ("120", 120),
        ("0", 0),
        ("Thu, 15 Jan 2026 09:10:00 GMT", 600),
        ("Thu, 15 Jan 2026 08:00:00 GMT", 0),
        ("999999999", 86_400),
        ("9" * 400, 86_400),
        ("Mon, 01 Jan 9999 23:59:59 -2359", 86_400),
        ("01 Jan 1:1 99999999999 +0000", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("Thu, 99 Jan 2026 09:10:00 GMT", None),
    ],
)
def test_a_receiver_may_ask_for_a_pause(gate: Gate, value: str, pause_s: float | None) -> None:
    gate.line.answers = [Reply(429, value)]

    with pytest.raises(EndpointUnavailable) as failed:
        gate.post()

    assert failed.value.retry_after_s == pause_s


def test_a_refused_address_is_not_the_receivers_failure(gate: Gate) -> None:
    gate.line.answers = [EndpointRefused("not public", code="endpoint_address_blocked")]

    with pytest.raises(EndpointRefused):
        gate.post()

    assert gate.health.list("acme") == ()


def test_without_a_secret_nothing_is_sent_until_there_is_one(gate: Gate) -> None:
    gate.keys.secrets = ()

    with pytest.raises(EndpointUnavailable, match="POST /v1/webhook-secrets") as failed:
        gate.post()

    assert failed.value.code == "webhook_secret_required"
    assert gate.line.sent == []


def test_a_receiver_that_is_gone_is_not_written_to_again_until_it_is_enabled(gate: Gate) -> None:
    gate.line.answers = [Reply(410), Reply(200)]

    with pytest.raises(EndpointRefused) as gone:
        gate.post()
    with pytest.raises(EndpointRefused) as disabled:
        gate.post()

    assert (gone.value.code, disabled.value.code) == ("endpoint_gone", "endpoint_disabled")
    assert len(gate.line.sent) == 1
    (state,) = gate.health.list("acme")
    assert f"POST /v1/webhook-endpoints/{state.id}/enable" in str(disabled.value)
    assert gate.health.enable("acme", state.id)
    gate.post()
    assert len(gate.line.sent) == 2


def test_an_address_that_only_fails_is_disabled_after_days_and_the_bus_hears_of_it(gate: Gate) -> None:
    gate.fail(FAILURES - 1, every=FAILING_FOR / FAILURES)
    gate.clock.now += FAILING_FOR / FAILURES
    assert gate.health.list("acme")[0].disabled_at is None

    gate.fail()

    (state,) = gate.health.list("acme")
    assert state.disabled_at == gate.clock.now
    ((kind, _, event),) = gate.bus.events
    assert kind == event["type"] == "webhook_endpoint.disabled"
    assert event["data"]["id"] == state.id
    assert event["data"]["url"] == "https://ci.example.com/hooks"
    assert "receivers-own" not in json.dumps(event)
    with pytest.raises(EndpointRefused):
        gate.post()


def test_a_burst_of_failures_disables_nothing(gate: Gate) -> None:
    gate.fail(FAILURES * 3, every=timedelta(minutes=1))

    assert gate.health.list("acme")[0].disabled_at is None


def test_a_few_failures_far_apart_disable_nothing(gate: Gate) -> None:
    gate.fail(FAILURES - 1, every=FAILING_FOR)

    assert gate.health.list("acme")[0].disabled_at is None


def test_one_success_is_a_new_start(gate: Gate) -> None:
    gate.fail(FAILURES - 1, every=FAILING_FOR)
    gate.line.answers = [Reply(200)]
    gate.post()

    gate.fail(2, every=FAILING_FOR)

    (state,) = gate.health.list("acme")
    assert (state.failures, state.disabled_at) == (2, None)


def test_the_same_address_of_another_tenant_and_another_address_are_not_touched(gate: Gate) -> None:
    gate.line.answers = [Reply(410), Reply(200)]
    with pytest.raises(EndpointRefused):
        gate.post()

    gate.post(tenant="other")
    gate.post(url="https://ci.example.com/other")

    assert len(gate.line.sent) == 3


def test_a_bus_that_is_down_keeps_the_address_enabled_until_it_can_be_told(gate: Gate) -> None:
    gate.bus.is_down = True
    gate.fail(FAILURES + 1, every=FAILING_FOR)
    assert gate.health.list("acme")[0].disabled_at is None

    gate.bus.is_down = False
    gate.fail()

    assert gate.health.list("acme")[0].disabled_at is not None
    assert len(gate.bus.events) == 1


def test_what_was_told_twice_has_the_same_id(gate: Gate) -> None:
    gate.fail(FAILURES, every=FAILING_FOR)
    told = gate.bus.events[0][1]
    gate.health._client.update_item(  # as if the gate had died between telling and storing
        TableName=TABLE,
        Key={"PK": {"S": "ENDPOINTS#acme"}, "SK": {"S": f"ENDPOINT#{gate.health.list('acme')[0].id}"}},
        UpdateExpression="REMOVE disabled_at",
    )

    gate.fail()

    assert [event[1] for event in gate.bus.events] == [told, told]


def test_a_disabled_address_is_not_forgotten_and_others_are_in_time(gate: Gate) -> None:
    def ttl() -> list[Any]:
        return [item.get("expires_at_epoch_s") for item in gate.health._client.scan(TableName=TABLE)["Items"]]

    gate.fail()
    assert ttl() == [{"N": str(int((gate.clock.now + timedelta(days=30)).timestamp()))}]

    gate.line.answers = [Reply(410)]
    with pytest.raises(EndpointRefused):
        gate.post()
    assert ttl() == [None]


def test_a_failure_of_our_own_store_neither_repeats_nor_hides_a_webhook(gate: Gate) -> None:
    gate.fail()
    gate.health.fails = "the table does not answer"

    gate.fail()
    gate.line.answers = [Reply(200)]
    gate.post()

    assert len(gate.line.sent) == 3


def test_a_success_that_comes_late_does_not_enable_what_was_disabled(gate: Gate) -> None:
    gate.fail()
    (before,) = gate.health.list("acme")
    gate.health.disable(before, gate.clock.now)

    gate.health.recovered(before)

    assert gate.health.list("acme")[0].disabled_at == gate.clock.now


def test_what_recovered_meanwhile_is_not_disabled(gate: Gate) -> None:
    gate.fail()
    (before,) = gate.health.list("acme")
    gate.health.recovered(before)

    gate.health.disable(before, gate.clock.now)

    assert gate.health.list("acme") == ()
