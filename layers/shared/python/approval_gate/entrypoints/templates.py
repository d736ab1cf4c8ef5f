"""Routes of the templates API."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from approval_gate.api.templates import TemplateBody, TemplateListBody, TemplateRequestBody, template_view
from approval_gate.entrypoints.api import PROBLEMS, caller_of
from approval_gate.entrypoints.notifications import READ, WRITE
from approval_gate.services.templates import TemplateKeeper

__all__ = ["TemplatesApi"]

Name = Annotated[str, Path(description="The template's name.", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class TemplatesApi:
    """Keep message templates; scope `notifications:write`, to read `approvals:read` too."""

    def __init__(self, keeper: TemplateKeeper) -> None:
        self._keeper = keeper

    def add_to(self, app: APIGatewayHttpResolver) -> None:
        """Add the routes; see `entrypoints.api.RouteGroup`."""

        @app.get(
            "/v1/templates",
            summary="List templates",
            tags=["notifications"],
            responses=_answers("All templates, by name.", TemplateListBody),
        )
        def list_templates() -> Response[TemplateListBody]:
            caller = caller_of(app)
            caller.require(*READ)
            body = TemplateListBody(templates=[template_view(each) for each in self._keeper.list(caller.tenant)])
            return Response(status_code=200, content_type="application/json", body=body)

        @app.put(
            "/v1/templates/<name>",
            summary="Store or replace a template",
            tags=["notifications"],
            responses=_answers("The template as it is stored.", TemplateBody),
        )
        def put(name: Name, body: TemplateRequestBody) -> Response[TemplateBody]:
            caller = caller_of(app)
            caller.require(WRITE)
            stored = self._keeper.put(body.to_domain(caller.tenant, name))
            return Response(status_code=200, content_type="application/json", body=template_view(stored))

        @app.get(
            "/v1/templates/<name>",
            summary="Read a template",
            tags=["notifications"],
            responses=_answers("The template.", TemplateBody),
        )
        def get(name: Name) -> Response[TemplateBody]:
            caller = caller_of(app)
            caller.require(*READ)
            body = template_view(self._keeper.get(caller.tenant, name))
            return Response(status_code=200, content_type="application/json", body=body)

        @app.delete("/v1/templates/<name>", summary="Delete a template", tags=["notifications"], responses=PROBLEMS)
        def delete(name: Name) -> Response[Any]:
            caller = caller_of(app)
            caller.require(WRITE)
            self._keeper.delete(caller.tenant, name)
            return Response(status_code=204, body="")


def _answers(text: str, model: type) -> dict[int, Any]:
    return {**PROBLEMS, 200: {"description": text, "content": {"application/json": {"model": model}}}}
