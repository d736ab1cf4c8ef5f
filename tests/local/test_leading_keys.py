"""The engine's correction that limits roles by partition key must see every key of a request."""

from __future__ import annotations

from typing import Any

import pytest

from local.engine.permissions import leading_keys


def key(name: str) -> dict[str, Any]:
    return {"PK": {"S": name}, "SK": {"S": "x"}}


@pytest.mark.parametrize(
    ("request_body", "keys"),
    [
        ({"Key": key("A#1")}, ["A#1"]),
        ({"Item": key("B#1")}, ["B#1"]),
        ({"TransactItems": [{"Put": {"Item": key("A#1")}}, {"Delete": {"Key": key("B#1")}}]}, ["A#1", "B#1"]),
        ({"RequestItems": {"table": {"Keys": [key("A#1"), key("B#1")]}}}, ["A#1", "B#1"]),
        (
            {"RequestItems": {"table": [{"PutRequest": {"Item": key("A#1")}}, {"DeleteRequest": {"Key": key("B#1")}}]}},
            ["A#1", "B#1"],
        ),
        ({"KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": {":pk": {"S": "C#1"}}}, ["C#1"]),
    ],
)
def test_every_key_of_a_request_is_seen(request_body: dict[str, Any], keys: list[str]) -> None:
    assert list(leading_keys(request_body)) == keys
