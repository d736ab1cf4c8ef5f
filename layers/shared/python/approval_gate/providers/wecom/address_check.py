"""
The platform's check of a request address, as the admin console makes it when the address is saved.

`GET …?msg_signature=&timestamp=&nonce=&echostr=`; the answer must be the opened text of `echostr`, to the byte, within
1 s.

Source: WeCom developer docs, "Callback configuration", read 2026-02-28.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from approval_gate.crypto.sealed_message import RANDOM_BYTES, key_of, seal, signature
from approval_gate.ports.checks import Rehearsal
from approval_gate.web import WebRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from approval_gate.providers.wecom.credentials import Credentials
    from approval_gate.web import WebResponse

__all__ = ["address_check"]

_DEADLINE_S = 1.0
_NUMBER_BYTES = 8
_OK = 200


def address_check(credentials: Credentials, now: datetime, entropy: Callable[[int], bytes]) -> Rehearsal:
    """
    Return the check for an app whose Token and EncodingAESKey are set.

    Args:
        now: when it is sent.
        entropy: returns that many random bytes.
    """
    echo = str(int.from_bytes(entropy(_NUMBER_BYTES))).encode()
    key, receiver = key_of(credentials.encoding_aes_key), credentials.corp_id.encode()
    sealed = base64.b64encode(seal(echo, key, receiver, entropy(RANDOM_BYTES))).decode()
    timestamp, nonce = str(int(now.timestamp())), str(int.from_bytes(entropy(_NUMBER_BYTES)))
    query = {
        "msg_signature": signature(credentials.token, timestamp, nonce, sealed),
        "timestamp": timestamp,
        "nonce": nonce,
        "echostr": sealed,
    }

    def is_right(response: WebResponse) -> bool:
        return response.status == _OK and response.body == echo

    return Rehearsal(WebRequest("GET", query=query), is_right, _DEADLINE_S)
