"""Shared by all tests: no real account, no real time, and no secret where it can be seen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import botocore.handlers
import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from tests.secret_watch import WATCH, SecretFound


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


# -- no secret in any log, answer or history: see tests/secret_watch.py


def _learn_stored(params: dict[str, Any], **_: Any) -> None:
    WATCH.learn_stored(params.get("SecretString", ""))


_STORES = ("CreateSecret", "PutSecretValue", "UpdateSecret")
_HOOKS = [(f"before-parameter-build.secrets-manager.{name}", _learn_stored) for name in _STORES]
_resolve = APIGatewayHttpResolver.resolve


def _watched(self: APIGatewayHttpResolver, event: Any, context: Any) -> dict[str, Any]:
    answer = _resolve(self, event, context)
    WATCH.check_answer(answer["statusCode"], str(answer.get("body") or ""))
    return answer


def pytest_configure(config: pytest.Config) -> None:
    """Hear of every secret that is stored, and see every answer: at the libraries' doors, not at ours."""
    botocore.handlers.BUILTIN_HANDLERS.extend(_HOOKS)
    APIGatewayHttpResolver.resolve = _watched  # type: ignore[method-assign] # the one door all API functions share


def pytest_unconfigure(config: pytest.Config) -> None:
    APIGatewayHttpResolver.resolve = _resolve  # type: ignore[method-assign] # as above
    for hook in _HOOKS:
        botocore.handlers.BUILTIN_HANDLERS.remove(hook)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Learn the credentials of every kit that the collected tests use."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("tests.kits.", "tests.sender_kits.")):
            for kit in getattr(module, "KITS", ()):
                WATCH.learn_credentials(kit.credentials)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Look through what a test wrote, when it is over; a secret in it is an error of the test that wrote it."""
    report: Any = yield
    if report.when == "teardown" and report.passed:
        try:
            for title, text in report.sections:
                WATCH.check(text, title)
        except SecretFound as err:
            report.outcome, report.longrepr = "failed", str(err)
    return report
