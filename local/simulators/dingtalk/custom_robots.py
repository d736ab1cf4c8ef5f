"""
Custom robots: a group's own address for messages, without an app.

Always HTTP 200. Where a secret is set, the address carries `timestamp` (ms) and

    sign = base64(HMAC-SHA256(key = secret, message = timestamp | LF | secret))

Source: "Custom robots send group messages", "Customize robot security settings", read 2026-02-28.
"""

import base64
import hmac
import json
from typing import Any

from local.simulators.dingtalk.answers import old_done
from local.simulators.dingtalk.robots import Robots
from local.simulators.frame.people import Robot
from local.simulators.frame.platform import Simulation
from local.simulators.frame.throttle import Throttle
from local.simulators.frame.web import ApiAnswer, ApiCall

__all__ = ["SEND_PATH", "CustomRobots", "robot_sign"]

SEND_PATH = "/robot/send"

_PER_MINUTE, _PENALTY_S, _SIGN_LIFE_S = 20, 600, 3600
_LONGEST_TIMESTAMP = 16
_MOST_MENTIONS = 50
_SHAPES: dict[str, tuple[str, ...]] = {
    "text": ("content",),
    "markdown": ("title", "text"),
    "link": ("title", "text", "messageUrl"),
    "actionCard": ("title", "text"),
    "feedCard": (),
}


class CustomRobots:
    """Takes messages at a robot's address."""

    def __init__(self, simulation: Simulation, robots: Robots, throttle: Throttle) -> None:
        self._simulation, self._robots, self._throttle = simulation, robots, throttle
        self._blocked_until_s: dict[str, float] = {}
        self._uuids: set[tuple[str, str]] = set()

    def post(self, call: ApiCall) -> ApiAnswer:
        """POST /robot/send?access_token=."""
        robot = self._simulation.people.robots.get(call.query.get("access_token", ""))
        if robot is None:
            return _refused(300005, "token is not exist")
        try:
            body = json.loads(call.body)
        except ValueError:
            body = None
        problem = self._problem(robot, body, call)
        if problem:
            return problem
        # A repetition after a time-out carries the same msgUuid and is not shown twice. A restart forgets them.
        uuid = (robot.id, str(body.get("msgUuid", "")))
        if not uuid[1] or uuid not in self._uuids:
            self._uuids |= {uuid} if uuid[1] else set()
            kind = body["msgtype"]
            name = robot.name or "robot"
            mentions = _mentions(kind, body)
            self._robots.post(kind, body[kind], app_id="", sender=name, to=[], chat_id=robot.chat, mentions=mentions)
        return old_done()

    def _problem(self, robot: Robot, body: Any, call: ApiCall) -> ApiAnswer | None:
        if not call.headers.get("content-type", "").startswith("application/json"):
            return _refused(43004, "无效的HTTP HEADER Content-Type")
        if not isinstance(body, dict):
            return _refused(40035, "缺少参数 json")
        kind = body.get("msgtype")
        content = body.get(kind) if kind in _SHAPES else None
        if not isinstance(content, dict) or not all(isinstance(content.get(name), str) for name in _SHAPES[str(kind)]):
            return _refused(400105 if kind not in _SHAPES else 40035, "unsupported or incomplete msgtype")
        if robot.secret and not self._is_signed(robot, call):
            return _refused(310000, "sign not match")
        text = json.dumps(content, ensure_ascii=False)
        if robot.keywords and not any(word in text for word in robot.keywords):
            return _refused(310000, "keywords not in content")
        if robot.ip_allow_list and call.client_ip not in robot.ip_allow_list:
            return _refused(310000, f"ip {call.client_ip} not in whitelist")
        return _refused(410100, "发送速度太快而限流") if self._is_too_fast(robot) else None

    def _is_too_fast(self, robot: Robot) -> bool:
        now_s = self._simulation.clock.now_s()
        if self._blocked_until_s.get(robot.id, 0.0) > now_s:
            return True
        if self._throttle.wait_s(f"robot {robot.id}", _PER_MINUTE, 60):
            self._blocked_until_s[robot.id] = now_s + _PENALTY_S
            return True
        return False

    def _is_signed(self, robot: Robot, call: ApiCall) -> bool:
        timestamp, sign = call.query.get("timestamp", ""), call.query.get("sign", "")
        if not timestamp.isdecimal() or len(timestamp) > _LONGEST_TIMESTAMP:
            return False
        if abs(self._simulation.clock.told_ms() - int(timestamp)) > _SIGN_LIFE_S * 1000:
            return False
        return hmac.compare_digest(robot_sign(timestamp, robot.secret).encode(), sign.encode())


def _mentions(kind: str, body: dict[str, Any]) -> list[str]:
    """
    Return who is alerted: `all`, or those whose id is in `at` and, after an @, in the text too.

    In cards nobody is, as others report; links cannot mention.
    """
    at, content = body.get("at"), body[kind]
    if not isinstance(at, dict) or kind not in {"text", "markdown"}:
        return []
    if at.get("isAtAll") in (True, "true"):
        return ["all"]
    text = str(content.get("text") or content.get("content"))
    given = at.get("atUserIds")
    ids = given[:_MOST_MENTIONS] if isinstance(given, list) else []
    return [one for one in ids if isinstance(one, str) and f"@{one}" in text]


def robot_sign(timestamp: str, secret: str) -> str:
    """Return the signature of a message sent at `timestamp`, before it is put into an address."""
    return base64.b64encode(hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), "sha256")).decode()


def _refused(code: int, text: str) -> ApiAnswer:
    return ApiAnswer(content={"errcode": code, "errmsg": text}, code=code)
