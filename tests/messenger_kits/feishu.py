"""Feishu and Lark: one call per person or chat, one call for departments, a hook for robots."""

from __future__ import annotations

from dataclasses import replace

import httpx

from approval_gate.domain.message import DestinationKind
from approval_gate.ports.messages import Robot
from tests.messenger_kits import MessengerKit
from tests.sender_kits import Call, SenderKit
from tests.sender_kits.feishu import KITS as SENDER_KITS

__all__ = ["KITS"]

_HOSTS = {"feishu": "https://open.feishu.cn", "lark": "https://open.larksuite.com"}
_SEND = Call("POST", "/open-apis/im/v1/messages")
_BATCH = Call("POST", "/open-apis/message/v4/batch_send/")


def _throttled() -> httpx.Response:
    return httpx.Response(400, json={"code": 230020, "msg": "The messages are too frequent"})


def _throttled_batch() -> httpx.Response:
    return httpx.Response(
        429, json={"code": 99991400, "msg": "request trigger frequency limit"}, headers={"x-ogw-ratelimit-reset": "7"}
    )


def _throttled_robot() -> httpx.Response:
    return httpx.Response(200, json={"code": 11232, "msg": "frequency limited psm[lark.oapi]appID[1500]", "data": {}})


def _kit(sender: SenderKit) -> MessengerKit:
    robot = Robot(
        "ops-group",
        f"{_HOSTS[sender.provider]}/open-apis/bot/v2/hook/demo-ops-robot",
        "demo-robot-secret",
    )
    return MessengerKit(
        sender=sender,
        sends={
            DestinationKind.USER_ID: _SEND,
            DestinationKind.CHAT: _SEND,
            DestinationKind.DEPARTMENT: _BATCH,
            DestinationKind.EVERYONE: _BATCH,
            DestinationKind.ROBOT: Call("POST", "/open-apis/bot/v2/hook/demo-ops-robot"),
        },
        departments=("d-development", "d-engineering"),
        chat="oc_demo_releases",
        closed_chat="oc_nobody_knows",
        robot=robot,
        refused_robots={
            "wrong signature": replace(robot, secret="another-secret"),
            "no signature": replace(robot, secret=""),
            "unknown address": replace(robot, url=robot.url + "-gone"),
        },
        slow_down={
            DestinationKind.USER_ID: _throttled,
            DestinationKind.CHAT: _throttled,
            DestinationKind.DEPARTMENT: _throttled_batch,
            DestinationKind.EVERYONE: _throttled_batch,
            DestinationKind.ROBOT: _throttled_robot,
        },
        dedupes=frozenset({DestinationKind.USER_ID, DestinationKind.CHAT}),
        tells_strangers={DestinationKind.DEPARTMENT: "d-nobody-knows"},
        updatable=frozenset({DestinationKind.USER_ID, DestinationKind.CHAT}),
        update=Call("PATCH", "/open-apis/im/v1/messages/*"),
        mentions_in=frozenset({DestinationKind.CHAT, DestinationKind.ROBOT}),
    )


KITS = [_kit(sender) for sender in SENDER_KITS]
