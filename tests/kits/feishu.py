"""
Feishu and Lark as senders of callbacks.

The sealing is done with the `cryptography` package and by hand, not with our own modules: a mistake of ours must not
prove itself right.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from approval_gate.providers.feishu.callbacks import Receiver as FeishuReceiver
from approval_gate.providers.lark.callbacks import Receiver as LarkReceiver
from approval_gate.web import WebRequest, WebResponse

if TYPE_CHECKING:
    from approval_gate.ports import Receiver

__all__ = ["KITS", "FeishuKit"]

NOW = datetime(2026, 1, 15, 3, 30, 0, tzinfo=UTC)
CHALLENGE = 'ch "a\\l" €'


class FeishuKit:
    """One deployment with one app, Encrypt Key and verification token set."""

    changed_person = "ou_1"

    def __init__(self, name: str, receiver_class: type[FeishuReceiver], **credentials: str) -> None:
        self.name = name
        self.now = NOW
        self.credentials = credentials
        self._receiver_class = receiver_class
        self._numbers = itertools.count(1)

    # -- receivers

    def receiver(self, *, later_by: timedelta = timedelta(), **changes: str) -> Receiver:
        return self._receiver_class.from_credentials(self.credentials | changes, lambda: self.now + later_by)

    def receiver_with_another_key(self) -> Receiver:
        return self.receiver(encrypt_key="another-key", verification_token="another-token")

    def receiver_of_another_app(self) -> Receiver:
        return self.receiver(app_id="cli_another000000000")

    def receiver_without_secrets(self) -> Receiver:
        return self.receiver(encrypt_key="", verification_token="")

    # -- requests

    def address_check(self) -> WebRequest:
        return self._sealed(self._address_check(self.credentials["verification_token"]), is_signed=False)

    def forged_address_check(self) -> WebRequest:
        return self._sealed(self._address_check("guessed"), is_signed=False)

    def accepts_address(self, response: WebResponse) -> bool:
        return response.status == 200 and json.loads(response.body) == {"challenge": CHALLENGE}

    def is_acknowledged(self, response: WebResponse) -> bool:
        return response.status == 200 and isinstance(json.loads(response.body), dict)

    def opened(self, ref: str) -> WebRequest:
        return self.event(self.instance_event(ref, "PENDING"))

    def approve(self, ref: str) -> WebRequest:
        return self.event(self.instance_event(ref, "APPROVED"))

    def reject(self, ref: str) -> WebRequest:
        return self.event(self.instance_event(ref, "REJECTED"))

    def cancel(self, ref: str) -> WebRequest:
        return self.event(self.instance_event(ref, "CANCELED"))

    def redelivery(self, request: WebRequest) -> WebRequest:
        return self._sealed(self._unsealed(request.body), nonce="another-nonce", later_by=timedelta(seconds=15))

    def unknown_event(self) -> WebRequest:
        return self.seal(
            {
                "schema": "2.0",
                "header": self._header("something.entirely.new_v9"),
                "event": {"object": {"name": "爱丽丝"}},
            }
        )

    def contacts_changed(self) -> WebRequest:
        header = self._header("contact.user.deleted_v3")
        return self.seal({"schema": "2.0", "header": header, "event": {"object": {"open_id": "ou_1"}}})

    def mangled_event(self, ref: str) -> WebRequest:
        return self.event({"type": "approval_instance", "app_id": self.credentials["app_id"], "status": ["APPROVED"]})

    def altered(self, request: WebRequest) -> WebRequest:
        return replace(request, body=request.body + b" ")

    def unsigned(self, request: WebRequest) -> WebRequest:
        return replace(request, headers={})

    # -- making them

    def event(self, event: dict[str, Any], **changes: object) -> WebRequest:
        """Send an event in envelope 1.0, sealed and signed."""
        return self.seal(self.envelope(event) | changes)

    def envelope(self, event: dict[str, Any]) -> dict[str, Any]:
        return {
            "ts": f"{self.now.timestamp():.7f}",
            "uuid": f"e{next(self._numbers):031d}",
            "token": self.credentials["verification_token"],
            "type": "event_callback",
            "event": event,
        }

    def instance_event(self, ref: str, status: str, **changes: object) -> dict[str, Any]:
        at = str(int(self.now.timestamp() * 1000))
        return {
            "app_id": self.credentials["app_id"],
            "tenant_key": "1f2e3d4c5b6a7980",
            "type": "approval_instance",
            "approval_code": "7D9C1A52-3E4F-4B60-9A71-0C2D4E6F8A10",
            "instance_code": ref,
            "status": status,
            "operate_time": at,
            "instance_operate_time": at,
            "uuid": "apr_01",
        } | changes

    def task_event(self, ref: str, status: str, **changes: object) -> dict[str, Any]:
        return {
            "app_id": self.credentials["app_id"],
            "tenant_key": "1f2e3d4c5b6a7980",
            "type": "approval_task",
            "approval_code": "7D9C1A52-3E4F-4B60-9A71-0C2D4E6F8A10",
            "instance_code": ref,
            "open_id": "ou_a11ce",
            "user_id": "a11ce001",
            "task_id": "7460000000000000001",
            "status": status,
            "operate_time": str(int(self.now.timestamp() * 1000)),
            "custom_key": "APPROVAL_NODE_1",
            "def_key": "de3083febe7ece285e36e4a27710be18",
            "extra": "",
        } | changes

    def seal(self, body: object) -> WebRequest:
        return self._sealed(json.dumps(body).encode())

    def sealed_bytes(self, plain: bytes) -> WebRequest:
        """Seal and sign anything at all, also what is no JSON."""
        return self._sealed(plain)

    def plain(self, body: object) -> WebRequest:
        """Send in clear and without headers, as an app without an Encrypt Key gets it."""
        return WebRequest("POST", body=json.dumps(body).encode())

    def signed(self, body: bytes, *, at: datetime | None = None, timestamp: str = "", nonce: str = "n1") -> WebRequest:
        """Sign a body as it is."""
        stamp = timestamp or str(int((at or self.now).timestamp()))
        key = self.credentials["encrypt_key"]
        signature = hashlib.sha256(f"{stamp}{nonce}{key}".encode() + body).hexdigest()
        return WebRequest("POST", headers=self._headers(stamp, nonce, signature), body=body)

    def legacy_card(self, body: dict[str, Any]) -> WebRequest:
        raw = json.dumps(body).encode()
        stamp, nonce = str(int(self.now.timestamp())), "n2"
        prefix = f"{stamp}{nonce}{self.credentials['verification_token']}".encode()
        return WebRequest("POST", headers=self._headers(stamp, nonce, hashlib.sha1(prefix + raw).hexdigest()), body=raw)  # noqa: S324 - the platform's rule

    def _header(self, event_type: str) -> dict[str, str]:
        return {
            "event_id": f"f{next(self._numbers):031d}",
            "token": self.credentials["verification_token"],
            "create_time": str(int(self.now.timestamp() * 1000)),
            "event_type": event_type,
            "tenant_key": "1f2e3d4c5b6a7980",
            "app_id": self.credentials["app_id"],
        }

    def _headers(self, stamp: str, nonce: str, signature: str) -> dict[str, str]:
        return {
            "content-type": "application/json;charset=utf-8",
            "x-lark-request-timestamp": stamp,
            "x-lark-request-nonce": nonce,
            "x-lark-signature": signature,
        }

    def _address_check(self, token: str) -> bytes:
        return json.dumps({"challenge": CHALLENGE, "token": token, "type": "url_verification"}).encode()

    def _key(self) -> bytes:
        return hashlib.sha256(self.credentials["encrypt_key"].encode()).digest()

    def _sealed(
        self, plain: bytes, *, is_signed: bool = True, nonce: str = "n1", later_by: timedelta = timedelta()
    ) -> WebRequest:
        iv = hashlib.md5(plain + nonce.encode(), usedforsecurity=False).digest()
        missing = 16 - len(plain) % 16
        encryptor = Cipher(algorithms.AES(self._key()), modes.CBC(iv)).encryptor()
        sealed = iv + encryptor.update(plain + bytes([missing]) * missing) + encryptor.finalize()
        body = json.dumps({"encrypt": base64.b64encode(sealed).decode()}).encode()
        return self.signed(body, at=self.now + later_by, nonce=nonce) if is_signed else WebRequest("POST", body=body)

    def _unsealed(self, body: bytes) -> bytes:
        sealed = base64.b64decode(json.loads(body)["encrypt"])
        decryptor = Cipher(algorithms.AES(self._key()), modes.CBC(sealed[:16])).decryptor()
        padded = decryptor.update(sealed[16:]) + decryptor.finalize()
        return padded[: -padded[-1]]


def feishu_kit() -> FeishuKit:
    return FeishuKit(
        "feishu",
        FeishuReceiver,
        app_id="cli_a1b2c3d4e5f60718",
        app_secret="secret-of-feishu",
        encrypt_key="EncKeyCicd2026Feishu0001",
        verification_token="vtokCicd2026FeishuVerify00000001",
    )


def lark_kit() -> FeishuKit:
    return FeishuKit(
        "lark",
        LarkReceiver,
        app_id="cli_b1b2c3d4e5f60719",
        app_secret="secret-of-lark",
        encrypt_key="EncKeyCicd2026Lark000001",
        verification_token="vtokCicd2026LarkVerify0000000001",
    )


KITS = [feishu_kit(), lark_kit()]
