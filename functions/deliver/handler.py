"""Consumer of the outbox queue: carry notifications and webhooks to where they belong."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from approval_gate.entrypoints.deliver import OutboxConsumer
from approval_gate.entrypoints.outbox_wiring import wire_consumer
from approval_gate.observability import function_logger

logger = function_logger()


@cache
def consumer() -> OutboxConsumer:
    """Wire once per execution environment; importing this module reads nothing."""
    return wire_consumer(logger)


@logger.inject_lambda_context(clear_state=True, log_event=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return consumer().consume(event)
