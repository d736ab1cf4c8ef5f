"""Lark's custom bots: Feishu's on another host."""

from __future__ import annotations

from approval_gate.providers.feishu.robots import hook_problem
from approval_gate.providers.lark.edition import LARK

__all__ = ["robot_problem"]


def robot_problem(url: str, base_url: str) -> str:
    """Say what is wrong with a robot's address, "" when nothing is. See Feishu's."""
    return hook_problem(LARK, url, base_url)
