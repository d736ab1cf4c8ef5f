"""
What stands before every call: path, token, trusted address, frequency, permission, in this order.

The token is checked before any parameter. A call that is made by GET instead of POST is answered as one without a
body, and the other way round a body's members count as parameters. Source: "Global error codes", "Access frequency
limits", "Trusted IPs", read 2026-02-28.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.simulators.frame.apps import App
from local.simulators.frame.platform import Simulation
from local.simulators.frame.web import ApiAnswer, ApiCall
from local.simulators.wecom.answers import Problem
from local.simulators.wecom.call import WecomCall, corp_id, readable
from local.simulators.wecom.throttle import Throttle
from local.simulators.wecom.tokens import Tokens

__all__ = ["Gateway", "Route"]

_PER_HOUR = 150_000


@dataclass(frozen=True, slots=True)
class Route:
    """
    One call of the interface.

    Args:
        scope: what the app must be granted; nothing when empty.
        denied: the code when it is not.
        per_minute: limit for the company; every call has one of 150,000 an hour beside it.
        is_approval: needs the Approval app.
        empty: lists that an error's answer carries all the same.
    """

    path: str
    handler: Callable[[WecomCall], ApiAnswer]
    scope: str = ""
    denied: int = 48002
    per_minute: int = 10_000
    is_approval: bool = False
    empty: tuple[str, ...] = ()


class Gateway:
    """Leads a call to its handler, or refuses it."""

    def __init__(self, simulation: Simulation, tokens: Tokens, throttle: Throttle, routes: list[Route]) -> None:
        self._simulation, self._tokens, self._throttle = simulation, tokens, throttle
        self._routes = {route.path: route for route in routes}

    def find(self, path: str) -> Route | None:
        """Return the call of a path."""
        return self._routes.get(path)

    def identify(self, call: ApiCall) -> App:
        """Return the app that calls. A header or a body's member is no place for the token."""
        return self._tokens.owner(call.query.get("access_token", ""))

    def run(self, app: App, call: ApiCall, route: Route) -> ApiAnswer:
        """Check what is left to check and carry the call out."""
        if app.ip_allow_list and call.client_ip not in app.ip_allow_list:
            raise Problem(60020)
        key = f"{corp_id(app)} {route.path}"
        for limit, window_s in ((route.per_minute, 60), (_PER_HOUR, 3600)):
            if not self._throttle.admits(key, limit * app.rate_scale, window_s):
                raise Problem(45009)
        if route.is_approval and not self._simulation.switch("approval_app_enabled"):
            raise Problem(301056)
        if route.scope and not app.is_granted(route.scope):
            raise Problem(route.denied)
        return route.handler(WecomCall(app=app, query=call.query, body=_object(call)))


def _object(call: ApiCall) -> dict[str, Any]:
    if not call.body or call.method != "POST":
        return {}
    return readable(call.body)
