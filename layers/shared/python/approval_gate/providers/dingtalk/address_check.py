"""
The platform's check of a request address, as the developer console sends it when the address is saved.

A sealed and signed event `{"EventType": "check_url"}`; the answer must be the sealed and signed word `success`, within
1.5 s (an older page; a newer one says 2.5 s).

Source: DingTalk developer docs, "HTTP event callback", "Configure HTTP push", read 2026-02-28.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from approval_gate.crypto.sealed_message import RANDOM_BYTES, key_of, open_sealed, seal, signature
from approval_gate.crypto.signatures import is_equal
from approval_gate.errors import CallbackRejected
from approval_gate.ports.checks import Rehearsal
from approval_gate.untrusted import json_object
from approval_gate.web import WebRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from approval_gate.providers.dingtalk.credentials import Credentials
    from approval_gate.web import WebResponse

__all__ = ["address_check"]

_DEADLINE_S = 1.5
_EVENT = b'{"EventType":"check_url"}'
_SUCCESS = b"success"
_NONCE_BYTES = 8
_OK = 200


def address_check(credentials: Credentials, now: datetime, entropy: Callable[[int], bytes]) -> Rehearsal:
    """
    Return the check for an app whose token and aes_key are set.

    Args:
        now: when it is sent.
        entropy: returns that many random bytes.
    """
    key, token, owner = key_of(credentials.aes_key), credentials.token, credentials.app_key.encode()
    encrypt = base64.b64encode(seal(_EVENT, key, owner, entropy(RANDOM_BYTES))).decode()
    timestamp, nonce = str(int(now.timestamp() * 1000)), entropy(_NONCE_BYTES).hex()
    signed = signature(token, timestamp, nonce, encrypt)
    # Which of the two names a live call carries is not certain; presumably both.
    query = {"msg_signature": signed, "signature": signed, "timestamp": timestamp, "nonce": nonce}
    body = json.dumps({"encrypt": encrypt}, separators=(",", ":")).encode()

    def is_right(response: WebResponse) -> bool:
        return response.status == _OK and _says_success(response.body, key, token, owner)

    return Rehearsal(WebRequest("POST", {"content-type": "application/json"}, query, body), is_right, _DEADLINE_S)


def _says_success(body: bytes, key: bytes, token: str, owner: bytes) -> bool:
    """Read an answer as the platform does: four texts, the signature, the seal, for whom it is, the word."""
    try:
        reply = json_object(body)
        signed, *parts = (reply[name] for name in ("msg_signature", "timeStamp", "nonce", "encrypt"))
        if not all(isinstance(each, str) for each in (signed, *parts)):
            return False
        if not is_equal(signature(token, *parts), signed):
            return False
        return open_sealed(base64.b64decode(parts[-1], validate=True), key) == (_SUCCESS, owner)
    except (ValueError, KeyError, CallbackRejected):
        return False
