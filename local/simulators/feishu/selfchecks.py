"""
Calls by which an app examines itself. Source: "Get bot info", "Query scopes", "Get outbound IPs", read 2026-02-28.

`activate_status`: 0 not installed, 1 stopped, 2 enabled, 3 installed but waiting, 4 upgrade waiting, 5 licence expired,
6 plan expired. That an app in state 0 or 1 still gets an access token and may ask for this, and that all other calls
are refused then with 99991673 and 99991662, is assumed.
"""

from local.simulators.feishu.answers import Problem, success
from local.simulators.feishu.call import FeishuCall
from local.simulators.feishu.identities import Identities
from local.simulators.frame.apps import App
from local.simulators.frame.web import ApiAnswer

__all__ = ["SelfChecks", "activate_status"]

_ENABLED = 2
_NOT_INSTALLED = 0


def activate_status(app: App) -> int:
    """Return the app's state in its tenant."""
    return int(app.extra.get("activate_status") or _ENABLED)


class SelfChecks:
    """
    The bot, the granted scopes and the addresses that callbacks come from.

    Args:
        known_scopes: filled once all routes are known.
    """

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self.known_scopes: list[str] = []

    def bot(self, call: FeishuCall) -> ApiAnswer:
        """GET /bot/v3/info: the answer stands under `bot`, not `data`."""
        bot = {
            "activate_status": activate_status(call.app),
            "app_name": call.app.name or call.app.app_id,
            "avatar_url": "",
            "ip_white_list": call.app.ip_allow_list,
            "open_id": self._identities.open_id(call.app.app_id, self._identities.bot(call.app.app_id)),
        }
        answer = success(bot=bot)
        return ApiAnswer(content={**answer.content, "msg": "ok"}, code=0)

    def scopes(self, call: FeishuCall) -> ApiAnswer:
        """GET /application/v6/scopes: 1 granted, 2 not."""
        if activate_status(call.app) == _NOT_INSTALLED:
            raise Problem(212100)
        names = sorted({*self.known_scopes, *(call.app.scopes or [])})
        return success(
            {"scopes": [{"scope_name": name, "grant_status": 1 if call.app.is_granted(name) else 2} for name in names]}
        )

    def outbound_ip(self, _: FeishuCall) -> ApiAnswer:
        """GET /event/v1/outbound_ip: where callbacks come from, here loopback."""
        return success({"ip_list": ["127.0.0.1"], "has_more": False, "page_token": ""})
