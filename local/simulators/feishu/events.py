"""
Events to apps: 1.0 envelopes, encrypted and signed when an Encrypt Key is set.

    {"encrypt": base64(iv(16) | AES-256-CBC(PKCS#7(JSON), key = SHA-256(Encrypt Key)))}
    X-Lark-Signature = hex(SHA-256(timestamp | nonce | Encrypt Key | body))

Source: "Receive events", "Approval instance event", "Approval task event", "Approval cc event", read 2026-02-28. The
unit of the signature's timestamp is not stated; seconds are sent. Every repetition is signed anew.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from local.simulators.feishu.flow import Notice
from local.simulators.feishu.identities import Identities
from local.simulators.feishu.model import Definition, Instance
from local.simulators.frame.apps import App
from local.simulators.frame.callbacks import Delivery
from local.simulators.frame.platform import Simulation
from local.simulators.frame.web import Outgoing

__all__ = ["Events"]

_SCOPES = ("approval:approval", "approval:approval:readonly")


class Events:
    """Tells subscribed apps what happened, and proves who tells it."""

    def __init__(self, simulation: Simulation, identities: Identities) -> None:
        self._simulation, self._identities = simulation, identities

    def tell(
        self, definition: Definition, instance: Instance, notices: Iterable[Notice], subscriber_ids: list[str]
    ) -> None:
        """Send what happened to one instance to every app that subscribed to its definition."""
        subscribers = [app for app in map(self._simulation.apps.get, subscriber_ids) if app is not None]
        for notice in notices:
            for app in subscribers:
                if any(app.is_granted(scope) for scope in _SCOPES):
                    event = self._event(app, definition, instance, notice)
                    self._simulation.outbox.post(
                        app,
                        queue=instance.code,
                        event=f"{notice.kind} {notice.status}",
                        kind=notice.kind,
                        subject=instance.code,
                        plain=self._envelope(app, event),
                    )

    def address_check(self, app: App) -> Outgoing:
        """Return the check of a request address. It carries no signature, also when it is encrypted."""
        plain = {
            "challenge": self._simulation.ids.uuid().lower(),
            "token": verification_token(app),
            "type": "url_verification",
        }
        return Outgoing(url=app.request_url, body=self._body(app, plain), headers=_HEADERS)

    def address_problem(self, app: App, check: Outgoing, status: int, body: bytes) -> str:
        """Say what is wrong with the answer to a check, or nothing."""
        sent = json.loads(check.body)
        key = app.extra.get("encrypt_key", "")
        challenge = (json.loads(_decrypt(sent["encrypt"], key)) if key else sent)["challenge"]
        if status != 200:
            return f"the request address answered HTTP {status}; answer the check with HTTP 200"
        try:
            answered = json.loads(body)
        except ValueError:
            answered = None
        if not isinstance(answered, dict) or answered.get("challenge") != challenge:
            return 'Challenge code was not returned; answer the check with {"challenge": "<the one received>"}'
        return ""

    def seal(self, app: App, delivery: Delivery) -> Outgoing:
        """Turn an event into a request as of now."""
        body = self._body(app, delivery.plain)
        headers = {**_HEADERS, "X-Request-Id": self._simulation.ids.hex()}
        key = app.extra.get("encrypt_key", "")
        if key:
            unit_ms = 1 if self._simulation.switch("timestamp_in_ms") else 1000
            timestamp, nonce = str(self._simulation.clock.told_ms() // unit_ms), self._simulation.ids.number(10)
            signature = sha256(timestamp.encode() + nonce.encode() + key.encode() + body).hexdigest()
            headers |= {
                "X-Lark-Request-Timestamp": timestamp,
                "X-Lark-Request-Nonce": nonce,
                "X-Lark-Signature": signature,
            }
        return Outgoing(url=app.request_url, body=body, headers=headers)

    def _envelope(self, app: App, event: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "ts": f"{self._simulation.clock.told_ms() / 1000:.7f}",
            "uuid": self._simulation.ids.hex(),
            "token": verification_token(app),
            "type": "event_callback",
            "event": dict(event),
        }

    def _event(self, app: App, definition: Definition, instance: Instance, notice: Notice) -> dict[str, Any]:
        now_ms = self._simulation.clock.told_ms()
        common: dict[str, Any] = {
            "app_id": app.app_id,
            "tenant_key": tenant_key(app),
            "type": notice.kind,
            "approval_code": instance.approval_code,
            "instance_code": instance.code,
        }
        if notice.copy is not None:
            return {
                **common,
                "id": notice.copy.id,
                "user_id": notice.copy.user_id,
                "create_time": notice.copy.at_ms,
                "operate": notice.status,
                "from": self._identities.shown_user_id(app, instance.starter),
            }
        if notice.task is None:
            # A revocation tells its time as a number, everything else as text.
            operate_time = now_ms if notice.status == "REVERTED" else str(now_ms)
            return {
                **common,
                "status": notice.status,
                "operate_time": operate_time,
                "instance_operate_time": str(now_ms),
                "uuid": instance.uuid,
            }
        node = definition.node(notice.task.node_id)
        back = notice.rollback_to
        extra = {"rollback_node_ids": [back.system_id], "rollback_custom_node_ids": [back.id]} if back else None
        return {
            **common,
            "open_id": self._identities.open_id(app.app_id, notice.task.user_id),
            "user_id": self._identities.shown_user_id(app, notice.task.user_id),
            "task_id": notice.task.id,
            "status": notice.status,
            "operate_time": str(now_ms),
            "custom_key": notice.task.node_id,
            "def_key": node.system_id if node else "",
            "extra": json.dumps(extra) if extra else "",
        }

    def _body(self, app: App, plain: Mapping[str, Any]) -> bytes:
        text = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
        key = app.extra.get("encrypt_key", "")
        if not key:
            return text
        sealed = _encrypt(text, key, self._simulation.ids.octets(16))
        return json.dumps({"encrypt": sealed}, separators=(",", ":")).encode()


_HEADERS = {"Content-Type": "application/json;charset=utf-8"}


def verification_token(app: App) -> str:
    """Return the app's verification token; the platform makes one when nobody chose it."""
    return app.extra.get("verification_token") or sha256(f"token\0{app.app_id}".encode()).hexdigest()[:32]


def tenant_key(app: App) -> str:
    """Return the tenant's key, the same for all apps unless an app was registered with another."""
    return app.extra.get("tenant_key") or "736588c9260f175d"


def _encrypt(text: bytes, key: str, iv: bytes) -> str:
    padder = PKCS7(128).padder()
    padded = padder.update(text) + padder.finalize()
    encryptor = Cipher(algorithms.AES(sha256(key.encode()).digest()), modes.CBC(iv)).encryptor()
    return base64.b64encode(iv + encryptor.update(padded) + encryptor.finalize()).decode()


def _decrypt(sealed: str, key: str) -> bytes:
    raw = base64.b64decode(sealed)
    decryptor = Cipher(algorithms.AES(sha256(key.encode()).digest()), modes.CBC(raw[:16])).decryptor()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(raw[16:]) + decryptor.finalize()) + unpadder.finalize()
