"""Routes for API tokens."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from approval_gate.api.tokens import NewTokenBody, TokenListBody, TokenRequestBody, token_view
from approval_gate.entrypoints.api import PROBLEMS, caller_of
from approval_gate.services.tokens import TokenIssuer, Tokens, Who

__all__ = ["TokensApi"]

TokenId = Annotated[str, Path(description="As `GET /v1/tokens` lists it.", max_length=64)]
OfTenant = Annotated[str, Query(alias="tenant", max_length=64, description="Whose; your own when left out.")]


class TokensApi:
    """Issue, list and revoke API tokens; scope `tokens:admin`, or the operator's `tenants:admin` for every tenant."""

    def __init__(
        self, tokens: Tokens, clock: Callable[[], datetime], entropy: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._issuer = TokenIssuer(tokens, clock, entropy)

    def add_to(self, app: APIGatewayHttpResolver) -> None:
        """Add the routes; see `entrypoints.api.RouteGroup`."""

        def admin() -> Who:
            caller = caller_of(app)
            caller.require("tokens:admin", "tenants:admin")
            return Who(caller.tenant, caller.principal, caller.scopes)

        @app.post("/v1/tokens", summary="Issue an API token", tags=["tokens"], responses=_answers(201, NewTokenBody))
        def issue(body: TokenRequestBody) -> Response[NewTokenBody]:
            known, token = self._issuer.issue(admin(), body.to_domain())
            shown = NewTokenBody(token=token, **token_view(known).model_dump())
            headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
            return Response(status_code=201, content_type="application/json", body=shown, headers=headers)

        @app.get("/v1/tokens", summary="List API tokens", tags=["tokens"], responses=_answers(200, TokenListBody))
        def list_tokens(tenant: OfTenant = "") -> Response[TokenListBody]:
            found = self._issuer.list(admin(), tenant)
            body = TokenListBody(tokens=[token_view(each) for each in found])
            return Response(status_code=200, content_type="application/json", body=body)

        @app.delete("/v1/tokens/<token_id>", summary="End an API token", tags=["tokens"], responses=PROBLEMS)
        def revoke(token_id: TokenId, tenant: OfTenant = "") -> Response[Any]:
            self._issuer.revoke(admin(), tenant, token_id)
            return Response(status_code=204, body="")


def _answers(status: int, model: type) -> dict[int, Any]:
    shown = {"description": "Done.", "content": {"application/json": {"model": model}}}
    return {**PROBLEMS, status: shown}
