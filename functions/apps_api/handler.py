"""The apps API: register, read, delete."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from approval_gate.entrypoints.apps import AppsApi
from approval_gate.entrypoints.clock import now
from approval_gate.observability import function_logger
from approval_gate.settings import Settings
from approval_gate.store.approvals import DynamoApprovals
from approval_gate.store.apps import DynamoApps
from approval_gate.store.secrets import SecretStore

logger = function_logger()


@cache
def api() -> AppsApi:
    """Wire once per execution environment; importing this module reads nothing."""
    settings = Settings.from_env(os.environ, "SECRET_PREFIX")
    dynamodb = boto3.client("dynamodb")
    return AppsApi(
        apps=DynamoApps(dynamodb, settings.table, now),
        secrets=SecretStore(boto3.client("secretsmanager"), settings.secret_prefix),
        pending=DynamoApprovals(dynamodb, settings.table, now),
        settings=settings,
        clock=now,
        logger=logger,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api().resolver.resolve(event, context)
