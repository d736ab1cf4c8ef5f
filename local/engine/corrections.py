"""
What the engine does differently from AWS and our design cannot avoid.

Wraps around the engine's own functions; its source is never edited or copied. Each has a contract test in
`tests/stack/test_corrections.py` that fails when the engine starts doing it itself: then the correction is deleted.

1. `AWS::ApiGatewayV2::Api` with an OpenAPI `Body` (what SAM makes of an HTTP API) creates the API and ignores the body.
2. `TimeoutSecondsPath` is ignored on a task that waits for a token.
3. Worker processes are not bounded: 64 concurrent clients made 221 processes and 12 GB.
4. and 5. Permissions: see `permissions`.
6. Failed records of a table's stream are lost: see `streams`.
7. A worker that dies takes the others of its function with it: see `workers`.

Learnt by trying ministack 1.5.33; AWS's behaviour from the CloudFormation, API Gateway and Step Functions guides, read
2026-02-28.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

from ministack.services import apigateway, lambda_svc, stepfunctions
from ministack.services.cloudformation import provisioners

from local.engine.permissions import authorize_leading_keys, authorize_task_tokens
from local.engine.streams import retry_stream_records
from local.engine.workers import lose_only_the_dead_worker

__all__ = ["WORKERS_PER_FUNCTION", "apply_all", "bound_workers", "expand_http_api_bodies", "resolve_timeout_paths"]

WORKERS_PER_FUNCTION = 6
"""Enough for 32 clients at some 2,500 approvals a minute; a worker is about 60 MB."""

type _Json = Mapping[str, Any]


def apply_all() -> None:
    """Correct the engine in this process. Call once, before it serves."""
    expand_http_api_bodies()
    resolve_timeout_paths()
    bound_workers(WORKERS_PER_FUNCTION)
    authorize_task_tokens()
    authorize_leading_keys()
    retry_stream_records()
    lose_only_the_dead_worker()


# -- 1. HTTP API bodies -----------------------------------------------------------------------------------------------


def expand_http_api_bodies() -> None:
    """Let an API's OpenAPI body become its authorizers, integrations and routes."""
    handlers = provisioners._RESOURCE_HANDLERS  # noqa: SLF001  # the engine has no public registry of resource types
    api = dict(handlers["AWS::ApiGatewayV2::Api"])
    create, update = api["create"], api["update"]

    @wraps(create)
    def create_with_body(logical_id: str, props: _Json, stack_name: str) -> tuple[str, _Json]:
        api_id, attributes = create(logical_id, props, stack_name)
        _expand(api_id, props, stack_name)
        return api_id, attributes

    @wraps(update)
    def update_with_body(api_id: str, old: _Json, new: _Json, stack_name: str, *more: Any) -> tuple[str, _Json]:
        api_id, attributes = update(api_id, old, new, stack_name, *more)
        for kept in (apigateway._routes, apigateway._integrations, apigateway._authorizers):  # noqa: SLF001  # no call clears an API
            kept[api_id] = {}
        _expand(api_id, new, stack_name)
        return api_id, attributes

    handlers["AWS::ApiGatewayV2::Api"] = {**api, "create": create_with_body, "update": update_with_body}


def _expand(api_id: str, props: _Json, stack_name: str) -> None:
    body = props.get("Body") or {}
    handlers = provisioners._RESOURCE_HANDLERS  # noqa: SLF001  # as above

    def create(kind: str, name: str, properties: _Json) -> str:
        create_one = handlers[f"AWS::ApiGatewayV2::{kind}"]["create"]
        physical_id, _ = create_one(name, {"ApiId": api_id, **properties}, stack_name)
        return str(physical_id)

    authorizers = {name: create("Authorizer", name, properties) for name, properties in authorizers_of(body)}
    for route_key, operation in operations_of(body):
        integration = operation["x-amazon-apigateway-integration"]
        integration_id = create(
            "Integration",
            route_key,
            {
                "IntegrationType": integration["type"].upper(),
                "IntegrationUri": integration["uri"],
                "PayloadFormatVersion": integration["payloadFormatVersion"],
            },
        )
        named = [name for scheme in operation.get("security", []) for name in scheme if name != "NONE"]
        authorization = {"AuthorizationType": "CUSTOM", "AuthorizerId": authorizers[named[0]]} if named else {}
        create("Route", route_key, {"RouteKey": route_key, "Target": f"integrations/{integration_id}", **authorization})


