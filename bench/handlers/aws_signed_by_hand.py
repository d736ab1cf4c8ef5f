"""
One secret read, one conditional put: two signed requests over the standard library, no SDK.

For the comparison only: no retries, no session expiry, no error mapping. Over TLS the `ssl` module comes on top, as it
does for the SDK.

Source: AWS Identity and Access Management user guide, "Create a signed AWS API request", read 2026-02-28.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit


@cache
def connection() -> http.client.HTTPConnection:
    """Connect to the endpoint."""
    endpoint = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    return http.client.HTTPConnection(endpoint.hostname or "", endpoint.port, timeout=2)


def call(service: str, target: str, content_type: str, request: dict[str, Any]) -> Any:
    """Make one JSON call."""
    body = json.dumps(request).encode()
    now = datetime.now(UTC)
    amz_date, day, region = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}", os.environ["AWS_REGION"]
    host = urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
    headers = {"content-type": content_type, "host": host, "x-amz-date": amz_date, "x-amz-target": target}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{region}/{service}/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{amz_date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    connection().request("POST", "/", body, headers)
    response = connection().getresponse()
    answer = json.loads(response.read())
    if response.status != http.HTTPStatus.OK:
        raise RuntimeError(answer)
    return answer


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Read and write."""
    call(
        "secretsmanager",
        "secretsmanager.GetSecretValue",
        "application/x-amz-json-1.1",
        {"SecretId": os.environ["SECRET_ID"]},
    )
    item = {"PK": {"S": event["key"]}, "SK": {"S": "x"}}
    call(
        "dynamodb",
        "DynamoDB_20120810.PutItem",
        "application/x-amz-json-1.0",
        {
            "TableName": os.environ["TABLE_NAME"],
            "Item": item,
            "ConditionExpression": "attribute_not_exists(PK)",
        },
    )
    return {"statusCode": 200}
