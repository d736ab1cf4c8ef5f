"""
Write an API token: the first one of an installation, before there is a token to ask the API with.

Runs with the operator's own AWS credentials. Needs `dynamodb:PutItem` and `dynamodb:UpdateItem` on the table, and
`cloudformation:DescribeStacks` to find the table by the stack's name. Only the token's SHA-256 is stored, so it is
shown once. Further tokens come from `POST /v1/tokens`, which gives no scope that the asking token lacks: the first one
has all.

    python -m cli.bootstrap --stack approval-gate --tenant acme

Keys and attributes are those of `store/keys.py`, `store/tokens.py` and `store/tenants.py`; a test holds them to it.
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
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["ADMIN_SCOPES", "PIPELINE_SCOPES", "SCOPES", "find_table", "issue_token", "main"]

SCOPES = ("approvals:write", "approvals:read", "notifications:write", "apps:admin", "tokens:admin", "tenants:admin")
ADMIN_SCOPES = SCOPES
PIPELINE_SCOPES = ("approvals:write", "approvals:read", "notifications:write")

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")  # it becomes part of keys and paths
_TOKEN_BYTES = 32
_ID_BYTES = 12
_SHOWN = 4


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

    Its tenant is created with it if there is none.

    Args:
        principal: who holds it; histories name them, and the list of tokens does.
        now: aware; when it was made.

    Raises:
        ValueError: the tenant's name or a scope is not one, or the tenant was deleted.
    """
    if not _TENANT.fullmatch(tenant):
        raise ValueError(f"tenant {tenant!r}: use up to 64 letters, digits, - and _, first a letter or a digit")
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise ValueError(f"unknown scopes {' '.join(unknown)}: choose from {' '.join(SCOPES)}")
    if not scopes:
        raise ValueError(f"a token without scopes opens nothing: choose from {' '.join(SCOPES)}")
    token = "agt_" + base64.urlsafe_b64encode(entropy(_TOKEN_BYTES)).decode().rstrip("=")
    digest = hashlib.sha256(token.encode()).hexdigest()
    token_id = f"tok_{entropy(_ID_BYTES).hex()}"
    created_at = {"S": now.astimezone(UTC).isoformat()}
    shared: dict[str, Any] = {"scopes": {"S": " ".join(scopes)}, "created_at": created_at}
    by_digest = {
        "PK": {"S": f"APITOKEN#{digest}"},
        "SK": {"S": "APITOKEN"},
        **shared,
        "tenant": {"S": tenant},
        "principal": {"S": principal},
    }
    listed = {
        "PK": {"S": f"TENANT#{tenant}"},
        "SK": {"S": f"TOKEN#{token_id}"},
        **shared,
        "id": {"S": token_id},
        "name": {"S": principal},
        "hint": {"S": token[-_SHOWN:]},
        "created_by": {"S": "bootstrap"},
        "sha256": {"S": digest},
    }
    its_tenant: Any = {
        "TableName": table,
        "Key": {"PK": {"S": "TENANTS"}, "SK": {"S": f"TENANT#{tenant}"}},
        "UpdateExpression": (
            "SET id = :id, #name = if_not_exists(#name, :no), created_at = if_not_exists(created_at, :at)"
        ),
        "ConditionExpression": "attribute_not_exists(closed_at)",
        "ExpressionAttributeNames": {"#name": "name"},
        "ExpressionAttributeValues": {":id": {"S": tenant}, ":no": {"S": ""}, ":at": created_at},
    }
    puts: Any = [
        {"Put": {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(PK)"}}
        for item in (by_digest, listed)
    ]
    try:
        dynamodb.transact_write_items(TransactItems=[{"Update": its_tenant}, *puts])
    except dynamodb.exceptions.TransactionCanceledException as err:
        reasons: Any = err.response.get("CancellationReasons") or [{}]
        if reasons[0].get("Code") != "ConditionalCheckFailed":
            raise
        raise ValueError(f"tenant {tenant!r} was deleted, and its name cannot be used again: choose another") from err
    return token


def main(arguments: Sequence[str] | None = None) -> int:
    """Issue one token and print it; exit 0, 64 on usage, 1 when AWS refuses."""
    given = _parser().parse_args(arguments)
    try:
        table = given.table or find_table(given.stack)
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


def find_table(stack: str) -> str:
    """
    Return the name of a deployed stack's table.

    Raises:
        ValueError: it is no approval gate.
        ClientError, BotoCoreError: AWS refused.
    """
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
    parser.add_argument(
        "--scopes", default=" ".join(ADMIN_SCOPES), help=f'separated by spaces; all unless given: "{" ".join(SCOPES)}"'
    )
    parser.add_argument("--principal", default="operator", help="who holds it; histories name them (default: operator)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
