"""
Access tokens, the same ones for both hosts.

A token lives two hours; asked for again within its life it comes back with a new life, after that there is a new one.
Source: "Obtain the access token of an internal app", "gettoken", read 2026-02-28. That a token of one host is good for
the other was seen in others' code for one direction and is assumed for the other; that a new secret ends the tokens of
the old one is assumed.
"""

from local.simulators.dingtalk.answers import BAD_TOKEN, EXPIRED_TOKEN, NO_TOKEN, OldProblem, Problem, Refused, done
from local.simulators.dingtalk.call import form_or_json
from local.simulators.dingtalk.model import Token
from local.simulators.dingtalk.rules import CORP_ID
from local.simulators.frame.apps import App
from local.simulators.frame.platform import Simulation
from local.simulators.frame.store import Collection
from local.simulators.frame.web import ApiAnswer, ApiCall

__all__ = ["Tokens", "corp_id"]


class Tokens:
    """Issues access tokens and knows whose they are."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._tokens = Collection(
            simulation.store, "dingtalk_tokens", Token, key="token", indexed=("app_id",), quiet=True
        )

    def issue(self, call: ApiCall) -> ApiAnswer:
        """POST /v1.0/oauth2/accessToken."""
        body = form_or_json(call) or {}
        app = self._app(body.get("appKey"), body.get("appSecret"))
        if app is None:
            raise Problem("invalidClientIdOrSecret", "无效的clientId或者clientSecret")
        token = self._current(app)
        return _as(app, {"accessToken": token.token, "expireIn": app.token_life_s})

    def issue_for_corp(self, call: ApiCall, corp: str) -> ApiAnswer:
        """POST /v1.0/oauth2/:corpId/token; the live host answers an unknown corpId with an internal error."""
        body = form_or_json(call) or {}
        app = self._app(body.get("client_id"), body.get("client_secret"))
        if app is not None and corp_id(app) != corp:
            raise Problem("unknownError", "未知错误", status=500)
        if app is None or body.get("grant_type") != "client_credentials":
            raise Problem("invalidClientIdOrSecret", "无效的clientId或者clientSecret")
        token = self._current(app)
        return _as(app, {"access_token": token.token, "expires_in": app.token_life_s})

    def issue_older(self, call: ApiCall) -> ApiAnswer:
        """GET /gettoken."""
        key, secret = call.query.get("appkey", ""), call.query.get("appsecret", "")
        if not key or not secret:
            raise OldProblem(40035, "缺少参数 appkey or appsecret")
        app = self._app(key, secret)
        if app is None:
            raise OldProblem(40096)
        token = self._current(app)
        content = {"errcode": 0, "errmsg": "ok", "access_token": token.token, "expires_in": app.token_life_s}
        return _as(app, content)

    def owner(self, given: str) -> App:
        """
        Return the app whose token a request carries.

        Raises:
            Refused: no token, or one that is unknown, expired or of an older secret.
        """
        if not given:
            raise Refused(NO_TOKEN)
        token = self._tokens.get(given)
        app = self._simulation.apps.get(token.app_id) if token else None
        status = int(self._simulation.switch("invalid_token_status"))
        if token is None or app is None or token.secret != app.app_secret:
            raise Refused(BAD_TOKEN, status=status)
        if token.expires_at_s <= self._simulation.clock.now_s():
            raise Refused(EXPIRED_TOKEN, status=status)
        return app

    def _app(self, key: object, secret: object) -> App | None:
        app = self._simulation.apps.get(key) if isinstance(key, str) else None
        return app if app is not None and app.app_secret == secret else None

    def _current(self, app: App) -> Token:
        now_s = self._simulation.clock.now_s()
        latest = next(iter(self._tokens.find(app_id=app.app_id, newest_first=True, limit=1)), None)
        if latest is None or latest.secret != app.app_secret or latest.expires_at_s <= now_s:
            latest = Token(token=self._simulation.ids.hex(32), app_id=app.app_id, expires_at_s=0, secret=app.app_secret)
        latest.expires_at_s = now_s + app.token_life_s
        return self._tokens.put(latest)


def corp_id(app: App) -> str:
    """Return the organisation's id, the same for all apps unless an app was registered with another."""
    return app.extra.get("corp_id") or CORP_ID


def _as(app: App, content: dict[str, object]) -> ApiAnswer:
    return ApiAnswer(content=done(content).content, app=app.app_id, code=0)
