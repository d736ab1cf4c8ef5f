"""docs/openapi.json is what the code says."""

from __future__ import annotations

import json

from openapi_spec_validator import validate

from local.openapi import DOCUMENT, openapi_document
from tests.fakes.aws import template


def test_the_published_document_matches_the_code() -> None:
    assert DOCUMENT.read_text() == openapi_document(), "run `make openapi` and commit the result"


def test_the_document_is_valid_openapi() -> None:
    validate(json.loads(openapi_document()))


def test_every_api_route_of_the_template_is_described() -> None:
    described = {
        (method.upper(), path) for path, item in json.loads(DOCUMENT.read_text())["paths"].items() for method in item
    }
    deployed = {
        (event["Properties"]["Method"].upper(), event["Properties"]["Path"])
        for resource in template()["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi" and str(event["Properties"].get("Path", "")).startswith(("/v1/", "/sys/"))
    }

    def shape(routes: set[tuple[str, str]]) -> set[tuple[str, str]]:
        return {
            (method, "/".join("{}" if "{" in part else part for part in path.split("/"))) for method, path in routes
        }

    assert shape(described) == shape(deployed)
