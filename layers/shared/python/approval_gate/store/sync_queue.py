"""The queue that calls workers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from approval_gate.store.aws_errors import as_store_errors

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

__all__ = ["SqsSyncQueue"]

_LONGEST_DELAY_S = 900


class SqsSyncQueue:
    """The `SyncQueue` port on SQS. A message names an app and nothing else: what to do stands in the table."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, tenant: str, app_id: str, delay_s: int = 0) -> None:
        """Ask for one worker on one app; longer pauses than SQS knows end with the schedule."""
        body = json.dumps({"tenant": tenant, "app": app_id})
        with as_store_errors("call a worker"):
            self._client.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=min(delay_s, _LONGEST_DELAY_S))
