"""
What stands before every call: flood of an address, path, token, IP list, permission, rate and quota, in this order.

Source: "Server API error codes", "How to process API throttling", "Application development platform billing model" and
the permission stated on each call's page, read 2026-02-28. The order of the checks was not seen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from local.simulators.dingtalk.answers import (
    FOREIGN_ADDRESS,
    NO_PERMISSION,
    QUOTA_USED_UP,
    TOO_FAST,
    UNKNOWN_CALL,
    OldProblem,
    Problem,
    Refused,
    is_newer,
)
from local.simulators.dingtalk.call import DingCall, form_or_json
from local.simulators.dingtalk.tokens import Tokens
from local.simulators.frame.apps import App
from local.simulators.frame.platform import Simulation
from local.simulators.frame.throttle import Throttle
from local.simulators.frame.web import ApiAnswer, ApiCall

__all__ = ["TOKEN_HEADER", "Gateway", "RouteRule"]

TOKEN_HEADER = "x-acs-dingtalk-access-token"  # noqa: S105 - a header's name

_PER_SECOND = 20
_FLOOD_WINDOW_S = 20
_FLOOD_PENALTY_S = 300


@dataclass(frozen=True, slots=True)
class RouteRule:
    """
    One call of the interface.

    Args:
        scope: the permission point it needs.
        is_counted: against the organisation's monthly quota; contacts are not.
    """

    method: str
    path: str
    handler: Callable[[DingCall], ApiAnswer]
    scope: str = "qyapi_base"
    is_counted: bool = True


class Gateway:
    """Leads a call to its handler, or refuses it."""

    def __init__(self, simulation: Simulation, tokens: Tokens, throttle: Throttle, routes: list[RouteRule]) -> None:
        self._simulation, self._tokens, self._throttle = simulation, tokens, throttle
        self._routes = {(route.method, route.path): route for route in routes}
        self._blocked_until_s: dict[str, float] = {}

    def is_flooded(self, call: ApiCall) -> bool:
        """Count a call of an address, and tell whether that address is blocked: for 5 minutes after too many."""
        limit, now_s = self._simulation.switch("ip_flood"), self._simulation.clock.now_s()
        if limit and self._throttle.wait_s(f"flood {call.client_ip}", limit, _FLOOD_WINDOW_S):
            self._blocked_until_s[call.client_ip] = now_s + _FLOOD_PENALTY_S
        return self._blocked_until_s.get(call.client_ip, 0.0) > now_s

    def find(self, call: ApiCall) -> RouteRule:
        """Return the call that a request makes."""
        route = self._routes.get((call.method, call.path))
        if route is None:
            raise Refused(UNKNOWN_CALL)
        return route

    def identify(self, call: ApiCall) -> App:
        """Return the app that calls: the newer host looks at its header only, the older at query and form."""
        if is_newer(call.path):
            return self._tokens.owner(call.headers.get(TOKEN_HEADER, ""))
        in_form = (form_or_json(call) or {}).get("access_token")
        return self._tokens.owner(call.query.get("access_token") or (in_form if isinstance(in_form, str) else ""))

    def run(self, app: App, call: ApiCall, route: RouteRule) -> ApiAnswer:
        """Check what is left to check and carry the call out."""
        self._check_address(app, call)
        if not app.is_granted(route.scope):
            raise Refused(NO_PERMISSION, scopes=(route.scope,))
        if self._throttle.wait_s(f"{app.app_id} {route.method} {route.path}", _PER_SECOND * app.rate_scale, 1):
            raise Refused(TOO_FAST)
        if route.is_counted:
            self._count_month(app)
        body = form_or_json(call)
        if body is None:
            raise Problem("invalidParameter", "not JSON") if is_newer(call.path) else OldProblem(400002)
        return route.handler(DingCall(app=app, query=call.query, body=body, client_ip=call.client_ip))

    def _check_address(self, app: App, call: ApiCall) -> None:
        allowed = app.ip_allow_list
        # Whether an empty list lets everybody in: the vendor's pages and its forum disagree.
        fits = any(_matches(call.client_ip, entry) for entry in allowed)
        if not fits and (allowed or not self._simulation.switch("empty_ip_list_allows")):
            raise Refused(FOREIGN_ADDRESS, f"request ip={call.client_ip},appKey({app.app_id})")

    def _count_month(self, app: App) -> None:
        month = datetime.fromtimestamp(self._simulation.clock.now_s(), UTC).strftime("%Y-%m")
        # The quota is the organisation's: all apps together use it up.
        used = self._simulation.values.increment(f"dingtalk_calls:{month}")
        limit = self._simulation.switch("monthly_calls")
        if (limit and used > limit) or (app.monthly_quota is not None and used > app.monthly_quota):
            raise Refused(QUOTA_USED_UP)


def _matches(address: str, entry: str) -> bool:
    """Compare with one entry of the console's list; a `*` at its end stands for anything."""
    return address.startswith(entry[:-1]) if entry.endswith("*") else address == entry
