"""
What the public API functions share: who calls, and errors as problem documents (RFC 9457).

HTTP APIs cannot give a problem document for a request that the authorizer refuses, so our authorizer lets everything
pass and says only who it is; a request of nobody is refused here, before anything else of it is looked at, and one of
somebody who may not ask for it before its body is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Any, Protocol, override

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError, ServiceError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import OpenAPIRequestValidationMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from approval_gate.api.answers import ProblemBody
from approval_gate.api.problems import field_problems, in_one_line
from approval_gate.entrypoints.scopes import OPENED_BY
from approval_gate.errors import (
    FieldProblem,
    Forbidden,
    GateError,
    RemindedAlready,
    RequestError,
    StoreError,
    Unauthenticated,
)
from approval_gate.untrusted import RepeatedName, json_value

__all__ = ["PROBLEMS", "Caller", "RouteGroup", "build_resolver", "caller_in", "caller_of", "problem"]

_PROBLEM_TYPE = "application/problem+json"
_PROBLEM_URI = "urn:approval-gate:problem:"

PROBLEMS: dict[int, Any] = {
    status: {"description": text, "content": {_PROBLEM_TYPE: {"model": ProblemBody}}}
    for status, text in {
        400: "The request must change; `errors` names each field.",
        401: "No API token, or one that is unknown.",
        403: "The API token does not reach this far.",
        404: "Nothing of that name in the token's tenant.",
        409: "Contradicts what is stored.",
        503: "Try again: nothing was changed, or nothing was lost.",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as the authorizer found out."""

    tenant: str
    principal: str
    scopes: frozenset[str]

    def require(self, *scopes: str) -> None:
        """
        Refuse a caller that has none of these scopes.

        Raises:
            Forbidden: names them.
        """
        if not self.scopes.intersection(scopes):
            raise Forbidden(f"This API token lacks the scope {' or '.join(scopes)}. Use another token, or create one.")


def caller_of(app: APIGatewayHttpResolver) -> Caller:
    """
    Return who calls.

    Raises:
        Unauthenticated: nobody we know.
    """
    return caller_in(app.current_event.raw_event)


def caller_in(event: Mapping[str, Any]) -> Caller:
    """Do as `caller_of`, with the HTTP API event."""
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    context = authorizer.get("lambda") or {}  # null where it told nothing
    tenant, principal = context.get("tenant"), context.get("principal")
    if not tenant or not principal:
        raise Unauthenticated("Send a valid API token: `Authorization: Bearer agt_...`.")
    return Caller(str(tenant), str(principal), frozenset(str(context.get("scopes", "")).split()))


class RouteGroup(Protocol):
    """Routes that belong together, over the ports they need; a function lists the groups it answers."""

    def add_to(self, app: APIGatewayHttpResolver) -> None:
        """Add the routes. Each asks `caller_of(app)` who calls, and requires a scope, before anything else."""
        ...


class _ForCallers(APIGatewayHttpResolver):
    """Answers callers only. No middleware can do that: Powertools parses and validates bodies before it runs any."""

    @override
    def resolve(self, event: Any, context: Any) -> dict[str, Any]:
        try:
            caller_in(event)
        except Unauthenticated as err:
            answer = problem(err.status, err.code, err.message)
            headers = {"content-type": answer.content_type, **answer.headers}
            return {"statusCode": answer.status_code, "headers": headers, "body": answer.body, "isBase64Encoded": False}
        return super().resolve(event, context)


def build_resolver(logger: Logger, *groups: RouteGroup) -> APIGatewayHttpResolver:
    """Return a resolver that refuses strangers, validates bodies and answers every error as a problem document."""
    # Not even with POWERTOOLS_DEV set: it would print requests, and answer errors with their stack.
    app = _ForCallers(enable_validation=True, json_body_deserializer=_read_json, debug=False)
    # There is no public place before the validation; tests hold it to what it is there for.
    app._request_validation_middleware = _Admission()  # type: ignore[no-untyped-call]  # noqa: SLF001 - as above
    _answer_errors(app, logger)
    for group in groups:
        group.add_to(app)
    return app


