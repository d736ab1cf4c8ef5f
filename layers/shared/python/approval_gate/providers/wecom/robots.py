"""
Group robots ("message push", 消息推送): their address. Its key is the whole secret; there is no signature.

Source: WeCom developer docs, "Group robots", read 2026-02-28.
"""

from __future__ import annotations

from approval_gate.robot_address import RobotAddress, robot_address

__all__ = ["KEY_PARAMETER", "robot_problem", "robot_target"]

KEY_PARAMETER = "key"

_PLACE = "https://qyapi.weixin.qq.com"
_PATH = "/cgi-bin/webhook/send"


def robot_problem(url: str, base_url: str) -> str:
    """
    Say what is wrong with a robot's address, "" when nothing is.

    Args:
        base_url: of the app. Its own host may have robots too, and all of loopback if it is on loopback.
    """
    if robot_target(url, base_url) is not None:
        return ""
    return (
        "is not the address of a WeCom group robot. Copy the Webhook address from the group > message push (消息推送), "
        "formerly group robot (群机器人); it starts with https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key="
    )


def robot_target(url: str, base_url: str) -> RobotAddress | None:
    """Return where a robot's messages are posted; None for an address that is not the platform's."""
    return robot_address(url, place=_PLACE, path=_PATH, parameter=KEY_PARAMETER, base_url=base_url)
