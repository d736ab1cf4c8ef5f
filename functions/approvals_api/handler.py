"""The approvals API: create, read, cancel, history."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from approval_gate.entrypoints.approvals import ApprovalsApi
from approval_gate.entrypoints.clock import now
from approval_gate.observability import function_logger
from approval_gate.settings import Settings
from approval_gate.store.approvals import DynamoApprovals
from approval_gate.store.apps import DynamoApps
from approval_gate.workflow import StepFunctions

logger = function_logger()


@cache
def api() -> ApprovalsApi:
    """Wire once per execution environment; importing this module reads nothing."""
    settings = Settings.from_env(os.environ, "STATE_MACHINE_ARN")
    dynamodb = boto3.client("dynamodb")
    return ApprovalsApi(
        approvals=DynamoApprovals(dynamodb, settings.table, now),
        apps=DynamoApps(dynamodb, settings.table, now),
        workflow=StepFunctions(boto3.client("stepfunctions"), settings.state_machine_arn),
        clock=now,
        entropy=os.urandom,
        logger=logger,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api().resolver.resolve(event, context)
