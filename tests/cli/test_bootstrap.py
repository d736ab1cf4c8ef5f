"""The first API token of an installation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cli.bootstrap import issue_token, main

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
    assert items(dynamodb) == [
        {
            "PK": {"S": f"APITOKEN#{hashlib.sha256(token.encode()).hexdigest()}"},
            "SK": {"S": "APITOKEN"},
            "tenant": {"S": "acme"},
            "scopes": {"S": "apps:admin"},
            "principal": {"S": "ops"},
            "created_at": {"S": "2026-03-01T12:00:00Z"},
        }
    ]


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

    (item,) = items(dynamodb)
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
