"""
Verify and open callbacks: approval events, the address check, and the other events of the app.

Request: `POST …?signature=&msg_signature=&timestamp=&nonce=` with `{"encrypt": base64}`, see `crypto.sealed_message`.
Signature: hex SHA-1 of the sorted token, timestamp, nonce and `encrypt`, each as received.
Answer, the same for everything proven: the word `success`, sealed and signed in the same way. A plain 200 counts as a
failed delivery.

Source: DingTalk developer docs, "HTTP event callback" and "Configure HTTP push", read 2026-02-28; checked against the
vendor's sample helpers in seven languages. The first page names the signature `signature`, the samples read
`msg_signature`; live calls presumably carry both, so either will do.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from approval_gate.crypto.sealed_message import RANDOM_BYTES, key_of, open_sealed, seal, signature
from approval_gate.crypto.signatures import is_equal
from approval_gate.errors import CallbackRejected
from approval_gate.ports import Opened
from approval_gate.providers.dingtalk.events import read_event
from approval_gate.providers.dingtalk.reading import moment
from approval_gate.untrusted import json_object, word
from approval_gate.web import WebResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from approval_gate.ports import Clock
    from approval_gate.providers.dingtalk.wire import SealedReply
    from approval_gate.web import WebRequest

__all__ = ["MAX_BODY_BYTES", "Receiver"]

MAX_BODY_BYTES = 1024 * 1024  # the vendor states no size; its events are a few kilobytes
MAX_AGE = timedelta(hours=24)
MAX_AHEAD = timedelta(minutes=10)
_NONCE_BYTES = 8
_SUCCESS = b"success"
# Source: DingTalk developer docs, "Address book events", read 2026-02-28. They name ids only.
_CONTACTS = frozenset(
    {
        *("user_add_org", "user_modify_org", "user_leave_org", "user_active_org"),
        *("org_dept_create", "org_dept_modify", "org_dept_remove"),
    }
)
_LINE_BREAKS = re.compile(r"[\r\n]")


class Receiver:
    """
    The inbound half for one app.

    Args:
        app_key, corp_id: the receiver id inside each message is one of these: the AppKey for subscriptions made in
            the developer console, the CorpId for those of the old registration call. `corp_id` may be "".
        aes_key, token: of the event subscription.
        clock: for the age of requests and the time in our answer.
        entropy: returns that many random bytes.
    """

    def __init__(
        self,
        *,
        app_key: str,
        corp_id: str,
        aes_key: str,
        token: str,
        clock: Clock,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        if not (app_key and aes_key and token):
            raise CallbackRejected("callbacks are not set up")
        try:
            self._key = key_of(aes_key)
        except ValueError as err:
            raise CallbackRejected("aes_key is malformed") from err
        self._receiver_ids = tuple(each for each in (app_key, corp_id) if each)
        self._token = token
        self._clock = clock
        self._entropy = entropy

    @classmethod
    def from_credentials(
        cls, credentials: Mapping[str, str], clock: Clock, entropy: Callable[[int], bytes] = os.urandom
    ) -> Self:
        """
        Build a receiver for one app.

        Raises:
            CallbackRejected: aes_key or token is not set yet.
        """
        return cls(
            app_key=credentials.get("app_key", ""),
            corp_id=credentials.get("corp_id", ""),
            aes_key=credentials.get("aes_key", ""),
            token=credentials.get("token", ""),
            clock=clock,
            entropy=entropy,
        )

    def open(self, request: WebRequest) -> Opened:
        """
        Verify and read one callback.

        Raises:
            CallbackRejected: not proven to come from the platform, or not for this app.
        """
        if request.method != "POST":
            raise CallbackRejected("method")
        if len(request.body) > MAX_BODY_BYTES:
            raise CallbackRejected("size")
        encrypt = _parsed(request.body).get("encrypt")
        if not isinstance(encrypt, str):
            raise CallbackRejected("encrypt")
        sent_at = self._check_signature(request.query, encrypt)
        plain, receiver_id = open_sealed(_decoded(encrypt), self._key)
        self._check_receiver(receiver_id)
        body = _parsed(plain)
        vendor_type = word(body, "EventType")
        response = WebResponse(body=self._success(receiver_id))
        if vendor_type == "check_url":
            return Opened(response, vendor_type=vendor_type, is_address_check=True)
        event = read_event(body, sent_at)
        return Opened(
            response,
            events=(event,) if event else (),
            vendor_type=vendor_type or "unnamed",
            contacts_changed=vendor_type in _CONTACTS,
            changed_people=_people(body) if vendor_type.startswith("user_") else (),
        )

    def _check_signature(self, query: Mapping[str, str], encrypt: str) -> datetime:
        """Check signature, then age, before anything is decrypted; return when the request says it was sent."""
        timestamp = query.get("timestamp") or query.get("timeStamp") or ""
        nonce = query.get("nonce", "")
        if not nonce:
            raise CallbackRejected("nonce")
        expected = signature(self._token, timestamp, nonce, encrypt)
        if not any(is_equal(expected, query.get(name, "")) for name in ("msg_signature", "signature")):
            raise CallbackRejected("signature")
        sent_at = moment(timestamp)
        if sent_at is None:
            raise CallbackRejected("timestamp")
        if not -MAX_AHEAD <= self._clock() - sent_at <= MAX_AGE:
            raise CallbackRejected("timestamp out of range")
        return sent_at

    def _check_receiver(self, receiver_id: bytes) -> None:
        if receiver_id not in {each.encode() for each in self._receiver_ids}:
            raise CallbackRejected("receiver id")

    def _success(self, receiver_id: bytes) -> bytes:
        """Return the acknowledgement, sealed for whom the request was sealed for."""
        sealed = seal(_SUCCESS, self._key, receiver_id, self._entropy(RANDOM_BYTES))
        encrypt = base64.b64encode(sealed).decode()
        timestamp = str(int(self._clock().timestamp() * 1000))
        nonce = self._entropy(_NONCE_BYTES).hex()
        reply: SealedReply = {
            "msg_signature": signature(self._token, timestamp, nonce, encrypt),
            "timeStamp": timestamp,
            "nonce": nonce,
            "encrypt": encrypt,
        }
        return json.dumps(reply, separators=(",", ":")).encode()


def _people(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return whom an address book event names, all or none; the older form spells `UserId`."""
    listed = body.get("userId", body.get("UserId"))
    found = [word({"id": each}, "id") for each in listed] if isinstance(listed, list) else []
    return tuple(dict.fromkeys(found)) if all(found) else ()


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        return json_object(raw)
    except ValueError as err:
        raise CallbackRejected("json") from err


def _decoded(encrypt: str) -> bytes:
    # The vendor's own Python helper breaks lines; what is signed is the text with them.
    try:
        return base64.b64decode(_LINE_BREAKS.sub("", encrypt), validate=True)
    except (binascii.Error, ValueError) as err:
        raise CallbackRejected("base64") from err
