"""Webhook secrets and failing addresses, as API Gateway calls the routes."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from aws_lambda_powertools import Logger
from standardwebhooks import Webhook

from approval_gate.entrypoints.api import build_resolver
from approval_gate.entrypoints.webhook_secrets import WebhookSecretsApi
from approval_gate.errors import RequestError, StoreError, VersionConflict
from approval_gate.ports.webhooks import WebhookSecret
from approval_gate.services.webhook_secrets import WebhookSecretKeeper
from approval_gate.store.endpoints import DynamoEndpoints
from approval_gate.store.secrets import SecretStore
from approval_gate.store.webhook_secrets import CachedSigningSecrets, DynamoWebhookSecrets, SecretsManagerValues
from approval_gate.webhooks.admission import CallbackAdmission
from approval_gate.webhooks.signing import signed_headers
from tests.fakes.aws import TABLE, aws
from tests.fakes.world import Clock
from tests.functions.api_events import LambdaContext, api_event

URL = "https://ci.example.com/hooks"
BODY = b'{"type":"approval.decided"}'
DAY_S = 86_400


class Listed(DynamoWebhookSecrets):
    """The real list, with somebody else's change, or a lost answer, between read and write."""

    before_write: Callable[[], None] | None = None
    after_write: Callable[[], None] | None = None

    def write(self, tenant: str, secrets: Sequence[WebhookSecret], version: int) -> None:
        self.before_write, before = None, self.before_write
        if before is not None:
            before()
        super().write(tenant, secrets, version)
        self.after_write, after = None, self.after_write
        if after is not None:
            after()


