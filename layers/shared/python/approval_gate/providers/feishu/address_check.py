"""
The platform's check of a request address, as it arrives while an administrator saves it.

POST of `{"challenge", "token", "type": "url_verification"}`, sealed when an Encrypt Key is set, and never signed. The
platform wants HTTP 200 with `{"challenge": <the same>}` within a second.

Source: Feishu developer docs, "Configure the request address", "Receive and handle callbacks", read 2026-02-28.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable

from approval_gate.crypto import aes_cbc
from approval_gate.ports.checks import Rehearsal
from approval_gate.providers.feishu.credentials import Credentials
from approval_gate.providers.feishu.wire_events import AddressCheck, SealedBody
from approval_gate.untrusted import json_object
from approval_gate.web import WebRequest, WebResponse

__all__ = ["address_check"]

_DEADLINE_S = 1.0
_CHALLENGE_BYTES = 16
_IV_BYTES = 16
_OK = 200


def address_check(credentials: Credentials, entropy: Callable[[int], bytes]) -> Rehearsal:
    """
    Return the check as the platform would send it now.

    Args:
        credentials: with an Encrypt Key or a verification token.
        entropy: as many random bytes as asked for.
    """
    challenge = entropy(_CHALLENGE_BYTES).hex()
    check: AddressCheck = {
        "challenge": challenge,
        "token": credentials.verification_token,
        "type": "url_verification",
    }
    plain = json.dumps(check).encode()
    body = _sealed(plain, credentials.encrypt_key, entropy(_IV_BYTES)) if credentials.encrypt_key else plain

    def is_right(response: WebResponse) -> bool:
        if response.status != _OK:
            return False
        try:
            return json_object(response.body).get("challenge") == challenge
        except ValueError:
            return False

    headers = {"content-type": "application/json;charset=utf-8"}
    return Rehearsal(WebRequest("POST", headers=headers, body=body), is_right, _DEADLINE_S)


def _sealed(plain: bytes, encrypt_key: str, iv: bytes) -> bytes:
    key = hashlib.sha256(encrypt_key.encode()).digest()
    sealed: SealedBody = {"encrypt": base64.b64encode(iv + aes_cbc.encrypt(plain, key=key, iv=iv)).decode()}
    return json.dumps(sealed).encode()
