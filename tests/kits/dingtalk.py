"""
DingTalk as a sender of callbacks.

The sealing is done with the `cryptography` package and by hand, not with our own modules: a mistake of ours must not
prove itself right.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from approval_gate.ports import Receiver as ReceiverPort
from approval_gate.providers.dingtalk.callbacks import Receiver
from approval_gate.web import WebRequest, WebResponse

__all__ = ["KITS", "DingTalkKit", "dingtalk_kit"]

NOW = datetime(2026, 1, 1, 1, 0, 0, tzinfo=UTC)
CREATED_MS = 1767225600000  # an hour earlier


def no_entropy(count: int) -> bytes:
    """Stand in for randomness, so that one request has one answer."""
    return bytes(range(count))


class DingTalkKit:
    """One internal app whose events are pushed over HTTP, subscribed in the developer console."""

    name = "dingtalk"
    changed_person = "dev"

    def __init__(self, **credentials: str) -> None:
        self.now = NOW
        self.credentials = credentials
        self._numbers = itertools.count(1)

    # -- receivers

    def receiver(self, *, later_by: timedelta = timedelta(), **changes: str) -> ReceiverPort:
        return Receiver.from_credentials(self.credentials | changes, lambda: self.now + later_by, no_entropy)

    def receiver_with_another_key(self) -> ReceiverPort:
        return self.receiver(aes_key="Z" * 43, token="anotherToken")

    def receiver_of_another_app(self) -> ReceiverPort:
        return self.receiver(app_key="dinganotherapp000000", corp_id="dinganothercorp00000")

    def receiver_without_secrets(self) -> ReceiverPort:
        return self.receiver(aes_key="", token="")

    # -- requests

    def address_check(self) -> WebRequest:
        return self.seal({"EventType": "check_url"})

    def forged_address_check(self) -> WebRequest:
        return self.seal({"EventType": "check_url"}, token="guessed")

    def accepts_address(self, response: WebResponse) -> bool:
        return self.is_acknowledged(response)

    def is_acknowledged(self, response: WebResponse, owner: str = "") -> bool:
        """Open our answer as the vendor's helpers do: signature, then AES, then owner and word."""
        reply = json.loads(response.body)
        signed = self.signature(reply["timeStamp"], reply["nonce"], reply["encrypt"])
        if response.status != 200 or set(reply) != {"msg_signature", "timeStamp", "nonce", "encrypt"}:
            return False
        if signed != reply["msg_signature"] or not all(isinstance(each, str) for each in reply.values()):
            return False
        if reply["encrypt"] != "".join(reply["encrypt"].split()):
            return False
        return self.unseal(reply["encrypt"]) == (b"success", (owner or self.credentials["app_key"]).encode())

    def opened(self, ref: str) -> WebRequest:
        return self.seal(self.instance_event(ref, "start"))

    def approve(self, ref: str) -> WebRequest:
        return self.seal(self.instance_event(ref, "finish", result="agree"))

    def reject(self, ref: str) -> WebRequest:
        return self.seal(self.instance_event(ref, "finish", result="refuse"))

    def cancel(self, ref: str) -> WebRequest:
        return self.seal(self.instance_event(ref, "terminate"))

    def redelivery(self, request: WebRequest) -> WebRequest:
        plain, _ = self.unseal(json.loads(request.body)["encrypt"])
        return self.sealed_bytes(plain, nonce="anotherNonce", at=self.now + timedelta(seconds=10), random16=b"r" * 16)

    def unknown_event(self) -> WebRequest:
        return self.seal({"EventType": "something_entirely_new", "eventId": "e1", "name": "爱丽丝"})

    def contacts_changed(self) -> WebRequest:
        return self.seal({"EventType": "user_leave_org", "eventId": "e2", "userId": ["dev"], "timeStamp": "1"})

    def mangled_event(self, ref: str) -> WebRequest:
        return self.seal({"EventType": "bpms_instance_change", "processInstanceId": [ref], "type": "finish"})

    def altered(self, request: WebRequest) -> WebRequest:
        """Return the request with one character of what is signed changed; the rest of the body is not signed."""
        encrypt = json.loads(request.body)["encrypt"]
        changed = encrypt[:40] + ("A" if encrypt[40] != "A" else "B") + encrypt[41:]
        return replace(request, body=json.dumps({"encrypt": changed}).encode())

    def unsigned(self, request: WebRequest) -> WebRequest:
        return replace(request, query={})

    # -- making them

    def instance_event(self, ref: str, change: str, **changes: object) -> dict[str, Any]:
        event = self._event("bpms_instance_change", ref, change) | {
            "title": "申请人提交的流水线审批",
            "businessType": "",
            "url": "https://aflow.dingtalk.com/dingtalk/mobile/homepage.htm?dd_share=false",
            "staffId": "manager164",
        }
        return event | changes

    def task_event(self, ref: str, change: str, **changes: object) -> dict[str, Any]:
        event = self._event("bpms_task_change", ref, change) | {"taskId": 72062030325, "staffId": "user001"}
        return event | changes

    def seal(self, body: object, *, token: str = "", owner: str = "") -> WebRequest:
        return self.sealed_bytes(json.dumps(body, ensure_ascii=False).encode(), token=token, owner=owner)

    def sealed_bytes(
        self,
        plain: bytes,
        *,
        token: str = "",
        owner: str = "",
        nonce: str = "CAT9AG49",
        at: datetime | None = None,
        random16: bytes = b"0123456789abcdef",
        pad_to: int = 32,
    ) -> WebRequest:
        """Seal and sign anything at all, also what is no JSON."""
        head = random16 + struct.pack(">I", len(plain)) + plain + (owner or self.credentials["app_key"]).encode()
        missing = pad_to - len(head) % pad_to
        return self.sealed_layout(head + bytes([missing]) * missing, token=token, nonce=nonce, at=at)

    def sealed_layout(
        self, padded: bytes, *, token: str = "", nonce: str = "CAT9AG49", at: datetime | None = None
    ) -> WebRequest:
        """Encrypt bytes as they are, whatever their layout and padding, and sign the result."""
        encryptor = Cipher(algorithms.AES(self._key()), modes.CBC(self._key()[:16])).encryptor()
        sealed = base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()
        return self.signed({"encrypt": sealed}, token=token, nonce=nonce, at=at)

    def signed(
        self,
        body: dict[str, Any],
        *,
        token: str = "",
        nonce: str = "CAT9AG49",
        at: datetime | None = None,
        timestamp: str | None = None,
    ) -> WebRequest:
        """Sign what is under `encrypt`, as it is."""
        stamp = str(int((at or self.now).timestamp() * 1000)) if timestamp is None else timestamp
        signed = self.signature(stamp, nonce, body["encrypt"], token)
        query = {"signature": signed, "msg_signature": signed, "timestamp": stamp, "nonce": nonce}
        headers = {"content-type": "application/json; charset=utf-8"}
        return WebRequest("POST", headers=headers, query=query, body=json.dumps(body).encode())

    def signature(self, timestamp: str, nonce: str, encrypt: str, token: str = "") -> str:
        parts = sorted([token or self.credentials["token"], timestamp, nonce, encrypt])
        return hashlib.sha1("".join(parts).encode()).hexdigest()  # noqa: S324 - the platform's rule

    def unseal(self, encrypt: str) -> tuple[bytes, bytes]:
        """Return message and owner."""
        decryptor = Cipher(algorithms.AES(self._key()), modes.CBC(self._key()[:16])).decryptor()
        padded = decryptor.update(base64.b64decode(encrypt)) + decryptor.finalize()
        plain = padded[: -padded[-1]]
        (length,) = struct.unpack(">I", plain[16:20])
        return plain[20 : 20 + length], plain[20 + length :]

    def _event(self, event_type: str, ref: str, change: str) -> dict[str, Any]:
        number = next(self._numbers)
        now_ms = int(self.now.timestamp() * 1000)
        event = {
            "EventType": event_type,
            "EventTime": now_ms,
            "CorpId": "ding9f50b15bccd16741",
            "BizId": str(now_ms),
            "eventId": f"e{number:031d}",
            "createTime": now_ms if change == "start" else CREATED_MS,
            "processInstanceId": ref,
            "processCode": "PROC-27BBC5E6-DFFA-4EC3-A1F1-0123456789AB",
            "bizCategoryId": "",
            "businessId": "202601010800000090163",
            "type": change,
        }
        return event if change == "start" else event | {"finishTime": now_ms}

    def _key(self) -> bytes:
        return base64.b64decode(self.credentials["aes_key"] + "=")


def dingtalk_kit() -> DingTalkKit:
    return DingTalkKit(
        app_key="dingabcdefgh12345678",
        app_secret="secret-of-dingtalk",
        aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        token="cicdToken2026",
    )


KITS = [dingtalk_kit()]
