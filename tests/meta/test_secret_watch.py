"""The watch over all tests sees what it should see."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from approval_gate.ports.messages import Robot
from approval_gate.ports.secrets import AppSecret, OldKeys
from approval_gate.store.secrets import SecretStore
from tests.fakes.aws import TABLE, aws
from tests.functions.api_events import LambdaContext, api_event
from tests.secret_watch import WATCH, SecretFound, SecretWatch

pytest_plugins = ["pytester"]

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
STORED = AppSecret(
    {"app_id": "cli_watch0123456789", "app_secret": "watched-secret-1"},
    NOW,
    (OldKeys({"encrypt_key": "watched-old-key-1"}, NOW),),
    {"ops": Robot("ops", "https://robots.example.com/hook/watched-robot-1", "watched-robot-secret-1")},
)
SECRETS = ("watched-secret-1", "watched-old-key-1", "https://robots.example.com/hook/watched-robot-1")


@pytest.fixture
def _stored() -> Any:
    with aws():
        SecretStore(boto3.client("secretsmanager"), "gate").write("feishu", "acme", "prod", STORED)
        yield


@pytest.mark.usefixtures("_stored")
@pytest.mark.parametrize("secret", SECRETS)
def test_what_any_test_stores_is_looked_for(secret: str) -> None:
    with pytest.raises(SecretFound):
        WATCH.check(f"... {secret} ...", "a log")


@pytest.mark.usefixtures("_stored")
def test_what_is_public_is_not_a_secret() -> None:
    WATCH.check("cli_watch0123456789 2026-01-15T09:00:00+00:00", "a log")


@pytest.mark.usefixtures("_stored")
def test_an_answer_with_a_secret_fails_its_test() -> None:
    app = APIGatewayHttpResolver()

    @app.get("/leak")
    def leak() -> dict[str, str]:
        return {"app_secret": SECRETS[0]}

    context: Any = LambdaContext()
    with pytest.raises(SecretFound, match="an answer of the API"):
        app.resolve(api_event("GET", "/leak"), context)


LEAKED = "a watched-in-the-table secret"


@pytest.mark.parametrize(
    "attribute",
    [
        {"S": LEAKED},
        {"B": LEAKED.encode()},
        {"B": zlib.compress(LEAKED.encode())},
        {"M": {"inner": {"L": [{"SS": [LEAKED, "other"]}]}}},
        {"M": {LEAKED: {"NULL": True}}},
    ],
    ids=["text", "bytes", "compressed", "nested", "a name"],
)
def test_a_table_with_a_secret_fails_its_test(attribute: dict[str, Any]) -> None:
    WATCH.learn(["watched-in-the-table"])

    def leak() -> None:
        with aws() as client:
            client.put_item(TableName=TABLE, Item={"PK": {"S": "X"}, "SK": {"S": "Y"}, "leak": attribute})

    with pytest.raises(SecretFound, match="the table"):
        leak()


@pytest.mark.parametrize(("status", "field"), [(200, "token"), (201, "note"), (500, "detail")])
def test_a_token_may_be_shown_where_it_is_made_and_nowhere_else(status: int, field: str) -> None:
    watch, token = SecretWatch(), "agt_" + "w" * 43
    watch.check_answer(201, json.dumps({"token": token}))

    with pytest.raises(SecretFound) as caught:
        watch.check_answer(status, json.dumps({field: token}))
    assert "agt_" not in str(caught.value)


def test_a_secret_in_a_log_fails_the_test_that_wrote_it(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    pytester.makeconftest("from tests.conftest import pytest_runtest_makereport")
    pytester.makepyfile(
        """
        from tests.secret_watch import WATCH

        def test_leaks():
            WATCH.learn(["watched-in-a-log"])
            print('{"message":"oops watched-in-a-log"}')

        def test_does_not():
            print("nothing")
        """
    )

    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    capsys.readouterr()  # or it would be an error of this test too

    result.assert_outcomes(passed=2, errors=1)
