"""
A DynamoDB table in memory, as far as contacts need one, that counts what DynamoDB would charge for.

The local engines take seconds for a query over 80,000 items, so measured on them a synchronisation would be theirs.
"""

from __future__ import annotations

import json
from collections import Counter
from math import ceil
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CountedTable"]

_PAGE_BYTES = 1_000_000
_READ_UNIT = 4096
_WRITE_UNIT = 1024

type _Item = dict[str, Any]


class CountedTable:
    """The client's calls that contacts make. `units` counts read and write units, `requests` the calls."""

    def __init__(self) -> None:
        self._items: dict[str, dict[str, _Item]] = {}
        self.units: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()

    def get_item(self, *, Key: _Item, ConsistentRead: bool = False, **_: Any) -> dict[str, Any]:  # noqa: N803 - as DynamoDB
        """Read one item."""
        self.requests["get_item"] += 1
        item = self._partition(Key).get(Key["SK"]["S"])
        self._read(_size(item) if item else 0, consistent=ConsistentRead)
        return {"Item": item} if item else {}

    def put_item(self, *, Item: _Item, **condition: Any) -> dict[str, Any]:  # noqa: N803 - as DynamoDB
        """Write one item, if its version or its absence is as expected."""
        self.requests["put_item"] += 1
        stored = self._partition(Item).get(Item["SK"]["S"])
        expected = condition.get("ConditionExpression", "")
        values = condition.get("ExpressionAttributeValues", {})
        if (expected.startswith("attribute_not_exists") and stored) or (
            expected == "version = :before" and (stored or {}).get("version") != values[":before"]
        ):
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}, "PutItem")
        self._put(Item)
        return {}

    def delete_item(self, *, Key: _Item, **_: Any) -> dict[str, Any]:  # noqa: N803 - as DynamoDB
        """Remove one item."""
        self.requests["delete_item"] += 1
        self._delete(Key)
        return {}

    def batch_write_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - as DynamoDB
        """Write and remove up to 25 items."""
        self.requests["batch_write_item"] += 1
        for operation in (each for writes in RequestItems.values() for each in writes):
            if "PutRequest" in operation:
                self._put(operation["PutRequest"]["Item"])
            else:
                self._delete(operation["DeleteRequest"]["Key"])
        return {"UnprocessedItems": {}}

    def get_paginator(self, name: str) -> CountedTable:
        """Return what pages; there is only `query`."""
        if name != "query":
            raise NotImplementedError(name)
        return self

    def paginate(self, *, ExpressionAttributeValues: _Item, **more: Any) -> Iterator[dict[str, Any]]:  # noqa: N803 - as DynamoDB
        """Yield pages of up to a megabyte of the items whose sort key begins with `:prefix`, if that is given."""
        prefix = ExpressionAttributeValues.get(":prefix", {}).get("S", "")
        partition = self._items.get(ExpressionAttributeValues[":pk"]["S"], {})
        page: list[_Item] = []
        page_bytes = 0
        for name in sorted(each for each in partition if each.startswith(prefix)):
            page.append(partition[name])
            page_bytes += _size(partition[name])
            if page_bytes >= _PAGE_BYTES:
                yield self._page(page, page_bytes, consistent=more.get("ConsistentRead", False))
                page, page_bytes = [], 0
        yield self._page(page, page_bytes, consistent=more.get("ConsistentRead", False))

    def _page(self, items: list[_Item], page_bytes: int, *, consistent: bool) -> dict[str, Any]:
        self.requests["query"] += 1
        self._read(page_bytes, consistent=consistent)
        return {"Items": items}

    def _partition(self, key: _Item) -> dict[str, _Item]:
        return self._items.setdefault(key["PK"]["S"], {})

    def _put(self, item: _Item) -> None:
        self._partition(item)[item["SK"]["S"]] = item
        self.units["write"] += ceil(_size(item) / _WRITE_UNIT)

    def _delete(self, key: _Item) -> None:
        removed = self._partition(key).pop(key["SK"]["S"], None)
        self.units["write"] += ceil(_size(removed) / _WRITE_UNIT) if removed else 1

    def _read(self, count: int, *, consistent: bool) -> None:
        self.units["read"] += max(1, ceil(count / _READ_UNIT)) / (1 if consistent else 2)  # type: ignore[assignment] # halves


def _size(item: _Item) -> int:
    """Return about what DynamoDB counts: names and values."""
    return sum(len(name) + _value_size(value) for name, value in item.items())


def _value_size(value: Any) -> int:
    ((kind, held),) = value.items()
    return len(held) if kind == "B" else len(held.encode()) if kind in {"S", "N"} else len(json.dumps(held))
