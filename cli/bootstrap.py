"""
Write an API token: the first one of an installation, before there is a token to ask the API with.

Runs with the operator's own AWS credentials. Needs `dynamodb:PutItem` on the table, and `cloudformation:DescribeStacks`
to find the table by the stack's name. Only the token's SHA-256 is stored, so it is shown once.

    python -m cli.bootstrap --stack approval-gate --tenant acme --scopes "apps:admin tokens:admin"
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import re
import secrets
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["ADMIN_SCOPES", "PIPELINE_SCOPES", "SCOPES", "issue_token", "main"]

SCOPES = ("approvals:write", "approvals:read", "notifications:write", "apps:admin", "tokens:admin")
ADMIN_SCOPES = SCOPES
PIPELINE_SCOPES = ("approvals:write", "approvals:read", "notifications:write")

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")  # it becomes part of keys and paths
_TOKEN_BYTES = 32


def issue_token(  # noqa: PLR0913  # a token's facts, and time and entropy from outside
    dynamodb: DynamoDBClient,
    table: str,
    *,
    tenant: str,
    scopes: Sequence[str],
    principal: str,
    now: datetime,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> str:
    """
    Store a new API token's hash and return the token: `agt_` and 43 characters of URL-safe base64.

    Args:
        principal: who holds it; histories name them.
        now: aware; when it was made.

    Raises:
        ValueError: the tenant's name or a scope is not one.
    """
    if not _TENANT.fullmatch(tenant):
        raise ValueError(f"tenant {tenant!r}: use up to 64 letters, digits, - and _, first a letter or a digit")
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise ValueError(f"unknown scopes {' '.join(unknown)}: choose from {' '.join(SCOPES)}")
    if not scopes:
        raise ValueError(f"a token without scopes opens nothing: choose from {' '.join(SCOPES)}")
    token = "agt_" + base64.urlsafe_b64encode(entropy(_TOKEN_BYTES)).decode().rstrip("=")
    dynamodb.put_item(
        TableName=table,
        Item={
            "PK": {"S": f"APITOKEN#{hashlib.sha256(token.encode()).hexdigest()}"},
            "SK": {"S": "APITOKEN"},
            "tenant": {"S": tenant},
            "scopes": {"S": " ".join(scopes)},
            "principal": {"S": principal},
            "created_at": {"S": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")},
        },
        ConditionExpression="attribute_not_exists(PK)",
    )
    return token


def main(arguments: Sequence[str] | None = None) -> int:
    """Issue one token and print it; exit 0, 64 on usage, 1 when AWS refuses."""
    given = _parser().parse_args(arguments)
    try:
        table = given.table or _table_of(given.stack)
        token = issue_token(
            boto3.client("dynamodb"),
            table,
            tenant=given.tenant,
            scopes=given.scopes.split(),
            principal=given.principal,
            now=datetime.now(UTC),
        )
    except ValueError as err:
        print(err, file=sys.stderr)
        return 64
    except (BotoCoreError, ClientError) as err:
        print(f"AWS refused: {err}", file=sys.stderr)
        print("Check the credentials, the region and the name of the stack or table.", file=sys.stderr)
        return 1
    print(token)
    print("Shown once: only its hash is stored. Keep it as a secret of the pipeline.", file=sys.stderr)
    return 0


def _table_of(stack: str) -> str:
    described = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    for output in described.get("Outputs", []):
        if output.get("OutputKey") == "TableName":
            return output.get("OutputValue", "")
    raise ValueError(f"stack {stack} has no output TableName: is it an approval gate?")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cli.bootstrap", description="Write an API token into the table.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--table", help="name of the table")
    where.add_argument("--stack", help="name of the deployed stack, to find the table")
    parser.add_argument(
        "--tenant", required=True, help="whose token: a name of your choice; it is part of callback addresses"
    )
    parser.add_argument("--scopes", required=True, help=f'separated by spaces, of: "{" ".join(SCOPES)}"')
    parser.add_argument("--principal", default="operator", help="who holds it; histories name them (default: operator)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
