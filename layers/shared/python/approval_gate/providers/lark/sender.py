"""Lark's calls: Feishu's on other hosts, English first."""

from __future__ import annotations

from approval_gate.providers.feishu.sender import Sender as FeishuSender
from approval_gate.providers.lark.edition import LARK

__all__ = ["Sender"]


class Sender(FeishuSender):
    """The outbound half for one Lark app."""

    edition = LARK
