"""HTTP API events, payload format 2.0, as API Gateway makes them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl


def api_event(
    method: str,
    path: str,
    body: Any = None,
    *,
    tenant: str | None = "acme",
    scopes: str = "approvals:write approvals:read apps:admin",
    headers: dict[str, str] | None = None,
    query: str = "",
) -> dict[str, Any]:
    context = {"tenant": tenant, "scopes": scopes, "principal": "ci"} if tenant else {}
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "queryStringParameters": dict(parse_qsl(query)) if query else None,
        "headers": {"content-type": "application/json", **(headers or {})},
        "requestContext": {
            "apiId": "api1",
            "domainName": "api1.execute-api.us-east-1.amazonaws.com",
            "http": {
                "method": method,
                "path": path,
                "sourceIp": "127.0.0.1",
                "userAgent": "test",
                "protocol": "HTTP/1.1",
            },
            "stage": "$default",
            "requestId": "r1",
            "authorizer": {"lambda": context},
        },
        "body": body if isinstance(body, str) else json.dumps(body) if body is not None else None,
        "isBase64Encoded": False,
    }


class LambdaContext:
    function_name = "approvals_api"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:approvals_api"
    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 10_000
