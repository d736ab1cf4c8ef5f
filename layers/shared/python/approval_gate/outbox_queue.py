"""The outbox queue in SQS. Messages are `{"notification_id", "number"}`, `{"notification_id"}` or `{"approval_id"}`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from approval_gate.errors import StoreError
from approval_gate.ports.outbox import Errand
from approval_gate.untrusted import json_object, word

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

__all__ = ["SqsQueue", "errand_of", "message_of"]

_LONGEST_DELAY_S = 900
"""SQS delays a message no longer; whoever gets it sooner than is due puts it back."""


def message_of(errand: Errand) -> str:
    """Return the message that says an errand."""
    if errand.approval_id:
        return json.dumps({"approval_id": errand.approval_id})
    number = {} if errand.number is None else {"number": errand.number}
    return json.dumps({"notification_id": errand.notification_id, **number})


def errand_of(message: str) -> Errand:
    """
    Return the errand that a message says.

    Raises:
        ValueError: it is none of ours.
    """
    said = json_object(message.encode())
    errand = Errand(word(said, "notification_id"), said.get("number"), word(said, "approval_id"))
    if bool(errand.notification_id) == bool(errand.approval_id) or type(errand.number) not in {int, type(None)}:
        raise ValueError("not an errand")
    return errand


class SqsQueue:
    """The `Queue` port."""

    def __init__(self, client: SQSClient, url: str, dead_letters_url: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._url = url
        self._dead_letters_url = dead_letters_url
        self._clock = clock

    def put(self, errand: Errand, at: datetime | None = None) -> None:
        """Give an errand, not before `at`, or in a quarter of an hour if that is sooner."""
        delay_s = ceil((at - self._clock()).total_seconds()) if at is not None else 0
        self._send(self._url, errand, min(max(delay_s, 0), _LONGEST_DELAY_S))

    def dead_letter(self, errand: Errand) -> None:
        """Put an errand where an operator sees it."""
        self._send(self._dead_letters_url, errand, 0)

    def _send(self, url: str, errand: Errand, delay_s: int) -> None:
        try:
            self._client.send_message(QueueUrl=url, MessageBody=message_of(errand), DelaySeconds=delay_s)
        except ClientError as err:
            raise StoreError(f"put into the outbox: {err.response['Error']['Code']}") from err
        except BotoCoreError as err:
            raise StoreError(f"put into the outbox: {type(err).__name__}") from err
