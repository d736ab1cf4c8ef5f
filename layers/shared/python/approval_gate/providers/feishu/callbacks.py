"""
Verify and open callbacks: events, the address check, and the card callbacks this gate has no use for.

Sealed body: `{"encrypt": base64(iv(16) | AES-256-CBC, PKCS#7 to 16)}`, key SHA-256(Encrypt Key).
Signature of events: hex SHA-256(timestamp | nonce | Encrypt Key | body as received), only with an Encrypt Key.
Signature of old card callbacks: hex SHA-1(timestamp | nonce | verification token | body as received).
Answers are never sealed.

Source: Feishu developer docs, "Send notifications to developers' server", "Receive and handle callbacks" and
"Message card (deprecated)", read 2026-02-28; checked against lark-oapi 1.7.5.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Self

from approval_gate.crypto import aes_cbc
from approval_gate.crypto.signatures import is_equal, sha1_hex, sha256_hex
from approval_gate.errors import CallbackRejected
from approval_gate.ports import Opened
from approval_gate.providers.feishu.events import Envelope, read_event
from approval_gate.providers.feishu.reading import moment
from approval_gate.untrusted import json_object, mapping, word
from approval_gate.web import WebResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from approval_gate.ports import Clock
    from approval_gate.providers.feishu.wire_events import ToastAnswer
    from approval_gate.web import WebRequest

__all__ = ["MAX_BODY_BYTES", "Receiver"]

MAX_BODY_BYTES = 1024 * 1024  # the vendor states no size; its events are a few kilobytes
MAX_AGE = timedelta(hours=24)
MAX_AHEAD = timedelta(minutes=10)
_IV_BYTES = 16
_SHA1_HEX_CHARS = 40
_TIMESTAMP = "x-lark-request-timestamp"
_NONCE = "x-lark-request-nonce"
_SIGNATURE = "x-lark-signature"
# People, departments or the app's own range. Source: Feishu developer docs, "Event list", read 2026-02-28.
_PERSON = "contact.user."
_CONTACTS = (_PERSON, "contact.department.", "contact.scope.")

_NO_BUTTONS: ToastAnswer = {
    "toast": {
        "type": "info",
        "content": "Please decide in the approval itself: this gate does not use card buttons.",
        "i18n": {
            "zh_cn": "请在审批单中处理：卡片按钮不用于本审批。",
            "en_us": "Please decide in the approval itself: this gate does not use card buttons.",
        },
    }
}


class _Proof(Enum):
    """Which signature of a sealed body was right."""

    NONE = auto()
    EVENT = auto()
    LEGACY_CARD = auto()


class Receiver:
    """
    The inbound half for one app.

    With an Encrypt Key every event must be signed. Without one, the verification token inside the body is all the
    proof there is; then it must be configured.

    Args:
        app_id: events for any other app are refused.
        encrypt_key, verification_token: "" when not set; not both.
        clock: for the age of signed requests.
    """

    def __init__(self, *, app_id: str, encrypt_key: str, verification_token: str, clock: Clock) -> None:
        if not app_id or not (encrypt_key or verification_token):
            raise CallbackRejected("callbacks are not set up")
        self._app_id = app_id
        self._encrypt_key = encrypt_key
        self._verification_token = verification_token
        self._clock = clock

    @classmethod
    def from_credentials(cls, credentials: Mapping[str, str], clock: Clock) -> Self:
        """
        Build a receiver for one app.

        Raises:
            CallbackRejected: neither Encrypt Key nor verification token is set yet.
        """
        return cls(
            app_id=credentials.get("app_id", ""),
            encrypt_key=credentials.get("encrypt_key", ""),
            verification_token=credentials.get("verification_token", ""),
            clock=clock,
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
        body = _parsed(request.body)
        is_sealed = "encrypt" in body
        proof = _Proof.NONE
        if is_sealed:
            if not self._encrypt_key:
                raise CallbackRejected("sealed, but no Encrypt Key is configured")
            proof = self._proof_of_sealed(request)
            body = self._unsealed(body)

        if body.get("type") == "url_verification" and "schema" not in body:
            return self._answer_address_check(body, is_sealed=is_sealed)
        if _is_legacy_card(body):
            if proof is not _Proof.LEGACY_CARD:
                self._check_signature(request, self._legacy_signature(request))
            return Opened(_answer(_NO_BUTTONS), vendor_type="card.action.trigger_v1")
        if self._encrypt_key and proof is not _Proof.EVENT:
            raise CallbackRejected("signature required")
        return self._open_event(body)

    def _open_event(self, body: Mapping[str, Any]) -> Opened:
        envelope = Envelope.of(body)
        self._check_token(envelope.token)
        if not is_equal(self._app_id, envelope.app_id):
            raise CallbackRejected("app_id")
        if envelope.type == "card.action.trigger":
            return Opened(_answer(_NO_BUTTONS), vendor_type=envelope.type)
        event = read_event(envelope, self._clock())
        # Of whom an event of a person is about, open_id is what the vendor's samples of it show.
        person = word(mapping(envelope.event, "object"), "open_id") if envelope.type.startswith(_PERSON) else ""
        return Opened(
            _answer({}),
            events=(event,) if event else (),
            vendor_type=envelope.type,
            contacts_changed=envelope.type.startswith(_CONTACTS),
            changed_people=(person,) if person else (),
        )

    def _answer_address_check(self, body: Mapping[str, Any], *, is_sealed: bool) -> Opened:
        # It carries no signature headers. Sealing proves it as well as the token does; in clear only the token can.
        if not is_sealed and not self._verification_token:
            raise CallbackRejected("verification_token is not configured")
        self._check_token(word(body, "token"))
        challenge = body.get("challenge")
        if not isinstance(challenge, str):
            raise CallbackRejected("challenge")
        return Opened(_answer({"challenge": challenge}), vendor_type="url_verification", is_address_check=True)

    def _check_token(self, given: str) -> None:
        if self._verification_token and not is_equal(self._verification_token, given):
            raise CallbackRejected("verification_token")

    # -- signatures

    def _event_signature(self, request: WebRequest) -> str:
        return sha256_hex(*_signed_prefix(request), self._encrypt_key.encode(), request.body)

    def _legacy_signature(self, request: WebRequest) -> str:
        if not self._verification_token:
            raise CallbackRejected("verification_token is not configured")
        return sha1_hex(*_signed_prefix(request), self._verification_token.encode(), request.body)

    def _proof_of_sealed(self, request: WebRequest) -> _Proof:
        """Check the signature before anything is decrypted; only the address check comes without one."""
        if not any(name in request.headers for name in (_TIMESTAMP, _NONCE, _SIGNATURE)):
            return _Proof.NONE
        # Whether old card callbacks are sealed too is not documented: the old rule would then sign the sealed body.
        if self._verification_token and len(request.headers.get(_SIGNATURE, "")) == _SHA1_HEX_CHARS:
            self._check_signature(request, self._legacy_signature(request))
            return _Proof.LEGACY_CARD
        self._check_signature(request, self._event_signature(request))
        return _Proof.EVENT

    def _check_signature(self, request: WebRequest, expected: str) -> None:
        if not is_equal(expected, request.headers.get(_SIGNATURE, "")):
            raise CallbackRejected("signature")
        # The unit is not documented: seconds in what was seen, milliseconds elsewhere. `moment` takes both.
        sent_at = moment(request.headers[_TIMESTAMP])
        if sent_at is None:
            raise CallbackRejected("timestamp")
        age = self._clock() - sent_at
        if not -MAX_AHEAD <= age <= MAX_AGE:
            raise CallbackRejected("timestamp out of range")

    def _unsealed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        encoded = body["encrypt"]
        if not isinstance(encoded, str):
            raise CallbackRejected("encrypt")
        try:
            sealed = base64.b64decode(encoded, validate=True)
            key = hashlib.sha256(self._encrypt_key.encode()).digest()
            plain = aes_cbc.decrypt(sealed[_IV_BYTES:], key=key, iv=sealed[:_IV_BYTES])
        except (binascii.Error, ValueError) as err:
            raise CallbackRejected("encrypt") from err
        return _parsed(plain)


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        return json_object(raw)
    except ValueError as err:
        raise CallbackRejected("json") from err


def _signed_prefix(request: WebRequest) -> tuple[bytes, bytes]:
    if not all(name in request.headers for name in (_TIMESTAMP, _NONCE, _SIGNATURE)):
        raise CallbackRejected("signature headers")
    stamp, nonce = request.headers[_TIMESTAMP], request.headers[_NONCE]
    return stamp.encode("utf-8", "surrogatepass"), nonce.encode("utf-8", "surrogatepass")


def _is_legacy_card(body: Mapping[str, Any]) -> bool:
    return "action" in body and not {"schema", "type", "event"} & body.keys()


def _answer(body: Mapping[str, Any] | ToastAnswer) -> WebResponse:
    return WebResponse(body=json.dumps(body, separators=(",", ":")).encode())
