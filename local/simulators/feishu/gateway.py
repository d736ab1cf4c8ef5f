"""
What stands before every call: path, method, token, IP allow list, quota, permissions and rate limits, in this order.

Source: "Generic error codes", "Frequency control", "Set the IP allow list", "API call limit of custom apps", and the
scope and limit stated on each call's page, read 2026-02-28.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.simulators.feishu.answers import Problem
from local.simulators.feishu.call import FeishuCall
from local.simulators.feishu.selfchecks import activate_status
from local.simulators.feishu.tokens import Tokens
from local.simulators.frame.apps import App
from local.simulators.frame.platform import Simulation
from local.simulators.frame.throttle import Throttle
from local.simulators.frame.web import ApiAnswer, ApiCall

__all__ = ["Gateway", "RouteRule"]

_FREE_EDITION_CALLS = 10_000
_SWITCHED_OFF = {0: 99991673, 1: 99991662}


@dataclass(frozen=True, slots=True)
class RouteRule:
    """
    One call of the interface.

    Args:
        path: with `:name` for parameters.
        scopes: any one of them suffices; none needed when empty.
        per_minute, per_second: limits per app; 0 where none is stated.
        is_counted: against the monthly quota of a free edition.
        is_self_check: answered for an app that is not installed or stopped, too.
    """

    method: str
    path: str
    handler: Callable[[FeishuCall], ApiAnswer]
    scopes: tuple[str, ...] = ()
    per_minute: int = 1000
    per_second: int = 50
    is_counted: bool = True
    is_self_check: bool = False

    def match(self, path: str) -> dict[str, str] | None:
        """Return the parameters if the path is of this form."""
        expected, given = self.path.split("/"), path.split("/")
        if len(expected) != len(given):
            return None
        params: dict[str, str] = {}
        for name, value in zip(expected, given, strict=True):
            if name.startswith(":"):
                if not value:
                    return None
                params[name[1:]] = value
            elif name != value:
                return None
        return params


class Gateway:
    """
    Leads a call to its handler, or refuses it.

    Args:
        routes: literal paths before those with parameters.
    """

    def __init__(self, simulation: Simulation, tokens: Tokens, throttle: Throttle, routes: list[RouteRule]) -> None:
        self._simulation, self._tokens, self._throttle, self._routes = simulation, tokens, throttle, routes
        self.scopes = sorted({scope for route in routes for scope in route.scopes})

    def find(self, method: str, path: str) -> tuple[RouteRule, dict[str, str]]:
        """
        Return the call that a request makes, with the parameters of its path.

        Raises:
            Problem: no such path (404), or not with this method (405); the statuses are assumed.
        """
        matches = [(route, params) for route in self._routes if (params := route.match(path)) is not None]
        for route, params in matches:
            if route.method == method:
                return route, params
        raise Problem(99991301, status=405) if matches else Problem(99991201, status=404)

    def identify(self, call: ApiCall) -> App:
        """Return the app that calls."""
        return self._tokens.owner(call.headers.get("authorization", ""))

    def run(self, app: App, call: ApiCall, route: RouteRule, params: dict[str, str]) -> ApiAnswer:
        """Check what is left to check and carry the call out."""
        if app.ip_allow_list and call.client_ip not in app.ip_allow_list:
            raise Problem(99991401, f"({call.client_ip})")
        if not route.is_self_check and activate_status(app) in _SWITCHED_OFF:
            raise Problem(_SWITCHED_OFF[activate_status(app)])
        if route.is_counted:
            self._count_month(app)
        _check_scopes(app, route)
        self._check_rate(app, route)
        return route.handler(FeishuCall(app=app, params=params, query=call.query, body=_object(call)))

    def _count_month(self, app: App) -> None:
        month = datetime.fromtimestamp(self._simulation.clock.now_s(), UTC).strftime("%Y-%m")
        # The quota is the tenant's: all apps together use it up.
        used = self._simulation.values.increment(f"feishu_calls:{month}")
        quotas = [app.monthly_quota] if app.monthly_quota is not None else []
        if self._simulation.switch("free_edition"):
            quotas.append(_FREE_EDITION_CALLS)
        if quotas and used > min(quotas):
            raise Problem(99991403)

    def _check_rate(self, app: App, route: RouteRule) -> None:
        key = f"{app.app_id} {route.method} {route.path}"
        for limit, window_s in ((route.per_second, 1), (route.per_minute, 60)):
            wait_s = self._throttle.wait_s(key, limit * app.rate_scale, window_s) if limit else 0
            if wait_s:
                headers = {
                    "x-ogw-ratelimit-limit": str(int(limit * app.rate_scale)),
                    "x-ogw-ratelimit-reset": str(wait_s),
                }
                raise Problem(99991400, status=429, headers=headers)


def _check_scopes(app: App, route: RouteRule) -> None:
    if not route.scopes or any(app.is_granted(scope) for scope in route.scopes):
        return
    violations = [{"type": "action_scope_required", "subject": scope} for scope in route.scopes]
    raise Problem(
        99991672,
        f"One of the following scopes is required: [{', '.join(route.scopes)}]",
        error={"permission_violations": violations},
    )


def _object(call: ApiCall) -> dict[str, Any]:
    if not call.body:
        return {}
    try:
        body = json.loads(call.body)
    except ValueError as err:
        raise Problem(9499, "Bad Request: the body is not JSON") from err
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise Problem(9499, "Bad Request: the body is not a JSON object")
    return body
