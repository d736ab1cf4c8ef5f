"""
botocore's service descriptions cut down to what the callbacks call, in a folder for AWS_DATA_PATH.

botocore looks there first, so that boto3 works unchanged and reads kilobytes instead of megabytes.

Source: botocore's documentation, "Loaders reference", read 2026-02-28.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import botocore

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["write_trimmed_models"]

_CALLED: Final = {
    "dynamodb/2012-08-10": ("PutItem",),
    "secretsmanager/2017-10-17": ("GetSecretValue",),
}


def write_trimmed_models(into: Path) -> Path:
    """Write the descriptions and return the folder."""
    data = Path(botocore.__file__).parent / "data"
    for service, operations in _CALLED.items():
        folder = into / service
        folder.mkdir(parents=True, exist_ok=True)
        model = _read(data / service / "service-2")
        model["operations"] = {name: model["operations"][name] for name in operations}
        shapes = model["shapes"]
        model["shapes"] = {name: _without_prose(shapes[name]) for name in _needed(model["operations"], shapes)}
        (folder / "service-2.json").write_text(json.dumps(model, separators=(",", ":")))
        (folder / "endpoint-rule-set-1.json").write_text(
            json.dumps(_read(data / service / "endpoint-rule-set-1"), separators=(",", ":"))
        )
    endpoints = _read(data / "endpoints")
    for partition in endpoints["partitions"]:
        partition["services"] = {
            name: service for name, service in partition["services"].items() if name in {"dynamodb", "secretsmanager"}
        }
    (into / "endpoints.json").write_text(json.dumps(endpoints, separators=(",", ":")))
    return into


def _read(stem: Path) -> Any:
    plain = stem.with_name(f"{stem.name}.json")
    if plain.exists():
        return json.loads(plain.read_bytes())
    return json.loads(gzip.decompress(plain.with_name(f"{plain.name}.gz").read_bytes()))


def _needed(operations: dict[str, Any], shapes: dict[str, Any]) -> set[str]:
    wanted, seen = list(_references(operations)), set[str]()
    while wanted:
        name = wanted.pop()
        if name not in seen:
            seen.add(name)
            wanted += _references(shapes[name])
    return seen


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("shape"), str):
            yield node["shape"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _without_prose(shape: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shape.items() if name != "documentation"}
