"""
Write docs/openapi.json from the code of the API functions.

`python -m local.openapi` writes it; `make check` and a test say when it is out of date.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from aws_lambda_powertools import Logger

from approval_gate.entrypoints.api import build_resolver
from approval_gate.entrypoints.approvals import ApprovalsApi
from approval_gate.entrypoints.apps import AppsApi
from approval_gate.entrypoints.checks import ChecksApi
from approval_gate.entrypoints.contacts import ContactsApi
from approval_gate.entrypoints.notifications import NotificationsApi
from approval_gate.entrypoints.templates import TemplatesApi
from approval_gate.entrypoints.tenants import TenantsApi
from approval_gate.entrypoints.third_party import ThirdPartyApi
from approval_gate.entrypoints.tokens import TokensApi
from approval_gate.entrypoints.webhook_secrets import WebhookSecretsApi
from approval_gate.settings import Settings

__all__ = ["DOCUMENT", "openapi_document"]

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"
VERSION = "0.1.0"


def openapi_document() -> str:
    """Return the OpenAPI document of all API functions as it should stand in docs/."""
    none = cast("Any", None)  # routes are described, not called

    def clock() -> datetime:
        return datetime.now(UTC)

    logger = Logger(service="openapi")
    resolvers = (
        build_resolver(logger, ApprovalsApi(none, none, none, clock)),
        build_resolver(
            logger,
            AppsApi(none, none, none, Settings(table=""), clock),
            TokensApi(none, clock),
            TenantsApi(none),
            WebhookSecretsApi(none, none),
            ContactsApi(none, none),
        ),
        build_resolver(logger, ChecksApi(none, none, Settings(table=""))),
        build_resolver(logger, NotificationsApi(none, none), TemplatesApi(none), ThirdPartyApi(none, none)),
    )
    merged: dict[str, Any] = {}
    for resolver in resolvers:
        document = json.loads(
            resolver.get_openapi_json_schema(
                title="Approval Gate",
                version=VERSION,
                description="Ask a person inside Feishu, Lark, DingTalk or WeCom whether a pipeline may go on.",
            )
        )
        merged = _merge(merged, document)
    for item in merged["paths"].values():
        for operation in item.values():
            # The framework lists its own answer to an invalid body; ours is the problem document at 400.
            operation["responses"].pop("422", None)
    merged["servers"] = [
        {"url": "https://{api}", "variables": {"api": {"default": "example.execute-api.amazonaws.com"}}}
    ]
    merged.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    merged["security"] = [{"token": []}]
    return json.dumps(merged, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _merge(left: Any, right: Any) -> Any:
    if isinstance(left, dict) and isinstance(right, dict):
        return {key: _merge(left.get(key, right.get(key)), right.get(key, left.get(key))) for key in left | right}
    return right


if __name__ == "__main__":
    if "--check" in sys.argv:
        if DOCUMENT.read_text() != openapi_document():
            sys.exit("docs/openapi.json does not match the code: run `make openapi` and commit the result")
    else:
        DOCUMENT.write_text(openapi_document())
        print(f"wrote {DOCUMENT.name}")
