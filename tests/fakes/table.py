"""
A DynamoDB client over a table in memory: conditional writes, transactions, queries and the project's one index.

Held to moto by `tests/simulation/test_table.py`. It is some fifty times faster, and tells a listener of every write in
the moment it happens, which is what the simulation needs. What DynamoDB would refuse raises its own `ClientError`; what
this fake does not know raises `Unsupported`. Items are shared, not copied: nobody may change one in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tests.fakes.expressions import Bindings, Unsupported, parse_condition, parse_update

__all__ = ["Change", "MemoryTable", "client_error"]

type Item = dict[str, Any]
type KeyPair = tuple[str, str]

_ITEMS_PER_PAGE = 2
_MOST_WRITES = 100
_READS = {"TableName", "Key", "ConsistentRead"}
_WRITES = {"TableName", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"}
_QUERY = {
    "TableName",
    "IndexName",
    "ConsistentRead",
    "ScanIndexForward",
    "Limit",
    "ExclusiveStartKey",
    "KeyConditionExpression",
    "FilterExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
}
_INDEXES = {"by_tenant_status": ("tenant_status", "created_at")}


@dataclass(frozen=True, slots=True)
class Change:
    """One item as a write left it; `after` is None for a removed one."""

    key: KeyPair
    before: Item | None
    after: Item | None


def client_error(code: str, operation: str, reasons: Sequence[str] = ()) -> ClientError:
    """Return the error that botocore raises for this code; `reasons` are those of a canceled transaction."""
    answer: Any = {"Error": {"Code": code, "Message": code}}
    if reasons:
        answer["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(answer, operation)


class MemoryTable:
    """
    The client's methods that the store calls.

    Args:
        on_write: hears the changes of each successful write, all of a transaction at once, as they take effect.
    """

    def __init__(self, on_write: Callable[[list[Change]], None] | None = None) -> None:
        self.items: dict[str, dict[str, Item]] = {}
        self._on_write = on_write or (lambda _: None)

    # -- reading

    def get_item(self, **given: Any) -> dict[str, Any]:
        _only(given, _READS)
        pk, sk = _key(given["Key"])
        item = self.items.get(pk, {}).get(sk)
        return {} if item is None else {"Item": dict(item)}

    def query(self, **given: Any) -> dict[str, Any]:
        """Answer one page; pages are tiny, so that whoever forgets to turn them is found out."""
        _only(given, _QUERY)
        matching = list(self._matching(given))
        start = given.get("ExclusiveStartKey")
        if start is not None:
            places = [_key(item) for item in matching]
            matching = matching[places.index(_key(start)) + 1 :]
        limit = min(given.get("Limit", _ITEMS_PER_PAGE), _ITEMS_PER_PAGE)
        page, rest = matching[:limit], matching[limit:]
        kept = [dict(item) for item in page if _holds(given.get("FilterExpression"), item, given)]
        answer: dict[str, Any] = {"Items": kept, "Count": len(kept), "ScannedCount": len(page)}
        if rest:
            answer["LastEvaluatedKey"] = {"PK": page[-1]["PK"], "SK": page[-1]["SK"]}
        return answer

    def _matching(self, given: Mapping[str, Any]) -> Iterator[Item]:
        condition = given["KeyConditionExpression"]
        index = given.get("IndexName")
        if index is None:
            partition_name, order = "PK", "SK"
        elif index in _INDEXES and not given.get("ConsistentRead"):
            partition_name, order = _INDEXES[index]
        else:
            raise Unsupported(f"query of index {index!r}")
        candidates = self._partition(condition, given) if index is None else self._all()
        found = [item for item in candidates if partition_name in item and _holds(condition, item, given)]
        found.sort(key=lambda item: (item[order]["S"], item["PK"]["S"], item["SK"]["S"]))
        return iter(found if given.get("ScanIndexForward", True) else reversed(found))

    def _partition(self, condition: str, given: Mapping[str, Any]) -> Iterator[Item]:
        """Read only the partition that the condition names first; whether it names one is for DynamoDB to say too."""
        name, sign, placeholder = condition.split()[:3]
        if (name, sign) != ("PK", "="):
            raise Unsupported(f"key condition {condition!r} must begin with PK =")
        return iter(self.items.get(given["ExpressionAttributeValues"][placeholder]["S"], {}).values())

    def _all(self) -> Iterator[Item]:
        return (item for partition in self.items.values() for item in partition.values())

    def get_paginator(self, operation: str) -> _Pages:
        if operation != "query":
            raise Unsupported(f"pages of {operation!r}")
        return _Pages(self.query)

    # -- writing

    def put_item(self, **given: Any) -> dict[str, Any]:
        return self._alone("PutItem", "Put", given)

    def update_item(self, **given: Any) -> dict[str, Any]:
        return self._alone("UpdateItem", "Update", given)

    def delete_item(self, **given: Any) -> dict[str, Any]:
        return self._alone("DeleteItem", "Delete", given)

    def transact_write_items(self, **given: Any) -> dict[str, Any]:
        _only(given, {"TransactItems", "ClientRequestToken"})
        changes, failed = [], []
        for write in given["TransactItems"]:
            ((kind, parameters),) = write.items()
            change, holds = self._prepared(kind, parameters)
            changes.append(change)
            failed.append(not holds)
        if not changes or len(changes) > _MOST_WRITES or len({change.key for change in changes}) != len(changes):
            raise client_error("ValidationException", "TransactWriteItems")
        if any(failed):
            reasons = ["ConditionalCheckFailed" if each else "None" for each in failed]
            raise client_error("TransactionCanceledException", "TransactWriteItems", reasons)
        self._commit([change for change in changes if change.before is not change.after])
        return {}

    def _alone(self, operation: str, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
        change, holds = self._prepared(kind, given)
        if not holds:
            raise client_error("ConditionalCheckFailedException", operation)
        self._commit([change])
        return {"Attributes": dict(change.after)} if change.after and given.get("ReturnValues") == "ALL_NEW" else {}

    def _prepared(self, kind: str, given: Mapping[str, Any]) -> tuple[Change, bool]:
        """Return what a write would do, and whether its condition holds."""
        if kind == "Put":
            _only(given, _WRITES | {"Item"})
            key = _key(given["Item"])
        else:
            _only(given, _WRITES | {"Key", "UpdateExpression", "ReturnValues"})
            key = _key(given["Key"])
        stored = self.items.get(key[0], {}).get(key[1])
        before = stored or {}
        expressions = [given[name] for name in ("ConditionExpression", "UpdateExpression") if name in given]
        _check_placeholders(expressions, given)
        holds = _holds(given.get("ConditionExpression"), before, given)
        if kind == "Put":
            return Change(key, stored, given["Item"]), holds
        if kind == "Delete":
            return Change(key, stored, None), holds
        if kind == "ConditionCheck":
            return Change(key, stored, stored), holds
        if kind != "Update":
            raise Unsupported(f"write {kind!r}")
        if not holds:
            return Change(key, stored, stored), False
        after = parse_update(given["UpdateExpression"]).apply(before, _bindings(given))
        if (after.get("PK", given["Key"]["PK"]), after.get("SK", given["Key"]["SK"])) != tuple(
            given["Key"][name] for name in ("PK", "SK")
        ):
            raise client_error("ValidationException", "UpdateItem")
        return Change(key, stored, {**after, **given["Key"]}), True

    def _commit(self, changes: list[Change]) -> None:
        for change in changes:
            pk, sk = change.key
            if change.after is not None:
                self.items.setdefault(pk, {})[sk] = change.after
            elif change.before is not None:
                del self.items[pk][sk]
        self._on_write([change for change in changes if change.before is not None or change.after is not None])


class _Pages:
    """What `get_paginator` returns."""

    def __init__(self, query: Callable[..., dict[str, Any]]) -> None:
        self._query = query

    def over(self, query: Callable[..., dict[str, Any]]) -> _Pages:
        """Turn pages by another query, such as one that may fail."""
        return _Pages(query)

    def paginate(self, **given: Any) -> Iterator[dict[str, Any]]:
        while True:
            answer = self._query(**given)
            yield answer
            if "LastEvaluatedKey" not in answer:
                return
            given = {**given, "ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _key(item: Mapping[str, Any]) -> KeyPair:
    return item["PK"]["S"], item["SK"]["S"]


def _bindings(given: Mapping[str, Any]) -> Bindings:
    return given.get("ExpressionAttributeNames", {}), given.get("ExpressionAttributeValues", {})


def _holds(expression: str | None, item: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    return expression is None or parse_condition(expression).holds(item, _bindings(given))


def _check_placeholders(expressions: Sequence[str], given: Mapping[str, Any]) -> None:
    """DynamoDB refuses placeholders that are used and not given, or given and not used."""
    used: set[str] = set()
    for expression in expressions:
        is_update = expression is given.get("UpdateExpression")
        used |= (parse_update(expression) if is_update else parse_condition(expression)).placeholders
    names, values = _bindings(given)
    if used != {*names, *values}:
        raise client_error("ValidationException", "Write")


def _only(given: Mapping[str, Any], known: set[str]) -> None:
    if unknown := set(given) - known:
        raise Unsupported(f"parameters {sorted(unknown)}")
