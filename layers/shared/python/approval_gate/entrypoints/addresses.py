"""Our own addresses as platforms reach them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from approval_gate.ports import App
from approval_gate.settings import Settings

__all__ = ["callback_url"]


def callback_url(settings: Settings, event: Mapping[str, Any], app: App) -> str:
    """
    Return an app's request address: below PUBLIC_URL if that is set, else below the host this request came to.

    Args:
        event: the HTTP API event of a request to us.
    """
    context = event.get("requestContext", {})
    if settings.public_url:
        base = settings.public_url.replace("{api_id}", str(context.get("apiId", ""))).rstrip("/")
    else:
        base = f"https://{context.get('domainName', '')}"
    return f"{base}/callbacks/{app.provider}/{app.tenant}/{app.id}"
