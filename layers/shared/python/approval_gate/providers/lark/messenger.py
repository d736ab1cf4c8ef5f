"""Lark's messages: Feishu's on other hosts, English first."""

from __future__ import annotations

from approval_gate.providers.feishu.messenger import Messenger as FeishuMessenger
from approval_gate.providers.lark.edition import LARK

__all__ = ["Messenger"]


class Messenger(FeishuMessenger):
    """The message half for one Lark app."""

    edition = LARK
