"""
Custom robots of groups: their address, their signature, one post.

Where the robot's security setting is a signature, the address carries `timestamp` (ms) and

    sign = base64(HMAC-SHA256(key = secret, message = timestamp | LF | secret))

and the platform takes it within an hour of its own clock. The answer is HTTP 200 even for a refusal.

Source: DingTalk developer docs, "Custom robots send group messages", "Customize robot security settings", read
2026-02-28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from approval_gate.crypto.signatures import hmac_sha256_base64
from approval_gate.robot_address import RobotAddress, robot_address

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["robot_problem", "robot_query", "robot_target"]

_PLACE = "https://oapi.dingtalk.com"
_PATH = "/robot/send"
_PARAMETER = "access_token"


def robot_problem(url: str, base_url: str) -> str:
    """
    Say what is wrong with a robot's address, "" when nothing is.

    Args:
        base_url: of the app. Its own host may have robots too, and all of loopback if it is on loopback.
    """
    if robot_target(url, base_url) is not None:
        return ""
    return (
        "is not the address of a DingTalk robot. Copy the Webhook from the group > Group settings > Bots (机器人) > "
        "the custom robot; it starts with https://oapi.dingtalk.com/robot/send?access_token="
    )


def robot_target(url: str, base_url: str) -> RobotAddress | None:
    """Return where a robot's messages are posted; None for an address that is not the platform's."""
    return robot_address(url, place=_PLACE, path=_PATH, parameter=_PARAMETER, base_url=base_url)


def robot_query(key: str, secret: str, now: datetime) -> dict[str, str]:
    """Return the query of one post, before it is encoded; signed if there is a secret."""
    query = {_PARAMETER: key}
    if secret:
        timestamp = str(int(now.timestamp() * 1000))
        query |= {
            "timestamp": timestamp,
            "sign": hmac_sha256_base64(secret.encode(), f"{timestamp}\n{secret}".encode()),
        }
    return query
