"""Routes of the apps API."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Protocol
from urllib.parse import urlsplit

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from approval_gate.api.apps import AppBody, AppChangeBody, AppListBody, AppRequestBody, app_view
from approval_gate.entrypoints.api import PROBLEMS, Caller, build_resolver, caller_of
from approval_gate.errors import AppNotFound, FieldProblem, RequestError
from approval_gate.ports import App
from approval_gate.providers import registry
from approval_gate.services.register import AppRegistry, CredentialStore, PendingApprovals, Registrar
from approval_gate.settings import Settings

__all__ = ["AppsApi"]

AppId = Annotated[str, Path(description="The app's id, chosen at registration.", max_length=64)]


class ListedApps(AppRegistry, Protocol):
    """Apps that can be listed; see `store.apps.DynamoApps`."""

    def list(self, tenant: str) -> tuple[App, ...]:
        """Return all apps of a tenant by id."""
        ...


class AppsApi:
    """The apps API over its ports."""

    def __init__(
        self,
        apps: ListedApps,
        secrets: CredentialStore,
        pending: PendingApprovals,
        settings: Settings,
        clock: Callable[[], datetime],
        logger: Logger,
    ) -> None:
        self._apps = apps
        self._settings = settings
        self._registrar = Registrar(apps, secrets, pending, clock)
        self.resolver = self._routes(build_resolver(logger))

    def _routes(self, app: APIGatewayHttpResolver) -> APIGatewayHttpResolver:
        def admin() -> Caller:
            caller = caller_of(app)
            caller.require("apps:admin")
            return caller

        @app.post("/v1/apps", summary="Register an app", tags=["apps"], responses=_answers(201, AppBody))
        def register(body: AppRequestBody) -> Response[AppBody]:
            caller = admin()
            self._check_base_url(body.base_url)
            fields = {name: value for name, value in body.credentials.items() if value}
            credentials = registry.credentials_type(body.provider).from_fields(fields)
            registered = self._registrar.register(body.to_domain(caller.tenant), credentials, fields)
            return self._shown(app, registered, 201)

        @app.get("/v1/apps", summary="List apps", tags=["apps"], responses=_answers(200, AppListBody))
        def list_apps() -> Response[AppListBody]:
            apps = self._apps.list(admin().tenant)
            body = AppListBody(apps=[app_view(each, self._callback_url(app, each)) for each in apps])
            return Response(status_code=200, content_type="application/json", body=body)

        @app.get("/v1/apps/<app_id>", summary="Read one app", tags=["apps"], responses=_answers(200, AppBody))
        def get(app_id: AppId) -> Response[AppBody]:
            return self._shown(app, self._known(admin(), app_id), 200)

        @app.put("/v1/apps/<app_id>", summary="Change one app", tags=["apps"], responses=_answers(200, AppBody))
        def change(app_id: AppId, body: AppChangeBody) -> Response[AppBody]:
            known = self._known(admin(), app_id)
            self._check_base_url(body.base_url)
            fields = {name: value for name, value in (body.credentials or {}).items() if value}
            credentials = registry.credentials_type(known.provider).from_fields(fields) if body.credentials else None
            return self._shown(app, self._registrar.change(body.changed(known), credentials, fields), 200)

        @app.delete("/v1/apps/<app_id>", summary="Delete an app", tags=["apps"], responses=PROBLEMS)
        def delete(app_id: AppId, force: Annotated[bool, Query()] = False) -> Response[Any]:  # noqa: FBT002 - a query parameter
            self._registrar.delete(admin().tenant, app_id, force=force)
            return Response(status_code=204)

        return app

    def _known(self, caller: Caller, app_id: str) -> App:
        found = self._apps.get(caller.tenant, app_id)
        if found is None:
            raise AppNotFound(f"There is no app {app_id!r}. GET /v1/apps lists your apps.")
        return found

    def _shown(self, app: APIGatewayHttpResolver, shown: App, status: int) -> Response[AppBody]:
        body = app_view(shown, self._callback_url(app, shown))
        return Response(status_code=status, content_type="application/json", body=body)

    def _callback_url(self, app: APIGatewayHttpResolver, shown: App) -> str:
        """Return the request address: below PUBLIC_URL if that is set, else below the host this request came to."""
        context = app.current_event.raw_event.get("requestContext", {})
        if self._settings.public_url:
            base = self._settings.public_url.replace("{api_id}", str(context.get("apiId", ""))).rstrip("/")
        else:
            base = f"https://{context.get('domainName', '')}"
        return f"{base}/callbacks/{shown.provider}/{shown.tenant}/{shown.id}"

    def _check_base_url(self, url: str | None) -> None:
        """Refuse addresses that only mean this machine or its metadata, and credentials in clear text."""
        if url is None or self._settings.allow_loopback:
            return
        parts = urlsplit(url)
        host = parts.hostname or ""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            is_local = host == "localhost" or host.endswith((".localhost", ".internal", ".local"))
        else:
            is_local = address.is_loopback or address.is_link_local or address.is_unspecified
        if parts.scheme != "https" or is_local:
            problem = "must be https and must not name this machine or a metadata address"
            raise RequestError("The app's base_url must change.", problems=(FieldProblem("base_url", problem),))


def _answers(status: int, model: type) -> dict[int, Any]:
    shown = {"description": "Done.", "content": {"application/json": {"model": model}}}
    return {**PROBLEMS, status: shown}
