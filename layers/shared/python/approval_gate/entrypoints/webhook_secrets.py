"""Routes of webhook secrets and of the addresses that fail; part of the apps API."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path

from approval_gate.api.webhooks import (
    EndpointListBody,
    NewWebhookSecretBody,
    WebhookSecretListBody,
    WebhookSecretRequestBody,
    endpoints_view,
    new_secret_view,
    secrets_view,
)
from approval_gate.entrypoints.api import PROBLEMS, caller_of
from approval_gate.errors import NotFound
from approval_gate.ports.webhooks import EndpointState
from approval_gate.services.webhook_secrets import WebhookSecretKeeper

__all__ = ["FailingEndpoints", "WebhookSecretsApi"]

SecretId = Annotated[str, Path(description="The secret's id, `whs_…`.", max_length=64)]
EndpointId = Annotated[str, Path(description="The address's id, `whe_…`.", max_length=64)]


class FailingEndpoints(Protocol):
    """Addresses that fail; see `store.endpoints.DynamoEndpoints`."""

    def list(self, tenant: str) -> tuple[EndpointState, ...]:
        """Return a tenant's addresses that fail."""
        ...

    def enable(self, tenant: str, endpoint_id: str) -> bool:
        """Start anew with an address; False when there is none of that id."""
        ...


class WebhookSecretsApi:
    """What administrators do about webhooks."""

    def __init__(self, keeper: WebhookSecretKeeper, endpoints: FailingEndpoints) -> None:
        self._keeper = keeper
        self._endpoints = endpoints

    def add_to(self, app: APIGatewayHttpResolver) -> None:
        """Add the routes to a resolver."""

        def tenant() -> str:
            caller = caller_of(app)
            caller.require("apps:admin")
            return caller.tenant

        @app.post(
            "/v1/webhook-secrets",
            summary="Create a webhook secret, replacing the present one",
            tags=["webhooks"],
            responses=_answers(201, NewWebhookSecretBody),
        )
        def create(body: Annotated[WebhookSecretRequestBody | None, Body()] = None) -> Response[NewWebhookSecretBody]:
            secret, value = self._keeper.create(tenant(), (body or WebhookSecretRequestBody()).overlap_s)
            return Response(status_code=201, content_type="application/json", body=new_secret_view(secret, value))

        @app.get(
            "/v1/webhook-secrets",
            summary="List webhook secrets",
            tags=["webhooks"],
            responses=_answers(200, WebhookSecretListBody),
        )
        def list_secrets() -> Response[WebhookSecretListBody]:
            body = secrets_view(self._keeper.list(tenant()))
            return Response(status_code=200, content_type="application/json", body=body)

        @app.delete(
            "/v1/webhook-secrets/<secret_id>", summary="End a webhook secret", tags=["webhooks"], responses=PROBLEMS
        )
        def delete(secret_id: SecretId) -> Response[Any]:
            self._keeper.delete(tenant(), secret_id)
            return Response(status_code=204, body="")

        @app.get(
            "/v1/webhook-endpoints",
            summary="List webhook addresses that fail",
            tags=["webhooks"],
            responses=_answers(200, EndpointListBody),
        )
        def list_endpoints() -> Response[EndpointListBody]:
            body = endpoints_view(self._endpoints.list(tenant()))
            return Response(status_code=200, content_type="application/json", body=body)

        @app.post(
            "/v1/webhook-endpoints/<endpoint_id>/enable",
            summary="Send webhooks to an address again",
            tags=["webhooks"],
            responses=PROBLEMS,
        )
        def enable(endpoint_id: EndpointId) -> Response[Any]:
            if not self._endpoints.enable(tenant(), endpoint_id):
                raise NotFound(f"No address {endpoint_id!r} fails. GET /v1/webhook-endpoints lists those that do.")
            return Response(status_code=204, body="")


def _answers(status: int, model: type) -> dict[int, Any]:
    shown = {"description": "Done.", "content": {"application/json": {"model": model}}}
    return {**PROBLEMS, status: shown}
