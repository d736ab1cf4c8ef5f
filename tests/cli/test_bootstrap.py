"""The first API token of an installation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from approval_gate.domain import access
from approval_gate.domain.access import Tenant
from approval_gate.services.tokens import TokenIssuer, WantedToken, Who
from approval_gate.store.tenants import DynamoTenants
from approval_gate.store.tokens import DynamoTokens
from cli.bootstrap import SCOPES, issue_token, main

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName="gate",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "PK", "AttributeType": "S"},
                {"AttributeName": "SK", "AttributeType": "S"},
            ],
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        )
        yield client


def items(dynamodb: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dynamodb.scan(TableName="gate")["Items"]
    return found


def test_a_token_is_32_random_bytes_and_only_its_hash_is_stored(dynamodb: Any):
    token = issue_token(
        dynamodb, "gate", tenant="acme", scopes=["apps:admin"], principal="ops", now=NOW, entropy=lambda n: b"\xff" * n
    )

    assert token == "agt_" + "_" * 42 + "8"
    by_digest, listed, tenant = sorted(items(dynamodb), key=lambda item: item["PK"]["S"])
    assert by_digest["PK"] == {"S": f"APITOKEN#{hashlib.sha256(token.encode()).hexdigest()}"}
    assert (listed["PK"], tenant["SK"]) == ({"S": "TENANT#acme"}, {"S": "TENANT#acme"})
    assert token not in str(items(dynamodb))


def test_what_is_stored_is_what_the_gate_stores(dynamodb: Any):
    def entropy(count: int) -> bytes:
        return b"\xff" * count

    token = issue_token(dynamodb, "gate", tenant="acme", scopes=SCOPES, principal="bootstrap", now=NOW, entropy=entropy)
    theirs = items(dynamodb)
    for item in theirs:
        dynamodb.delete_item(TableName="gate", Key={name: item[name] for name in ("PK", "SK")})

    tokens = DynamoTokens(dynamodb, "gate")
    DynamoTenants(dynamodb, "gate", lambda: NOW).add(Tenant("acme", NOW))
    issuer = TokenIssuer(tokens, lambda: NOW, entropy)
    _, ours = issuer.issue(Who("acme", "bootstrap", frozenset(SCOPES)), WantedToken("bootstrap", SCOPES))

    def in_order(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(found, key=lambda item: item["PK"]["S"])

    assert in_order(items(dynamodb)) == in_order(theirs)
    assert ours == token


def test_the_scopes_are_those_of_the_gate():
    assert SCOPES == access.SCOPES


def test_a_deleted_tenants_name_is_not_used_again(dynamodb: Any):
    tenants = DynamoTenants(dynamodb, "gate", lambda: NOW)
    tenants.add(Tenant("acme", NOW))
    tenants.close("acme")

    with pytest.raises(ValueError, match="was deleted"):
        issue_token(dynamodb, "gate", tenant="acme", scopes=["apps:admin"], principal="ops", now=NOW)


def test_a_second_token_leaves_the_tenant_as_it_is(dynamodb: Any):
    tenants = DynamoTenants(dynamodb, "gate", lambda: NOW)
    tenants.add(Tenant("acme", NOW, "Acme Inc."))

    issue_token(dynamodb, "gate", tenant="acme", scopes=["apps:admin"], principal="ops", now=NOW + timedelta(days=1))

    assert tenants.get("acme") == Tenant("acme", NOW, "Acme Inc.")


@pytest.mark.parametrize("tenant", ["", "a/b", "a#b", "a b", "-a", "a" * 65])
def test_a_tenant_that_would_not_fit_keys_and_paths_is_refused(dynamodb: Any, tenant: str):
    with pytest.raises(ValueError, match="tenant"):
        issue_token(dynamodb, "gate", tenant=tenant, scopes=["apps:admin"], principal="ops", now=NOW)


@pytest.mark.parametrize("scopes", [[], ["apps:root"], ["approvals:write", "everything"]])
def test_scopes_that_do_not_exist_are_refused_and_the_real_ones_named(dynamodb: Any, scopes: list[str]):
    with pytest.raises(ValueError, match="choose from approvals:write"):
        issue_token(dynamodb, "gate", tenant="acme", scopes=scopes, principal="ops", now=NOW)

    assert items(dynamodb) == []


def test_the_command_prints_the_token_alone_on_standard_output(dynamodb: Any, capsys: pytest.CaptureFixture[str]):
    code = main(["--table", "gate", "--tenant", "acme", "--scopes", "apps:admin tokens:admin"])

    (item,) = (item for item in items(dynamodb) if item["SK"]["S"] == "APITOKEN")
    (token,) = capsys.readouterr().out.splitlines()
    assert code == 0
    assert item["PK"]["S"].endswith(hashlib.sha256(token.encode()).hexdigest())
    assert item["scopes"]["S"] == "apps:admin tokens:admin"


def test_a_wrong_scope_is_a_usage_error(dynamodb: Any, capsys: pytest.CaptureFixture[str]):
    assert main(["--table", "gate", "--tenant", "acme", "--scopes", "nothing"]) == 64
    assert "choose from" in capsys.readouterr().err


def test_a_table_that_does_not_exist_is_told_without_a_traceback(dynamodb: Any, capsys: pytest.CaptureFixture[str]):
    assert main(["--table", "other", "--tenant", "acme", "--scopes", "apps:admin"]) == 1
    assert "Check the credentials" in capsys.readouterr().err
