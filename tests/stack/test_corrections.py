"""
Each correction of the engine, twice: it works, and the engine does not do it itself yet.

When a test of the second kind fails, the engine has caught up: delete the correction.
"""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.engine.corrections import WORKERS_PER_FUNCTION
from local.engine.launcher import Engine

type Client = Callable[[Engine, str], Any]
type Eventually = Callable[..., Any]
type Json = dict[str, Any]

pytestmark = pytest.mark.stack

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"
FUNCTION_URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
INTEGRATION = {"type": "aws_proxy", "httpMethod": "POST", "uri": FUNCTION_URI, "payloadFormatVersion": "2.0"}
GUARDED = {"x-amazon-apigateway-integration": INTEGRATION, "security": [{"Tokens": []}], "responses": {}}
OPEN = {"x-amazon-apigateway-integration": INTEGRATION, "security": [{"NONE": []}], "responses": {}}
AUTHORIZER = {
    "type": "request",
    "authorizerUri": FUNCTION_URI,
    "authorizerPayloadFormatVersion": "2.0",
    "enableSimpleResponses": True,
}


def api_template(paths: Json):
    scheme = {"type": "apiKey", "name": "Unused", "in": "header", "x-amazon-apigateway-authorizer": AUTHORIZER}
    body = {"openapi": "3.0.1", "paths": paths, "components": {"securitySchemes": {"Tokens": scheme}}}
    api = {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": body}}
    return json.dumps({"Resources": {"Api": api}, "Outputs": {"Id": {"Value": {"Ref": "Api"}}}})


@pytest.fixture
def deploy(client: Client, eventually: Eventually):
    name = f"s-{uuid.uuid4().hex[:8]}"

    def create_or_update(engine: Engine, paths: Json, *, again: bool = False):
        cloudformation = client(engine, "cloudformation")
        change = cloudformation.update_stack if again else cloudformation.create_stack
        change(StackName=name, TemplateBody=api_template(paths))
        described = eventually(
            lambda: cloudformation.describe_stacks(StackName=name)["Stacks"][0],
            lambda seen: seen["StackStatus"].endswith("_COMPLETE"),
        )
        assert described["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
        return described["Outputs"][0]["OutputValue"]

    return create_or_update


def routes_of(gateway: Any, api_id: str):
    return {route["RouteKey"]: route for route in gateway.get_routes(ApiId=api_id)["Items"]}


def test_an_http_api_body_becomes_routes_with_their_authorizer(
    engine: Engine, client: Client, deploy: Callable[..., str]
):
    api_id = deploy(
        engine,
        {
            "/v1/things": {"post": GUARDED},
            "/open": {"get": OPEN},
            "$default": {"x-m": {**OPEN, "isDefaultRoute": True}},
        },
    )

    gateway = client(engine, "apigatewayv2")
    routes = routes_of(gateway, api_id)
    (authorizer,) = gateway.get_authorizers(ApiId=api_id)["Items"]
    assert routes.keys() == {"POST /v1/things", "GET /open", "$default"}
    assert routes["POST /v1/things"]["AuthorizationType"] == "CUSTOM"
    assert routes["POST /v1/things"]["AuthorizerId"] == authorizer["AuthorizerId"]
    assert routes["GET /open"]["AuthorizationType"] == "NONE"
    assert routes["$default"]["AuthorizationType"] == "NONE"
    assert authorizer["IdentitySource"] == []
    assert authorizer["AuthorizerResultTtlInSeconds"] == 0


def test_a_changed_body_replaces_routes_and_authorizers(engine: Engine, client: Client, deploy: Callable[..., str]):
    deploy(engine, {"/old": {"get": GUARDED}})

    api_id = deploy(engine, {"/new": {"any": GUARDED}}, again=True)

    gateway = client(engine, "apigatewayv2")
    assert routes_of(gateway, api_id).keys() == {"ANY /new"}
    assert len(gateway.get_authorizers(ApiId=api_id)["Items"]) == 1
    assert len(gateway.get_integrations(ApiId=api_id)["Items"]) == 1


def test_the_engine_itself_still_ignores_bodies(bare_engine: Engine, client: Client, deploy: Callable[..., str]):
    api_id = deploy(bare_engine, {"/v1/things": {"post": GUARDED}})

    assert routes_of(client(bare_engine, "apigatewayv2"), api_id) == {}


@pytest.fixture
def wait_for(client: Client, eventually: Eventually, waiting_machine: Callable[[Engine], str]):
    def run(engine: Engine, wait_s: object, patience_s: float):
        states = client(engine, "stepfunctions")
        machine = waiting_machine(engine)
        execution = states.start_execution(stateMachineArn=machine, input=json.dumps({"wait_s": wait_s}))[
            "executionArn"
        ]
        return eventually(
            lambda: states.describe_execution(executionArn=execution),
            lambda seen: seen["status"] != "RUNNING",
            patience_s,
        )

    return run


def test_a_timer_from_the_input_ends_the_wait(engine: Engine, wait_for: Callable[..., Any]):
    ended = wait_for(engine, 1, patience_s=10)

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")


def test_a_timer_that_is_no_number_of_seconds_fails_the_execution(engine: Engine, wait_for: Callable[..., Any]):
    ended = wait_for(engine, "soon", patience_s=10)

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")


def test_the_engine_itself_still_ignores_timers_from_the_input(bare_engine: Engine, wait_for: Callable[..., Any]):
    assert wait_for(bare_engine, 1, patience_s=2.5)["status"] == "RUNNING"


SLOW = "import os, time\ndef handler(event, context):\n    time.sleep(0.5)\n    return os.getpid()\n"


@pytest.fixture
def workers_of_a_rush(client: Client, make_role: Callable[..., str]):
    def rush(engine: Engine, invocations: int):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("slow.py", SLOW)
        functions, name = client(engine, "lambda"), f"f-{uuid.uuid4().hex[:8]}"
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="slow.handler",
            Role=make_role(engine),
            Timeout=30,
            Code={"ZipFile": packed.getvalue()},
        )
        with ThreadPoolExecutor(invocations) as pool:
            answers = pool.map(lambda _: functions.invoke(FunctionName=name)["Payload"].read(), range(invocations))
            return {int(answer) for answer in answers}

    return rush


def test_a_rush_waits_for_workers_instead_of_starting_more(engine: Engine, workers_of_a_rush: Callable[..., set[int]]):
    assert len(workers_of_a_rush(engine, WORKERS_PER_FUNCTION + 3)) <= WORKERS_PER_FUNCTION


def test_the_engine_itself_still_starts_a_worker_for_everyone(
    bare_engine: Engine, workers_of_a_rush: Callable[..., set[int]]
):
    assert len(workers_of_a_rush(bare_engine, WORKERS_PER_FUNCTION + 3)) > WORKERS_PER_FUNCTION


MORTAL = """
import os, time
if os.path.exists(os.environ["DEADLY"]):
    os._exit(1)  # dies while starting, as when it is killed then
def handler(event, context):
    open(os.environ["BUSY"], "w").close()
    time.sleep(3)
    return "done"
"""


@pytest.fixture
def answer_beside_a_dying_worker(client: Client, make_role: Callable[..., str], eventually: Eventually, tmp_path: Path):
    """Return what a working worker answers while another one of its function dies."""

    def answer(engine: Engine) -> Json:
        functions, name = client(engine, "lambda"), f"f-{uuid.uuid4().hex[:8]}"
        deadly, busy = tmp_path / "deadly", tmp_path / "busy"
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="mortal.handler",
            Role=make_role(engine),
            Timeout=30,
            Code={"ZipFile": packed("mortal.py", MORTAL)},
            Environment={"Variables": {"DEADLY": str(deadly), "BUSY": str(busy)}},
        )
        with ThreadPoolExecutor(1) as pool:
            working = pool.submit(functions.invoke, FunctionName=name)
            assert eventually(busy.exists, bool)
            deadly.touch()
            assert functions.invoke(FunctionName=name)["FunctionError"]
            answered: Json = working.result()
        return answered

    return answer


