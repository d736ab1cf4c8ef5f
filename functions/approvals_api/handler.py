"""The approvals API: create, read, cancel, history."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.utilities.typing import LambdaContext

from approval_gate.entrypoints.api import build_resolver
from approval_gate.entrypoints.approvals import ApprovalsApi
from approval_gate.entrypoints.clock import now
from approval_gate.observability import function_logger
from approval_gate.services.create import Creator
from approval_gate.settings import Settings
from approval_gate.store.approvals import DynamoApprovals
from approval_gate.store.apps import DynamoApps
from approval_gate.store.webhook_secrets import DynamoWebhookSecrets
from approval_gate.webhooks.admission import CallbackAdmission
from approval_gate.workflow import StepFunctions

logger = function_logger()


@cache
def api() -> APIGatewayHttpResolver:
    """Wire once per execution environment; importing this module reads nothing."""
    settings = Settings.from_env(os.environ, "STATE_MACHINE_ARN")
    dynamodb, table = boto3.client("dynamodb"), settings.table
    approvals, apps = DynamoApprovals(dynamodb, table, now), DynamoApps(dynamodb, table, now)
    workflow = StepFunctions(boto3.client("stepfunctions"), settings.state_machine_arn)
    callbacks = CallbackAdmission(DynamoWebhookSecrets(dynamodb, table, now), allow_loopback=settings.allow_loopback)
    creator = Creator(approvals, apps, workflow, now, os.urandom, callbacks)
    return build_resolver(logger, ApprovalsApi(approvals, workflow, creator, now))


@logger.inject_lambda_context(clear_state=True, log_event=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api().resolve(event, context)
