"""
Work notifications: taken at once, delivered later, and dropped without an error.

Source: "Send work notifications", "Message types and data format", "Get the result of sending messages", read
2026-02-28. Day and person limits are in the result only; the call itself answers success.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from local.simulators.dingtalk.answers import OldProblem, old_done
from local.simulators.dingtalk.call import DingCall
from local.simulators.dingtalk.model import Notification
from local.simulators.dingtalk.people import People
from local.simulators.frame.platform import Simulation
from local.simulators.frame.store import Collection
from local.simulators.frame.web import ApiAnswer

__all__ = ["Notifications"]

_LARGEST_BYTES = 2048
_MOST_PEOPLE, _MOST_DEPARTMENTS = 100, 20
_PER_PERSON_AND_DAY = 500
_DAY_S = 24 * 3600
_SAME_CONTENT, _TOO_MANY = "143106", "143105"
_LONGEST_TITLE, _LONGEST_SINGLE_URL, _LONGEST_URL, _LONGEST_BUTTONS = 20, 500, 700, 1000
# For each type the member that must be there, and the texts in it.
_SHAPES: dict[str, tuple[str, ...]] = {
    "text": ("content",),
    "markdown": ("title", "text"),
    "link": ("messageUrl", "picUrl", "title", "text"),
    "action_card": ("markdown",),
    "oa": ("message_url",),
    "image": ("media_id",),
    "file": ("media_id",),
    "voice": ("media_id", "duration"),
}


class Notifications:
    """The work notifications of the organisation."""

    def __init__(self, simulation: Simulation, people: People) -> None:
        self._simulation, self._people = simulation, people
        self._sent = Collection(simulation.store, "dingtalk_notifications", Notification, key="id", indexed=("day",))

    def all(self, limit: int = -1) -> list[Notification]:
        """Return notifications, newest first."""
        return self._sent.find(newest_first=True, limit=limit)

    def send(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/message/corpconversation/asyncsend_v2."""
        _check_agent(call)
        message = _checked(call.body.get("msg"))
        wanted, invalid = self._receivers(call)
        now_s = self._simulation.clock.now_s()
        notification = Notification(
            id=self._simulation.ids.number(12),
            app_id=call.app.app_id,
            to=[],
            message=message,
            at_ms=self._simulation.clock.told_ms(),
            at_s=now_s,
            day=datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%d"),
            digest=sha256(json.dumps(message, sort_keys=True).encode()).hexdigest(),
            invalid=invalid,
        )
        for user_id in wanted:
            reason = self._dropped(notification, user_id)
            if reason:
                notification.dropped.setdefault(reason, []).append(user_id)
            else:
                notification.to.append(user_id)
        self._sent.put(notification)
        return old_done(task_id=int(notification.id), request_id=self._simulation.ids.hex(12))

    def progress(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/message/corpconversation/getsendprogress."""
        self._meant(call, "task_id")
        return old_done(progress={"progress_in_percent": 100, "status": 2})

    def result(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/message/corpconversation/getsendresult."""
        sent = self._meant(call, "task_id")
        return old_done(
            send_result={
                "invalid_user_id_list": sent.invalid,
                "forbidden_user_id_list": [user for users in sent.dropped.values() for user in users],
                "forbidden_list": [
                    {"code": reason, "count": 1, "userid": user}
                    for reason, users in sent.dropped.items()
                    for user in users
                ],
                "failed_user_id_list": [],
                "read_user_id_list": [],
                "unread_user_id_list": sent.to,
                "invalid_dept_id_list": [],
            }
        )

    def recall(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/message/corpconversation/recall: within 24 h."""
        sent = self._meant(call, "msg_task_id")
        sent.recalled = True
        self._sent.put(sent)
        return old_done()

    def update_status_bar(self, call: DingCall) -> ApiAnswer:
        """POST /topapi/message/corpconversation/status_bar/update: of oa messages, for 7 days."""
        sent = self._meant(call, "task_id", days=7)
        if sent.message["msgtype"] != "oa":
            raise OldProblem(400002, "status_bar is for oa messages")
        sent.status_bar = call.old_text("status_value")
        call.old_text("status_bg")
        self._sent.put(sent)
        return old_done()

    def _receivers(self, call: DingCall) -> tuple[list[str], list[str]]:
        """Return whom a call means, and the ids that mean nobody."""
        if call.body.get("to_all_user") in (True, "true"):
            people = self._simulation.people.people.find()
            return [one.user_id for one in people if not one.resigned and self._people.is_visible(call.app, one)], []
        users = _ids(call.body.get("userid_list"), _MOST_PEOPLE)
        departments = _ids(call.body.get("dept_id_list"), _MOST_DEPARTMENTS)
        if not users and not departments:
            raise OldProblem(1430000)
        present = [self._people.present(one) for one in users]
        found = [one.user_id for one in present if one is not None and self._people.is_visible(call.app, one)]
        for number in departments:
            if not number.isdecimal():
                raise OldProblem(60003)
            found += self._below(self._people.visible_department(call.app, int(number)).id)
        return list(dict.fromkeys(found)), [one for one in users if one not in found]

    def _below(self, department: str) -> Iterator[str]:
        yield from (one.user_id for one in self._people.members(department))
        for child in self._simulation.people.departments.find(parent=department):
            yield from self._below(child.id)

    def _dropped(self, notification: Notification, user_id: str) -> str:
        """Say why somebody does not get it: the same content once a day, 500 a day altogether."""
        today = [one for one in self._sent.find(day=notification.day) if user_id in one.to]
        if any(one.digest == notification.digest and one.app_id == notification.app_id for one in today):
            return _SAME_CONTENT
        return _TOO_MANY if len(today) >= _PER_PERSON_AND_DAY else ""

    def _meant(self, call: DingCall, name: str, *, days: int = 1) -> Notification:
        _check_agent(call)
        sent = self._sent.get(str(call.old_whole(name)))
        too_old = sent is not None and self._simulation.clock.now_s() - sent.at_s > days * _DAY_S
        if sent is None or sent.app_id != call.app.app_id or too_old:
            # The code for an unknown or old task was not seen.
            raise OldProblem(400002, f"不合法的{name}")
        return sent


def _check_agent(call: DingCall) -> None:
    own = call.app.extra.get("agent_id", "")
    if str(call.old_whole("agent_id")) != own:
        raise OldProblem(40056)


def _checked(message: object) -> dict[str, Any]:
    kind = message.get("msgtype") if isinstance(message, dict) else None
    if not isinstance(message, dict) or kind not in _SHAPES:
        raise OldProblem(400002, "参数错误 msg")
    if len(json.dumps(message, ensure_ascii=False).encode()) > _LARGEST_BYTES:
        raise OldProblem(400002, f"msg takes {_LARGEST_BYTES} bytes")
    content = message.get(str(kind))
    if not isinstance(content, dict) or not all(isinstance(content.get(name), str) for name in _SHAPES[str(kind)]):
        raise OldProblem(400002, f"{kind} needs {', '.join(_SHAPES[str(kind)])}")
    if kind == "action_card":
        _check_buttons(content)
    return message


def _check_buttons(card: dict[str, Any]) -> None:
    """Hold a card to the lengths on its page."""
    buttons = card.get("btn_json_list")
    if buttons is None:
        one = {"title": card.get("single_title"), "action_url": card.get("single_url")}
        _check_button(one, _LONGEST_SINGLE_URL)
        return
    if not isinstance(buttons, list) or not buttons or len(json.dumps(buttons, ensure_ascii=False)) > _LONGEST_BUTTONS:
        raise OldProblem(400002, "btn_json_list")
    for one in buttons:
        _check_button(one, _LONGEST_URL)


def _check_button(button: object, longest_url: int) -> None:
    title, url = (button.get(name) for name in ("title", "action_url")) if isinstance(button, dict) else ("", "")
    if not isinstance(title, str) or not 0 < len(title) <= _LONGEST_TITLE:
        raise OldProblem(400002, "a button's title")
    if not isinstance(url, str) or not 0 < len(url) <= longest_url:
        raise OldProblem(400002, "a button's address")


def _ids(given: object, largest: int) -> list[str]:
    """Read ids joined by commas: a text, not a list."""
    if given in (None, ""):
        return []
    if not isinstance(given, str):
        raise OldProblem(40031)
    ids = [one.strip() for one in given.split(",") if one.strip()]
    if len(ids) > largest:
        raise OldProblem(400002, f"{largest} ids at most")
    return ids
