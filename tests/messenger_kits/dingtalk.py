"""DingTalk: work notifications for people, departments and everyone, the app's robot in chats, custom robots."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import httpx

from approval_gate.domain.message import DestinationKind
from approval_gate.ports.messages import Robot
from tests.messenger_kits import MessengerKit
from tests.sender_kits import Call, SenderKit
from tests.sender_kits.dingtalk import KITS as SENDER_KITS

__all__ = ["KITS"]

_WORK = Call("POST", "/topapi/message/corpconversation/asyncsend_v2")


def _throttled_work() -> httpx.Response:
    wrapped = {"errcode": 88, "errmsg": "ding talk error[subcode=90018,submsg=too fast]", "sub_code": "90018"}
    return httpx.Response(200, json=wrapped)


def _throttled_group() -> httpx.Response:
    code = "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"
    return httpx.Response(403, json={"code": code, "requestid": "REQ-1", "message": "too fast"})


def _throttled_robot() -> httpx.Response:
    return httpx.Response(200, json={"errcode": 410100, "errmsg": "too fast"})


def _number(department: str) -> str:
    """Return the number that the simulator gives a department."""
    return str(10**8 + int.from_bytes(sha256(department.encode()).digest()[:4]) % (9 * 10**8))


def _kit(sender: SenderKit) -> MessengerKit:
    url = "https://oapi.dingtalk.com/robot/send?access_token=demo-ops-robot"
    robot = Robot("ops-group", url, "demo-robot-secret")
    return MessengerKit(
        sender=replace(sender, credentials={**sender.credentials, "agent_id": "836390886"}),
        sends={
            DestinationKind.USER_ID: _WORK,
            DestinationKind.DEPARTMENT: _WORK,
            DestinationKind.EVERYONE: _WORK,
            DestinationKind.CHAT: Call("POST", "/v1.0/robot/groupMessages/send"),
            DestinationKind.ROBOT: Call("POST", "/robot/send"),
        },
        departments=(_number("d-development"), _number("d-engineering")),
        chat="oc_demo_releases",
        closed_chat="cidNobodyKnows==",
        robot=robot,
        refused_robots={
            "wrong signature": replace(robot, secret="another-secret"),
            "no signature": replace(robot, secret=""),
            "unknown address": replace(robot, url=robot.url + "-gone"),
            "foreign address": replace(robot, url="https://oapi.dingtalk.com.example.com/robot/send?access_token=x"),
        },
        slow_down={
            DestinationKind.USER_ID: _throttled_work,
            DestinationKind.DEPARTMENT: _throttled_work,
            DestinationKind.EVERYONE: _throttled_work,
            DestinationKind.CHAT: _throttled_group,
            DestinationKind.ROBOT: _throttled_robot,
        },
        dedupes=frozenset(
            {
                DestinationKind.USER_ID,
                DestinationKind.DEPARTMENT,
                DestinationKind.EVERYONE,
                DestinationKind.ROBOT,
            }
        ),
        # A person whom nobody knows is told of later only, by a call that costs as much as the message.
        tells_strangers={DestinationKind.DEPARTMENT: "999"},
        mentions_in=frozenset({DestinationKind.ROBOT}),
    )


KITS = [_kit(sender) for sender in SENDER_KITS]
