"""The doctor: examines one app on its platform and rehearses the platform's address check."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.utilities.typing import LambdaContext

from approval_gate.entrypoints.api import build_resolver
from approval_gate.entrypoints.examiners import wire_checks
from approval_gate.observability import function_logger

logger = function_logger()


@cache
def api() -> APIGatewayHttpResolver:
    """Wire once per execution environment; importing this module reads nothing."""
    return build_resolver(logger, wire_checks(os.environ))


@logger.inject_lambda_context(clear_state=True, log_event=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api().resolve(event, context)
