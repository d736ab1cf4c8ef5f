"""Routes for tenants."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from approval_gate.api.tokens import TenantBody, TenantListBody, TenantRequestBody, tenant_view
from approval_gate.domain.access import OPERATOR_SCOPE
from approval_gate.entrypoints.api import PROBLEMS, Caller, caller_of
from approval_gate.services.tenants import TenantKeeper

__all__ = ["TenantsApi"]

TenantId = Annotated[str, Path(description="Chosen when it was created.", max_length=64)]


class TenantsApi:
    """Create, list and delete tenants; scope `tenants:admin`, which only whoever runs the installation has."""

    def __init__(self, keeper: TenantKeeper) -> None:
        self._keeper = keeper

    def add_to(self, app: APIGatewayHttpResolver) -> None:
        """Add the routes; see `entrypoints.api.RouteGroup`."""

        def operator() -> Caller:
            caller = caller_of(app)
            caller.require(OPERATOR_SCOPE)
            return caller

        @app.post("/v1/tenants", summary="Create a tenant", tags=["tenants"], responses=_answers(201, TenantBody))
        def create(body: TenantRequestBody) -> Response[TenantBody]:
            operator()
            return _shown(tenant_view(self._keeper.create(body.id, body.name)), 201)

        @app.get("/v1/tenants", summary="List tenants", tags=["tenants"], responses=_answers(200, TenantListBody))
        def list_tenants() -> Response[TenantListBody]:
            operator()
            return _shown(TenantListBody(tenants=[tenant_view(each) for each in self._keeper.list()]), 200)

        @app.get("/v1/tenants/<tenant>", summary="Read a tenant", tags=["tenants"], responses=_answers(200, TenantBody))
        def get(tenant: TenantId) -> Response[TenantBody]:
            operator()
            return _shown(tenant_view(self._keeper.get(tenant)), 200)

        @app.delete("/v1/tenants/<tenant>", summary="Delete a tenant", tags=["tenants"], responses=PROBLEMS)
        def delete(tenant: TenantId) -> Response[Any]:
            self._keeper.delete(operator().tenant, tenant)
            return Response(status_code=204, body="")


def _shown[T](body: T, status: int) -> Response[T]:
    return Response(status_code=status, content_type="application/json", body=body)


def _answers(status: int, model: type) -> dict[int, Any]:
    shown = {"description": "Done.", "content": {"application/json": {"model": model}}}
    return {**PROBLEMS, status: shown}
