"""
Custom bots: a group's own address for messages, without an app.

Errors come with HTTP 200 and a code in the body. The signature is unusual: the text is the key and the message is
empty.

    sign = base64(HMAC-SHA256(key = timestamp | LF | secret, message = ""))

Source: "Custom bot guide", read 2026-02-28.
"""

import base64
import hmac
import json
from typing import Any

from local.simulators.feishu.answers import Problem
from local.simulators.feishu.cards import check_content, mentions_of
from local.simulators.feishu.messages import Messages
from local.simulators.feishu.model import Message
from local.simulators.frame.people import Robot
from local.simulators.frame.platform import Simulation
from local.simulators.frame.throttle import Throttle
from local.simulators.frame.web import ApiAnswer, ApiCall

__all__ = ["HOOK_PATH", "CustomBots", "robot_sign"]

HOOK_PATH = "/open-apis/bot/v2/hook/"

_LARGEST_BYTES = 20 * 1024
_SIGN_LIFE_S = 3600
_KINDS = frozenset({"text", "post", "interactive", "image", "share_chat"})


class CustomBots:
    """Takes messages at hook addresses."""

    def __init__(self, simulation: Simulation, messages: Messages, throttle: Throttle) -> None:
        self._simulation, self._messages, self._throttle = simulation, messages, throttle

    def post(self, call: ApiCall) -> ApiAnswer:
        """POST /open-apis/bot/v2/hook/:id."""
        robot = self._simulation.people.robots.get(call.path.removeprefix(HOOK_PATH))
        if robot is None:
            return _refused(19001, "param invalid: incoming webhook access token invalid")
        try:
            body = json.loads(call.body)
        except ValueError:
            body = None
        if not isinstance(body, dict) or len(call.body) > _LARGEST_BYTES:
            return _refused(9499, "Bad Request")
        problem = self._problem(robot, body, call)
        if problem:
            return problem
        content = body.get("card") if body["msg_type"] == "interactive" else body.get("content")
        self._messages.add(
            Message(
                id=f"om_{self._simulation.ids.hex()}",
                app_id="",
                chat_id=robot.chat,
                user_id="",
                msg_type=body["msg_type"],
                content=json.dumps(content, ensure_ascii=False),
                at_ms=self._simulation.clock.told_ms(),
                robot=robot.name or "custom bot",
                mentions=mentions_of(body["msg_type"], json.dumps(content)),
            )
        )
        done = {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}
        return ApiAnswer(content=done, code=0)

    def _problem(self, robot: Robot, body: dict[str, Any], call: ApiCall) -> ApiAnswer | None:
        if robot.secret and not self._is_signed(robot, body):
            return _refused(19021, "sign match fail or timestamp is not within one hour from current time")
        if robot.ip_allow_list and call.client_ip not in robot.ip_allow_list:
            return _refused(19022, "Ip Not Allowed")
        content = body.get("card") if body.get("msg_type") == "interactive" else body.get("content")
        if body.get("msg_type") not in _KINDS or not isinstance(content, dict):
            return _refused(19002, "params error, msg_type need")
        text = json.dumps(content, ensure_ascii=False)
        try:
            check_content(body["msg_type"], text)
        except Problem as problem:
            # Which code a hook answers to a card that cannot be shown was not seen.
            return _refused(19002, f"params error, {problem.msg}")
        if robot.keywords and not any(word in text for word in robot.keywords):
            return _refused(19024, "Key Words Not Found")
        if self._throttle.wait_s(f"hook {robot.id}", 5, 1) or self._throttle.wait_s(f"hook {robot.id}", 100, 60):
            return _refused(11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]")
        return None

    def _is_signed(self, robot: Robot, body: dict[str, Any]) -> bool:
        timestamp, sign = str(body.get("timestamp", "")), str(body.get("sign", ""))
        if not timestamp.isdecimal() or len(timestamp) > 12:
            return False
        if abs(self._simulation.clock.told_ms() / 1000 - int(timestamp)) > _SIGN_LIFE_S:
            return False
        return hmac.compare_digest(robot_sign(timestamp, robot.secret).encode(), sign.encode())


def robot_sign(timestamp: str, secret: str) -> str:
    """Return the signature of a message sent at `timestamp`, in seconds."""
    return base64.b64encode(hmac.digest(f"{timestamp}\n{secret}".encode(), b"", "sha256")).decode()


def _refused(code: int, msg: str) -> ApiAnswer:
    return ApiAnswer(content={"code": code, "msg": msg, "data": {}}, code=code)
