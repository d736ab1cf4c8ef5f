"""What happens to an app's secrets, robots and mapping when it is changed, also at once and half-way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from approval_gate.entrypoints.api import build_resolver
from approval_gate.entrypoints.apps import AppsApi
from approval_gate.errors import StoreError
from approval_gate.ports.messages import Robot
from approval_gate.settings import Settings
from approval_gate.store.apps import DynamoApps
from approval_gate.store.secrets import SecretStore
from tests.fakes.aws import TABLE, aws
from tests.fakes.world import World
from tests.functions.api_events import LambdaContext, api_event

type Call = Callable[..., tuple[int, dict[str, Any]]]

ROBOT = "https://open.feishu.cn/open-apis/bot/v2/hook/11111111-2222-3333-4444-555555555555"
APP: dict[str, Any] = {
    "id": "feishu-prod",
    "provider": "feishu",
    "credentials": {
        "app_id": "cli_c1b2c3d4e5f60718",
        "app_secret": "changes-app-secret-1",
        "encrypt_key": "changes-key-1",
    },
    "user_mapping": {"account": "user_id"},
    "robots": {"ops-group": {"url": ROBOT, "secret": "changes-robot-secret"}},
}
KEY = "feishu", "acme", "feishu-prod"


class Secrets(SecretStore):
    """The real store, in which a test can let something happen."""

    before_write: Callable[[], None] | None = None

    def write(self, *args: Any) -> None:
        happens, self.before_write = self.before_write, None
        if happens:
            happens()
        super().write(*args)


@pytest.fixture
def world() -> Iterator[World]:
    with aws() as client:
        yield World(client)


@pytest.fixture
def secrets(world: World) -> Secrets:
    return Secrets(boto3.client("secretsmanager"), "gate")


def calls(world: World, secrets: SecretStore, apps: DynamoApps | None = None) -> Call:
    api = build_resolver(
        Logger(), AppsApi(apps or world.apps, secrets, world.approvals, Settings(TABLE, "gate"), world.clock)
    )

    def send(method: str, path: str, body: Any = None, **more: Any) -> tuple[int, dict[str, Any]]:
        context: Any = LambdaContext()
        answer = api.resolve(api_event(method, path, body, **more), context)
        return answer["statusCode"], json.loads(answer["body"] or "{}")

    return send


@pytest.fixture
def call(world: World, secrets: Secrets) -> Call:
    return calls(world, secrets)


def change(call: Call, **body: Any) -> tuple[int, dict[str, Any]]:
    return call("PUT", "/v1/apps/feishu-prod", body)


def test_one_credential_changes_and_the_others_stay(call: Call, secrets: Secrets) -> None:
    call("POST", "/v1/apps", APP)

    status, _ = change(call, credentials={"app_secret": "changes-app-secret-2"})

    assert status == 200
    assert secrets.read(*KEY) == {**APP["credentials"], "app_secret": "changes-app-secret-2"}
    assert secrets.robots(*KEY) == {"ops-group": Robot("ops-group", ROBOT, "changes-robot-secret")}


def test_old_keys_of_callbacks_are_kept_for_a_day_and_old_app_secrets_never(call: Call, secrets: Secrets) -> None:
    call("POST", "/v1/apps", APP)

    _, shown = change(call, credentials={"app_secret": "changes-app-secret-3", "encrypt_key": "changes-key-3"})

    stored = secrets.load(*KEY)
    assert stored is not None
    assert [dict(old.credentials) for old in stored.previous] == [{"encrypt_key": "changes-key-1"}]
    assert shown["old_keys_until"] == "2026-01-16T09:00:00Z"


def test_the_same_change_sent_twice_rotates_once(call: Call, secrets: Secrets, world: World) -> None:
    call("POST", "/v1/apps", APP)
    change(call, credentials={"encrypt_key": "changes-key-4"})
    before = secrets.load(*KEY)
    world.clock.advance(60)

    change(call, credentials={"encrypt_key": "changes-key-4"})

    assert secrets.load(*KEY) == before


def test_more_overlapping_changes_than_can_be_checked_are_refused(call: Call, secrets: Secrets) -> None:
    call("POST", "/v1/apps", APP)
    statuses = [change(call, credentials={"encrypt_key": f"changes-key-{n:02d}"})[0] for n in range(10, 19)]
    last = secrets.read(*KEY)

    ended, _ = change(call, overlap_s=0)

    assert statuses == [200] * 8 + [409]
    assert last == {**APP["credentials"], "encrypt_key": "changes-key-17"}
    assert (ended, change(call, credentials={"encrypt_key": "changes-key-19"})[0]) == (200, 200)


def test_secrets_of_earlier_versions_are_still_read(call: Call, world: World, secrets: Secrets) -> None:
    call("POST", "/v1/apps", APP)
    old_form = {"credentials": APP["credentials"], "updated_at": "2026-01-01T00:00:00+00:00"}
    client = boto3.client("secretsmanager")
    client.put_secret_value(SecretId="gate/feishu/acme/feishu-prod", SecretString=json.dumps(old_form))

    assert secrets.read(*KEY) == APP["credentials"]
    assert (secrets.robots(*KEY), change(call, credentials={"encrypt_key": "changes-key-5"})[0]) == ({}, 200)


def test_robots_are_set_one_by_one_and_never_shown(call: Call, secrets: Secrets) -> None:
    _, registered = call("POST", "/v1/apps", APP)
    other = ROBOT.replace("1", "9")

    _, changed = change(call, robots={"dev-group": {"url": other}})
    _, taken = change(call, robots={"ops-group": None})

    assert registered["robots"] == {"ops-group": {"set": True}}
    assert changed["robots"] == {"dev-group": {"set": True}, "ops-group": {"set": True}}
    assert taken["robots"] == {"dev-group": {"set": True}}
    assert secrets.robots(*KEY) == {"dev-group": Robot("dev-group", other)}
    assert not any(word in json.dumps([registered, changed, taken]) for word in ("hook", "changes-robot-secret"))


@pytest.mark.parametrize(
    ("provider", "url"), [("feishu", "https://169.254.169.254/latest"), ("feishu", "file:///etc/passwd")]
)
def test_an_address_that_is_no_robot_of_the_platform_is_refused(call: Call, provider: str, url: str) -> None:
    status, problem = call("POST", "/v1/apps", {**APP, "provider": provider, "robots": {"ops": {"url": url}}})

    assert (status, [error["field"] for error in problem["errors"]]) == (400, ["robots.ops.url"])
    assert url not in json.dumps(problem)


def test_robots_must_still_fit_when_the_platforms_address_changes(call: Call) -> None:
    own = "https://feishu.example.com"
    call(
        "POST",
        "/v1/apps",
        {**APP, "base_url": own, "robots": {"ops": {"url": ROBOT.replace("https://open.feishu.cn", own)}}},
    )

    status, problem = change(call, base_url=None)

    assert (status, problem["errors"][0]["field"]) == (400, "robots.ops.url")


def test_the_mapping_of_accounts_is_kept_and_replaced_as_a_whole(call: Call) -> None:
    _, registered = call("POST", "/v1/apps", APP)
    _, renamed = change(call, name="N")
    _, mapped = change(call, user_mapping={"account": "job_number"})
    _, none = change(call, user_mapping=None)

    assert [shown["user_mapping"] for shown in (registered, renamed, mapped, none)] == [
        {"account": "user_id"},
        {"account": "user_id"},
        {"account": "job_number"},
        {},
    ]


@pytest.mark.parametrize(
    ("provider", "credentials", "fields"),
    [
        ("feishu", {"app_id": "cli_d1", "app_secret": "taken-secret-1"}, ["credentials.app_id"]),
        ("lark", {"app_id": "cli_d1", "app_secret": "taken-secret-1"}, ["credentials.app_id"]),
        ("dingtalk", {"app_key": "dingd1", "app_secret": "taken-secret-1"}, ["credentials.app_key"]),
        (
            "wecom",
            {"corp_id": "wwd1", "agent_id": "1000042", "secret": "taken-secret-1"},
            ["credentials.agent_id", "credentials.corp_id"],
        ),
    ],
)
def test_an_identity_in_use_names_its_fields_and_not_its_owner(
    call: Call, provider: str, credentials: dict[str, str], fields: list[str]
) -> None:
    app = {"id": "first-1", "provider": provider, "credentials": credentials}
    call("POST", "/v1/apps", app, tenant="owner")

    status, problem = call("POST", "/v1/apps", {**app, "id": "second-1"})

    assert (status, problem["code"], [error["field"] for error in problem["errors"]]) == (
        409,
        "identity_in_use",
        fields,
    )
    assert "owner" not in json.dumps(problem)
    assert "first-1" not in json.dumps(problem)


class Contended:
    """A table in which another transaction holds the item the first time, and has it the next."""

    def __init__(self, client: Any, loses_to: Callable[[], None]) -> None:
        self._client = client
        self._loses_to: Callable[[], None] | None = loses_to

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        happens, self._loses_to = self._loses_to, None
        if happens is None:
            return self._client.transact_write_items(**request)
        happens()
        error: Any = {
            "Error": {"Code": "TransactionCanceledException", "Message": "m"},
            "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
        }
        raise ClientError(error, "TransactWriteItems")


def test_of_two_registrations_at_once_the_loser_is_told_the_identity_is_in_use(world: World, secrets: Secrets) -> None:
    winner = calls(world, secrets)
    table: Any = Contended(world.client, lambda: _took(winner("POST", "/v1/apps", APP, tenant="other")))
    loser = calls(world, secrets, DynamoApps(table, TABLE, world.clock))

    status, problem = loser("POST", "/v1/apps", APP)

    assert (status, problem["code"], problem["errors"][0]["field"]) == (409, "identity_in_use", "credentials.app_id")


def _took(answer: tuple[int, Any]) -> None:
    assert answer[0] == 201


def test_two_changes_at_once_do_not_lose_each_others_keys(world: World, secrets: Secrets, call: Call) -> None:
    call("POST", "/v1/apps", APP)
    meanwhile: list[tuple[int, dict[str, Any]]] = []
    secrets.before_write = lambda: meanwhile.append(change(call, credentials={"verification_token": "changes-token-6"}))

    first, _ = change(call, credentials={"encrypt_key": "changes-key-6"})
    again, _ = change(call, credentials={"verification_token": "changes-token-6"})

    assert [(status, problem["code"]) for status, problem in meanwhile] == [(409, "app_busy")]
    assert (first, again) == (200, 200)
    assert secrets.read(*KEY) == {
        **APP["credentials"],
        "encrypt_key": "changes-key-6",
        "verification_token": "changes-token-6",
    }


def test_an_app_is_not_deleted_under_a_change_nor_changed_under_a_deletion(secrets: Secrets, call: Call) -> None:
    call("POST", "/v1/apps", APP)
    meanwhile: list[tuple[int, dict[str, Any]]] = []
    secrets.before_write = lambda: meanwhile.append(call("DELETE", "/v1/apps/feishu-prod"))

    change(call, credentials={"encrypt_key": "changes-key-7"})

    assert [(status, problem["code"]) for status, problem in meanwhile] == [(409, "app_busy")]
    assert call("DELETE", "/v1/apps/feishu-prod")[0] == 204
    assert change(call, name="N")[0] == 404
    assert secrets.load(*KEY) is None


class Crash(BaseException):
    """The function is gone: nothing after this runs."""


def crash() -> None:
    raise Crash


@pytest.mark.parametrize("point", ["before the secret", "after the secret"])
def test_a_change_cut_short_is_completed_by_sending_it_again(
    world: World, secrets: Secrets, call: Call, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("POST", "/v1/apps", {**APP, "credentials": {**APP["credentials"], "encrypt_key": ""}})
    if point == "before the secret":
        secrets.before_write = crash
    else:
        secrets.before_write = lambda: monkeypatch.setattr(world.client, "update_item", lambda **_: crash())
    with pytest.raises(Crash):
        change(call, credentials={"encrypt_key": "changes-key-8"})
    monkeypatch.undo()

    at_once = change(call, credentials={"encrypt_key": "changes-key-8"})
    world.clock.advance(31)
    later, shown = change(call, credentials={"encrypt_key": "changes-key-8"})

    assert (at_once[0], at_once[1]["code"], later) == (409, "app_busy", 200)
    assert (shown["callbacks_ready"], "encrypt_key" in shown["credentials"]) == (True, True)


def test_a_deletion_cut_short_leaves_no_secret_and_is_completed_by_sending_it_again(
    world: World, secrets: Secrets, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("POST", "/v1/apps", APP)
    monkeypatch.setattr(world.client, "transact_write_items", lambda **_: crash())
    with pytest.raises(Crash):
        call("DELETE", "/v1/apps/feishu-prod")
    monkeypatch.undo()
    world.clock.advance(31)

    assert secrets.load(*KEY) is None
    assert call("DELETE", "/v1/apps/feishu-prod")[0] == 204
    assert call("POST", "/v1/apps", APP)[0] == 201


def test_what_fails_and_does_not_crash_can_be_sent_again_at_once(secrets: Secrets, call: Call) -> None:
    call("POST", "/v1/apps", APP)

    def fail() -> None:
        raise StoreError("Secrets Manager does not answer")

    secrets.before_write = fail

    assert [change(call, credentials={"encrypt_key": "changes-key-9"})[0] for _ in range(2)] == [503, 200]


def test_the_body_of_the_registration_can_be_put_again(call: Call) -> None:
    call("POST", "/v1/apps", APP)

    status, body = change(call, **{**APP, "name": "Again"})

    assert (status, body["name"], body["provider"]) == (200, "Again", "feishu")


@pytest.mark.parametrize("field", ["id", "provider"])
def test_what_never_changes_is_not_changed(call: Call, field: str) -> None:
    call("POST", "/v1/apps", APP)

    status, body = change(call, **{field: "lark", "name": "Other"})

    assert (status, [error["field"] for error in body["errors"]]) == (400, [field])
    assert call("GET", "/v1/apps/feishu-prod")[1]["name"] == ""
