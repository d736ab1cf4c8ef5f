"""Which callbacks were refused lately, and by which check: for the doctor, since the platform only hears 401."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from approval_gate.ports import App
from approval_gate.ports.checks import Refusal
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoRefusals"]


class DynamoRefusals:
    """
    The last refusal of each app, written by the callback functions.

    A refusal is noted for apps that do not exist as well, so that the time of an answer does not tell which do. One
    worker notes one a minute per app and `MAX_A_MINUTE` in all: a flood of forgeries writes next to nothing.
    """

    KEPT_FOR = timedelta(days=1)
    PAUSE = timedelta(minutes=1)
    MAX_A_MINUTE = 10

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._noted: dict[tuple[str, str, str], datetime] = {}

    def note(self, provider: str, tenant: str, app: str, check: str) -> None:
        """
        Remember that a callback was refused.

        Raises:
            StoreError: not remembered; nothing depends on it.
        """
        now = self._clock()
        self._noted = {key: at for key, at in self._noted.items() if now - at < self.PAUSE}
        key = (provider, tenant, app)
        if key in self._noted or len(self._noted) >= self.MAX_A_MINUTE:
            return
        self._noted[key] = now
        with as_store_errors("note refusal"):
            self._client.put_item(
                TableName=self._table,
                Item={
                    **keys.refusal(provider, tenant, app),
                    "refused_at": {"S": now.isoformat()},
                    "refused_by": {"S": check},
                    "expires_at_epoch_s": {"N": str(int((now + self.KEPT_FOR).timestamp()))},
                },
            )

    def last(self, app: App) -> Refusal | None:
        """Return the last one of the past day."""
        with as_store_errors("read refusal"):
            answer = self._client.get_item(
                TableName=self._table, Key=keys.refusal(app.provider, app.tenant, app.id), ConsistentRead=True
            )
        if "Item" not in answer:
            return None
        refusal = Refusal(datetime.fromisoformat(answer["Item"]["refused_at"]["S"]), answer["Item"]["refused_by"]["S"])
        # DynamoDB may remove an expired item hours late.
        return refusal if self._clock() - refusal.at < self.KEPT_FOR else None
