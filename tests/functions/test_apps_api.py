"""The apps API as API Gateway calls it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from aws_lambda_powertools import Logger

from approval_gate.domain.schedule import Reconciliation
from approval_gate.entrypoints.api import build_resolver
from approval_gate.entrypoints.apps import AppsApi
from approval_gate.errors import StoreError
from approval_gate.settings import Settings
from approval_gate.store.secrets import SecretStore
from tests.fakes.aws import TABLE, aws
from tests.fakes.world import World
from tests.functions.api_events import LambdaContext, api_event

type Call = Callable[..., tuple[int, dict[str, Any]]]

SECRET = "s3cret-app-secret-value-0123456789"
KEY = "Enc-key-value-0123456789"
APP: dict[str, Any] = {
    "id": "feishu-prod",
    "provider": "feishu",
    "name": "Production",
    "credentials": {
        "app_id": "cli_a1b2c3d4e5f60718",
        "app_secret": SECRET,
        "encrypt_key": KEY,
        "verification_token": "vtok-value",
    },
    "default_requester": {"user_id": "ou_9"},
}


class Secrets(SecretStore):
    """The real store, which a test can make fail."""

    broken = False

    def write(self, *args: Any, **kwargs: Any) -> None:
        if self.broken:
            raise StoreError("Secrets Manager does not answer")
        super().write(*args, **kwargs)


@pytest.fixture
def world() -> Iterator[World]:
    with aws() as client:
        yield World(client)


@pytest.fixture
def secrets(world: World) -> Secrets:
    return Secrets(boto3.client("secretsmanager"), "gate")


def calls(world: World, secrets: Secrets, **settings: Any) -> Call:
    apps = AppsApi(world.apps, secrets, world.approvals, Settings(TABLE, "gate", **settings), world.clock)
    api = build_resolver(Logger(), apps)

    def send(method: str, path: str, body: Any = None, **more: Any) -> tuple[int, dict[str, Any]]:
        answer = api.resolve(api_event(method, path, body, **more), LambdaContext())
        return answer["statusCode"], json.loads(answer["body"] or "{}")

    return send


@pytest.fixture
def call(world: World, secrets: Secrets) -> Call:
    return calls(world, secrets)


def test_what_looks_may_cost_is_told_and_changed_as_a_whole(call: Call, world: World) -> None:
    _, registered = call("POST", "/v1/apps", {**APP, "callbacks": "none", "reconciliation": {"calls_per_month": 900}})
    _, changed = call("PUT", "/v1/apps/feishu-prod", {"reconciliation": {"max_pause_s": 600, "calls_per_month": None}})
    _, renamed = call("PUT", "/v1/apps/feishu-prod", {"name": "New"})
    stored = world.apps.get("acme", "feishu-prod")
    _, reset = call("PUT", "/v1/apps/feishu-prod", {"reconciliation": None})

    assert registered["reconciliation"] == {"max_pause_s": 1800, "calls_per_month": 900}
    assert changed["reconciliation"] == renamed["reconciliation"] == {"max_pause_s": 600, "calls_per_month": None}
    assert stored is not None
    assert stored.reconciliation == Reconciliation(600, None)
    assert reset["reconciliation"] == {"max_pause_s": 1800, "calls_per_month": 2000}


def test_a_change_of_an_app_forgets_no_look_that_was_taken(call: Call, world: World) -> None:
    call("POST", "/v1/apps", {**APP, "callbacks": "none"})
    before = world.apps.get("acme", "feishu-prod")
    assert before is not None
    world.apps.take_look(before, world.clock(), None)

    call("PUT", "/v1/apps/feishu-prod", {"reconciliation": {"calls_per_month": 900}})

    after = world.apps.get("acme", "feishu-prod")
    assert after is not None
    assert after.looks_used_until is not None
    assert after.looks_used_until > world.clock()


@pytest.mark.parametrize(
    ("asking", "field"),
    [
        ({"max_pause_s": 59}, "reconciliation.max_pause_s"),
        ({"max_pause_s": 86_401}, "reconciliation.max_pause_s"),
        ({"calls_per_month": 9}, "reconciliation.calls_per_month"),
        ({"calls_per_month": True}, "reconciliation.calls_per_month"),
        ({"every_s": 60}, "reconciliation.every_s"),
    ],
)
def test_what_looks_may_cost_has_bounds(call: Call, asking: dict[str, Any], field: str) -> None:
    status, problem = call("POST", "/v1/apps", {**APP, "reconciliation": asking})

    assert (status, [each["field"] for each in problem["errors"]]) == (400, [field])


def test_a_registered_app_tells_its_request_address_and_no_secret(call: Call) -> None:
    status, body = call("POST", "/v1/apps", APP)

    assert status == 201
    assert body["callback_url"] == (
        "https://api1.execute-api.us-east-1.amazonaws.com/callbacks/feishu/acme/feishu-prod"
    )
    assert body["credentials"]["app_id"] == "cli_a1b2c3d4e5f60718"
    assert body["credentials"]["app_secret"]["set"] is True
    assert body["callbacks_ready"] is True
    for answer in (body, call("GET", "/v1/apps/feishu-prod")[1], call("GET", "/v1/apps")[1]):
        assert SECRET not in json.dumps(answer)
        assert KEY not in json.dumps(answer)


def test_secrets_are_in_secrets_manager_and_not_in_the_table(call: Call, world: World, secrets: Secrets) -> None:
    call("POST", "/v1/apps", APP)

    assert secrets.read("feishu", "acme", "feishu-prod") == APP["credentials"]
    assert SECRET not in json.dumps(world.client.scan(TableName=TABLE)["Items"])


def test_the_local_stack_can_name_its_own_public_address(world: World, secrets: Secrets) -> None:
    call = calls(world, secrets, public_url="http://127.0.0.1:4566/_aws/execute-api/{api_id}/$default")

    _, body = call("POST", "/v1/apps", APP)

    assert (
        body["callback_url"] == "http://127.0.0.1:4566/_aws/execute-api/api1/$default/callbacks/feishu/acme/feishu-prod"
    )


def test_a_second_app_of_the_same_id_is_refused(call: Call, secrets: Secrets) -> None:
    call("POST", "/v1/apps", APP)
    other = {**APP, "credentials": {**APP["credentials"], "app_id": "cli_other", "app_secret": "another"}}

    status, body = call("POST", "/v1/apps", other)

    assert (status, body["code"]) == (409, "app_exists")
    assert secrets.read("feishu", "acme", "feishu-prod") == APP["credentials"]


@pytest.mark.parametrize("tenant", ["acme", "other"])
def test_one_vendor_identity_belongs_to_one_app_anywhere(call: Call, tenant: str) -> None:
    call("POST", "/v1/apps", APP)

    status, body = call("POST", "/v1/apps", {**APP, "id": "second"}, tenant=tenant)

    assert (status, body["code"]) == (409, "identity_in_use")


def test_a_registration_cut_short_is_completed_by_sending_it_again(call: Call, secrets: Secrets) -> None:
    secrets.broken = True
    failed, _ = call("POST", "/v1/apps", APP)
    secrets.broken = False

    again, _ = call("POST", "/v1/apps", APP)

    assert (failed, again) == (503, 201)
    assert call("GET", "/v1/apps/feishu-prod")[1]["state"] == "ready"


def test_what_callbacks_need_can_be_added_later(call: Call, secrets: Secrets) -> None:
    """Some consoles show these values only on the page that asks for the request address."""
    first = {name: APP["credentials"][name] for name in ("app_id", "app_secret")}
    _, registered = call("POST", "/v1/apps", {**APP, "credentials": first})

    status, changed = call("PUT", "/v1/apps/feishu-prod", {"credentials": APP["credentials"]})

    assert (registered["callbacks_ready"], status, changed["callbacks_ready"]) == (False, 200, True)
    assert secrets.read("feishu", "acme", "feishu-prod") == APP["credentials"]
    assert changed["default_requester"] == {"user_id": "ou_9"}
    assert call("GET", "/v1/apps/feishu-prod")[1] == changed


def test_settings_change_without_credentials(call: Call, secrets: Secrets) -> None:
    call("POST", "/v1/apps", APP)

    status, changed = call(
        "PUT", "/v1/apps/feishu-prod", {"name": "New", "callbacks": "none", "default_requester": None}
    )

    assert (status, changed["name"], changed["callbacks"], changed["default_requester"]) == (200, "New", "none", None)
    assert secrets.read("feishu", "acme", "feishu-prod") == APP["credentials"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"credentials": {**APP["credentials"], "app_id": "cli_other"}}, 400, "other_identity"),
        ({"credentials": {"app_secret": ""}}, 400, "invalid_request"),
        ({"credentials": {"app_secret": None}}, 400, "invalid_request"),
        ({"credentials": {"app_secrte": "x"}}, 400, "invalid_request"),
        ({"overlap_s": -1}, 400, "invalid_request"),
        ({"overlap_s": 30 * 86_400 + 1}, 400, "invalid_request"),
        ({"robots": {"ops": {"url": "https://elsewhere.example.com/hook"}}}, 400, "invalid_request"),
        ({"provider": "lark"}, 400, "invalid_request"),
        ({"base_url": "http://proxy.example.com"}, 400, "invalid_request"),
    ],
)
def test_a_bad_change_changes_nothing(
    call: Call, secrets: Secrets, change: dict[str, Any], status: int, code: str
) -> None:
    _, before = call("POST", "/v1/apps", APP)

    answered, problem = call("PUT", "/v1/apps/feishu-prod", change)

    assert (answered, problem["code"]) == (status, code)
    assert call("GET", "/v1/apps/feishu-prod")[1] == before
    assert secrets.read("feishu", "acme", "feishu-prod") == APP["credentials"]


def test_another_tenants_app_cannot_be_changed(call: Call) -> None:
    call("POST", "/v1/apps", APP)

    assert call("PUT", "/v1/apps/feishu-prod", {"name": "x"}, tenant="other")[0] == 404


def test_a_deleted_app_can_be_registered_again(call: Call, secrets: Secrets) -> None:
    call("POST", "/v1/apps", APP)

    deleted, _ = call("DELETE", "/v1/apps/feishu-prod")

    assert deleted == 204
    assert secrets.read("feishu", "acme", "feishu-prod") is None
    assert call("GET", "/v1/apps/feishu-prod")[0] == 404
    assert call("POST", "/v1/apps", APP)[0] == 201


def test_an_app_that_approvals_wait_for_is_deleted_only_by_force(call: Call, world: World) -> None:
    world.requested()

    refused, problem = call("DELETE", "/v1/apps/prod")
    forced, _ = call("DELETE", "/v1/apps/prod", query="force=true")

    assert (refused, problem["code"]) == (409, "approvals_pending")
    assert forced == 204


def test_an_app_of_another_tenant_does_not_exist(call: Call) -> None:
    call("POST", "/v1/apps", APP)

    assert call("GET", "/v1/apps/feishu-prod", tenant="other")[0] == 404
    assert call("DELETE", "/v1/apps/feishu-prod", tenant="other")[0] == 404
    assert call("GET", "/v1/apps", tenant="other")[1] == {"apps": []}


def test_only_an_administrator_sees_apps(call: Call) -> None:
    for method, path in (("POST", "/v1/apps"), ("GET", "/v1/apps"), ("GET", "/v1/apps/x"), ("DELETE", "/v1/apps/x")):
        status, body = call(method, path, APP, scopes="approvals:write approvals:read")

        assert (status, body["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"provider": "slack"}, "provider"),
        ({"id": "has#hash"}, "id"),
        ({"credentials": {"app_id": "cli_1"}}, "credentials.app_secret"),
        ({"credentials": {**APP["credentials"], "app_secrte": "x"}}, "credentials.app_secrte"),
        ({"callbacks": "maybe"}, "callbacks"),
        ({"base_url": "http://proxy.example.com"}, "base_url"),
        ({"base_url": "https://127.0.0.1:8080"}, "base_url"),
        ({"base_url": "https://169.254.169.254"}, "base_url"),
        ({"base_url": "https://localhost"}, "base_url"),
        ({"base_url": "https://LOCALHOST.:8443"}, "base_url"),
        ({"base_url": "https://127.1"}, "base_url"),
        ({"base_url": "https://2130706433"}, "base_url"),
        ({"base_url": "https://0x7f000001/x"}, "base_url"),
        ({"base_url": "https://[::1]"}, "base_url"),
        ({"base_url": "https://[::ffff:169.254.169.254]"}, "base_url"),
        ({"base_url": "https://[::ffff:7f00:1]"}, "base_url"),
        ({"base_url": "https://metadata.google.internal."}, "base_url"),
        ({"base_url": "https://localhost."}, "base_url"),
        ({"base_url": "https://0x7f.1"}, "base_url"),
        ({"base_url": "https://0177.0.0.1"}, "base_url"),
        ({"base_url": "https://[64:ff9b::a9fe:a9fe]"}, "base_url"),
        ({"base_url": "https://[2002:7f00:1::]"}, "base_url"),
        ({"base_url": "https://[fd00:ec2::254]"}, "base_url"),
        ({"base_url": "https://[fe80::1%25eth0]"}, "base_url"),
        ({"base_url": "https://100.100.100.200"}, "base_url"),
        ({"base_url": "https://metadata.google.internal"}, "base_url"),
        ({"base_url": "https://[::1"}, "base_url"),
        ({"base_url": "https://proxy.example.com:99999"}, "base_url"),
        ({"base_url": "https://user:pw@proxy.example.com"}, "base_url"),
        ({"base_url": "https://:pw@proxy.example.com"}, "base_url"),
        ({"base_url": "https://proxy.example.com\\@127.0.0.1"}, "base_url"),
        ({"base_url": "https://127.0.0.1\t.example.com"}, "base_url"),
        ({"base_url": "https://proxy.example.com/\r\nHost: x"}, "base_url"),
        ({"base_url": "https://１２７.0.0.1"}, "base_url"),
        ({"base_url": "https://proxy.example.com?x=1"}, "base_url"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_bad_registration_is_told_what_to_change_and_leaves_nothing(
    call: Call, secrets: Secrets, change: dict[str, Any], field: str
) -> None:
    status, body = call("POST", "/v1/apps", {**APP, **change})

    assert status == 400
    assert field in [error["field"] for error in body["errors"]]
    assert SECRET not in json.dumps(body)
    assert call("GET", "/v1/apps")[1]["apps"][0]["id"] == "prod"
    assert secrets.read("feishu", "acme", "feishu-prod") is None


@pytest.mark.parametrize(
    "url", ["https://im.example.com/proxy", "https://10.1.2.3:8443", "https://[fd12:3456::1]", "https://93.184.215.14"]
)
def test_a_platform_may_be_in_a_private_network(call: Call, url: str) -> None:
    assert call("POST", "/v1/apps", {**APP, "base_url": url})[0] == 201


def test_the_local_stack_may_talk_to_this_machine(world: World, secrets: Secrets) -> None:
    call = calls(world, secrets, allow_loopback=True)

    status, body = call("POST", "/v1/apps", {**APP, "base_url": "http://127.0.0.1:4571/"})

    assert (status, body["base_url"]) == (201, "http://127.0.0.1:4571")
