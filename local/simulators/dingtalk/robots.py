"""
Messages of an app's own robot, to people and to groups.

Partial failure is a success: who was not reached is in lists. Source: "Chatbots send one-on-one chat messages in
batches", "The robot sends a group message", "Robot message types", read 2026-02-28. The page gives 20 people as the
limit, its own error text 100; 20 is held.
"""

import json
from typing import Any

from local.simulators.dingtalk.answers import Problem, done
from local.simulators.dingtalk.call import DingCall
from local.simulators.dingtalk.model import RobotMessage
from local.simulators.dingtalk.people import People
from local.simulators.frame.platform import Simulation
from local.simulators.frame.store import Collection
from local.simulators.frame.web import ApiAnswer

__all__ = ["Robots"]

_MOST_PEOPLE, _MOST_KEYS, _LARGEST_PARAM_BYTES = 20, 20, 15_000
_DAY_S = 24 * 3600
_SHAPES: dict[str, tuple[str, ...]] = {
    "sampleText": ("content",),
    "sampleMarkdown": ("title", "text"),
    "sampleImageMsg": ("photoURL",),
    "sampleLink": ("text", "title", "picUrl", "messageUrl"),
    "sampleActionCard": ("title", "text", "singleTitle", "singleURL"),
    **{
        f"sampleActionCard{count}": (
            "title",
            "text",
            *(f"{name}{number}" for number in range(1, count + 1) for name in ("actionTitle", "actionURL")),
        )
        for count in range(2, 6)
    },
    "sampleActionCard6": ("title", "text", "buttonTitle1", "buttonUrl1", "buttonTitle2", "buttonUrl2"),
    "sampleAudio": ("mediaId", "duration"),
    "sampleFile": ("mediaId", "fileName", "fileType"),
    "sampleVideo": ("videoMediaId", "videoType"),
}


class Robots:
    """Messages of robots, custom ones included."""

    def __init__(self, simulation: Simulation, people: People) -> None:
        self._simulation, self._people = simulation, people
        self._sent = Collection(
            simulation.store, "dingtalk_robot_messages", RobotMessage, key="id", indexed=("query_key",)
        )

    def all(self, limit: int = -1) -> list[RobotMessage]:
        """Return messages, newest first."""
        return self._sent.find(newest_first=True, limit=limit)

    def post(  # noqa: PLR0913 - the facts of one message, all named
        self,
        kind: str,
        content: dict[str, Any],
        *,
        app_id: str,
        sender: str,
        to: list[str],
        chat_id: str,
        mentions: list[str] | None = None,
    ) -> RobotMessage:
        """Keep a message."""
        return self._sent.put(
            RobotMessage(
                id=f"msg{self._simulation.ids.hex(20)}",
                query_key=self._simulation.ids.hex(32),
                app_id=app_id,
                sender=sender,
                to=to,
                chat_id=chat_id,
                kind=kind,
                content=content,
                at_ms=self._simulation.clock.told_ms(),
                at_s=self._simulation.clock.now_s(),
                mentions=mentions or [],
            )
        )

    def send_to_people(self, call: DingCall) -> ApiAnswer:
        """POST /v1.0/robot/oToMessages/batchSend."""
        _check_robot(call)
        users = call.texts("userIds", "invalidParameter.userIds.overMax", largest=_MOST_PEOPLE)
        if not users:
            raise Problem("invalidParameter.userIds.empty")
        kind, content = _message(call)
        people = {one: self._people.present(one) for one in users}
        known = [one for one, person in people.items() if person and self._people.is_visible(call.app, person)]
        invalid = [one for one in users if one not in known]
        sender = call.app.name or "robot"
        sent = self.post(kind, content, app_id=call.app.app_id, sender=sender, to=known, chat_id="")
        return done({"processQueryKey": sent.query_key, "invalidStaffIdList": invalid, "flowControlledStaffIdList": []})

    def send_to_group(self, call: DingCall) -> ApiAnswer:
        """POST /v1.0/robot/groupMessages/send."""
        _check_robot(call)
        chat = self._simulation.people.chats.get(call.text("openConversationId"))
        if chat is None or not chat.has_bot(call.app.app_id):
            raise Problem("invalidParameter.robotCode.notExsit", "群内没有该机器人")
        kind, content = _message(call)
        sender = call.app.name or "robot"
        sent = self.post(kind, content, app_id=call.app.app_id, sender=sender, to=[], chat_id=chat.id)
        return done({"processQueryKey": sent.query_key})

    def recall(self, call: DingCall) -> ApiAnswer:
        """POST /v1.0/robot/otoMessages/batchRecall (lower-case t) and groupMessages/recall: within 24 h."""
        _check_robot(call)
        keys = call.texts("processQueryKeys", "invalidParameter.processQueryKeys", largest=_MOST_KEYS)
        failed: dict[str, str] = {}
        for key in keys:
            sent = self._sent.first(query_key=key)
            is_ours = sent is not None and sent.app_id == call.app.app_id
            if sent is None or not is_ours or self._simulation.clock.now_s() - sent.at_s > _DAY_S:
                failed[key] = "消息不存在或已超过24小时"
                continue
            sent.recalled = True
            self._sent.put(sent)
        return done({"successResult": [key for key in keys if key not in failed], "failedResult": failed})

    def read_status(self, call: DingCall) -> ApiAnswer:
        """GET /v1.0/robot/oToMessages/readStatus; nobody reads here."""
        call.asked("robotCode", "invalidParameter.robotCode.empty")
        sent = self._sent.first(query_key=call.asked("processQueryKey"))
        readers = [{"userId": one, "readStatus": "UNREAD", "name": one} for one in (sent.to if sent else [])]
        return done({"sendStatus": "SUCCESS" if sent else "PROCESSING", "messageReadInfoList": readers})


def _check_robot(call: DingCall) -> None:
    given = call.text("robotCode", "invalidParameter.robotCode.empty")
    if given != call.app.app_id:
        raise Problem("invalidParameter.robotCode.notExsit")


def _message(call: DingCall) -> tuple[str, dict[str, Any]]:
    kind = call.text("msgKey", "invalidParameter.msgKey.invalid")
    if kind not in _SHAPES:
        raise Problem("invalidParameter.msgKey.invalid")
    text = call.text("msgParam", "invalidParameter.msgParam.invalid")
    if len(text.encode()) > _LARGEST_PARAM_BYTES:
        raise Problem("invalidParameter.msgParam.tooLong")
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict) or not all(isinstance(content.get(name), str) for name in _SHAPES[kind]):
        raise Problem("invalidParameter.msgParam.invalid", f"{kind} needs {', '.join(_SHAPES[kind])}")
    return kind, content
