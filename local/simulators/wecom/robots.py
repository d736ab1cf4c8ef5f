"""
Group robots: an address with a key, which is the whole secret.

No access token, and no trusted address as far as is known. Source: "Group robots", read 2026-02-28; 45009 for more than
20 messages a minute is not on that page.
"""

from typing import Any

from local.simulators.frame.platform import Simulation
from local.simulators.frame.web import ApiAnswer, ApiCall
from local.simulators.wecom.answers import Problem, success
from local.simulators.wecom.call import is_one_of, readable
from local.simulators.wecom.contents import check_content, mentioned
from local.simulators.wecom.messages import Messages
from local.simulators.wecom.throttle import Throttle

__all__ = ["HOOK_PATH", "Robots"]

HOOK_PATH = "/cgi-bin/webhook/send"

_PER_MINUTE = 20
_LARGEST_BYTES = {"text": 2048, "markdown": 4096, "markdown_v2": 4096}


class Robots:
    """Takes messages at hook addresses. A robot is known by its id, which here is the key."""

    def __init__(self, simulation: Simulation, messages: Messages, throttle: Throttle) -> None:
        self._simulation, self._messages, self._throttle = simulation, messages, throttle

    def post(self, call: ApiCall) -> ApiAnswer:
        """POST /cgi-bin/webhook/send?key=..."""
        robot = self._simulation.people.robots.get(call.query.get("key", ""))
        if robot is None:
            raise Problem(93000)
        if self._simulation.people.chats.get(robot.chat) is None:
            raise Problem(93008)
        msgtype, content = _content(call.body)
        if not self._throttle.admits(f"robot {robot.id}", _PER_MINUTE, 60):
            raise Problem(45009)
        mentions = mentioned(msgtype, content)
        self._messages.keep(msgtype, content, chat_id=robot.chat, robot=robot.name or "robot", mentions=mentions)
        return success()


def _content(raw: bytes) -> tuple[str, dict[str, Any]]:
    body = readable(raw)
    msgtype = body.get("msgtype")
    if not is_one_of(msgtype, _LARGEST_BYTES):
        kind, checked = check_content(body)
        if kind == "template_card" and checked["card_type"] not in {"text_notice", "news_notice"}:
            raise Problem(40008)
        return kind, checked
    content = body.get(msgtype)
    text = content.get("content") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(text, str) or not text:
        raise Problem(44004)
    if len(text.encode()) > _LARGEST_BYTES[msgtype]:
        raise Problem(45002)
    return str(msgtype), content
