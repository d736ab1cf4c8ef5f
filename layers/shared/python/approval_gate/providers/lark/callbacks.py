"""Lark's callbacks: sealed, signed and shaped as Feishu's."""

from __future__ import annotations

from approval_gate.providers.feishu.callbacks import Receiver as FeishuReceiver

__all__ = ["Receiver"]


class Receiver(FeishuReceiver):
    """The inbound half for one Lark app."""
