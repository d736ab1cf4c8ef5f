"""The deployed template, from a pipeline's request to the released execution, with a person's click in between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.scenario import Case, World, run_case
from local.stack import PROVIDERS

pytestmark = pytest.mark.stack

type Json = dict[str, Any]


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("decision", "outcome", "comment"), [("approve", "APPROVED", "Looks good"), ("reject", "REJECTED", "不行")]
)
def test_a_click_on_the_platform_releases_the_execution(
    stack: Json, http: httpx.Client, provider: str, decision: str, outcome: str, comment: str
):
    steps: list[str] = []
    world = World(stack, http, lambda _case, step, _what: steps.append(step))

    result = run_case(world, Case(provider, outcome, decision=decision, comment=comment))

    assert result.problem == ""
    assert (result.got, result.source) == (outcome, "callback")
    assert steps == ["requested", "opened", "clicked", "callback", "outcome", "released"]


def test_no_token_and_a_wrong_token_are_refused_with_a_problem_document(stack: Json, http: httpx.Client):
    url = f"{stack['api_url']}/v1/approvals/apr_1"

    for headers in ({}, {"authorization": "Bearer agt_wrong"}):
        answer = http.get(url, headers=headers)

        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_path_that_does_not_exist_is_a_problem_document(stack: Json, http: httpx.Client):
    answer = http.get(f"{stack['api_url']}/v2/x", headers={"authorization": f"Bearer {stack['pipeline_token']}"})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_unproven_callbacks_get_the_same_empty_answer_whether_the_app_exists_or_not(
    stack: Json, http: httpx.Client, provider: str
):
    for app in (stack["apps"][provider], "nobody"):
        url = f"{stack['api_url']}/callbacks/{provider}/{stack['tenant']}/{app}"
        answer = http.post(url, json={"encrypt": "AAAA"})

        assert (answer.status_code, answer.content) == (401, b"")
