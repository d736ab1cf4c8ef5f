"""API Gateway asks who an API token belongs to."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from approval_gate.entrypoints.authorizer import Authorizer
from approval_gate.entrypoints.clock import now
from approval_gate.observability import function_logger
from approval_gate.settings import Settings

logger = function_logger()


@cache
def authorizer() -> Authorizer:
    """Wire once per execution environment; importing this module reads nothing."""
    return Authorizer(boto3.client("dynamodb"), Settings.from_env(os.environ).table, now)


@logger.inject_lambda_context(clear_state=True, log_event=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return authorizer().handle(event)
