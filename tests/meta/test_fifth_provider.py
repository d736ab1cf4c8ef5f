"""A provider is one folder: a fifth one works from registration to outcome, and nothing else knows that it is there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import invalidate_caches
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from aws_lambda_powertools import Logger

from approval_gate import providers
from approval_gate.entrypoints.api import build_resolver
from approval_gate.entrypoints.approvals import ApprovalsApi
from approval_gate.entrypoints.apps import AppsApi
from approval_gate.entrypoints.callback import CallbackEndpoint
from approval_gate.entrypoints.task import Tasks
from approval_gate.entrypoints.wiring import AppSenders
from approval_gate.ports import Ports
from approval_gate.providers import registry
from approval_gate.services.people import People
from approval_gate.services.receive import Callbacks
from approval_gate.settings import Settings
from approval_gate.store.contacts import DynamoContacts
from approval_gate.store.journal import Journal
from approval_gate.store.keyring import Keyring
from approval_gate.store.secrets import SecretStore
from approval_gate.store.syncs import DynamoSyncs
from tests.fakes.aws import TABLE, aws
from tests.fakes.world import START, World
from tests.functions.api_events import LambdaContext, api_event

SECRET = "the-shared-secret-of-the-toy"
APP = {
    "id": "toy-prod",
    "provider": "toy",
    "credentials": {"shop_id": "shop-1", "shared_secret": SECRET},
    "default_requester": {"user_id": "dev"},
}
ASKED = {
    "app": "toy-prod",
    "title": "Deploy web 1.42.0",
    "stages": [{"mode": "all", "approvers": [{"user_id": "lead"}]}],
}


@dataclass
class ToyPlatform:
    """The vendor's side: questions, answers, and a signed callback for each answer."""

    questions: dict[str, dict[str, str]] = field(default_factory=dict)

    def handle(self, request: httpx.Request) -> httpx.Response:
        number = request.url.path.rpartition("/")[2]
        if request.headers.get("authorization") != f"Bearer {SECRET}":
            return httpx.Response(401)
        if request.method == "PUT":
            self.questions.setdefault(number, json.loads(request.content))
        return httpx.Response(200, json=self.questions[number]) if number in self.questions else httpx.Response(404)

    def answer(self, number: str, answer: str) -> dict[str, Any]:
        """Answer a question and return the callback as API Gateway hands it over."""
        self.questions[number] |= {"answer": answer, "why": "looks fine", "answered_at": START.isoformat()}
        body = json.dumps({"number": number, "id": f"answer-{number}", "answered_at": START.isoformat()})
        signed = hmac.digest(SECRET.encode(), body.encode(), hashlib.sha256)
        return {
            "requestContext": {"http": {"method": "POST"}},
            "pathParameters": {"tenant": "acme", "app": "toy-prod"},
            "headers": {"x-toy-signature": base64.b64encode(signed).decode()},
            "body": body,
        }


@dataclass
class Gate:
    """Every entry point over one table; the senders and receivers come from the registry."""

    world: World
    platform: ToyPlatform

    def __post_init__(self) -> None:
        clock = self.world.clock
        self.log = io.StringIO()
        logger = Logger(service="fifth-provider", stream=self.log)
        secrets = SecretStore(boto3.client("secretsmanager"), "gate")
        http = httpx.Client(transport=httpx.MockTransport(self.platform.handle))
        senders = AppSenders(secrets, self.world.client, TABLE, http)
        contacts, syncs = DynamoContacts(self.world.client, TABLE), DynamoSyncs(self.world.client, TABLE)
        people = People(contacts, syncs, senders, clock)
        ports = Ports(self.world.approvals, self.world.apps, senders, self.world.workflow, clock, people)
        settings = Settings(TABLE, "gate")
        apps = AppsApi(self.world.apps, secrets, self.world.approvals, settings, clock)
        self._apps = build_resolver(logger, apps)
        self._approvals = build_resolver(
            logger, ApprovalsApi(self.world.approvals, self.world.workflow, self.world.creator, clock)
        )
        self.tasks = Tasks.over(ports, logger)
        self._keyring = Keyring(secrets, "toy", clock)
        self._logger = logger

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        api = self._apps if path.startswith("/v1/apps") else self._approvals
        context: Any = LambdaContext()
        answer = api.resolve(api_event(method, path, body), context)
        return answer["statusCode"], json.loads(answer["body"])

    def callback(self, event: dict[str, Any]) -> dict[str, Any]:
        journal = Journal(self.world.client, TABLE, self.world.clock)
        receiver = registry.receiver_type("toy")
        callbacks = Callbacks("toy", receiver, self._keyring, journal, self.world.clock)
        return CallbackEndpoint("toy", callbacks, self._logger).handle(event)

    def journal_stream(self) -> dict[str, Any]:
        """Return what the table's stream tells of the journal."""
        items = self.world.client.scan(TableName=TABLE)["Items"]
        records = [
            {"eventID": "1", "eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": item}}
            for item in items
            if item["SK"]["S"].startswith("EVENT#")
        ]
        return {"Records": records}


