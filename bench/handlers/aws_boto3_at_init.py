"""The same clients, made while the handler is imported: in the initialisation, which Lambda gives a full processor."""

from __future__ import annotations

from typing import Any

from bench.handlers import aws_boto3

aws_boto3.clients()


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read and write."""
    return aws_boto3.lambda_handler(event, context)
