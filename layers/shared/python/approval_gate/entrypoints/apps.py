"""Routes of the apps API."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Protocol
from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from approval_gate.api.apps import AppBody, AppChangeBody, AppListBody, AppRequestBody, app_view
from approval_gate.entrypoints.api import PROBLEMS, Caller, caller_of
from approval_gate.errors import AppNotFound, FieldProblem, RequestError
from approval_gate.ports import App
from approval_gate.providers import registry
from approval_gate.services.register import AppRegistry, AppSecrets, PendingApprovals, Registrar
from approval_gate.settings import Settings
from approval_gate.webhooks.addresses import names_this_machine

__all__ = ["AppsApi"]

AppId = Annotated[str, Path(description="The app's id, chosen at registration.", max_length=64)]


class ListedApps(AppRegistry, Protocol):
    """Apps that can be read and listed; see `store.apps.DynamoApps`."""

    def get(self, tenant: str, app_id: str) -> App | None:
        """Read one app of a tenant."""
        ...

    def list(self, tenant: str) -> tuple[App, ...]:
        """Return all apps of a tenant by id."""
        ...


class AppsApi:
    """Register, show, change and delete apps; scope `apps:admin`."""

    def __init__(
        self,
        apps: ListedApps,
        secrets: AppSecrets,
        pending: PendingApprovals,
        settings: Settings,
        clock: Callable[[], datetime],
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._apps = apps
        self._settings = settings
        self._clock = clock
        self._registrar = Registrar(apps, secrets, pending, registry, clock, entropy)

    def add_to(self, app: APIGatewayHttpResolver) -> None:
        """Add the routes; see `entrypoints.api.RouteGroup`."""

        def admin() -> Caller:
            caller = caller_of(app)
            caller.require("apps:admin")
            return caller

        @app.post("/v1/apps", summary="Register an app", tags=["apps"], responses=_answers(201, AppBody))
        def register(body: AppRequestBody) -> Response[AppBody]:
            caller = admin()
            self._check_base_url(body.base_url)
            fields, robots = body.credentials, body.robots_to_domain()
            return self._shown(app, self._registrar.register(body.to_domain(caller.tenant), fields, robots), 201)

        @app.get("/v1/apps", summary="List apps", tags=["apps"], responses=_answers(200, AppListBody))
        def list_apps() -> Response[AppListBody]:
            apps = self._apps.list(admin().tenant)
            body = AppListBody(apps=[self._view(app, each) for each in apps])
            return Response(status_code=200, content_type="application/json", body=body)

        @app.get("/v1/apps/<app_id>", summary="Read one app", tags=["apps"], responses=_answers(200, AppBody))
        def get(app_id: AppId) -> Response[AppBody]:
            found = self._apps.get(admin().tenant, app_id)
            if found is None:
                raise AppNotFound(f"There is no app {app_id!r}. GET /v1/apps lists your apps.")
            return self._shown(app, found, 200)

        @app.put("/v1/apps/<app_id>", summary="Change one app", tags=["apps"], responses=_answers(200, AppBody))
        def change(app_id: AppId, body: AppChangeBody) -> Response[AppBody]:
            caller = admin()
            self._check_same(caller.tenant, app_id, body)
            self._check_base_url(body.base_url)
            return self._shown(app, self._registrar.change(caller.tenant, app_id, body.to_domain()), 200)

        @app.delete("/v1/apps/<app_id>", summary="Delete an app", tags=["apps"], responses=PROBLEMS)
        def delete(app_id: AppId, force: Annotated[bool, Query()] = False) -> Response[Any]:  # noqa: FBT002 - a query parameter
            self._registrar.delete(admin().tenant, app_id, force=force)
            return Response(status_code=204, body="")

    def _check_same(self, tenant: str, app_id: str, body: AppChangeBody) -> None:
        """Refuse a body that is another app's."""
        known = self._apps.get(tenant, app_id) if body.provider is not None else None
        problems = [FieldProblem("id", f"is {app_id!r} and never changes")] if body.id not in {None, app_id} else []
        if known is not None and known.provider != body.provider:
            problems.append(FieldProblem("provider", f"is {known.provider!r} and never changes; register another app"))
        if problems:
            raise RequestError("The request must change.", problems=tuple(problems))

    def _shown(self, app: APIGatewayHttpResolver, shown: App, status: int) -> Response[AppBody]:
        return Response(status_code=status, content_type="application/json", body=self._view(app, shown))

    def _view(self, app: APIGatewayHttpResolver, shown: App) -> AppBody:
        return app_view(shown, self._callback_url(app, shown), self._clock())

    def _callback_url(self, app: APIGatewayHttpResolver, shown: App) -> str:
        """Return the request address: below PUBLIC_URL if that is set, else below the host this request came to."""
        context = app.current_event.raw_event.get("requestContext", {})
        if self._settings.public_url:
            base = self._settings.public_url.replace("{api_id}", str(context.get("apiId", ""))).rstrip("/")
        else:
            base = f"https://{context.get('domainName', '')}"
        return f"{base}/callbacks/{shown.provider}/{shown.tenant}/{shown.id}"

    def _check_base_url(self, url: str | None) -> None:
        """
        Refuse addresses that only mean this machine or its metadata, and credentials in clear text.

        Private networks are allowed: a platform's private installation is in one. A name that leads to this machine is
        not found out here; `https` with a certificate for that name is what nothing there answers.
        """
        if url is None or self._settings.allow_loopback:
            return
        parts = urlsplit(url)
        if parts.scheme != "https" or names_this_machine(parts.hostname or ""):
            problem = "must be https and must not name this machine or a metadata address"
            raise RequestError("The app's base_url must change.", problems=(FieldProblem("base_url", problem),))


def _answers(status: int, model: type) -> dict[int, Any]:
    shown = {"description": "Done.", "content": {"application/json": {"model": model}}}
    return {**PROBLEMS, status: shown}
