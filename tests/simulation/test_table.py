"""The fake table answers as moto does, on random operations in the expressions that the store writes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fakes.aws import TABLE, aws
from tests.fakes.expressions import Unsupported, parse_condition, parse_update
from tests.fakes.table import Change, MemoryTable

PARTITIONS = ("A", "B")
SORTS = ("EVENT#1", "EVENT#2", "EVENT#3", "APPROVAL")
CONDITIONS = (
    "",
    "attribute_not_exists(PK)",
    "attribute_exists(PK)",
    "version = :before",
    "#version = :before AND attribute_not_exists(outcome)",
    "attribute_not_exists(PK) OR expires < :before",
    "attribute_not_exists(outcome) AND (attribute_not_exists(expires) OR expires >= :before)",
    "NOT attribute_exists(outcome)",
    "(version <= :before OR version > :before) AND tenant_status = :text",
    "version BETWEEN :before AND :before",
    "begins_with(tenant_status, :text)",
)
UPDATES = (
    "SET outcome = :text",
    "SET #version = :before, outcome = :text REMOVE expires",
    "REMOVE outcome",
    "SET version = if_not_exists(version, :before) + :one",
    "ADD version :one",
    "SET tenant_status = :text, created_at = :text",
)


@pytest.fixture
def moto() -> Iterator[Any]:
    with aws() as client:
        yield client


def given(rng: random.Random, **expressions: str) -> dict[str, Any]:
    """Return expressions with the placeholders that they use, and no others."""
    used = {name: text for name, text in expressions.items() if text}
    text = " ".join(used.values())
    values: dict[str, Any] = {
        ":before": {"N": str(rng.randint(0, 3))},
        ":one": {"N": "1"},
        ":text": {"S": rng.choice(("acme#PENDING", "acme", "other"))},
    }
    values = {name: value for name, value in values.items() if name in text.replace(",", " ").replace(")", " ").split()}
    parameters: dict[str, Any] = dict(used)
    if "#version" in text:
        parameters["ExpressionAttributeNames"] = {"#version": "version"}
    if values:
        parameters["ExpressionAttributeValues"] = values
    return parameters


def item(rng: random.Random) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "version": {"N": str(rng.randint(0, 3))},
        "expires": {"N": str(rng.randint(0, 3))},
        "outcome": {"S": "x"},
        "tenant_status": {"S": rng.choice(("acme#PENDING", "acme#DONE"))},
        "created_at": {"S": str(rng.randint(0, 9))},
    }
    return {name: value for name, value in attributes.items() if rng.random() < 0.6}


def write(rng: random.Random) -> tuple[str, dict[str, Any]]:
    key = {"PK": {"S": rng.choice(PARTITIONS)}, "SK": {"S": rng.choice(SORTS)}}
    kind = rng.choice(("Put", "Put", "Update", "Update", "Delete", "ConditionCheck"))
    condition = rng.choice(CONDITIONS)
    if kind == "Put":
        return kind, {"TableName": TABLE, "Item": {**key, **item(rng)}, **given(rng, ConditionExpression=condition)}
    if kind == "Update":
        expressions = given(rng, ConditionExpression=condition, UpdateExpression=rng.choice(UPDATES))
        return kind, {"TableName": TABLE, "Key": key, **expressions}
    if kind == "ConditionCheck":
        condition = condition or CONDITIONS[1]
    return kind, {"TableName": TABLE, "Key": key, **given(rng, ConditionExpression=condition)}


def operation(rng: random.Random) -> tuple[str, dict[str, Any]]:
    draw = rng.random()
    if draw < 0.2:
        key = {"PK": {"S": rng.choice(PARTITIONS)}, "SK": {"S": rng.choice(SORTS)}}
        return "get_item", {"TableName": TABLE, "Key": key, "ConsistentRead": True}
    if draw < 0.5:
        writes = {}
        for _ in range(rng.randint(1, 4)):
            kind, parameters = write(rng)
            key = parameters.get("Key") or parameters["Item"]
            writes[key["PK"]["S"], key["SK"]["S"]] = {kind: parameters}
        return "transact_write_items", {"TransactItems": list(writes.values())}
    kind, parameters = write(rng)
    if kind == "ConditionCheck":
        kind = "Delete"
    if kind == "Update" and rng.random() < 0.5:
        parameters["ReturnValues"] = "ALL_NEW"
    return {"Put": "put_item", "Update": "update_item", "Delete": "delete_item"}[kind], parameters


def answer(client: Any, name: str, parameters: dict[str, Any]) -> Any:
    try:
        got = getattr(client, name)(**parameters)
        return got.get("Item", got.get("Attributes", {}))
    except ClientError as err:
        return err.response["Error"]["Code"], [each["Code"] for each in err.response.get("CancellationReasons", [])]


def pages(client: Any, **query: Any) -> list[Any]:
    return [each for page in client.get_paginator("query").paginate(TableName=TABLE, **query) for each in page["Items"]]


def partition(client: Any, name: str, prefix: str) -> list[Any]:
    values = {":pk": {"S": name}, ":prefix": {"S": prefix}}
    condition = "PK = :pk AND begins_with(SK, :prefix)"
    return pages(client, ConsistentRead=True, KeyConditionExpression=condition, ExpressionAttributeValues=values)


def index(client: Any, *, forward: bool) -> list[Any]:
    values = {":partition": {"S": "acme#PENDING"}, ":low": {"S": "1"}, ":high": {"S": "8"}, ":x": {"S": "x"}}
    return pages(
        client,
        IndexName="by_tenant_status",
        KeyConditionExpression="tenant_status = :partition AND created_at BETWEEN :low AND :high",
        FilterExpression="outcome = :x",
        ExpressionAttributeValues=values,
        ScanIndexForward=forward,
    )


@pytest.mark.parametrize("seed", range(8))
def test_random_operations_are_answered_as_moto_answers_them(moto: Any, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    memory = MemoryTable()
    done: list[str] = []

    for number in range(120):
        name, parameters = operation(rng)
        expected, got = answer(moto, name, parameters), answer(memory, name, parameters)
        assert got == expected, (number, name, parameters)
        done.append(name if isinstance(got, dict) else got[0])

    assert {"TransactionCanceledException", "ConditionalCheckFailedException", "put_item", "update_item"} <= set(done)
    for each in PARTITIONS:
        assert partition(memory, each, "EVENT#") == partition(moto, each, "EVENT#")
    for forward in (True, False):
        by_index = index(memory, forward=forward)
        assert sorted(map(str, by_index)) == sorted(map(str, index(moto, forward=forward)))
        times = [each["created_at"]["S"] for each in by_index]
        assert times == sorted(times, reverse=not forward)


@pytest.mark.parametrize(
    "expression",
    [
        "size(document) > :n",
        "contains(tags, :t)",
        "a.b = :n",
        "a[0] = :n",
        "a <> :n",
        "a IN (:n, :m)",
        "a = :n extra",
        "(a = :n",
        "a",
        "attribute_type(a, :t)",
        "a = 'text'",
    ],
)
def test_a_condition_in_unknown_grammar_is_refused(expression: str) -> None:
    with pytest.raises(Unsupported):
        parse_condition(expression)


@pytest.mark.parametrize(
    "expression", ["SET a = list_append(a, :n)", "DELETE a :n", "SET a.b = :n", "SET a = :n SETT b = :n", "SET a"]
)
def test_an_update_in_unknown_grammar_is_refused(expression: str) -> None:
    with pytest.raises(Unsupported):
        parse_update(expression)


def test_placeholders_that_are_missing_or_unused_are_refused_as_dynamodb_does() -> None:
    table = MemoryTable()
    key = {"PK": {"S": "A"}, "SK": {"S": "B"}}

    for values in ({}, {":n": {"N": "1"}, ":unused": {"N": "1"}}):
        with pytest.raises(ClientError, match="ValidationException"):
            table.update_item(TableName=TABLE, Key=key, UpdateExpression="SET a = :n", ExpressionAttributeValues=values)


def test_a_listener_hears_a_transaction_as_one_and_a_refused_one_not_at_all() -> None:
    heard: list[list[Change]] = []
    table = MemoryTable(heard.append)
    put = {"TableName": TABLE, "Item": {"PK": {"S": "A"}, "SK": {"S": "1"}}}
    other = {"TableName": TABLE, "Item": {"PK": {"S": "A"}, "SK": {"S": "2"}}}
    once = {"ConditionExpression": "attribute_not_exists(PK)"}

    table.transact_write_items(TransactItems=[{"Put": put}, {"Put": other}])
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        table.transact_write_items(TransactItems=[{"Put": {**put, **once}}, {"Put": other}])

    assert [[change.key for change in each] for each in heard] == [[("A", "1"), ("A", "2")]]
