"""What somebody else's implementation of the same rules makes of ours, and we of theirs."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from approval_gate.crypto import sealed_message
from approval_gate.errors import CallbackRejected
from approval_gate.providers.wecom.callbacks import Receiver
from approval_gate.web import WebRequest

wechatpy = pytest.importorskip("wechatpy.enterprise.crypto", reason="wechatpy is not installed")

TOKEN, KEY, CORP_ID = "ApprvTok2026wecom", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "ww1a2b3c4d5e6f7890"
STAMP, NONCE = "1768447800", "nonce1"
PLAIN = (
    "<xml><MsgType>event</MsgType><Event>sys_approval_change</Event><ApprovalInfo><SpNoStr>202601150007</SpNoStr>"
    "<SpStatus>2</SpStatus><SpName>流水线</SpName></ApprovalInfo></xml>"
)


@pytest.fixture
def receiver() -> Receiver:
    credentials = {"corp_id": CORP_ID, "agent_id": "1000002", "token": TOKEN, "encoding_aes_key": KEY}
    return Receiver.from_credentials(credentials, lambda: datetime.fromtimestamp(int(STAMP), UTC))


def test_we_open_what_wechatpy_sealed(receiver: Receiver) -> None:
    body = wechatpy.WeChatCrypto(TOKEN, KEY, CORP_ID).encrypt_message(PLAIN, NONCE, STAMP)
    signature = body.partition("<MsgSignature><![CDATA[")[2].partition("]]>")[0]
    query = {"msg_signature": signature, "timestamp": STAMP, "nonce": NONCE}

    (event,) = receiver.open(WebRequest("POST", query=query, body=body.encode())).events

    assert (event.provider_ref, event.vendor_status) == ("202601150007", "2")


def test_we_refuse_what_wechatpy_sealed_for_another_company(receiver: Receiver) -> None:
    body = wechatpy.WeChatCrypto(TOKEN, KEY, "ww0000000000000000").encrypt_message(PLAIN, NONCE, STAMP)
    signature = body.partition("<MsgSignature><![CDATA[")[2].partition("]]>")[0]
    query = {"msg_signature": signature, "timestamp": STAMP, "nonce": NONCE}

    with pytest.raises(CallbackRejected, match="receiver id"):
        receiver.open(WebRequest("POST", query=query, body=body.encode()))


@pytest.mark.parametrize("length", range(0, 70, 7))
def test_wechatpy_opens_what_we_sealed(length: int) -> None:
    plain = f"<xml>{'x' * length}</xml>"
    sealed = sealed_message.seal(plain.encode(), sealed_message.key_of(KEY), CORP_ID.encode(), b"0123456789abcdef")
    text = base64.b64encode(sealed).decode()
    signature = sealed_message.signature(TOKEN, STAMP, NONCE, text)

    opened = wechatpy.WeChatCrypto(TOKEN, KEY, CORP_ID).decrypt_message(
        f"<xml><Encrypt><![CDATA[{text}]]></Encrypt></xml>", signature, STAMP, NONCE
    )

    assert (opened if isinstance(opened, str) else opened.decode()) == plain