@pytest.fixture
def gate() -> Iterator[Gate]:
    with aws() as client:
        yield Gate(World(client), ToyPlatform())


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[None]:
    """Put the folder beside the real providers, and take it away again."""
    shutil.copytree(Path(__file__).parent / "toy_provider", tmp_path / "toy", ignore=shutil.ignore_patterns("__py*"))
    providers.__path__.append(str(tmp_path))
    registry.provider_names.cache_clear()
    invalidate_caches()
    try:
        yield
    finally:
        providers.__path__.remove(str(tmp_path))
        registry.provider_names.cache_clear()
        for name in [name for name in sys.modules if name.startswith("approval_gate.providers.toy")]:
            del sys.modules[name]
        vars(providers).pop("toy", None)


def execution(approval_id: str) -> dict[str, Any]:
    return {"input": {"approval_id": approval_id}, "execution_arn": "arn:aws:states:::x", "started_at": "2026-01-15"}


def test_a_fifth_provider_works_from_registration_to_outcome(toy: None, gate: Gate) -> None:
    status, app = gate.call("POST", "/v1/apps", APP)
    assert status == 201
    assert app["callback_url"].endswith("/callbacks/toy/acme/toy-prod")
    assert app["credentials"]["shared_secret"]["set"] is True

    status, asked = gate.call("POST", "/v1/approvals", ASKED)
    assert status == 201
    submitted = gate.tasks.submit(execution(asked["id"]))
    assert submitted["state"] == "pending"
    assert gate.platform.questions[asked["id"]]["to"] == "lead"

    answered = gate.callback(gate.platform.answer(asked["id"], "yes"))
    assert (answered["statusCode"], answered["body"]) == (200, '{"taken":true}')
    assert gate.tasks.apply(gate.journal_stream()) == {"batchItemFailures": []}

    _, decided = gate.call("GET", f"/v1/approvals/{asked['id']}")
    assert (decided["status"], decided["outcome"]["source"]) == ("APPROVED", "callback")
    assert decided["outcome"]["decided_by"][0]["user_id"] == "lead"
    assert decided["outcome"]["comment"] == "looks fine"
    concluded = gate.tasks.conclude({"approval_id": asked["id"], "last_attempt": False})
    assert concluded["outcome"]["status"] == "APPROVED"
    assert SECRET not in gate.log.getvalue()


def test_a_forged_callback_of_a_fifth_provider_changes_nothing(toy: None, gate: Gate) -> None:
    gate.call("POST", "/v1/apps", APP)
    _, asked = gate.call("POST", "/v1/approvals", ASKED)
    gate.tasks.submit(execution(asked["id"]))
    forged = {**gate.platform.answer(asked["id"], "yes"), "headers": {"x-toy-signature": "AAAA"}}

    assert gate.callback(forged)["statusCode"] == 401
    assert gate.journal_stream() == {"Records": []}


def test_its_people_problems_reach_whoever_asked(toy: None, gate: Gate) -> None:
    gate.call("POST", "/v1/apps", APP)
    by_email = [{"mode": "all", "approvers": [{"email": "lead@example.com"}]}]
    _, asked = gate.call("POST", "/v1/approvals", {**ASKED, "stages": by_email})

    gate.tasks.submit(execution(asked["id"]))

    _, failed = gate.call("GET", f"/v1/approvals/{asked['id']}")
    assert failed["status"] == "FAILED"
    assert "stages[0].approvers[0].email" in failed["outcome"]["reason"]


def test_a_provider_that_is_gone_is_unknown(gate: Gate) -> None:
    status, body = gate.call("POST", "/v1/apps", APP)

    assert status == 400
    assert body["errors"][0]["field"] == "provider"
    assert "'toy' is no provider" in body["errors"][0]["problem"]


def test_it_comes_and_goes_with_its_folder(request: pytest.FixtureRequest) -> None:
    before = registry.provider_names()
    request.getfixturevalue("toy")

    assert set(registry.provider_names()) == {*before, "toy"}
    assert "toy" not in before
