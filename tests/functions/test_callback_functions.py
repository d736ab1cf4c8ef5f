"""Every provider's callback function: API Gateway in, journal and acknowledgement out."""

from __future__ import annotations

import base64
import io
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from aws_lambda_powertools import Logger

from approval_gate.domain.sync import Changed
from approval_gate.entrypoints.callback import CallbackEndpoint
from approval_gate.ports.secrets import AppSecret
from approval_gate.providers import registry
from approval_gate.services.receive import Callbacks
from approval_gate.store.journal import Journal
from approval_gate.store.keyring import Keyring
from approval_gate.store.secrets import SecretStore
from approval_gate.store.syncs import DynamoSyncs
from approval_gate.web import WebRequest
from tests.fakes.aws import TABLE, aws
from tests.kits import Kit, all_kits

_numbers = itertools.count()
REF = "A7E2B6C1-58D3-4F0A-8B9C-6D1E2F304152"


@dataclass
class Site:
    """One provider's callback function with one registered app, `acme/prod`."""

    kit: Kit
    table: Any
    secrets: SecretStore
    waited: timedelta = timedelta()
    reads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        load = self.secrets.load

        def counted(provider: str, tenant: str, app: str) -> Any:
            self.reads.append(f"{tenant}/{app}")
            return load(provider, tenant, app)

        self.secrets.load = counted  # type: ignore[method-assign] # counts what a flood would cost
        keyring = Keyring(self.secrets, self.kit.name, lambda: self.kit.now + self.waited)
        journal = Journal(self.table, TABLE, lambda: self.kit.now)
        receiver = registry.receiver_type(self.kit.name)
        callbacks = Callbacks(self.kit.name, receiver, keyring, journal, lambda: self.kit.now)
        self.log = io.StringIO()
        # A logger of its own name: Powertools gives each name its stream once.
        logger = Logger(service=f"callback-{next(_numbers)}", stream=self.log)
        self.endpoint = CallbackEndpoint(self.kit.name, callbacks, logger)

    def send(self, request: WebRequest, *, app: str = "prod", encoded: bool = False) -> dict[str, Any]:
        body = base64.b64encode(request.body).decode() if encoded else request.body.decode()
        query = "&".join(f"{name}={_quoted(value)}" for name, value in request.query.items())
        return self.endpoint.handle(
            {
                "requestContext": {"http": {"method": request.method}},
                "pathParameters": {"tenant": "acme", "app": app},
                "headers": dict(request.headers),
                "rawQueryString": query,
                "body": body,
                "isBase64Encoded": encoded,
            }
        )

    def journal(self) -> list[dict[str, Any]]:
        return list(self.table.scan(TableName=TABLE)["Items"])


def _quoted(value: str) -> str:
    return quote(value, safe="")


@pytest.fixture(params=all_kits(), ids=lambda kit: kit.name)
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with aws() as table:
        kit: Any = request.param
        secrets = SecretStore(boto3.client("secretsmanager"), "gate")
        secrets.write(kit.name, "acme", "prod", AppSecret(kit.credentials, kit.now))
        yield Site(kit, table, secrets)


@pytest.mark.parametrize("encoded", [False, True])
def test_a_true_callback_is_journaled_once_and_acknowledged_each_time(site: Site, encoded: bool) -> None:
    request = site.kit.approve(REF)

    answers = [site.send(request, encoded=encoded), site.send(site.kit.redelivery(request), encoded=encoded)]

    assert [answer["statusCode"] for answer in answers] == [200, 200]
    (entry,) = site.journal()
    assert entry["PK"]["S"] == f"REF#{site.kit.name}#acme#prod#{REF}"
    assert json.loads(entry["event"]["S"])["provider_ref"] == REF
    assert len(entry["body_sha256"]["S"]) == 64


def test_an_address_check_is_answered_and_not_journaled(site: Site) -> None:
    assert site.send(site.kit.address_check())["statusCode"] == 200
    assert site.journal() == []


def test_an_unproven_callback_and_an_unknown_app_get_the_same_answer(site: Site) -> None:
    request = site.kit.approve(REF)

    unproven, unknown = site.send(site.kit.unsigned(request)), site.send(request, app="nowhere")

    assert unproven == unknown
    assert (unproven["statusCode"], unproven["body"]) == (401, "")
    assert site.journal() == []


