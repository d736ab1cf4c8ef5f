"""
API Gateway in one process: the template's routes, the real authorizer, the real handlers, over moto.

Every function is wired by its own handler from an environment like the template's, so a route or a function that is
added there is here too.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.fakes.aws import TABLE, aws, template
from tests.functions.api_events import LambdaContext, api_event

__all__ = ["Answer", "Gateway", "Route", "gateway", "routes"]

PREFIX = "gate"
_FUNCTIONS = Path(__file__).parents[2] / "functions"
_ROLE = "arn:aws:iam::123456789012:role/state-machine"
_CACHED = ("api", "authorizer", "consumer", "endpoint", "tasks")


@dataclass(frozen=True, order=True)
class Route:
    """One HTTP event of the template."""

    function: str
    method: str
    path: str
    is_open: bool = False

    def matches(self, method: str, path: str) -> re.Match[str] | None:
        if self.method != method:
            return None
        return re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path), path)


def routes() -> list[Route]:
    """Return every route of the template but the one that answers all others."""
    functions = [r["Properties"] for r in template()["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
    return sorted(
        Route(
            function["CodeUri"].removeprefix("functions/"),
            event["Properties"]["Method"],
            event["Properties"]["Path"],
            is_open=event["Properties"].get("Auth", {}).get("Authorizer") == "NONE",
        )
        for function in functions
        for event in function.get("Events", {}).values()
        if event["Type"] == "HttpApi" and "Path" in event["Properties"]
    )


@dataclass(frozen=True)
class Answer:
    """What came back, and every call to AWS that it took, as `service:Operation`."""

    status: int
    headers: dict[str, str]
    body: str
    calls: tuple[str, ...]

    @property
    def json(self) -> Any:
        return json.loads(self.body or "{}")


@dataclass
class Gateway:
    """The front door."""

    table: Any
    calls: list[str] = field(default_factory=list)
    _routes: list[Route] = field(default_factory=routes)

    def send(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: Any = None,
        query: str = "",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request as a client does."""
        given = {**(headers or {}), **({"authorization": f"Bearer {token}"} if token else {})}
        event = api_event(method, path, body, tenant=None, headers=given, query=query)
        route, matched = next((r, m) for r in self._routes if (m := r.matches(method, path)))
        event |= {"routeKey": f"{method} {route.path}", "pathParameters": matched.groupdict()}
        if not route.is_open:
            authorized = self._invoke("authorizer", event)
            event["requestContext"]["authorizer"] = {"lambda": authorized["context"]}
        self.calls.clear()
        answer = self._invoke(route.function, event)
        assert answer.get("body") is not None, "nothing is an empty text: the local engine answers 500 to null"
        shown = answer.get("headers") or {
            name: ", ".join(values) for name, values in answer.get("multiValueHeaders", {}).items()
        }
        return Answer(answer["statusCode"], shown, answer["body"], tuple(self.calls))

    def _invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = _handler(function).lambda_handler(event, LambdaContext())
        return answer


def _handler(function: str) -> Any:
    return import_module(f"functions.{function}.handler")


@contextmanager
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """Run with every function wired, and unwire them afterwards."""
    with aws() as table, _logging_as_it_was():
        session = boto3.session.Session()
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
        opened = Gateway(table)

        def count(model: Any, **_: Any) -> None:
            opened.calls.append(f"{model.service_model.service_name}:{model.name}")

        session.events.register("before-call", count)
        for name, value in _environment(session).items():
            monkeypatch.setenv(name, value)
        functions = {path.parent.name for path in _FUNCTIONS.glob("*/handler.py")}
        _forget(functions)
        try:
            yield opened
        finally:
            _forget(functions)


def _environment(session: boto3.session.Session) -> dict[str, str]:
    definition = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}})
    machine = session.client("stepfunctions").create_state_machine(name="m", definition=definition, roleArn=_ROLE)
    queue = session.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    known = {
        "TABLE_NAME": TABLE,
        "SECRET_PREFIX": PREFIX,
        "STATE_MACHINE_ARN": machine["stateMachineArn"],
        "PUBLIC_URL": "",
        "ALLOW_LOOPBACK": "false",
    }
    named = {
        name
        for resource in template()["Resources"].values()
        for name in resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
    }
    return {name: queue for name in named if name.endswith("_URL")} | known


def _forget(functions: set[str]) -> None:
    for function in functions:
        for name in _CACHED:
            cached = getattr(_handler(function), name, None)
            if hasattr(cached, "cache_clear"):
                cached.cache_clear()


@contextmanager
def _logging_as_it_was() -> Iterator[None]:
    """Handlers hang their log on the package's when they are imported; other tests want to see it elsewhere."""
    loggers = [logging.getLogger(name) for name in ("approval_gate", "httpx")]
    before = [(logger, list(logger.handlers), logger.level, logger.propagate) for logger in loggers]
    try:
        yield
    finally:
        for logger, handlers, level, propagate in before:
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)
