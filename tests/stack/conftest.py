"""Real servers on loopback: the engine with and without our corrections, and the whole gate with its simulators."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.addresses import free_port
from local.engine.launcher import Engine, aws_session, start_engine
from local.processes import stop
from local.stack import bring_down, bring_up

_FIRST_PORT = 5600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep everything that uses the built template and its ports in one process."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.xdist_group("stack"))


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from _engine(tmp_path_factory.mktemp("engine"), "local.engine.server")


@pytest.fixture(scope="session")
def bare_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from _engine(tmp_path_factory.mktemp("bare-engine"), "ministack")


def _engine(directory: Path, module: str) -> Iterator[Engine]:
    running = start_engine(free_port(_FIRST_PORT), directory, module=module)
    yield running
    stop(running.process)


@pytest.fixture(scope="session")
def stack_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="session")
def stack(stack_folder: Path) -> Iterator[dict[str, Any]]:
    yield bring_up(stack_folder, say=print)
    bring_down(stack_folder)


@pytest.fixture
def clients(stack: dict[str, Any]) -> Callable[[str], Any]:
    """Make a client of one of the stack's AWS services, as its operator."""
    session: Any = aws_session()
    return lambda service: session.client(service, endpoint_url=stack["aws_endpoint"])


@pytest.fixture
def client() -> Callable[[Engine, str], Any]:
    session = aws_session()
    return lambda engine, service: session.client(service, endpoint_url=engine.endpoint)


@pytest.fixture
def make_table(client: Callable[[Engine, str], Any]) -> Callable[[Engine, str], str]:
    """Create a table with the partition key `PK`, unless it exists."""

    def make(engine: Engine, name: str) -> str:
        dynamodb = client(engine, "dynamodb")
        if name not in dynamodb.list_tables()["TableNames"]:
            dynamodb.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
            )
        return name

    return make


@pytest.fixture
def make_role(client: Callable[[Engine, str], Any]) -> Callable[..., str]:
    """Create a role that may do what one statement says, and return its ARN."""

    def make(engine: Engine, statement: dict[str, Any] | None = None) -> str:
        iam, name = client(engine, "iam"), f"r-{uuid.uuid4().hex[:8]}"
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
        allowed = {"Effect": "Allow", **(statement or {"Action": "*", "Resource": "*"})}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=_policy(allowed))
        return str(role)

    return make


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def waiting_machine(
    client: Callable[[Engine, str], Any], make_table: Callable[[Engine, str], str], make_role: Callable[..., str]
) -> Callable[[Engine], str]:
    """Create a state machine that leaves its token in the table `waiting`, under the execution's name, and waits."""

    def make(engine: Engine) -> str:
        make_table(engine, "waiting")
        made = client(engine, "stepfunctions").create_state_machine(
            name=f"m-{uuid.uuid4().hex[:8]}", definition=json.dumps(_WAITING), roleArn=make_role(engine)
        )
        return str(made["stateMachineArn"])

    return make


_WAITING = {
    "StartAt": "Wait",
    "States": {
        "Wait": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:dynamodb:putItem.waitForTaskToken",
            "Parameters": {
                "TableName": "waiting",
                "Item": {"PK": {"S.$": "$$.Execution.Name"}, "token": {"S.$": "$$.Task.Token"}},
            },
            "TimeoutSecondsPath": "$.wait_s",
            "End": True,
        }
    },
}


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Look until there is something to see; what was last seen when patience ends."""

    def look_until(look: Callable[[], Any], is_right: Callable[[Any], bool], patience_s: float = 10.0) -> Any:
        deadline = time.monotonic() + patience_s
        while not is_right(seen := look()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return seen

    return look_until
