"""Build the consumer of the outbox from its function's settings."""

from __future__ import annotations

import os
from collections.abc import Mapping

import boto3
import httpx
from aws_lambda_powertools import Logger

from approval_gate.api.webhooks import webhook_body
from approval_gate.entrypoints.clock import now
from approval_gate.entrypoints.deliver import OutboxConsumer
from approval_gate.entrypoints.messengers import AppMessengers
from approval_gate.entrypoints.wiring import AWS_CONFIG, AppSenders, wire_outbox_queue
from approval_gate.event_bus import EventBridge
from approval_gate.platform_http import platform_http
from approval_gate.ports.outbox import OutboxPorts
from approval_gate.services.carriers import Carriers
from approval_gate.services.carry import MachineCarrier
from approval_gate.services.carry_messages import MessageCarrier
from approval_gate.services.close_cards import CardCloser
from approval_gate.services.deliver import Deliverer
from approval_gate.services.people import People
from approval_gate.settings import Settings
from approval_gate.store.approvals import DynamoApprovals
from approval_gate.store.apps import DynamoApps
from approval_gate.store.contacts import DynamoContacts
from approval_gate.store.endpoints import DynamoEndpoints
from approval_gate.store.outbox import DynamoOutbox
from approval_gate.store.secrets import SecretStore
from approval_gate.store.syncs import DynamoSyncs
from approval_gate.store.webhook_secrets import CachedSigningSecrets, DynamoWebhookSecrets, SecretsManagerValues
from approval_gate.webhooks.poster import SignedPoster
from approval_gate.webhooks.transport import PublicPoster

__all__ = ["wire_consumer"]


def wire_consumer(logger: Logger, environ: Mapping[str, str] | None = None) -> OutboxConsumer:
    """Build everything that delivering needs. Clients are made here, once per execution environment."""
    environ = environ if environ is not None else os.environ
    settings = Settings.from_env(environ, "SECRET_PREFIX", "OUTBOX_URL", "OUTBOX_DEAD_LETTERS_URL")
    dynamodb, table = boto3.client("dynamodb", config=AWS_CONFIG), settings.table
    secrets = SecretStore(boto3.client("secretsmanager", config=AWS_CONFIG), settings.secret_prefix)
    http = platform_http()
    apps, senders = DynamoApps(dynamodb, table, now), AppSenders(secrets, dynamodb, table, http)
    outbox, approvals = DynamoOutbox(dynamodb, table, now), DynamoApprovals(dynamodb, table, now)
    ports = OutboxPorts(outbox, wire_outbox_queue(environ), approvals, now)
    messages = MessageCarrier(
        outbox,
        approvals,
        apps,
        AppMessengers(secrets, dynamodb, table, http),
        People(DynamoContacts(dynamodb, table), DynamoSyncs(dynamodb, table), senders, now).find,
        now,
    )
    bus = EventBridge(boto3.client("events", config=AWS_CONFIG), settings.event_bus)
    signing = CachedSigningSecrets(DynamoWebhookSecrets(dynamodb, table, now), SecretsManagerValues(secrets), now)
    # The certificates that httpx brings; a file that the environment happens to name is not asked.
    transport = PublicPoster(httpx.create_ssl_context(trust_env=False), allow_loopback=settings.allow_loopback)
    poster = SignedPoster(transport, signing, DynamoEndpoints(dynamodb, table), bus, now)
    carrier = Carriers(MachineCarrier(outbox, poster, bus, now), messages)
    deliverer = Deliverer(ports, carrier, CardCloser(ports, messages), webhook_body)
    return OutboxConsumer(deliverer, ports.queue, now, logger)
