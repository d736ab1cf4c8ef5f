"""Synchronises contacts: one app per message of the queue; on schedule, calls a worker for each app that is due."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from approval_gate.entrypoints.sync import SyncEndpoint
from approval_gate.observability import function_logger

logger = function_logger()


@cache
def endpoint() -> SyncEndpoint:
    """Wire once per execution environment; importing this module reads nothing."""
    return SyncEndpoint.wire(os.environ, logger)


@logger.inject_lambda_context(clear_state=True, log_event=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    endpoint().handle(event, context.get_remaining_time_in_millis())