class Gate:
    def __init__(self, client: Any) -> None:
        self.clock = Clock()
        self.listed = Listed(client, TABLE, self.clock)
        self.manager = boto3.client("secretsmanager")
        self.values = SecretsManagerValues(SecretStore(self.manager, "gate"))
        self.endpoints = DynamoEndpoints(client, TABLE)
        self.keeper = WebhookSecretKeeper(self.listed, self.values, self.clock, os.urandom)
        self.resolver = build_resolver(Logger(), WebhookSecretsApi(self.keeper, self.endpoints))
        self.monotonic_s = 0.0
        self.signing = CachedSigningSecrets(self.listed, self.values, self.clock, monotonic=lambda: self.monotonic_s)

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, dict[str, Any]]:
        answer = self.resolver.resolve(api_event(method, path, body, **more), LambdaContext())
        return answer["statusCode"], json.loads(answer["body"] or "{}")

    def create(self, **body: Any) -> dict[str, Any]:
        status, answer = self.call("POST", "/v1/webhook-secrets", body)
        assert status == 201
        return answer

    def ids(self) -> list[str]:
        return [each["id"] for each in self.call("GET", "/v1/webhook-secrets")[1]["secrets"]]

    def stored(self) -> set[str]:
        return {each["Name"].rpartition("/")[2] for each in self.manager.list_secrets()["SecretList"]}

    def pass_s(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.monotonic_s += seconds


@pytest.fixture
def gate() -> Iterator[Gate]:
    with aws() as client:
        yield Gate(client)


def test_a_secret_is_shown_once_and_verifies_what_is_signed(gate: Gate) -> None:
    created = gate.create()

    assert created["id"].startswith("whs_")
    assert created["expires_at"] is None
    assert 24 <= len(base64.b64decode(created["secret"].removeprefix("whsec_"))) <= 64
    headers = signed_headers(gate.signing.of("acme"), "ntf_1", datetime.now(UTC), BODY)
    assert Webhook(created["secret"]).verify(BODY, headers)
    listed = gate.call("GET", "/v1/webhook-secrets")
    assert listed == (200, {"secrets": [{key: created[key] for key in ("id", "created_at", "expires_at")}]})
    assert created["secret"] not in json.dumps(gate.listed._client.scan(TableName=TABLE)["Items"])


def test_a_secret_needs_no_body(gate: Gate) -> None:
    assert gate.call("POST", "/v1/webhook-secrets")[0] == 201
    assert gate.call("POST", "/v1/webhook-secrets", "")[0] == 201


def test_a_second_secret_replaces_the_first_which_signs_on_for_a_day(gate: Gate) -> None:
    first = gate.create()
    gate.pass_s(60)
    second = gate.create()

    assert gate.signing.of("acme") == (second["secret"], first["secret"])
    gate.pass_s(DAY_S - 1)
    assert gate.signing.of("acme") == (second["secret"], first["secret"])
    gate.pass_s(1)
    assert gate.signing.of("acme") == (second["secret"],)
    assert gate.ids() == [second["id"]]


def test_the_overlap_is_what_was_asked_for(gate: Gate) -> None:
    gate.create()
    gate.create(overlap_s=60)

    newest, older = gate.call("GET", "/v1/webhook-secrets")[1]["secrets"]

    assert newest["expires_at"] is None
    assert datetime.fromisoformat(older["expires_at"]) == gate.clock.now + timedelta(seconds=60)


def test_an_overlap_of_nothing_ends_the_others_at_once(gate: Gate) -> None:
    gate.create()

    second = gate.create(overlap_s=0)

    assert gate.signing.of("acme") == (second["secret"],)


def test_a_later_rotation_never_lengthens_an_earlier_end(gate: Gate) -> None:
    first = gate.create()
    gate.create(overlap_s=60)
    gate.create(overlap_s=DAY_S)

    ends = {each["id"]: each["expires_at"] for each in gate.call("GET", "/v1/webhook-secrets")[1]["secrets"]}

    assert datetime.fromisoformat(ends[first["id"]]) == gate.clock.now + timedelta(seconds=60)


def test_two_secrets_created_at_the_same_moment_both_sign(gate: Gate) -> None:
    other: list[str] = []
    gate.listed.before_write = lambda: other.append(gate.keeper.create("acme", DAY_S)[1])

    one = gate.create()

    assert set(gate.signing.of("acme")) == {one["secret"], *other}
    assert len(gate.ids()) == 2


def test_a_write_whose_answer_was_lost_is_not_made_twice(gate: Gate) -> None:
    def lost() -> None:
        raise VersionConflict("what the client's own repetition meets")

    gate.listed.after_write = lost

    created = gate.create()

    assert gate.ids() == [created["id"]]
    assert gate.signing.of("acme") == (created["secret"],)


def test_a_secret_whose_listing_failed_halfway_can_still_sign(gate: Gate) -> None:
    """The write may have arrived: a listed secret must keep its value, or nothing would sign any more."""
    gate.create()

    def lost() -> None:
        raise StoreError("no answer")

    gate.listed.after_write = lost

    status, _ = gate.call("POST", "/v1/webhook-secrets", {})

    assert status == 503
    assert len(gate.signing.of("acme")) == 2


def test_ended_secrets_leave_secrets_manager_with_the_next_change(gate: Gate) -> None:
    first = gate.create()
    second = gate.create(overlap_s=60)
    gate.pass_s(61)

    third = gate.create()

    assert first["id"] not in gate.stored()
    assert gate.stored() == {second["id"], third["id"]}


def test_more_secrets_than_fit_into_a_header_are_refused_and_leave_nothing(gate: Gate) -> None:
    made = {gate.create()["id"] for _ in range(5)}

    status, problem = gate.call("POST", "/v1/webhook-secrets", {})

    assert (status, problem["code"]) == (409, "too_many_webhook_secrets")
    assert set(gate.ids()) == gate.stored() == made


def test_a_deleted_secret_signs_nothing_within_half_a_minute(gate: Gate) -> None:
    first, second = gate.create(), gate.create()
    gate.signing.of("acme")

    assert gate.call("DELETE", f"/v1/webhook-secrets/{first['id']}")[0] == 204

    gate.pass_s(30)
    assert gate.signing.of("acme") == (second["secret"],)
    assert (gate.ids(), gate.stored()) == ([second["id"]], {second["id"]})
    assert gate.call("DELETE", f"/v1/webhook-secrets/{first['id']}")[0] == 404


def test_deleting_the_newest_does_not_bring_an_older_one_back_for_good(gate: Gate) -> None:
    first, second = gate.create(), gate.create()

    gate.call("DELETE", f"/v1/webhook-secrets/{second['id']}")

    assert gate.signing.of("acme") == (first["secret"],)
    gate.pass_s(DAY_S)
    assert gate.signing.of("acme") == ()


def test_a_deletion_that_died_halfway_can_be_repeated(gate: Gate) -> None:
    created = gate.create()

    def dies() -> None:
        raise StoreError("no answer")

    gate.listed.before_write = dies
    assert gate.call("DELETE", f"/v1/webhook-secrets/{created['id']}")[0] == 503

    assert gate.signing.of("acme") == ()
    assert gate.call("DELETE", f"/v1/webhook-secrets/{created['id']}")[0] == 204


def test_another_tenant_neither_sees_nor_ends_nor_uses_a_secret(gate: Gate) -> None:
    created = gate.create()

    assert gate.call("GET", "/v1/webhook-secrets", tenant="other") == (200, {"secrets": []})
    status, foreign = gate.call("DELETE", f"/v1/webhook-secrets/{created['id']}", tenant="other")
    _, unknown = gate.call("DELETE", "/v1/webhook-secrets/whs_unknown", tenant="other")
    assert status == 404
    assert foreign["detail"].replace(created["id"], "") == unknown["detail"].replace("whs_unknown", "")
    assert gate.signing.of("other") == ()
    assert gate.signing.of("acme") == (created["secret"],)


ROUTES = [
    ("POST", "/v1/webhook-secrets"),
    ("GET", "/v1/webhook-secrets"),
    ("DELETE", "/v1/webhook-secrets/whs_1"),
    ("GET", "/v1/webhook-endpoints"),
    ("POST", "/v1/webhook-endpoints/whe_1/enable"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_only_an_administrator_comes_near(gate: Gate, method: str, path: str) -> None:
    status, problem = gate.call(method, path, {}, scopes="approvals:write approvals:read notifications:write")

    assert (status, problem["code"]) == (403, "forbidden")
    assert gate.call(method, path, {}, tenant=None)[0] == 401


@pytest.mark.parametrize("body", [{"overlap_s": -1}, {"overlap_s": 2_592_001}, {"overlap_s": "60"}, {"overlap": 60}])
def test_a_mistake_in_the_body_is_named(gate: Gate, body: dict[str, Any]) -> None:
    status, problem = gate.call("POST", "/v1/webhook-secrets", body)

    assert status == 400
    assert problem["errors"][0]["field"] == next(iter(body))
    assert gate.stored() == set()


def test_a_failing_address_is_shown_without_its_query_and_enabled_again(gate: Gate) -> None:
    state = gate.endpoints.failed("acme", f"{URL}?token=receivers-own", "endpoint_http_503", gate.clock.now)
    gate.endpoints.disable(state, gate.clock.now)

    status, shown = gate.call("GET", "/v1/webhook-endpoints")

    assert (status, [each["url"] for each in shown["endpoints"]]) == (200, [URL])
    assert shown["endpoints"][0]["code"] == "endpoint_http_503"
    assert shown["endpoints"][0]["disabled_at"] is not None
    assert gate.call("GET", "/v1/webhook-endpoints", tenant="other")[1] == {"endpoints": []}
    assert gate.call("POST", f"/v1/webhook-endpoints/{state.id}/enable", tenant="other")[0] == 404
    assert gate.call("POST", f"/v1/webhook-endpoints/{state.id}/enable")[0] == 204
    assert gate.call("POST", f"/v1/webhook-endpoints/{state.id}/enable")[0] == 404
    assert gate.call("GET", "/v1/webhook-endpoints")[1] == {"endpoints": []}


def test_a_callback_address_needs_a_secret(gate: Gate) -> None:
    admission = CallbackAdmission(gate.listed)

    with pytest.raises(RequestError, match="no secret") as refused:
        admission.check("acme", URL)
    created = gate.create()
    admission.check("acme", URL)

    assert refused.value.code == "webhook_secret_required"
    assert "POST /v1/webhook-secrets" in refused.value.problems[0].problem
    gate.call("DELETE", f"/v1/webhook-secrets/{created['id']}")
    with pytest.raises(RequestError):
        admission.check("acme", URL)
    with pytest.raises(RequestError):
        admission.check("other", URL)


def test_a_callback_address_that_webhooks_cannot_go_to_is_told_at_once(gate: Gate) -> None:
    gate.create()

    for url in ("http://ci.example.com/", "https://169.254.169.254/", "https://user@ci.example.com/"):
        with pytest.raises(RequestError) as refused:
            CallbackAdmission(gate.listed).check("acme", url)
        assert refused.value.problems[0].field == "callback.url"
        assert refused.value.code.startswith("endpoint_address_")
    CallbackAdmission(gate.listed, allow_loopback=True).check("acme", "http://127.0.0.1:8080/hook")


def test_a_secret_that_is_not_what_we_wrote_is_a_failure_and_no_silence(gate: Gate) -> None:
    gate.create()
    gate.listed._client.update_item(
        TableName=TABLE,
        Key={"PK": {"S": "TENANT#acme"}, "SK": {"S": "WEBHOOKSECRETS"}},
        UpdateExpression="SET secrets = :other",
        ExpressionAttributeValues={":other": {"S": '[{"id": "whs_1"}]'}},
    )

    with pytest.raises(StoreError):
        gate.signing.of("acme")
