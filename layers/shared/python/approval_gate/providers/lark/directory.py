"""Lark's contacts: Feishu's on other hosts."""

from __future__ import annotations

from approval_gate.providers.feishu.directory import Directory as FeishuDirectory
from approval_gate.providers.lark.edition import LARK

__all__ = ["Directory"]


class Directory(FeishuDirectory):
    """The contacts half for one Lark app."""

    edition = LARK
