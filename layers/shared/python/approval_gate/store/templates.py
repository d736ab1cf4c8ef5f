"""Message templates in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from approval_gate.domain.template import Template
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoTemplates"]


class DynamoTemplates:
    """The `Templates` port on DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._adapter = TypeAdapter(Template)

    def put(self, template: Template) -> None:
        """Store or replace one."""
        document = self._adapter.dump_json(template).decode()
        with as_store_errors("store template"):
            self._client.put_item(
                TableName=self._table,
                Item={**keys.template(template.tenant, template.name), "document": {"S": document}},
            )

    def get(self, tenant: str, name: str) -> Template | None:
        """Read one."""
        with as_store_errors("read template"):
            answer = self._client.get_item(TableName=self._table, Key=keys.template(tenant, name), ConsistentRead=True)
        return self._adapter.validate_json(answer["Item"]["document"]["S"]) if "Item" in answer else None

    def list(self, tenant: str) -> tuple[Template, ...]:
        """Return all of a tenant by name."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.templates_partition(tenant)}},
        )
        with as_store_errors("list templates"):
            return tuple(self._adapter.validate_json(item["document"]["S"]) for page in pages for item in page["Items"])

    def delete(self, tenant: str, name: str) -> None:
        """Remove one; none is as good."""
        with as_store_errors("delete template"):
            self._client.delete_item(TableName=self._table, Key=keys.template(tenant, name))
