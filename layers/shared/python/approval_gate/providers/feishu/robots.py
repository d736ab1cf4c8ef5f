"""
Custom bots: a group's own address for messages, without an app. Pure.

The address is a caller's input to which the gate sends requests, so it must be, to the letter, a hook of the platform.

    sign = base64(HMAC-SHA256(key = timestamp | LF | secret, message = ""))

The text is the key and the message is empty; that is the platform's specification.

Source: Feishu developer docs, "Custom bot guide", read 2026-02-28.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from approval_gate.crypto.signatures import hmac_sha256_base64
from approval_gate.providers.feishu.edition import FEISHU, Edition
from approval_gate.robot_address import is_known_place

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["hook_problem", "hook_signature", "robot_problem"]

_PATH = "/open-apis/bot/v2/hook/"
_OLD_PATH = "/open-apis/bot/hook/"
_HOOK = re.compile(rf"(?P<base>[!-~]*?){re.escape(_PATH)}[0-9A-Za-z_-]{{1,128}}")


def robot_problem(url: str, base_url: str) -> str:
    """
    Say what is wrong with a robot's address and what to do, as a clause without a full stop; "" when nothing is.

    Args:
        base_url: of the app; empty for the platform's own. A private installation or proxy that the app uses carries
            its robots too. If it is on loopback, so may any other port there be: both are simulators.
    """
    return hook_problem(FEISHU, url, base_url)


def hook_problem(edition: Edition, url: str, base_url: str) -> str:
    """Do as `robot_problem` on this deployment. The text never repeats the address, which is a secret."""
    found = _HOOK.fullmatch(url)
    if found and is_known_place(found["base"], edition.api_base, base_url):
        return ""
    if url.startswith(f"{edition.api_base}{_OLD_PATH}"):
        return "is a robot of the first generation. Add a custom bot to the group and register its address instead"
    return (
        f"is no address of a {edition.name} robot. Copy the webhook address from the group's Settings > Bots; it "
        f"begins with {edition.api_base}{_PATH}. A robot of {edition.other_name} needs an app of {edition.other_name}"
    )


def hook_signature(secret: str, now: datetime) -> tuple[str, str]:
    """Return timestamp, in seconds, and signature; the platform takes them for an hour."""
    timestamp = str(int(now.timestamp()))
    return timestamp, hmac_sha256_base64(f"{timestamp}\n{secret}".encode(), b"")
