"""The project's table and secrets on moto, made from the template so that the two cannot drift apart."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import yaml
from moto import mock_aws

from tests.secret_watch import WATCH

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
TABLE = "approvals"


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags as plain values."""


_Loader.add_multi_constructor("!", lambda loader, _suffix, node: _plain(loader, node))


def _plain(loader: Any, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


def template() -> dict[str, Any]:
    return yaml.load(TEMPLATE.read_text(), Loader=_Loader)  # noqa: S506 - a SafeLoader, with tags read as plain values


def create_table(client: Any, name: str = TABLE) -> None:
    resources = template()["Resources"].values()
    table = next(r["Properties"] for r in resources if r["Type"] == "AWS::DynamoDB::Table")
    client.create_table(
        TableName=name,
        BillingMode=table["BillingMode"],
        AttributeDefinitions=table["AttributeDefinitions"],
        KeySchema=table["KeySchema"],
        GlobalSecondaryIndexes=table["GlobalSecondaryIndexes"],
    )


@contextmanager
def aws() -> Iterator[Any]:
    """Run with a fresh table; yields the DynamoDB client. What is in the table at the end must hold no secret."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_table(client)
        yield client
        if TABLE in client.list_tables()["TableNames"]:
            for page in client.get_paginator("scan").paginate(TableName=TABLE):
                WATCH.check(json.dumps(page["Items"], ensure_ascii=False, default=_text), "the table")


def _text(value: object) -> str:
    """Return a binary attribute as text: the index of people is stored compressed."""
    try:
        return zlib.decompress(value).decode() if isinstance(value, bytes) else repr(value)
    except zlib.error:
        return repr(value)