def authorizers_of(body: _Json) -> Iterator[tuple[str, _Json]]:
    """Read the Lambda authorizers out of an OpenAPI body, as CloudFormation properties."""
    for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
        authorizer = scheme["x-amazon-apigateway-authorizer"]
        sources = authorizer.get("identitySource", [])  # SAM writes a list, other documents one text with commas
        if isinstance(sources, str):
            sources = sources.split(",")
        yield (
            name,
            {
                "Name": name,
                "AuthorizerType": authorizer["type"].upper(),
                "AuthorizerUri": authorizer["authorizerUri"],
                "AuthorizerPayloadFormatVersion": authorizer["authorizerPayloadFormatVersion"],
                "EnableSimpleResponses": authorizer.get("enableSimpleResponses", False),
                "AuthorizerResultTtlInSeconds": authorizer.get("authorizerResultTtlInSeconds", 0),
                # Without an identity source the authorizer is asked every time; the engine would demand a header.
                "IdentitySource": [source.strip() for source in sources if source.strip()],
            },
        )


def operations_of(body: _Json) -> Iterator[tuple[str, _Json]]:
    """Read the operations out of an OpenAPI body, each under its route key (`POST /v1/approvals`, `$default`)."""
    for path, methods in body.get("paths", {}).items():
        for method, operation in methods.items():
            if operation.get("isDefaultRoute"):
                yield "$default", operation
            else:
                yield f"{'ANY' if method.startswith('x-') else method.upper()} {path}", operation


# -- 2. a timer from the state's input --------------------------------------------------------------------------------


def resolve_timeout_paths() -> None:
    """Let `TimeoutSecondsPath` set the timer of a task."""
    execute = stepfunctions._execute_task  # noqa: SLF001  # the engine's only place where a task begins

    @wraps(execute)
    def execute_with_timer(state: _Json, raw_input: Any, execution: Any, context: Any) -> tuple[Any, str]:
        if "TimeoutSecondsPath" in state:
            timer_s = stepfunctions._resolve_path(state["TimeoutSecondsPath"], raw_input)  # noqa: SLF001  # the engine's own paths
            if not isinstance(timer_s, int) or isinstance(timer_s, bool) or timer_s <= 0:
                raise stepfunctions._ExecutionError("States.Runtime", "TimeoutSecondsPath is no positive integer")  # noqa: SLF001
            state = {**state, "TimeoutSeconds": timer_s}
        result: tuple[Any, str] = execute(state, raw_input, execution, context)
        return result

    stepfunctions._execute_task = execute_with_timer  # noqa: SLF001  # as above


# -- 3. as many workers as a laptop has room for ----------------------------------------------------------------------


def bound_workers(per_function: int) -> None:
    """Let an invocation wait for one of a function's `per_function` workers, instead of starting another."""
    invoke: Callable[..., Any] = lambda_svc._execute_function_with_config_scope  # noqa: SLF001  # every trigger passes here
    slots: defaultdict[str, threading.BoundedSemaphore] = defaultdict(lambda: threading.BoundedSemaphore(per_function))
    guard = threading.Lock()

    @wraps(invoke)
    def invoke_in_turn(record: _Json, event: Any) -> Any:
        config = record.get("config") or record
        with guard:
            slot = slots[config.get("FunctionArn", "")]
        with slot:
            return invoke(record, event)

    lambda_svc._execute_function_with_config_scope = invoke_in_turn  # noqa: SLF001  # as above
