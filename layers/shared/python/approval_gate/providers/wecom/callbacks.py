"""
Verify and open callbacks: the address check and events.

Sealed text: base64 of AES-256-CBC, see `crypto.sealed_message`; its receiver id is the CorpId.
Signature: hex SHA-1 over token, timestamp, nonce and sealed text, sorted and joined, as `msg_signature` in the query.
Body: `<xml>` with `<Encrypt>`, or a JSON object with `encrypt`. What else stands there is not signed and not read.
Answers: the opened text of `echostr` to the address check, nothing at all to events.

Joined without separators, the signature proves the characters but not where timestamp and nonce end; so a captured
callback may be played back for longer than a day. That does no harm: a hint seen twice is a duplicate.

Source: WeCom developer docs, "Callback configuration", "Encryption and decryption", read 2026-02-28; checked against
the vendor's published sample and wechatpy 1.8.18.
"""

from __future__ import annotations

import base64
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

from approval_gate.crypto.sealed_message import key_of, open_sealed, signature
from approval_gate.crypto.signatures import is_equal, sha256_hex
from approval_gate.errors import CallbackRejected
from approval_gate.ports import Opened
from approval_gate.providers.wecom.documents import read_document
from approval_gate.providers.wecom.events import read_events, type_of
from approval_gate.web import WebResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from approval_gate.ports import Clock
    from approval_gate.web import WebRequest

__all__ = ["MAX_BODY_BYTES", "Receiver"]

MAX_BODY_BYTES = 256 * 1024  # the vendor states no size; its events are a few kilobytes
MAX_AGE = timedelta(hours=24)
MAX_AHEAD = timedelta(minutes=10)
_TIMESTAMP = re.compile(r"[0-9]{10}")


class Receiver:
    """
    The inbound half for one app.

    Args:
        agent_id: events that name another app are refused; not all name one.
        clock: for the age of requests.
    """

    def __init__(self, *, corp_id: str, agent_id: str, token: str, encoding_aes_key: str, clock: Clock) -> None:
        if not (corp_id and token and encoding_aes_key):
            raise CallbackRejected("callbacks are not set up")
        try:
            self._key = key_of(encoding_aes_key)
        except ValueError as err:
            raise CallbackRejected("encoding_aes_key") from err
        self._corp_id = corp_id
        self._agent_id = agent_id
        self._token = token
        self._clock = clock

    @classmethod
    def from_credentials(cls, credentials: Mapping[str, str], clock: Clock) -> Self:
        """
        Build a receiver for one app.

        Raises:
            CallbackRejected: Token or EncodingAESKey is not set yet.
        """
        return cls(
            corp_id=credentials.get("corp_id", ""),
            agent_id=credentials.get("agent_id", ""),
            token=credentials.get("token", ""),
            encoding_aes_key=credentials.get("encoding_aes_key", ""),
            clock=clock,
        )

    def open(self, request: WebRequest) -> Opened:
        """
        Verify and read one callback.

        Raises:
            CallbackRejected: not proven to come from the platform, or not for this company or app.
        """
        if request.method == "GET":
            return self._answer_address_check(request)
        if request.method != "POST":
            raise CallbackRejected("method")
        if len(request.body) > MAX_BODY_BYTES:
            raise CallbackRejected("size")
        plain = self._proven(request, _sealed_text(request.body))
        try:
            document = read_document(plain)
        except ValueError as err:
            raise CallbackRejected("document") from err
        agent_id = document.word("AgentID")
        if agent_id and agent_id != self._agent_id:
            raise CallbackRejected("agent_id")
        events = read_events(document, sha256_hex(plain), self._clock())
        vendor_type = type_of(document)
        return Opened(
            WebResponse(), events=events, vendor_type=vendor_type, contacts_changed=vendor_type == "change_contact"
        )

    def _answer_address_check(self, request: WebRequest) -> Opened:
        # Base64 holds no spaces: where the sender left a plus sign unescaped, form decoding has made one of it.
        plain = self._proven(request, request.query.get("echostr", "").replace(" ", "+"))
        try:
            plain.decode()
        except UnicodeDecodeError as err:
            raise CallbackRejected("echostr") from err
        # To the byte: no quotes, no mark, no newline.
        return Opened(WebResponse(body=plain, content_type="text/plain"), vendor_type="echostr", is_address_check=True)

    def _proven(self, request: WebRequest, sealed_text: str) -> bytes:
        """Return what is sealed, once the signature, the age and the receiver are right."""
        given, timestamp, nonce = (request.query.get(name, "") for name in ("msg_signature", "timestamp", "nonce"))
        if not (given and timestamp and nonce and sealed_text):
            raise CallbackRejected("query")
        if not is_equal(signature(self._token, timestamp, nonce, sealed_text), given):
            raise CallbackRejected("signature")
        self._check_age(timestamp)
        try:
            sealed = base64.b64decode(sealed_text, validate=True)
        except ValueError as err:
            raise CallbackRejected("base64") from err
        plain, receiver = open_sealed(sealed, self._key)
        if not hmac.compare_digest(receiver, self._corp_id.encode()):
            raise CallbackRejected("receiver id")
        return plain

    def _check_age(self, timestamp: str) -> None:
        if not _TIMESTAMP.fullmatch(timestamp):
            raise CallbackRejected("timestamp")
        age = self._clock() - datetime.fromtimestamp(int(timestamp), UTC)
        if not -MAX_AHEAD <= age <= MAX_AGE:
            raise CallbackRejected("timestamp out of range")


def _sealed_text(body: bytes) -> str:
    """
    Return the one thing that is read before anything is proven.

    Nothing but line ends may stand behind the envelope: it would not be signed.
    """
    if body.rstrip(b"\r\n")[-1:] not in {b">", b"}"}:
        raise CallbackRejected("envelope")
    try:
        texts = read_document(body).all("Encrypt")
    except ValueError as err:
        raise CallbackRejected("envelope") from err
    if len(texts) != 1:
        raise CallbackRejected("envelope")
    return texts[0].text
