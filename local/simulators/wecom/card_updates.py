"""
Replacing a template card that was sent.

By the code that its sending or a click gave: each works once, for 72 hours. A button is made grey (`button`), or the
whole card is replaced (`template_card`, of any kind). Source: "Update template cards", read 2026-02-28. With which
error a code that does not work is refused was not seen.
"""

from typing import Any

from local.simulators.frame.web import ApiAnswer
from local.simulators.wecom.answers import Problem, success
from local.simulators.wecom.call import WecomCall, agent_id
from local.simulators.wecom.contents import check_card
from local.simulators.wecom.messages import Messages

__all__ = ["CardUpdates"]


class CardUpdates:
    """Replaces cards."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def update(self, call: WecomCall) -> ApiAnswer:
        """POST /cgi-bin/message/update_template_card."""
        given = call.body.get("agentid")
        if type(given) is not int or str(given) != agent_id(call.app):
            raise Problem(40056)
        if not call.body.get("atall") and not any(_listed(call, name) for name in ("userids", "partyids", "tagids")):
            raise Problem(40035, "userids, partyids, tagids and atall are empty")
        sent = self._messages.answerable(call.app.app_id, call.text("response_code"))
        if sent is None:
            raise Problem(40058, "response_code")
        self._messages.replace(sent, _replaced(sent.content, call.body))
        return success(invaliduser=[])


def _replaced(card: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    button, new = body.get("button"), body.get("template_card")
    if isinstance(button, dict) and isinstance(button.get("replace_name"), str):
        return card | {"replace_text": button["replace_name"], "button_list": []}
    if not isinstance(new, dict):
        raise Problem(40063, "button or template_card")
    check_card(new)
    return new


def _listed(call: WecomCall, name: str) -> list[Any]:
    """Return a list of receivers: arrays, unlike the texts of a sending."""
    value = call.body.get(name) or []
    if not isinstance(value, list):
        raise Problem(40058, f"{name} must be an array")
    return value
