"""
WeCom as a sender of callbacks.

The sealing is done with the `cryptography` package and by hand, not with our own modules: a mistake of ours must not
prove itself right.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from approval_gate.providers.wecom.callbacks import Receiver as WecomReceiver
from approval_gate.web import WebRequest, WebResponse

if TYPE_CHECKING:
    from approval_gate.ports import Receiver

__all__ = ["KITS", "WecomKit", "wecom_kit"]

NOW = datetime(2026, 1, 15, 3, 30, 0, tzinfo=UTC)
ECHO = b"6517839294210847361"


class WecomKit:
    """One company with one self-built app, Token and EncodingAESKey set."""

    changed_person = ""

    def __init__(self, **credentials: str) -> None:
        self.name = "wecom"
        self.now = NOW
        self.credentials = credentials
        self._numbers = itertools.count(1)

    # -- receivers

    def receiver(self, *, later_by: timedelta = timedelta(), **changes: str) -> Receiver:
        return WecomReceiver.from_credentials(self.credentials | changes, lambda: self.now + later_by)

    def receiver_with_another_key(self) -> Receiver:
        return self.receiver(token="AnotherToken2026", encoding_aes_key="9" * 43)

    def receiver_of_another_app(self) -> Receiver:
        return self.receiver(agent_id="1000099")

    def receiver_of_another_company(self) -> Receiver:
        return self.receiver(corp_id="ww0000000000000000")

    def receiver_without_secrets(self) -> Receiver:
        return self.receiver(token="", encoding_aes_key="")

    # -- requests

    def address_check(self) -> WebRequest:
        return self.echo(ECHO)

    def forged_address_check(self) -> WebRequest:
        request = self.address_check()
        return replace(request, query={**request.query, "msg_signature": "0" * 40})

    def accepts_address(self, response: WebResponse) -> bool:
        return response.status == 200 and response.body == ECHO and response.content_type == "text/plain"

    def is_acknowledged(self, response: WebResponse) -> bool:
        return response.status == 200 and response.body == b""

    def opened(self, ref: str) -> WebRequest:
        return self.post(self.approval_event(ref, status=1, change=1, alice=1))

    def approve(self, ref: str) -> WebRequest:
        return self.post(self.approval_event(ref, status=2, change=2, alice=2))

    def reject(self, ref: str) -> WebRequest:
        return self.post(self.approval_event(ref, status=3, change=3, alice=3))

    def cancel(self, ref: str) -> WebRequest:
        return self.post(self.approval_event(ref, status=4, change=6, alice=1))

    def redelivery(self, request: WebRequest) -> WebRequest:
        plain = self.unsealed(_encrypted(request.body))
        return self.post(plain, nonce="anothernonce", later_by=timedelta(seconds=5))

    def unknown_event(self) -> WebRequest:
        return self.post(self.document("something_entirely_new", "<What>爱丽丝</What>"))

    def contacts_changed(self) -> WebRequest:
        return self.post(self.document("change_contact", "<ChangeType>delete_user</ChangeType><UserID>dev</UserID>"))

    def mangled_event(self, ref: str) -> WebRequest:
        return self.post(self.document("sys_approval_change", "<ApprovalInfo><SpStatus>2</SpStatus></ApprovalInfo>"))

    def unsigned(self, request: WebRequest) -> WebRequest:
        return replace(request, query={})

    def altered(self, request: WebRequest) -> WebRequest:
        """Return the request with one signed character changed: the signature covers the sealed text only."""
        sealed = _encrypted(request.body)
        other = ("A" if sealed[0] != "A" else "B") + sealed[1:]
        return replace(request, body=request.body.replace(sealed.encode(), other.encode()))

    # -- making them

    def approval_event(self, ref: str, *, status: int, change: int, alice: int, at: datetime | None = None) -> bytes:
        """Return an event of an application with one node, in which alice has the given status."""
        # Every event gets a second of its own, as two of one application usually do.
        acted_at = 0 if alice == 1 else int((at or self.now).timestamp())
        return self.document(
            "sys_approval_change",
            f"<ApprovalInfo><SpNoStr><![CDATA[{ref}]]></SpNoStr><SpStatus>{status}</SpStatus>"
            "<TemplateId><![CDATA[3TkaH5KFbrG9heEQ]]></TemplateId>"
            f"<ApplyTime>{next(self._numbers)}</ApplyTime>"
            "<Applyer><UserId><![CDATA[ci.bot]]></UserId><Party><![CDATA[2]]></Party></Applyer>"
            f"<ProcessList><NodeList><NodeType>1</NodeType><SpStatus>{alice}</SpStatus><ApvRel>1</ApvRel>"
            "<SubNodeList><UserInfo><UserId><![CDATA[alice]]></UserId></UserInfo>"
            f"<Speech><![CDATA[好 <ok> & ]]></Speech><SpYj>{alice}</SpYj><Sptime>{acted_at}</Sptime></SubNodeList>"
            f"</NodeList></ProcessList><StatuChangeEvent>{change}</StatuChangeEvent></ApprovalInfo>",
        )

    def document(self, event: str, inner: str, *, agent_id: str = "") -> bytes:
        """Return the plain text of an event."""
        return (
            f"<xml><ToUserName><![CDATA[{self.credentials['corp_id']}]]></ToUserName>"
            f"<FromUserName><![CDATA[sys]]></FromUserName><CreateTime>{int(self.now.timestamp())}</CreateTime>"
            f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event>"
            f"<AgentID>{agent_id or self.credentials['agent_id']}</AgentID>{inner}</xml>"
        ).encode()

    def post(self, plain: bytes, *, nonce: str = "nonce1", later_by: timedelta = timedelta()) -> WebRequest:
        """Seal and sign anything at all, also what is no XML."""
        return self.post_text(self.sealed(plain, nonce=nonce), nonce=nonce, later_by=later_by)

    def post_text(self, text: str, *, nonce: str = "nonce1", later_by: timedelta = timedelta()) -> WebRequest:
        """Sign a text as if it were sealed."""
        body = (
            f"<xml><ToUserName><![CDATA[{self.credentials['corp_id']}]]></ToUserName>"
            f"<Encrypt><![CDATA[{text}]]></Encrypt><AgentID><![CDATA[{self.credentials['agent_id']}]]></AgentID></xml>"
        ).encode()
        return WebRequest("POST", query=self.query(text, nonce=nonce, later_by=later_by), body=body)

    def echo(self, plain: bytes) -> WebRequest:
        text = self.sealed(plain)
        return WebRequest("GET", query=self.query(text) | {"echostr": text})

    def query(
        self, text: str, *, nonce: str = "nonce1", later_by: timedelta = timedelta(), timestamp: str = ""
    ) -> dict[str, str]:
        stamp = timestamp or str(int((self.now + later_by).timestamp()))
        joined = "".join(sorted([self.credentials["token"], stamp, nonce, text]))
        digest = hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()
        return {"msg_signature": digest, "timestamp": stamp, "nonce": nonce}

    def sealed(
        self,
        plain: bytes,
        *,
        nonce: str = "nonce1",
        receiver: str | None = None,
        length: int | None = None,
        padding: bytes | None = None,
    ) -> str:
        """Seal a text; `length` and `padding` lie where given."""
        random16 = hashlib.md5(plain + nonce.encode(), usedforsecurity=False).digest()
        size = (len(plain) if length is None else length).to_bytes(4, "big")
        packed = random16 + size + plain + (self.credentials["corp_id"] if receiver is None else receiver).encode()
        missing = 32 - len(packed) % 32
        packed += bytes([missing]) * missing if padding is None else padding
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(packed) + encryptor.finalize()).decode()

    def unsealed(self, text: str) -> bytes:
        decryptor = self._cipher().decryptor()
        padded = decryptor.update(base64.b64decode(text)) + decryptor.finalize()
        return padded[20 : 20 + int.from_bytes(padded[16:20], "big")]

    def _cipher(self) -> Cipher[modes.CBC]:
        key = base64.b64decode(self.credentials["encoding_aes_key"] + "=")
        return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def _encrypted(body: bytes) -> str:
    found = re.search(r"<Encrypt><!\[CDATA\[(.*?)\]\]></Encrypt>", body.decode())
    assert found is not None
    return found.group(1)


def wecom_kit() -> WecomKit:
    return WecomKit(
        corp_id="ww1a2b3c4d5e6f7890",
        agent_id="1000002",
        secret="secret-of-wecom",
        token="ApprvTok2026wecom",
        encoding_aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    )


KITS = [wecom_kit()]
