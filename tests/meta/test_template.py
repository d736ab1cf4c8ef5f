"""What the template promises: who may do what, what is kept, what is bounded, what is never logged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from approval_gate.store.apps import DynamoApps

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]

type Json = dict[str, Any]


def of_type(kind: str) -> dict[str, Json]:
    return {name: one["Properties"] for name, one in RESOURCES.items() if one["Type"] == kind}


FUNCTIONS = of_type("AWS::Serverless::Function")
STATE_MACHINE = RESOURCES["ApprovalStateMachine"]["Properties"]
CALLBACKS = {
    "FeishuCallbackFunction": ("feishu", {"GET", "POST"}),
    "LarkCallbackFunction": ("lark", {"GET", "POST"}),
    "DingtalkCallbackFunction": ("dingtalk", {"GET", "POST"}),
    "WecomCallbackFunction": ("wecom", {"GET", "POST"}),
}
STREAM_CONSUMERS = ("ApplyCallbackFunction", "DriveWorkflowFunction")


def statements(properties: Json) -> Iterator[Json]:
    for policy in properties.get("Policies", []):
        yield from policy["Statement"]


def actions(statement: Json) -> list[str]:
    return [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


def leading_keys(statement: Json) -> list[str]:
    keys: list[str] = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    return keys


def http_events(properties: Json) -> list[Json]:
    return [event["Properties"] for event in properties.get("Events", {}).values() if event["Type"] == "HttpApi"]


def stream_event(function: str) -> Json:
    (event,) = FUNCTIONS[function]["Events"].values()
    properties: Json = event["Properties"]
    return properties


def test_every_function_folder_is_in_the_template_and_the_reverse():
    folders = {handler.parent.name for handler in (ROOT / "functions").glob("*/handler.py")}

    assert {properties["CodeUri"] for properties in FUNCTIONS.values()} == {f"functions/{name}" for name in folders}


def test_only_callbacks_are_open_to_everybody():
    open_to_all = {
        name
        for name, properties in FUNCTIONS.items()
        for event in http_events(properties)
        if event.get("Auth", {}).get("Authorizer") == "NONE"
    }

    assert open_to_all == set(CALLBACKS)


@pytest.mark.parametrize("function", CALLBACKS)
def test_a_callback_has_one_address_and_may_write_its_journal_and_read_its_secrets_only(function: str):
    provider, methods = CALLBACKS[function]
    events = http_events(FUNCTIONS[function])
    journal, *marks, secrets = statements(FUNCTIONS[function])

    assert {event["Path"] for event in events} == {f"/callbacks/{provider}/{{tenant}}/{{app}}"}
    assert {event["Method"] for event in events} == methods
    assert actions(journal) == ["dynamodb:PutItem"]
    assert leading_keys(journal) == [f"REF#{provider}#*", f"CHANGED#{provider}"]
    # WeCom's events of contacts are not read for whom they are about.
    named = [] if provider == "wecom" else [(["dynamodb:UpdateItem"], [f"CHANGED#{provider}"])]
    assert [(actions(each), leading_keys(each)) for each in marks] == named
    assert actions(secrets) == ["secretsmanager:GetSecretValue"]
    assert secrets["Resource"]["Fn::Sub"].endswith(f":secret:${{AWS::StackName}}/{provider}/*")


def test_the_authorizer_may_read_api_tokens_and_note_their_use_and_nothing_else():
    (statement,) = statements(FUNCTIONS["AuthorizerFunction"])

    assert (actions(statement), leading_keys(statement)) == (
        ["dynamodb:GetItem", "dynamodb:UpdateItem"],
        ["APITOKEN#*"],
    )


def test_only_the_apps_api_issues_and_ends_api_tokens_and_nobody_else_reaches_them():
    for name, properties in {**FUNCTIONS, "ApprovalStateMachine": STATE_MACHINE}.items():
        for statement in statements(properties):
            on_the_table = statement["Resource"] == {"Fn::GetAtt": ["Table", "Arn"]}
            if not on_the_table or not any(key.startswith(("APITOKEN", "*")) for key in leading_keys(statement)):
                continue
            assert name in {"AuthorizerFunction", "AppsApiFunction"}, name
            if name == "AppsApiFunction":
                assert "dynamodb:UpdateItem" not in actions(statement)  # no token ever changes what it opens
                assert "*" not in leading_keys(statement)


def test_a_change_of_an_app_cannot_outlive_its_claim():
    timeout_s = FUNCTIONS["AppsApiFunction"].get("Timeout", TEMPLATE["Globals"]["Function"]["Timeout"])

    assert 2 * timeout_s <= DynamoApps.CLAIM_LIFE.total_seconds()


def test_wildcards_stand_only_where_no_resource_can_be_named():
    everywhere = {
        (name, action)
        for name, properties in {**FUNCTIONS, "ApprovalStateMachine": STATE_MACHINE}.items()
        for statement in statements(properties)
        if statement["Resource"] == "*"
        for action in actions(statement)
    }

    assert {pair for pair in everywhere if not pair[1].startswith("logs:")} == {
        ("ConcludeApprovalFunction", "states:SendTaskSuccess"),
        ("ConcludeApprovalFunction", "states:SendTaskFailure"),
    }
    assert not any("*" in action for name, action in everywhere)


def test_arns_are_written_for_every_partition():
    assert "arn:aws:" not in (ROOT / "template.yaml").read_text(encoding="utf-8")


def test_the_state_machine_may_invoke_its_tasks_and_touch_approvals_only():
    invoke, update, _ = statements(STATE_MACHINE)

    assert actions(invoke) == ["lambda:InvokeFunction"]
    assert [target["Fn::GetAtt"][0] for target in invoke["Resource"]] == [
        "SubmitApprovalFunction",
        "CheckApprovalFunction",
        "ConcludeApprovalFunction",
    ]
    assert (actions(update), leading_keys(update)) == (["dynamodb:UpdateItem"], ["APPROVAL#*"])


def test_the_state_machine_never_logs_inputs_which_hold_task_tokens():
    assert STATE_MACHINE["Type"] == "STANDARD"
    assert STATE_MACHINE["Logging"]["IncludeExecutionData"] is False


def test_the_table_is_kept_encrypted_and_restorable():
    table = RESOURCES["Table"]

    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert table["Properties"]["SSESpecification"] == {"SSEEnabled": True}
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["Properties"]["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert table["Properties"]["TimeToLiveSpecification"]["AttributeName"] == "expires_at_epoch_s"


@pytest.mark.parametrize("function", STREAM_CONSUMERS)
def test_a_stream_record_that_keeps_failing_ends_in_a_queue_that_alarms(function: str):
    event = stream_event(function)
    queue = event["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
    alarmed = {
        alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0]: alarm for alarm in of_type("AWS::CloudWatch::Alarm").values()
    }

    assert 0 < event["MaximumRetryAttempts"] <= 10
    assert 0 < event["MaximumRecordAgeInSeconds"] <= 86_400
    assert event["BisectBatchOnFunctionError"] is True
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert RESOURCES[queue]["Properties"] == {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": 14 * 86_400}
    assert (alarmed[queue]["Threshold"], alarmed[queue]["ComparisonOperator"]) == (0, "GreaterThanThreshold")


def test_stream_consumers_see_what_concerns_them_only():
    patterns = [
        json.loads(one["Pattern"])
        for name in STREAM_CONSUMERS
        for one in stream_event(name)["FilterCriteria"]["Filters"]
    ]
    approval = {"PK": {"S": [{"prefix": "APPROVAL#"}]}, "SK": {"S": ["APPROVAL"]}}

    assert patterns == [
        {"eventName": ["INSERT"], "dynamodb": {"Keys": {"SK": {"S": [{"prefix": "EVENT#"}]}}}},
        {"eventName": ["INSERT"], "dynamodb": {"Keys": approval}},
        {
            "eventName": ["MODIFY"],
            "dynamodb": {"Keys": approval, "NewImage": {"outcome": {"S": [{"exists": True}]}}},
        },
        {
            "eventName": ["INSERT"],
            "dynamodb": {"Keys": {"PK": {"S": [{"prefix": "NOTIFICATION#"}]}, "SK": {"S": ["NOTIFICATION"]}}},
        },
    ]


def test_workers_on_contacts_that_end_without_a_result_alarm_for_a_day_and_leave_nothing_to_replay():
    queue = RESOURCES["SyncContactsQueue"]["Properties"]
    dead = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    alarmed = {alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0] for alarm in of_type("AWS::CloudWatch::Alarm").values()}

    assert queue["VisibilityTimeout"] > FUNCTIONS["SyncContactsFunction"]["Timeout"]
    # Both count from the first sending, so some of the day must be left after all attempts.
    attempts_s = queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"]
    assert RESOURCES[dead]["Properties"]["MessageRetentionPeriod"] == 86_400 > 2 * attempts_s
    assert dead in alarmed


def test_what_the_outbox_cannot_deliver_ends_in_a_queue_that_alarms():
    (event,) = (each["Properties"] for each in FUNCTIONS["DeliverFunction"]["Events"].values())
    outbox = RESOURCES["OutboxQueue"]["Properties"]
    dead = outbox["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    alarmed = {alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0] for alarm in of_type("AWS::CloudWatch::Alarm").values()}

    assert event["Queue"] == {"Fn::GetAtt": ["OutboxQueue", "Arn"]}
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert outbox["VisibilityTimeout"] >= 2 * FUNCTIONS["DeliverFunction"]["Timeout"]
    assert outbox["MessageRetentionPeriod"] == RESOURCES[dead]["Properties"]["MessageRetentionPeriod"] == 14 * 86_400
    assert outbox["RedrivePolicy"]["maxReceiveCount"] >= 5
    assert dead in alarmed


def test_a_function_that_writes_to_the_queue_it_reads_is_not_taken_for_a_runaway():
    """Only AWS would show it: Lambda drops a message that came back to its function more than 16 times."""
    read = {
        (name, event["Properties"]["Queue"]["Fn::GetAtt"][0])
        for name, properties in FUNCTIONS.items()
        for event in properties.get("Events", {}).values()
        if event["Type"] == "SQS"
    }
    written = {
        (name, target["Fn::GetAtt"][0])
        for name, properties in FUNCTIONS.items()
        for statement in statements(properties)
        if "sqs:SendMessage" in actions(statement)
        for target in (statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]])
    }

    allowed = {name for name, properties in FUNCTIONS.items() if properties.get("RecursiveLoop") == "Allow"}
    assert {name for name, _ in read & written} == allowed == {"DeliverFunction", "SyncContactsFunction"}


def test_who_delivers_cannot_write_approvals():
    for statement in statements(FUNCTIONS["DeliverFunction"]):
        if statement["Resource"] == {"Fn::GetAtt": ["Table", "Arn"]} and "APPROVAL#*" in leading_keys(statement):
            assert set(actions(statement)) <= {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}


def test_every_end_of_an_execution_that_concluded_nothing_is_heard_of():
    (event,) = FUNCTIONS["ExecutionEndedFunction"]["Events"].values()
    table, machine = statements(FUNCTIONS["ExecutionEndedFunction"])

    assert event["Properties"]["Pattern"] == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": [{"Ref": "ApprovalStateMachine"}],
            "status": ["ABORTED", "TIMED_OUT", "FAILED"],
        },
    }
    assert leading_keys(table) == ["APPROVAL#*", "NOTIFICATION#*"]
    assert (actions(machine), machine["Resource"]) == (
        ["states:StartExecution", "states:SendTaskSuccess"],
        {"Ref": "ApprovalStateMachine"},
    )


TASKS = ("SubmitApprovalFunction", "CheckApprovalFunction", "ConcludeApprovalFunction", "ApplyCallbackFunction")


@pytest.mark.parametrize("function", TASKS)
def test_no_task_can_register_an_app_or_issue_a_token(function: str):
    on_the_table = [each for each in statements(FUNCTIONS[function]) if "Condition" in each]
    of_tenants = [each for each in on_the_table if {"TENANT#*", "TENANTS", "IDENTITY#*"} & set(leading_keys(each))]
    allowed = {action for each in of_tenants for action in actions(each)}

    # That an app was heard, and what was used of its budget, stands on its item.
    noting = {"dynamodb:UpdateItem"} if function in {"ApplyCallbackFunction", "CheckApprovalFunction"} else set()
    assert allowed == {"dynamodb:GetItem"} | noting
    assert all(leading_keys(each) == ["TENANT#*"] for each in of_tenants)


def test_a_flood_costs_bounded_money():
    settings = RESOURCES["Api"]["Properties"]["DefaultRouteSettings"]

    assert settings["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "RequestBurst"}
    assert TEMPLATE["Parameters"]["RequestsPerSecond"]["Default"] <= 100


def test_the_access_log_holds_no_header_no_query_and_no_body():
    written = json.loads(RESOURCES["Api"]["Properties"]["AccessLogSettings"]["Format"])

    assert {value for value in written.values() if not value.startswith("$context.")} == set()
    assert not any(word in value for value in written.values() for word in ("header", "path", "authorizer", "protocol"))


def test_every_log_ends():
    groups = of_type("AWS::Logs::LogGroup")
    used = {properties["LoggingConfig"]["LogGroup"]["Ref"] for properties in FUNCTIONS.values()}

    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())
    assert used | {"ApiLogGroup", "StateMachineLogGroup"} == set(groups)


def test_one_runtime_everywhere():
    shared = TEMPLATE["Globals"]["Function"]
    layers = of_type("AWS::Serverless::LayerVersion")

    assert shared["Runtime"] == "python3.13"
    assert all(layer["CompatibleRuntimes"] == ["python3.13"] for layer in layers.values())
    assert not any("Runtime" in properties or "Architectures" in properties for properties in FUNCTIONS.values())


def test_loopback_addresses_are_refused_unless_asked_for():
    assert TEMPLATE["Parameters"]["AllowLoopback"]["Default"] == "false"
