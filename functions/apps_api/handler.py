"""The administration API: apps and what belongs to them. One line for each group of routes."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.utilities.typing import LambdaContext

from approval_gate.entrypoints.api import build_resolver
from approval_gate.entrypoints.apps import AppsApi
from approval_gate.entrypoints.clock import now
from approval_gate.entrypoints.contacts import ContactsApi
from approval_gate.entrypoints.tenants import TenantsApi
from approval_gate.entrypoints.tokens import TokensApi
from approval_gate.entrypoints.webhook_secrets import WebhookSecretsApi
from approval_gate.observability import function_logger
from approval_gate.services.contacts import ContactBook
from approval_gate.services.tenants import TenantKeeper
from approval_gate.services.webhook_secrets import WebhookSecretKeeper
from approval_gate.settings import Settings
from approval_gate.store.approvals import DynamoApprovals
from approval_gate.store.apps import DynamoApps
from approval_gate.store.contacts import DynamoContacts
from approval_gate.store.endpoints import DynamoEndpoints
from approval_gate.store.secrets import SecretStore
from approval_gate.store.sync_queue import SqsSyncQueue
from approval_gate.store.syncs import DynamoSyncs
from approval_gate.store.tenants import DynamoTenants
from approval_gate.store.tokens import DynamoTokens
from approval_gate.store.webhook_secrets import DynamoWebhookSecrets, SecretsManagerValues

logger = function_logger()


@cache
def api() -> APIGatewayHttpResolver:
    """Wire once per execution environment; importing this module reads nothing."""
    settings = Settings.from_env(os.environ, "SECRET_PREFIX")
    dynamodb, table = boto3.client("dynamodb"), settings.table
    secrets = SecretStore(boto3.client("secretsmanager"), settings.secret_prefix)
    tokens = DynamoTokens(dynamodb, table)
    apps, approvals = DynamoApps(dynamodb, table, now), DynamoApprovals(dynamodb, table, now)
    webhook_secrets = WebhookSecretKeeper(
        DynamoWebhookSecrets(dynamodb, table, now), SecretsManagerValues(secrets), now, os.urandom
    )
    workers = SqsSyncQueue(boto3.client("sqs"), settings.sync_queue_url)
    book = ContactBook(
        DynamoContacts(dynamodb, table), DynamoSyncs(dynamodb, table), workers, now, lambda: os.urandom(16).hex()
    )
    return build_resolver(
        logger,
        AppsApi(apps, secrets, approvals, settings, now),
        TokensApi(tokens, now),
        TenantsApi(TenantKeeper(DynamoTenants(dynamodb, table, now), tokens, apps, webhook_secrets, now)),
        WebhookSecretsApi(webhook_secrets, DynamoEndpoints(dynamodb, table)),
        ContactsApi(apps, book),
    )


@logger.inject_lambda_context(clear_state=True, log_event=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api().resolve(event, context)
