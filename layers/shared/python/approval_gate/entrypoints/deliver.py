"""Consumer of the outbox queue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger

from approval_gate.outbox_queue import errand_of
from approval_gate.ports import Clock
from approval_gate.ports.outbox import Queue
from approval_gate.services.deliver import Deliverer

__all__ = ["OutboxConsumer"]

_BUDGET = timedelta(seconds=60)
"""After this no further errand of the batch is begun: each may take as long as its platform lets it wait."""


class OutboxConsumer:
    """Run the errands of a batch."""

    def __init__(self, deliverer: Deliverer, queue: Queue, clock: Clock, logger: Logger) -> None:
        self._deliverer = deliverer
        self._queue = queue
        self._clock = clock
        self._logger = logger

    def consume(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """
        Run each errand; what there is no time for is put back.

        Returns: those that failed. They come again after the queue's visibility timeout, and after several times stand
        in the dead-letter queue.
        """
        ends = self._clock() + _BUDGET
        failed: list[dict[str, str]] = []
        for record in event["Records"]:
            try:
                errand = errand_of(record["body"])
                if self._clock() > ends:
                    self._queue.put(errand)
                else:
                    self._deliverer.look(errand)
            except Exception:
                # The outermost edge: the queue tries again and dead-letters in the end.
                self._logger.exception("errand_failed", extra={"event_id": record["messageId"]})
                failed.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failed}
