"""
Synchronised contacts in the table: people by id and by address, departments, groups, chats, and an index to search in.

The index is a few compressed items per app instead of one item per searchable word: 20,000 people take three of them,
are read with one query and searched in memory by any part of a name (bench/RESULTS.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from approval_gate.domain.contact_search import SearchLine
from approval_gate.domain.contacts import Chat, Contact, Department, Group
from approval_gate.domain.sync import Report
from approval_gate.errors import StoreError
from approval_gate.ports import App
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors
from approval_gate.store.contact_items import (
    chat_adapter,
    contact_adapter,
    department_adapter,
    group_adapter,
    lines_of,
    report_adapter,
    unpack,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoContacts", "partition_of"]

_MOST_KEYS = 100
_MOST_TRIES = 8
_MOST_INDEXES = 4


def partition_of(app: App) -> str:
    """Return the partition that holds an app's contacts."""
    return keys.contacts_partition(app.tenant, app.id, app.vendor_identity)


class DynamoContacts:
    """The `ContactIndex` port on DynamoDB. Reads may be a moment behind, as all of this is."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._indexes: dict[tuple[str, str], list[SearchLine]] = {}

    def by_id(self, app: App, ids: Iterable[str]) -> Mapping[str, tuple[Contact, bool]]:
        """Return known people by id, and whether each has left."""
        partition = partition_of(app)
        found = {}
        for item in self._get(keys.contact(partition, "USER", each) for each in ids):
            contact = contact_adapter().validate_json(item["doc"]["S"])
            found[contact.id] = (contact, "left_at" in item)
        return found

    def by_address(self, app: App, wanted: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """Return the ids of who has an address (kind, normal value); more than one: it is ambiguous."""
        partition = partition_of(app)
        by_key = {keys.contact_address(partition, *each)["SK"]["S"]: each for each in wanted}
        items = self._get(keys.contact_address(partition, *each) for each in by_key.values())
        return {by_key[item["SK"]["S"]]: tuple(json.loads(item["doc"]["S"])) for item in items}

    def departments(self, app: App) -> tuple[Department, ...]:
        """Return every department."""
        items = self._query(partition_of(app), "DEPT#")
        return tuple(department_adapter().validate_json(item["doc"]["S"]) for item in items)

    def group(self, app: App, group_id: str) -> Group | None:
        """Return one group."""
        items = self._get([keys.contact(partition_of(app), "GROUP", group_id)])
        return next((group_adapter().validate_json(item["doc"]["S"]) for item in items), None)

    def chats(self, app: App) -> tuple[Chat, ...]:
        """Return every chat that the app can write to."""
        items = self._query(partition_of(app), "CHAT#")
        return tuple(chat_adapter().validate_json(item["doc"]["S"]) for item in items)

    def report(self, app: App) -> Report | None:
        """Return the report of the last run that ended."""
        with as_store_errors("read report"):
            answer = self._client.get_item(TableName=self._table, Key=self._single(app, "REPORT"), ConsistentRead=True)
        return report_adapter().validate_json(answer["Item"]["doc"]["S"]) if "Item" in answer else None

    def search_lines(self, app: App) -> Sequence[SearchLine]:
        """Return the whole index of people; empty before the first run. Kept in memory until a run replaces it."""
        partition = partition_of(app)
        for _ in range(_MOST_TRIES):
            with as_store_errors("read index of people"):
                answer = self._client.get_item(
                    TableName=self._table, Key=self._single(app, "SEARCH"), ConsistentRead=True
                )
            if "Item" not in answer:
                return ()
            generation, pages = answer["Item"]["generation"]["S"], int(answer["Item"]["pages"]["N"])
            held = self._indexes.get((partition, generation))
            if held is not None:
                return held
            items = self._query(partition, f"SEARCH#{generation}#", consistent=True)
            packed = [item["packed"]["B"] for item in items]
            if len(packed) == pages:
                lines = [line for each in packed for line in lines_of(unpack(each))]
                if len(self._indexes) >= _MOST_INDEXES:
                    self._indexes.pop(next(iter(self._indexes)))
                self._indexes[(partition, generation)] = lines
                return lines
            # A run has replaced it in between.
        raise StoreError("read index of people: changed meanwhile")

    def _single(self, app: App, name: str) -> keys.Key:
        return {"PK": {"S": partition_of(app)}, "SK": {"S": name}}

    def _query(self, partition: str, prefix: str, *, consistent: bool = False) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=consistent,
            KeyConditionExpression="PK = :pk AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={":pk": {"S": partition}, ":prefix": {"S": prefix}},
        )
        with as_store_errors("read contacts"):
            for page in pages:
                yield from page["Items"]

    def _get(self, wanted: Iterable[keys.Key]) -> Iterator[dict[str, Any]]:
        unique = list({each["SK"]["S"]: each for each in wanted}.values())
        for start in range(0, len(unique), _MOST_KEYS):
            request: Any = {self._table: {"Keys": unique[start : start + _MOST_KEYS]}}
            for _ in range(_MOST_TRIES):
                with as_store_errors("look up contacts"):
                    answer = self._client.batch_get_item(RequestItems=request)
                yield from answer["Responses"].get(self._table, [])
                request = answer.get("UnprocessedKeys")
                if not request:
                    break
            else:
                # Silence would make somebody unknown, or an ambiguous address somebody's.
                raise StoreError("look up contacts: throttled")
