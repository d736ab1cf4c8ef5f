"""
What the platform tells an app of itself.

From memory of the page "Get application": its path, its fields, and that only the token's own app can be read. The
codes are those of "Send application messages" for the same mistakes; that a system app's secret is refused is assumed.
"""

from typing import Any

from local.simulators.frame.platform import Simulation
from local.simulators.frame.web import ApiAnswer
from local.simulators.wecom.answers import Problem, success
from local.simulators.wecom.call import WecomCall, agent_id, corp_id
from local.simulators.wecom.directory import COMPANY, Directory

__all__ = ["Agents"]


class Agents:
    """The apps of a company as they see themselves."""

    def __init__(self, simulation: Simulation, directory: Directory) -> None:
        self._simulation, self._directory = simulation, directory

    def read(self, call: WecomCall) -> ApiAnswer:
        """GET /cgi-bin/agent/get."""
        wanted = call.parameter("agentid")
        if wanted != agent_id(call.app):
            apps = self._simulation.apps.all()
            is_known = any(corp_id(one) == call.corp_id and agent_id(one) == wanted for one in apps)
            raise Problem(301002 if is_known else 40056)
        return success(
            agentid=int(wanted),
            name=call.app.name,
            square_logo_url="",
            description="",
            **self._range(call),
            close=0,
            redirect_domain="",
            report_location_flag=0,
            isreportenter=0,
            home_url="",
        )

    def _range(self, call: WecomCall) -> dict[str, Any]:
        seen = call.app.contact_range
        people = seen.people if seen else []
        numbers = [self._directory.number(one) for one in seen.departments] if seen else [COMPANY]
        return {
            "allow_userinfos": {"user": [{"userid": one} for one in people]},
            "allow_partys": {"partyid": numbers},
            "allow_tags": {"tagid": []},
        }