def test_a_flood_of_forgeries_and_of_unknown_apps_reads_each_secret_a_few_times(site: Site) -> None:
    forged = site.kit.unsigned(site.kit.approve(REF))

    for _ in range(50):
        site.send(forged)
        site.send(forged, app="nowhere")

    most = 1 + Keyring.FRESH_READS
    assert sorted(site.reads) == ["acme/nowhere"] * most + ["acme/prod"] * most


@pytest.mark.parametrize(
    "name", ["", " ", "prod ", "prod/x", "../prod", "prod#", "a,b", "é", "prod\n", "a" * 65, "x" * 3000]
)
def test_a_name_that_no_app_can_have_is_refused_without_a_call_and_without_filling_the_log(
    site: Site, name: str
) -> None:
    answer = site.send(site.kit.approve(REF), app=name)

    assert (answer["statusCode"], answer["body"]) == (401, "")
    assert site.reads == []
    assert len(site.log.getvalue()) < 1000


def test_changed_keys_are_picked_up_by_the_next_callback(site: Site) -> None:
    site.secrets.write(site.kit.name, "acme", "prod", AppSecret(_other_keys(site.kit), site.kit.now))
    site.send(site.kit.approve(REF))
    site.secrets.write(site.kit.name, "acme", "prod", AppSecret(site.kit.credentials, site.kit.now))  # type: ignore[attr-defined] # every kit has them

    assert site.send(site.kit.approve(REF))["statusCode"] == 200


def test_after_a_flood_changed_keys_are_picked_up_within_a_minute(site: Site) -> None:
    site.secrets.write(site.kit.name, "acme", "prod", AppSecret(_other_keys(site.kit), site.kit.now))
    for _ in range(2 * Keyring.FRESH_READS):
        site.send(site.kit.approve(REF))
    site.secrets.write(site.kit.name, "acme", "prod", AppSecret(site.kit.credentials, site.kit.now))  # type: ignore[attr-defined] # every kit has them

    at_once = site.send(site.kit.approve(REF))
    site.waited += Keyring.LIFE

    assert (at_once["statusCode"], site.send(site.kit.approve(REF))["statusCode"]) == (401, 200)


def test_an_event_we_do_not_know_is_acknowledged(site: Site) -> None:
    assert site.send(site.kit.unknown_event())["statusCode"] == 200

    assert site.send(site.kit.mangled_event(REF))["statusCode"] == 200
    assert site.journal() == []


def test_changed_contacts_leave_one_mark_however_many_they_are(site: Site) -> None:
    syncs = DynamoSyncs(site.table, TABLE)

    for _ in range(3):
        assert site.send(site.kit.contacts_changed())["statusCode"] == 200

    named = (site.kit.changed_person,) if site.kit.changed_person else ()
    assert syncs.changed(site.kit.name, "acme", "prod") == Changed(site.kit.now, named)
    assert site.table.scan(TableName=TABLE)["Count"] == 1


def test_when_the_journal_cannot_be_written_the_platform_must_deliver_again(site: Site) -> None:
    site.table.delete_table(TableName=TABLE)

    answer = site.send(site.kit.approve(REF))

    assert (answer["statusCode"], answer["body"]) == (500, "")


def test_a_body_that_is_not_the_base64_it_claims_to_be_is_refused(site: Site) -> None:
    event = {"pathParameters": {"tenant": "acme", "app": "prod"}, "body": "%%%", "isBase64Encoded": True}

    assert site.endpoint.handle(event)["statusCode"] == 401


def test_no_secret_and_no_body_is_logged(site: Site) -> None:
    request = site.kit.approve(REF)
    site.send(request)
    site.send(site.kit.unsigned(request))

    logged = site.log.getvalue()
    assert '"message":"callback"' in logged
    for secret in site.kit.credentials.values():  # type: ignore[attr-defined] # every kit has them
        if secret not in (site.kit.credentials.get("app_id"), site.kit.credentials.get("agent_id")):  # type: ignore[attr-defined] # the same
            assert secret not in logged
    assert request.body.decode()[20:60] not in logged


def _other_keys(kit: Any) -> dict[str, str]:
    return {name: value if name.endswith("_id") else value[::-1] for name, value in kit.credentials.items()}


def test_a_stale_callback_is_refused(site: Site) -> None:
    request = site.kit.approve(REF)
    site.kit.now += timedelta(days=2)
    try:
        assert site.send(request)["statusCode"] == 401
    finally:
        site.kit.now -= timedelta(days=2)
