"""What providers had to create on a platform and reuse: Feishu definitions, DingTalk forms, WeCom templates."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from approval_gate.errors import VersionConflict
from approval_gate.ports import App
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoForms"]

CLAIM_LIFE = timedelta(minutes=1)


class DynamoForms:
    """The `Forms` port for one app. Only one worker at a time may create what a key names."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime], app: App) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._app = (app.provider, app.tenant, app.id)

    def get(self, key: str) -> Mapping[str, str] | None:
        """Return what was saved under this key."""
        with as_store_errors("read form"):
            answer = self._client.get_item(TableName=self._table, Key=self._key(key), ConsistentRead=True)
        document = answer.get("Item", {}).get("form", {}).get("S")
        if document is None:
            return None
        return {str(name): str(value) for name, value in json.loads(document).items()}

    def claim(self, key: str) -> bool:
        """Take the right to create what `key` names, for a minute."""
        now = self._clock()
        try:
            with as_store_errors("claim form"):
                self._client.update_item(
                    TableName=self._table,
                    Key=self._key(key),
                    UpdateExpression="SET claimed_until = :until",
                    ConditionExpression=(
                        "attribute_not_exists(form) AND (attribute_not_exists(claimed_until) OR claimed_until < :now)"
                    ),
                    ExpressionAttributeValues={
                        ":until": {"S": (now + CLAIM_LIFE).isoformat()},
                        ":now": {"S": now.isoformat()},
                    },
                )
        except VersionConflict:
            return False
        return True

    def save(self, key: str, value: Mapping[str, str]) -> None:
        """Store the created thing and end the claim."""
        with as_store_errors("save form"):
            self._client.update_item(
                TableName=self._table,
                Key=self._key(key),
                UpdateExpression="SET form = :form REMOVE claimed_until",
                ExpressionAttributeValues={":form": {"S": json.dumps(dict(value))}},
            )

    def release(self, key: str) -> None:
        """End the claim without a result."""
        with as_store_errors("release form"):
            self._client.update_item(TableName=self._table, Key=self._key(key), UpdateExpression="REMOVE claimed_until")

    def forget(self, key: str) -> None:
        """Remove what was saved: the platform says it does not exist any more."""
        with as_store_errors("forget form"):
            self._client.update_item(TableName=self._table, Key=self._key(key), UpdateExpression="REMOVE form")

    def _key(self, key: str) -> keys.Key:
        return keys.form(*self._app, key)