class _Admission(OpenAPIRequestValidationMiddleware):
    """Validate a request once its sender is known to be allowed to send it."""

    @override
    def handler(self, app: Any, next_middleware: NextMiddleware) -> Response[Any]:
        route = app.context["_route"]
        if opened_by := OPENED_BY.get((route.method, route.path)):  # the answer to unknown paths is opened by any
            caller_of(app).require(*opened_by)
        return super().handler(app, next_middleware)

    @override
    def _get_body(self, app: Any) -> Any:
        """Read the body as JSON, whatever it is declared as: `curl -d` declares a form, and nothing here takes one."""
        try:
            return app.current_event.json_body
        except UnicodeDecodeError as err:
            raise _not_json("is not JSON in UTF-8") from err


def _read_json(text: str) -> Any:
    """
    Read a body strictly.

    Raises:
        RequestError: no JSON, or a field that is given twice: which of the two approvers lists would be the gate's?
    """
    try:
        return json_value(text)
    except RepeatedName as err:
        raise RequestError("The request must change.", problems=(FieldProblem(err.name, "is given twice"),)) from err
    except json.JSONDecodeError as err:
        raise _not_json(f"is not valid JSON: {err.msg}, line {err.lineno}, column {err.colno}") from err
    except ValueError as err:
        raise _not_json(f"is not valid JSON: {err}") from err


def _not_json(text: str) -> RequestError:
    return RequestError(f"The body {text}.", problems=(FieldProblem("body", text),))


def _answer_errors(app: APIGatewayHttpResolver, logger: Logger) -> None:
    def on_gate_error(err: GateError) -> Response[Any]:
        if err.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.error("request_failed", extra={"error_code": err.code}, exc_info=err)
        if isinstance(err, StoreError):
            return problem(err.status, err.code, "The gate's store did not answer. Send the request again.")
        answer = problem(err.status, err.code, err.message, _as_json(getattr(err, "problems", ())))
        if isinstance(err, RemindedAlready):
            answer.headers["Retry-After"] = str(ceil(err.retry_after_s))
        return answer

    def on_invalid(err: RequestValidationError) -> Response[Any]:
        problems = field_problems(err.errors(), "body")
        text = f"The request must change. {in_one_line(problems)}."
        return problem(400, RequestError.code, text, _as_json(problems))

    @app.not_found
    def on_unknown_route(_: NotFoundError) -> Response[Any]:
        text = "There is no such path or method here. docs/openapi.json lists them all."
        return problem(404, "no_such_path", text)

    def on_service_error(err: ServiceError) -> Response[Any]:
        return problem(err.status_code, "request_error", str(err.msg))

    def on_anything_else(err: Exception) -> Response[Any]:
        logger.error("request_failed", extra={"error_code": "unforeseen"}, exc_info=err)
        return problem(500, "internal", "The gate failed. Its log tells why; sending the request again may help.")

    app.exception_handler(GateError)(on_gate_error)
    app.exception_handler(RequestValidationError)(on_invalid)
    app.exception_handler(ServiceError)(on_service_error)
    app.exception_handler(Exception)(on_anything_else)


def problem(
    status: int, code: str, detail: str, errors: Sequence[Mapping[str, str]] = (), **more: object
) -> Response[Any]:
    """Return a problem document."""
    body: dict[str, object] = {
        "type": _PROBLEM_URI + code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **({"errors": list(errors)} if errors else {}),
        **more,
    }
    text = json.dumps(body, ensure_ascii=False)
    return Response(status_code=status, content_type=_PROBLEM_TYPE, body=text, headers=_headers(status))


def _as_json(problems: Sequence[FieldProblem]) -> list[Mapping[str, str]]:
    return [{"field": p.field, "problem": p.problem} for p in problems]


def _headers(status: int) -> dict[str, str | list[str]]:
    return {"WWW-Authenticate": 'Bearer realm="approval-gate"'} if status == HTTPStatus.UNAUTHORIZED else {}
