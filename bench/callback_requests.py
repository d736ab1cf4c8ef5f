"""
Callback requests as Feishu and Lark send them: sealed, signed, in an API Gateway event.

Sealed: `{"encrypt": base64(iv(16) | AES-256-CBC(PKCS#7-16(JSON)))}`, key SHA-256(Encrypt Key).
Signed: hex SHA-256(timestamp | nonce | Encrypt Key | body).

Source: Feishu developer docs, "Send notifications to developers' server" and "Approval instance status changed", read
2026-02-28. Written apart from the gate's own code, so that it cannot agree with a mistake in it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from Crypto.Cipher import AES
from Crypto.Util.Padding import pad

__all__ = ["CREDENTIALS", "CallbackRequest", "approved", "for_api_gateway"]

CREDENTIALS = {
    "app_id": "cli_a1b2c3d4e5f60718",
    "app_secret": "fictitious-app-secret",
    "encrypt_key": "EncKeyCicd2026Feishu0001",
    "verification_token": "vtokCicd2026FeishuVerify00000001",
}
"""A fictitious app."""


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """One request: header names as the platform writes them, and the exact bytes."""

    headers: dict[str, str]
    body: bytes


def approved(number: int, now_epoch_s: float) -> CallbackRequest:
    """
    Return the event that says instance `number` was approved; every number is another instance and another event.

    Args:
        now_epoch_s: when it happens; the gate refuses old events.
    """
    event = {
        "ts": f"{now_epoch_s:.7f}",
        "uuid": f"{number:032x}",
        "token": CREDENTIALS["verification_token"],
        "type": "event_callback",
        "event": {
            "app_id": CREDENTIALS["app_id"],
            "tenant_key": "1f2e3d4c5b6a7980",
            "type": "approval_instance",
            "approval_code": "7D9C1A52-3E4F-4B60-9A71-0C2D4E6F8A10",
            "instance_code": f"A7E2B6C1-58D3-4F0A-8B9C-{number:012X}",
            "status": "APPROVED",
            "operate_time": f"{now_epoch_s * 1000:.0f}",
            "instance_operate_time": f"{now_epoch_s * 1000:.0f}",
            "uuid": f"bench-{number}",
        },
    }
    text = json.dumps(event, separators=(",", ":")).encode()
    key = hashlib.sha256(CREDENTIALS["encrypt_key"].encode()).digest()
    iv = hashlib.md5(str(number).encode(), usedforsecurity=False).digest()  # any 16 bytes, the same in every run
    sealed = iv + AES.new(key, AES.MODE_CBC, iv).encrypt(pad(text, AES.block_size))
    body = json.dumps({"encrypt": base64.b64encode(sealed).decode()}, separators=(",", ":")).encode()
    timestamp, nonce = f"{now_epoch_s:.0f}", f"{number:010d}"
    signature = hashlib.sha256((timestamp + nonce + CREDENTIALS["encrypt_key"]).encode() + body).hexdigest()
    return CallbackRequest(
        headers={
            "Content-Type": "application/json;charset=utf-8",
            "X-Lark-Request-Timestamp": timestamp,
            "X-Lark-Request-Nonce": nonce,
            "X-Lark-Signature": signature,
        },
        body=body,
    )


def for_api_gateway(request: CallbackRequest, provider: str, tenant: str, app: str) -> dict[str, Any]:
    """Return the request as an HTTP API hands it to a function, payload format 2.0."""
    path = f"/callbacks/{provider}/{tenant}/{app}"
    return {
        "version": "2.0",
        "routeKey": f"POST /callbacks/{provider}/{{tenant}}/{{app}}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "pathParameters": {"tenant": tenant, "app": app},
        "requestContext": {"http": {"method": "POST", "path": path}, "stage": "$default"},
        "body": request.body.decode(),
        "isBase64Encoded": False,
    }
