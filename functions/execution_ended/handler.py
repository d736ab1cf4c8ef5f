"""An execution of the state machine was stopped or broke: close its approval."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from approval_gate.entrypoints.task import Tasks
from approval_gate.entrypoints.wiring import wire_ports
from approval_gate.observability import function_logger

logger = function_logger()


@cache
def tasks() -> Tasks:
    """Wire once per execution environment; importing this module reads nothing."""
    return Tasks.over(wire_ports(), logger)


@logger.inject_lambda_context(clear_state=True, log_event=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    tasks().ended(event)
