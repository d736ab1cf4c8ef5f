"""One secret read, one conditional put: clients of botocore's session, without boto3 around it."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"})


@cache
def clients() -> tuple[Any, Any]:
    """Make both clients."""
    session = botocore.session.get_session()
    return session.create_client("secretsmanager", config=_CONFIG), session.create_client("dynamodb", config=_CONFIG)


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Read and write."""
    secrets, dynamodb = clients()
    secrets.get_secret_value(SecretId=os.environ["SECRET_ID"])
    dynamodb.put_item(
        TableName=os.environ["TABLE_NAME"],
        Item={"PK": {"S": event["key"]}, "SK": {"S": "x"}},
        ConditionExpression="attribute_not_exists(PK)",
    )
    return {"statusCode": 200}
