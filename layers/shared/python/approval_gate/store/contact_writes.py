"""
What a synchronisation writes: staged readings while it reads, then only what differs from what is there.

What is stored is compared, not assumed, so an item that a crashed run left half-done is put right by the next one.
People are written before the addresses that lead to them, and an address is believed only if the person it leads to
has it (`services.people`), so that no moment in between names anybody wrongly.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from approval_gate.domain.contacts import Contact
from approval_gate.domain.sync import Reading, Report
from approval_gate.errors import StoreError
from approval_gate.ports import App, Clock
from approval_gate.ports.directory import Desired
from approval_gate.store import keys
from approval_gate.store.aws_errors import as_store_errors
from approval_gate.store.contact_items import (
    chat_adapter,
    contact_adapter,
    department_adapter,
    document,
    group_adapter,
    pack,
    pack_lines,
    parts_of,
    readings_adapter,
    report_adapter,
    unpack,
)
from approval_gate.store.contacts import DynamoContacts, partition_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoContactStore"]

_BATCH = 25
_MOST_TRIES = 8
_MOST_OWNERS = 20
"""An address of more people than this is as ambiguous with twenty of them."""

_STAGED_FOR = timedelta(days=7)


class DynamoContactStore(DynamoContacts):
    """
    The `ContactStore` port on DynamoDB.

    Args:
        sleep: waits so many seconds, when the table takes only part of a batch.
    """

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock, sleep: Callable[[float], None]) -> None:
        super().__init__(client, table)
        self._clock = clock
        self._sleep = sleep

    # -- while reading

    def stage(self, app: App, run_id: str, number: int, readings: Sequence[Reading]) -> int:
        """Keep what was read from this number on; returns the next free one."""
        parts = [part for reading in readings for part in parts_of(reading)]
        packed = pack(readings_adapter().dump_python(parts, mode="json", exclude_defaults=True))
        expires = int((self._clock() + _STAGED_FOR).timestamp())
        for each in packed:
            item: dict[str, Any] = {
                **keys.contact(partition_of(app), "STAGE", f"{run_id}#{number:06d}"),
                "packed": {"B": each},
                "expires_at_epoch_s": {"N": str(expires)},
            }
            with as_store_errors("stage contacts"):
                self._client.put_item(TableName=self._table, Item=item)
            number += 1
        return number

    def staged(self, app: App, run_id: str) -> tuple[int, Sequence[Reading]]:
        """Return what earlier workers of this run read, and the next free number."""
        items = list(self._query(partition_of(app), f"STAGE#{run_id}#", consistent=True))
        readings = [r for item in items for r in readings_adapter().validate_python(unpack(item["packed"]["B"]))]
        number = int(items[-1]["SK"]["S"].rpartition("#")[2]) + 1 if items else 0
        return number, readings

    def drop_staged(self, app: App, run_id: str) -> None:
        """Remove what `stage` kept."""
        partition = partition_of(app)
        self._write(self._deletions(partition, self._names(partition, f"STAGE#{run_id}#")), lambda: None)

    # -- afterwards

    def people(self, app: App) -> tuple[dict[str, Contact], dict[str, Contact]]:
        """Return everyone known: those who are there, and those who left."""
        present: dict[str, Contact] = {}
        left: dict[str, Contact] = {}
        for item in self._query(partition_of(app), "USER#", consistent=True):
            contact = contact_adapter().validate_json(item["doc"]["S"])
            (left if "left_at" in item else present)[contact.id] = contact
        return present, left

    def write(self, app: App, desired: Desired, at: datetime, still_mine: Callable[[], None]) -> int:
        """Make the table hold what is desired, writing only what differs; returns how many items that were."""
        partition = partition_of(app)
        written = self._write(self._people(partition, desired, at), still_mine)
        kinds: list[tuple[str, Mapping[str, str] | None, bool]] = [
            ("DEPT#", {e.id: document(department_adapter(), e) for e in desired.departments}, not desired.is_partial),
            ("GROUP#", _documents(group_adapter(), desired.groups and [each.kept() for each in desired.groups]), True),
            ("CHAT#", _documents(chat_adapter(), desired.chats), True),
        ]
        for prefix, documents, removes in kinds:
            if documents is not None:
                items = {keys.contact(partition, prefix[:-1], each)["SK"]["S"]: d for each, d in documents.items()}
                written += self._write(self._differences(partition, prefix, items, removes=removes), still_mine)
        addresses = {
            keys.contact_address(partition, *key)["SK"]["S"]: json.dumps(owners[:_MOST_OWNERS])
            for key, owners in desired.addresses.items()
        }
        written += self._write(self._differences(partition, "BY#", addresses, removes=True), still_mine)
        return written + self._write_index(app, partition, desired, still_mine)

    def save_report(self, app: App, report: Report) -> None:
        """Keep the report of a run, in place of the one before."""
        item = {**self._single(app, "REPORT"), "doc": {"S": document(report_adapter(), report)}}
        with as_store_errors("save report"):
            self._client.put_item(TableName=self._table, Item=item)

    def forget(self, tenant: str, app_id: str, identity: str) -> None:
        """Remove everything known of an app that does not exist any more."""
        partition = keys.contacts_partition(tenant, app_id, identity)
        self._write(self._deletions(partition, self._names(partition, "")), lambda: None)

    def _people(self, partition: str, desired: Desired, at: datetime) -> Iterator[dict[str, Any]]:
        stored = {
            item["SK"]["S"]: (item["doc"]["S"], item.get("left_at", {}).get("S"))
            for item in self._query(partition, "USER#", consistent=True)
        }
        adapter = contact_adapter()
        for contact in itertools.chain(desired.present.values(), desired.left.values()):
            key = keys.contact(partition, "USER", contact.id)
            doc, left_at = stored.get(key["SK"]["S"], ("", None))
            wanted = document(adapter, contact)
            if contact.id not in desired.left:
                if doc != wanted or left_at is not None:
                    yield {"PutRequest": {"Item": {**key, "doc": {"S": wanted}}}}
            elif doc != wanted or left_at is None:
                marked = {"left_at": {"S": left_at or at.isoformat()}}
                yield {"PutRequest": {"Item": {**key, "doc": {"S": wanted}, **marked}}}

    def _differences(
        self, partition: str, prefix: str, wanted: Mapping[str, str], *, removes: bool
    ) -> Iterator[dict[str, Any]]:
        items = self._query(partition, prefix, consistent=True)
        stored = {item["SK"]["S"]: item["doc"]["S"] for item in items}
        for name, doc in wanted.items():
            if stored.get(name) != doc:
                yield {"PutRequest": {"Item": {"PK": {"S": partition}, "SK": {"S": name}, "doc": {"S": doc}}}}
        if removes:
            yield from self._deletions(partition, stored.keys() - wanted.keys())

    def _write_index(self, app: App, partition: str, desired: Desired, still_mine: Callable[[], None]) -> int:
        """Write the index beside the one in use, turn to it, and remove the old one."""
        packed = pack_lines(desired.lines)
        generation = hashlib.sha256(b"".join(packed)).hexdigest()[:32]
        with as_store_errors("read index of people"):
            answer = self._client.get_item(TableName=self._table, Key=self._single(app, "SEARCH"), ConsistentRead=True)
        if answer.get("Item", {}).get("generation", {}).get("S") == generation:
            return 0
        for number, page in enumerate(packed):  # one by one: each is nearly as large as an item may be
            key = keys.contact(partition, f"SEARCH#{generation}", f"{number:04d}")
            self._write([{"PutRequest": {"Item": {**key, "packed": {"B": page}}}}], still_mine)
        pointer = {
            **self._single(app, "SEARCH"),
            "generation": {"S": generation},
            "pages": {"N": str(len(packed))},
        }
        still_mine()
        with as_store_errors("turn to new index"):
            self._client.put_item(TableName=self._table, Item=pointer)
        old = [n for n in self._names(partition, "SEARCH#") if not n.startswith(f"SEARCH#{generation}#")]
        return len(packed) + 1 + self._write(self._deletions(partition, old), still_mine)

    def _names(self, partition: str, prefix: str) -> list[str]:
        condition = "PK = :pk AND begins_with(SK, :prefix)" if prefix else "PK = :pk"
        values: dict[str, Any] = {":pk": {"S": partition}}
        if prefix:
            values[":prefix"] = {"S": prefix}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ProjectionExpression="SK",
        )
        with as_store_errors("list contacts"):
            return [item["SK"]["S"] for page in pages for item in page["Items"]]

    @staticmethod
    def _deletions(partition: str, names: Iterable[str]) -> Iterator[dict[str, Any]]:
        return ({"DeleteRequest": {"Key": {"PK": {"S": partition}, "SK": {"S": name}}}} for name in names)

    def _write(self, requests: Iterable[dict[str, Any]], still_mine: Callable[[], None]) -> int:
        count = 0
        for batch in itertools.batched(requests, _BATCH, strict=False):
            still_mine()
            rest: Any = {self._table: list(batch)}
            for attempt in range(_MOST_TRIES):
                with as_store_errors("write contacts"):
                    rest = self._client.batch_write_item(RequestItems=rest)["UnprocessedItems"]
                if not rest:
                    break
                self._sleep(0.1 * 2**attempt)
            else:
                raise StoreError("write contacts: throttled")
            count += len(batch)
        return count


def _documents(adapter: Any, values: Iterable[Any] | None) -> Mapping[str, str] | None:
    return None if values is None else {each.id: document(adapter, each) for each in values}
