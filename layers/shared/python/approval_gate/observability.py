"""
One structured logger for a function and everything it calls.

The core logs to plain `logging`, so that it needs no AWS library; here its records get the function's handler.
"""

from __future__ import annotations

import logging

from aws_lambda_powertools import Logger

__all__ = ["function_logger"]


def function_logger() -> Logger:
    """Return the function's logger, and let the records of this package end in it: one JSON line each, on stdout."""
    logger = Logger()
    package = logging.getLogger("approval_gate")
    package.handlers = list(logger.handlers)
    package.setLevel(logger.log_level)
    package.propagate = False
    # It logs whole addresses at INFO, and some platforms take their access token in the query.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return logger
