"""Registered apps: the item of each, and the claim on its vendor identity."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from approval_gate.errors import AppExists, IdentityInUse, VersionConflict
from approval_gate.ports import App
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors, failed_conditions

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoApps"]


class DynamoApps:
    """The `Apps` port on DynamoDB, and what registration needs."""

    CALLBACK_SEEN_RESOLUTION = timedelta(hours=1)

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._adapter = TypeAdapter(App)

    def get(self, tenant: str, app_id: str) -> App | None:
        """Read one app of a tenant."""
        with as_store_errors("read app"):
            answer = self._client.get_item(TableName=self._table, Key=keys.app(tenant, app_id), ConsistentRead=True)
        return self._read(answer["Item"]) if "Item" in answer else None

    def list(self, tenant: str) -> tuple[App, ...]:
        """Return all apps of a tenant by id."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="PK = :pk AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={":pk": {"S": keys.tenant_partition(tenant)}, ":prefix": {"S": "APP#"}},
        )
        with as_store_errors("list apps"):
            return tuple(self._read(item) for page in pages for item in page["Items"])

    def claim(self, app: App) -> None:
        """
        Take an app's id and vendor identity, in one step. A claim by the same app that never became ready is resumed.

        Raises:
            AppExists: the tenant has an app of that id.
            IdentityInUse: the vendor identity is registered anywhere.
        """
        owner = f"{app.tenant}#{app.id}"
        put_app: dict[str, Any] = {
            "TableName": self._table,
            "Item": {**keys.app(app.tenant, app.id), **self._attributes(app)},
            "ConditionExpression": "attribute_not_exists(PK) OR (#state = :creating AND vendor_identity = :identity)",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":creating": {"S": "creating"}, ":identity": {"S": app.vendor_identity}},
        }
        put_identity: dict[str, Any] = {
            "TableName": self._table,
            "Item": {**keys.identity(app.provider, app.vendor_identity), "owner": {"S": owner}},
            "ConditionExpression": "attribute_not_exists(PK) OR #owner = :owner",
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": {":owner": {"S": owner}},
        }
        writes: Any = [{"Put": put_app}, {"Put": put_identity}]
        try:
            with as_store_errors("register app"):
                self._client.transact_write_items(TransactItems=writes)
        except VersionConflict as conflict:
            cause: Any = conflict.__cause__
            taken_id, _ = failed_conditions(cause)
            if taken_id:
                raise AppExists(
                    f"An app named {app.id!r} exists. Choose another id, or delete that app first."
                ) from conflict
            raise IdentityInUse(
                f"The {app.provider} identity {app.vendor_identity!r} is registered already, here or in another "
                "tenant. One identity belongs to one app: use that app, or delete it first."
            ) from conflict

    def change(self, app: App) -> None:
        """
        Replace what is stored about a registered app; its id and vendor identity stay.

        Raises:
            VersionConflict: it was deleted, or belongs to another identity now.
        """
        attributes = self._attributes(app)
        with as_store_errors("change app"):
            self._client.update_item(
                TableName=self._table,
                Key=keys.app(app.tenant, app.id),
                UpdateExpression="SET document = :document",
                ConditionExpression="vendor_identity = :identity",
                ExpressionAttributeValues={
                    ":document": attributes["document"],
                    ":identity": attributes["vendor_identity"],
                },
            )

    def make_ready(self, app: App) -> None:
        """Mark a claimed app as usable: its secret is written."""
        with as_store_errors("register app"):
            self._client.update_item(
                TableName=self._table,
                Key=keys.app(app.tenant, app.id),
                UpdateExpression="SET #state = :ready",
                ConditionExpression="attribute_exists(PK)",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={":ready": {"S": "ready"}},
            )

    def remove(self, app: App) -> None:
        """Give an app's id and vendor identity free."""
        with as_store_errors("delete app"):
            self._client.transact_write_items(
                TransactItems=[
                    {"Delete": {"TableName": self._table, "Key": keys.app(app.tenant, app.id)}},
                    {
                        "Delete": {
                            "TableName": self._table,
                            "Key": keys.identity(app.provider, app.vendor_identity),
                            "ConditionExpression": "attribute_not_exists(PK) OR #owner = :owner",
                            "ExpressionAttributeNames": {"#owner": "owner"},
                            "ExpressionAttributeValues": {":owner": {"S": f"{app.tenant}#{app.id}"}},
                        }
                    },
                ]
            )

    def saw_callback(self, app: App, at: datetime) -> None:
        """Remember that callbacks of this app arrive; written at most once an hour."""
        if app.callback_seen_at is not None and at - app.callback_seen_at < self.CALLBACK_SEEN_RESOLUTION:
            return
        try:
            with as_store_errors("remember callback"):
                self._client.update_item(
                    TableName=self._table,
                    Key=keys.app(app.tenant, app.id),
                    UpdateExpression="SET callback_seen_at = :at",
                    ConditionExpression="attribute_exists(PK)",
                    ExpressionAttributeValues={":at": {"S": at.isoformat()}},
                )
        except VersionConflict:
            return  # the app was deleted meanwhile: nothing to remember

    def _attributes(self, app: App) -> dict[str, Any]:
        return {
            "document": {"S": self._adapter.dump_json(app).decode()},
            "state": {"S": app.state},
            "vendor_identity": {"S": app.vendor_identity},
        }

    def _read(self, item: dict[str, Any]) -> App:
        fields: dict[str, Any] = self._adapter.dump_python(self._adapter.validate_json(item["document"]["S"]))
        fields["state"] = item["state"]["S"]
        if "callback_seen_at" in item:
            fields["callback_seen_at"] = item["callback_seen_at"]["S"]
        return self._adapter.validate_python(fields)
