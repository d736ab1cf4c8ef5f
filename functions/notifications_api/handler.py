"""The notifications API: messages, templates. One line for each group of routes."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.utilities.typing import LambdaContext

from approval_gate.entrypoints.api import build_resolver
from approval_gate.entrypoints.clock import now
from approval_gate.entrypoints.notifications import NotificationsApi
from approval_gate.entrypoints.templates import TemplatesApi
from approval_gate.entrypoints.third_party import ThirdPartyApi
from approval_gate.observability import function_logger
from approval_gate.services.notify import Notifier
from approval_gate.services.templates import TemplateKeeper
from approval_gate.settings import Settings
from approval_gate.store.apps import DynamoApps
from approval_gate.store.notifications import DynamoNotifications
from approval_gate.store.templates import DynamoTemplates
from approval_gate.templating import problems_of, rendered

logger = function_logger()


@cache
def api() -> APIGatewayHttpResolver:
    """Wire once per execution environment; importing this module reads nothing."""
    dynamodb, table = boto3.client("dynamodb"), Settings.from_env(os.environ).table
    apps, notifications = DynamoApps(dynamodb, table, now), DynamoNotifications(dynamodb, table, now)
    templates = TemplateKeeper(DynamoTemplates(dynamodb, table), problems_of, now)
    notifier = Notifier(notifications, apps, templates, rendered, clock=now, entropy=os.urandom)
    return build_resolver(
        logger, NotificationsApi(notifier, notifications), TemplatesApi(templates), ThirdPartyApi(notifier, apps)
    )


@logger.inject_lambda_context(clear_state=True, log_event=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api().resolve(event, context)