def test_a_dying_worker_takes_no_other_with_it(engine: Engine, answer_beside_a_dying_worker: Callable[..., Json]):
    answered = answer_beside_a_dying_worker(engine)

    assert ("FunctionError" in answered, answered["Payload"].read()) == (False, b'"done"')


def test_the_engine_itself_still_loses_every_worker_with_one(
    bare_engine: Engine, answer_beside_a_dying_worker: Callable[..., Json]
):
    assert answer_beside_a_dying_worker(bare_engine)["FunctionError"]


PICKY = """
def handler(event, context):
    bad = [r["dynamodb"]["SequenceNumber"] for r in event["Records"] if r["dynamodb"]["Keys"]["PK"]["S"] == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": bad[0]}] if bad else []}
"""


@pytest.fixture
def letters_after_a_bad_record(client: Client, make_role: Callable[..., str], eventually: Eventually):
    """Write a record that its consumer never takes, with one retry allowed, and return what is dead-lettered."""

    def letters(engine: Engine, patience_s: float) -> list[Json]:
        name = f"s-{uuid.uuid4().hex[:8]}"
        dynamodb, functions, sqs = (client(engine, service) for service in ("dynamodb", "lambda", "sqs"))
        table = dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )["TableDescription"]
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="picky.handler",
            Role=make_role(engine),
            Code={"ZipFile": packed("picky.py", PICKY)},
        )
        functions.create_event_source_mapping(
            FunctionName=name,
            EventSourceArn=table["LatestStreamArn"],
            StartingPosition="TRIM_HORIZON",
            MaximumRetryAttempts=1,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            DestinationConfig={"OnFailure": {"Destination": queue}},
        )
        for key in ("good", "bad"):
            dynamodb.put_item(TableName=name, Item={"PK": {"S": key}})
        found: list[Json] = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages", []), bool, patience_s)
        return [json.loads(message["Body"])["DDBStreamBatchInfo"] for message in found]

    return letters


def test_a_record_that_is_never_taken_is_dead_lettered(
    engine: Engine, letters_after_a_bad_record: Callable[..., list[Json]]
):
    (letter,) = letters_after_a_bad_record(engine, 20)

    assert letter["batchSize"] == 1
    assert letter["startSequenceNumber"] == letter["endSequenceNumber"]


def test_the_engine_itself_still_loses_a_record_that_was_not_taken(
    bare_engine: Engine, letters_after_a_bad_record: Callable[..., list[Json]]
):
    assert letters_after_a_bad_record(bare_engine, 6) == []


def packed(file: str, source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(file, source)
    return buffer.getvalue()
