"""
Tenant access tokens.

A token lives two hours; asked again while 30 minutes or more remain, the same comes back, below that a new one, and
both are valid. Errors come with HTTP 200. Source: "Get the tenant access token of a custom app", read 2026-02-28.
Which of 10014 and 10015 a wrong secret gives was not seen; 10015 is sent. That a new secret ends the tokens of the
old one is assumed.
"""

import json

from local.simulators.feishu.answers import Problem
from local.simulators.feishu.model import Token
from local.simulators.frame.apps import App
from local.simulators.frame.platform import Simulation
from local.simulators.frame.store import Collection
from local.simulators.frame.web import ApiAnswer, ApiCall

__all__ = ["Tokens"]

_RENEWED_BELOW_S = 30 * 60


class Tokens:
    """Issues access tokens and knows whose they are."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._tokens = Collection(
            simulation.store, "feishu_tokens", Token, key="token", indexed=("app_id",), quiet=True
        )

    def issue(self, call: ApiCall) -> ApiAnswer:
        """POST /open-apis/auth/v3/tenant_access_token/internal; the answer is flat."""
        try:
            body = json.loads(call.body)
        except ValueError:
            body = None
        app_id = body.get("app_id") if isinstance(body, dict) else None
        app_secret = body.get("app_secret") if isinstance(body, dict) else None
        if not isinstance(app_id, str) or not isinstance(app_secret, str) or not app_id or not app_secret:
            return ApiAnswer(content={"code": 10003, "data": {}, "msg": "invalid param"}, code=10003)
        app = self._simulation.apps.get(app_id)
        if app is None:
            return ApiAnswer(content={"code": 10014, "msg": "app id not exists"}, code=10014, app=app_id)
        if app.app_secret != app_secret:
            return ApiAnswer(content={"code": 10015, "msg": "app secret invalid"}, code=10015, app=app_id)
        token = self._current(app)
        expire = round(token.expires_at_s - self._simulation.clock.now_s())
        content = {"code": 0, "msg": "ok", "tenant_access_token": token.token, "expire": expire}
        return ApiAnswer(content=content, code=0, app=app_id)

    def owner(self, authorization: str) -> App:
        """
        Return the app whose token a request carries.

        Raises:
            Problem: no token, not a tenant token, or one that is unknown, expired or of an older secret.
        """
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "bearer" or not given:
            raise Problem(99991661)
        if given.startswith("u-"):
            raise Problem(99991668)
        if not given.startswith("t-"):
            raise Problem(99991671)
        token = self._tokens.get(given)
        app = self._simulation.apps.get(token.app_id) if token else None
        if token is None or app is None or token.secret != app.app_secret:
            raise self._invalid()
        if token.expires_at_s <= self._simulation.clock.now_s():
            raise self._invalid()
        return app

    def _invalid(self) -> Problem:
        return Problem(99991663, status=int(self._simulation.switch("invalid_token_status")))

    def _current(self, app: App) -> Token:
        now_s = self._simulation.clock.now_s()
        known = self._tokens.find(app_id=app.app_id, newest_first=True, limit=1)
        # An app with a shorter life renews at the same fraction of it, so that short lives can be tried at all.
        renewed_below_s = min(_RENEWED_BELOW_S, app.token_life_s / 4)
        if known and known[0].secret == app.app_secret and known[0].expires_at_s - now_s >= renewed_below_s:
            return known[0]
        return self._tokens.put(
            Token(
                token=f"t-{self._simulation.ids.hex(40)}",
                app_id=app.app_id,
                expires_at_s=now_s + app.token_life_s,
                secret=app.app_secret,
            )
        )
