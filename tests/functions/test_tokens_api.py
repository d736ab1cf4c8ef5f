"""Tenants and API tokens as API Gateway calls for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from aws_lambda_powertools import Logger

from approval_gate.domain.access import SCOPES
from approval_gate.entrypoints.api import build_resolver
from approval_gate.entrypoints.authorizer import Authorizer
from approval_gate.entrypoints.tenants import TenantsApi
from approval_gate.entrypoints.tokens import TokensApi
from approval_gate.services.tenants import TenantKeeper
from approval_gate.services.webhook_secrets import WebhookSecretKeeper
from approval_gate.store.secrets import SecretStore
from approval_gate.store.tenants import DynamoTenants
from approval_gate.store.tokens import DynamoTokens
from approval_gate.store.webhook_secrets import DynamoWebhookSecrets, SecretsManagerValues
from cli.bootstrap import issue_token
from tests.fakes.aws import TABLE, aws
from tests.fakes.world import START, World
from tests.functions.api_events import LambdaContext, api_event

type Call = Callable[..., tuple[int, dict[str, Any]]]

ADMIN = "approvals:write approvals:read apps:admin tokens:admin"
OPERATOR = f"{ADMIN} tenants:admin"
PIPELINE = {"name": "ci of web", "scopes": ["approvals:write", "approvals:read"]}


@pytest.fixture
def world() -> Iterator[World]:
    with aws() as client:
        for tenant in ("acme", "other"):
            issue_token(
                client, TABLE, tenant=tenant, scopes=SCOPES, principal="operator", now=START - timedelta(days=1)
            )
        yield World(client)


@pytest.fixture
def webhook_secrets(world: World) -> WebhookSecretKeeper:
    values = SecretsManagerValues(SecretStore(boto3.client("secretsmanager"), "gate"))
    return WebhookSecretKeeper(
        DynamoWebhookSecrets(world.client, TABLE, world.clock), values, world.clock, world._entropy
    )


@pytest.fixture
def call(world: World, webhook_secrets: WebhookSecretKeeper) -> Call:
    tokens = DynamoTokens(world.client, TABLE)
    tenants = DynamoTenants(world.client, TABLE, world.clock)
    keeper = TenantKeeper(tenants, tokens, world.apps, webhook_secrets, world.clock)
    api = build_resolver(Logger(), TokensApi(tokens, world.clock, world._entropy), TenantsApi(keeper))

    def send(
        method: str, path: str, body: Any = None, *, scopes: str = ADMIN, **more: Any
    ) -> tuple[int, dict[str, Any]]:
        context: Any = LambdaContext()
        answer = api.resolve(api_event(method, path, body, scopes=scopes, **more), context)
        return answer["statusCode"], json.loads(answer["body"] or "{}")

    return send


def opens(world: World, token: str) -> dict[str, str]:
    """Return what the authorizer says of a token."""
    answer = Authorizer(world.client, TABLE, world.clock).handle({"headers": {"authorization": f"Bearer {token}"}})
    context: dict[str, str] = answer["context"]
    return context


def test_an_issued_token_opens_what_it_was_issued_for(call: Call, world: World) -> None:
    status, issued = call("POST", "/v1/tokens", PIPELINE)

    assert status == 201
    assert opens(world, issued["token"]) == {
        "tenant": "acme",
        "scopes": "approvals:write approvals:read",
        "principal": "ci of web",
    }


def test_a_token_is_shown_once_and_then_only_described(call: Call, world: World) -> None:
    _, issued = call("POST", "/v1/tokens", PIPELINE)
    opens(world, issued["token"])

    _, listed = call("GET", "/v1/tokens")

    shown = listed["tokens"][-1]
    assert issued["token"] not in json.dumps(listed)
    assert issued["token"] not in json.dumps(world.client.scan(TableName=TABLE)["Items"])
    assert shown.pop("last_used_at") == "2026-01-15T09:00:00Z"
    assert shown == {name: issued[name] for name in shown}
    assert (shown["hint"], shown["created_by"]) == (f"…{issued['token'][-4:]}", "ci")
    assert [token["name"] for token in listed["tokens"]] == ["operator", "ci of web"]


def test_an_ended_token_opens_nothing_from_then_on(call: Call, world: World) -> None:
    _, issued = call("POST", "/v1/tokens", PIPELINE)

    ended, _ = call("DELETE", f"/v1/tokens/{issued['id']}")

    assert (ended, opens(world, issued["token"])) == (204, {})
    assert call("DELETE", f"/v1/tokens/{issued['id']}")[0] == 404
    assert [token["name"] for token in call("GET", "/v1/tokens")[1]["tokens"]] == ["operator"]


def test_a_token_may_have_an_end(call: Call, world: World) -> None:
    _, issued = call("POST", "/v1/tokens", {**PIPELINE, "expires_at": "2026-01-15T18:00:00+08:00"})

    before = opens(world, issued["token"])
    world.clock.advance(3600)

    assert issued["expires_at"] == "2026-01-15T10:00:00Z"
    assert (bool(before), opens(world, issued["token"])) == (True, {})


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"scopes": ["tokens:admin", "notifications:write"]}, 403, "scope_beyond_own"),
        ({"scopes": ["tenants:admin"]}, 403, "scope_beyond_own"),
        ({"scopes": ["everything"]}, 400, "invalid_request"),
        ({"scopes": []}, 400, "invalid_request"),
        ({"name": ""}, 400, "invalid_request"),
        ({"name": "two\nlines"}, 400, "invalid_request"),
        ({"expires_at": "2026-01-15T09:00:00Z"}, 400, "invalid_request"),
        ({"expires_at": "2026-01-16T09:00:00"}, 400, "invalid_request"),
        ({"expires_at": "9999-12-31T23:59:59Z"}, 400, "invalid_request"),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, 400, "invalid_request"),
        ({"tenant": "other"}, 403, "forbidden"),
        ({"tenant": "no#name"}, 400, "invalid_request"),
        ({"scope": "approvals:read"}, 400, "invalid_request"),
    ],
)
def test_a_token_that_may_not_be_is_refused_and_nothing_stored(
    call: Call, world: World, change: dict[str, Any], status: int, code: str
) -> None:
    before = world.client.scan(TableName=TABLE)["Items"]

    answered, problem = call("POST", "/v1/tokens", {**PIPELINE, **change})

    assert (answered, problem["code"]) == (status, code)
    assert world.client.scan(TableName=TABLE)["Items"] == before


def test_an_operator_issues_tokens_for_others_but_not_their_own_power(call: Call, world: World) -> None:
    status, issued = call("POST", "/v1/tokens", {**PIPELINE, "tenant": "other"}, scopes=OPERATOR)
    beyond, problem = call(
        "POST", "/v1/tokens", {"name": "n", "scopes": ["tenants:admin"], "tenant": "other"}, scopes=OPERATOR
    )
    own, _ = call("POST", "/v1/tokens", {"name": "second operator", "scopes": ["tenants:admin"]}, scopes=OPERATOR)

    assert (status, opens(world, issued["token"])["tenant"]) == (201, "other")
    assert (beyond, problem["code"], own) == (403, "scope_beyond_own", 201)
    listed = call("GET", "/v1/tokens", scopes=OPERATOR, query="tenant=other")[1]["tokens"]
    assert [token["name"] for token in listed] == ["operator", "ci of web"]
    assert call("DELETE", f"/v1/tokens/{issued['id']}", scopes=OPERATOR, query="tenant=other")[0] == 204


def test_a_token_for_a_tenant_that_is_not_there_is_refused(call: Call) -> None:
    status, problem = call("POST", "/v1/tokens", {**PIPELINE, "tenant": "nowhere"}, scopes=OPERATOR)

    assert (status, problem["code"]) == (404, "tenant_not_found")


def test_an_operator_creates_reads_and_lists_tenants(call: Call) -> None:
    status, created = call("POST", "/v1/tenants", {"id": "new", "name": "New Inc."}, scopes=OPERATOR)

    assert (status, created) == (201, {"id": "new", "name": "New Inc.", "created_at": "2026-01-15T09:00:00Z"})
    assert call("GET", "/v1/tenants/new", scopes=OPERATOR) == (200, created)
    assert [each["id"] for each in call("GET", "/v1/tenants", scopes=OPERATOR)[1]["tenants"]] == [
        "acme",
        "new",
        "other",
    ]


@pytest.mark.parametrize("tenant_id", ["acme", "", "a/b", "a#b", "*", "-a", "a" * 65])
def test_a_tenant_id_that_is_taken_or_none_is_refused(call: Call, tenant_id: str) -> None:
    status, problem = call("POST", "/v1/tenants", {"id": tenant_id}, scopes=OPERATOR)

    assert (status, problem["code"]) == ((409, "tenant_exists") if tenant_id == "acme" else (400, "invalid_request"))


def test_a_deleted_tenants_tokens_end_and_its_id_is_never_given_again(call: Call, world: World) -> None:
    _, issued = call("POST", "/v1/tokens", {**PIPELINE, "tenant": "other"}, scopes=OPERATOR)

    deleted, _ = call("DELETE", "/v1/tenants/other", scopes=OPERATOR)

    assert (deleted, opens(world, issued["token"])) == (204, {})
    assert call("GET", "/v1/tenants/other", scopes=OPERATOR)[0] == 404
    assert call("POST", "/v1/tenants", {"id": "other"}, scopes=OPERATOR)[1]["code"] == "tenant_exists"
    assert call("POST", "/v1/tokens", {**PIPELINE, "tenant": "other"}, scopes=OPERATOR)[0] == 404
    assert call("DELETE", "/v1/tenants/other", scopes=OPERATOR)[0] == 204, "sent again, it mends what a crash left"


def test_a_deleted_tenants_webhook_secrets_end(call: Call, webhook_secrets: WebhookSecretKeeper) -> None:
    webhook_secrets.create("other", 0)
    webhook_secrets.create("acme", 0)

    call("DELETE", "/v1/tenants/other", scopes=OPERATOR)

    assert webhook_secrets.list("other") == ()
    assert len(webhook_secrets.list("acme")) == 1


def test_a_tenant_with_apps_the_own_one_and_none_are_not_deleted(call: Call, world: World) -> None:
    world.register("other", "prod-2")

    answers = [call("DELETE", f"/v1/tenants/{tenant}", scopes=OPERATOR) for tenant in ("other", "acme", "nowhere")]

    assert [(status, problem["code"]) for status, problem in answers] == [
        (409, "tenant_has_apps"),
        (409, "own_tenant"),
        (404, "tenant_not_found"),
    ]
    assert len(call("GET", "/v1/tokens", scopes=OPERATOR, query="tenant=other")[1]["tokens"]) == 1
