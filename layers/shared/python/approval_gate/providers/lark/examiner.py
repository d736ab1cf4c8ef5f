"""Lark's doctor: Feishu's on other hosts."""

from __future__ import annotations

from approval_gate.providers.feishu.examiner import Examiner as FeishuExaminer
from approval_gate.providers.lark.edition import LARK

__all__ = ["Examiner"]


class Examiner(FeishuExaminer):
    """The doctor's half for one Lark app."""

    edition = LARK
