"""What an administrator copies from Lark's developer console: the same four values as on Feishu."""

from __future__ import annotations

from approval_gate.providers.feishu.credentials import Credentials as FeishuCredentials

__all__ = ["Credentials"]


class Credentials(FeishuCredentials):
    """One Lark app's credentials. An App ID of one deployment looks like one of the other and is unknown there."""

    __slots__ = ()
