"""DingTalk events: POST /callbacks/dingtalk/{tenant}/{app}."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from approval_gate.entrypoints.callback import CallbackEndpoint
from approval_gate.observability import function_logger
from approval_gate.providers.dingtalk.callbacks import Receiver

logger = function_logger()


@cache
def endpoint() -> CallbackEndpoint:
    """Wire once per execution environment; importing reads nothing. Secrets are read per app, then cached."""
    return CallbackEndpoint.wire(os.environ, "dingtalk", Receiver, logger)


@logger.inject_lambda_context(clear_state=True, log_event=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return endpoint().handle(event)
