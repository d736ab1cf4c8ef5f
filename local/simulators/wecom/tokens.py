"""
Access tokens: one per secret, valid two hours, in the query of every call.

Asked again inside its life, the same token comes back with what is left of it. Source: "Get access_token", read
2026-02-28; that the same comes back is not on that page, and a client must not rely on it. A block after about 2000
failures within an hour is what the vendor's staff said, not the page.
"""

from local.simulators.frame.apps import App
from local.simulators.frame.platform import Simulation
from local.simulators.frame.store import Collection
from local.simulators.frame.web import ApiAnswer, ApiCall
from local.simulators.wecom.answers import Problem, success
from local.simulators.wecom.call import agent_id, corp_id
from local.simulators.wecom.model import Token
from local.simulators.wecom.rules import APPROVAL_APP
from local.simulators.wecom.throttle import Throttle

__all__ = ["Tokens"]

_FAILURES_AN_HOUR = 2000


class Tokens:
    """Issues access tokens and knows whose they are."""

    def __init__(self, simulation: Simulation, throttle: Throttle) -> None:
        self._simulation, self._throttle = simulation, throttle
        self._tokens = Collection(simulation.store, "wecom_tokens", Token, key="token", indexed=("app_id",), quiet=True)

    def issue(self, call: ApiCall) -> ApiAnswer:
        """GET /cgi-bin/gettoken."""
        failures = f"gettoken {call.client_ip}"
        if self._throttle.count(failures, 3600) >= _FAILURES_AN_HOUR:
            raise Problem(45009)
        try:
            app = self._app_of(call.query.get("corpid", ""), call.query.get("corpsecret", ""))
        except Problem:
            self._throttle.add(failures, 3600)
            raise
        token = self._current(app)
        expires_in = round(token.expires_at_s - self._simulation.clock.now_s())
        answer = success(access_token=token.token, expires_in=expires_in)
        return ApiAnswer(content=answer.content, code=0, app=app.app_id)

    def owner(self, given: str) -> App:
        """
        Return the app whose token a query carries.

        Raises:
            Problem: no token, or one that is unknown, expired or of an older secret; or the app is disabled.
        """
        if not given:
            raise Problem(41001)
        token = self._tokens.get(given)
        app = self._simulation.apps.get(token.app_id) if token else None
        if token is None or app is None or token.secret != app.app_secret:
            raise Problem(40014)
        if token.expires_at_s <= self._simulation.clock.now_s():
            raise Problem(int(self._simulation.switch("expired_token_code")))
        _check_enabled(app)
        return app

    def _app_of(self, corp: str, secret: str) -> App:
        if not corp:
            raise Problem(41002)
        if not secret:
            raise Problem(41004)
        apps = self._simulation.apps.all()
        if not any(corp_id(app) == corp for app in apps):
            raise Problem(40013)
        owners = [app for app in apps if app.app_secret == secret]
        app = next((one for one in owners if corp_id(one) == corp), None)
        if app is None:
            raise Problem(40091 if owners else 40001)
        _check_enabled(app)
        return app

    def _current(self, app: App) -> Token:
        now_s = self._simulation.clock.now_s()
        known = self._tokens.find(app_id=app.app_id, newest_first=True, limit=1)
        if known and known[0].secret == app.app_secret and known[0].expires_at_s > now_s:
            return known[0]
        return self._tokens.put(
            Token(
                token=self._simulation.ids.hex(120),
                app_id=app.app_id,
                expires_at_s=now_s + app.token_life_s,
                secret=app.app_secret,
            )
        )


def _check_enabled(app: App) -> None:
    if app.extra.get("enabled") == "0":
        raise Problem(50006 if agent_id(app) == APPROVAL_APP else 50003)
