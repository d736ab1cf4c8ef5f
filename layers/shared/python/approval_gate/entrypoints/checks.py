"""The doctor's route, and its call to our own request address."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

import httpx
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from approval_gate.api.checks import ChecksBody, checks_view
from approval_gate.entrypoints.addresses import callback_url
from approval_gate.entrypoints.api import PROBLEMS, caller_of
from approval_gate.errors import AppNotFound, ProviderUnavailable
from approval_gate.ports import Apps
from approval_gate.services.examine import Doctor
from approval_gate.settings import Settings
from approval_gate.web import WebRequest, WebResponse

__all__ = ["ChecksApi", "HttpProbe"]

_ANSWER_MAX_BYTES = 65_536


class ChecksApi:
    """The doctor's route over its ports."""

    def __init__(self, apps: Apps, doctor: Doctor, settings: Settings) -> None:
        self._apps = apps
        self._doctor = doctor
        self._settings = settings

    def add_to(self, app: APIGatewayHttpResolver) -> None:
        """Add the route; see `entrypoints.api.RouteGroup`."""

        @app.post(
            "/v1/apps/<app_id>/check",
            summary="Find out why an app does not work",
            tags=["apps"],
            responses=PROBLEMS
            | {200: {"description": "Every check.", "content": {"application/json": {"model": ChecksBody}}}},
        )
        def check(app_id: Annotated[str, Path(max_length=64)]) -> Response[ChecksBody]:
            caller = caller_of(app)
            caller.require("apps:admin")
            known = self._apps.get(caller.tenant, app_id)
            if known is None:
                raise AppNotFound(f"There is no app {app_id!r}. GET /v1/apps lists your apps.")
            url = callback_url(self._settings, app.current_event.raw_event, known)
            body = checks_view(self._doctor.examine(known, url))
            return Response(status_code=200, content_type="application/json", body=body)


class HttpProbe:
    """The `Probe` port: from a function to our own public address, through whatever stands in front of it."""

    def __init__(self, http: httpx.Client, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._monotonic = monotonic

    def send(self, url: str, request: WebRequest, timeout_s: float) -> tuple[WebResponse, float]:
        """Return the answer and how many seconds it took."""
        started = self._monotonic()
        try:
            answer = self._http.request(
                request.method,
                url,
                params=dict(request.query) or None,
                headers=dict(request.headers),
                content=request.body or None,
                timeout=timeout_s,
            )
        except httpx.HTTPError as err:
            what = "no answer in time" if isinstance(err, httpx.TimeoutException) else "no connection"
            raise ProviderUnavailable(f"{what} ({type(err).__name__})", operation="address_check") from err
        took_s = self._monotonic() - started
        return WebResponse(answer.status_code, answer.content[:_ANSWER_MAX_BYTES]), took_s
