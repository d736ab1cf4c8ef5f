"""
WeCom: messages of the app for people, departments, everyone and chats, group robots.

The app has no callback address here, so it sends no cards; those are asked for in `tests/providers/wecom`.
"""

from __future__ import annotations

from dataclasses import replace

import httpx

from approval_gate.domain.message import DestinationKind
from approval_gate.ports.messages import Robot
from tests.messenger_kits import MessengerKit
from tests.sender_kits import Call, SenderKit
from tests.sender_kits.wecom import KITS as SENDER_KITS

__all__ = ["KITS"]

_SEND = Call("POST", "/cgi-bin/message/send")
_SENDS = {
    DestinationKind.USER_ID: _SEND,
    DestinationKind.DEPARTMENT: _SEND,
    DestinationKind.EVERYONE: _SEND,
    DestinationKind.CHAT: Call("POST", "/cgi-bin/appchat/send"),
    DestinationKind.ROBOT: Call("POST", "/cgi-bin/webhook/send"),
}


def _throttled() -> httpx.Response:
    return httpx.Response(200, json={"errcode": 45009, "errmsg": "api freq out of limit"})


def _kit(sender: SenderKit) -> MessengerKit:
    robot = Robot("ops-group", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=demo-ops-robot")
    without_callbacks = {
        name: value for name, value in sender.credentials.items() if name not in {"token", "encoding_aes_key"}
    }
    return MessengerKit(
        sender=replace(sender, credentials=without_callbacks),
        sends=_SENDS,
        departments=("3", "2"),
        chat="oc_demo_releases",
        closed_chat="nobodyknows",
        robot=robot,
        refused_robots={
            "unknown address": replace(robot, url=robot.url + "-gone"),
            "foreign address": replace(robot, url="https://qyapi.weixin.qq.com@example.com/cgi-bin/webhook/send?key=x"),
        },
        slow_down=dict.fromkeys(_SENDS, _throttled),
        dedupes=frozenset({DestinationKind.USER_ID, DestinationKind.DEPARTMENT, DestinationKind.EVERYONE}),
        tells_strangers={DestinationKind.DEPARTMENT: "99"},
        mentions_in=frozenset({DestinationKind.CHAT, DestinationKind.ROBOT}),
        secrets=("demo-ops-robot",),
    )


KITS = [_kit(sender) for sender in SENDER_KITS]
