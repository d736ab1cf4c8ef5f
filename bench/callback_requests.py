"""
Callback requests as the four platforms send them, sealed and signed, in an API Gateway event; and their answers, read.

Written apart from the gate's own code and on another library, so that it cannot agree with a mistake in it. What is
random on the platform is made from the event's number here: the same bytes in every run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from bench.sealed_messages import seal, signature, unseal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["DINGTALK", "FEISHU", "PLATFORMS", "WECOM", "CallbackRequest", "Platform", "for_api_gateway"]


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """One request: header names as the platform writes them, and the exact bytes."""

    headers: dict[str, str]
    body: bytes
    query: str = ""


@dataclass(frozen=True, slots=True)
class Platform:
    """
    A platform as the sender of callbacks to one app, which is fictitious.

    Args:
        credentials: the app's, by the names they are registered under.
        approved: returns the event that says that an approval was approved, by its number and the time it happens at
            in epoch seconds (the gate refuses old events). Every number is another approval and another event.
        acknowledged: whether the platform takes a function's answer for an acknowledgement, and does not send again.
    """

    credentials: Mapping[str, str]
    approved: Callable[[int, float], CallbackRequest]
    acknowledged: Callable[[Mapping[str, Any]], bool]


def for_api_gateway(request: CallbackRequest, provider: str, tenant: str, app: str) -> dict[str, Any]:
    """Return the request as an HTTP API hands it to a function, payload format 2.0."""
    path = f"/callbacks/{provider}/{tenant}/{app}"
    return {
        "version": "2.0",
        "routeKey": f"POST /callbacks/{provider}/{{tenant}}/{{app}}",
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "pathParameters": {"tenant": tenant, "app": app},
        "requestContext": {"http": {"method": "POST", "path": path}, "stage": "$default"},
        "body": request.body.decode(),
        "isBase64Encoded": False,
    }


_FEISHU: Final = {
    "app_id": "cli_a1b2c3d4e5f60718",
    "app_secret": "fictitious-app-secret",
    "encrypt_key": "EncKeyCicd2026Feishu0001",
    "verification_token": "vtokCicd2026FeishuVerify00000001",
}
_DINGTALK: Final = {
    "app_key": "dingbenchmark0000001",
    "app_secret": "fictitious-app-secret",
    "aes_key": "BenchmarkDingTalk0123456789abcdefghijklmnop",
    "token": "benchDingTalk2026",
    "corp_id": "ding9f50b15bccd16741",
}
_WECOM: Final = {
    "corp_id": "ww1a2b3c4d5e6f7890",
    "agent_id": "1000002",
    "secret": "fictitious-app-secret",
    "token": "benchWeCom2026",
    "encoding_aes_key": "BenchmarkWeCom0123456789abcdefghijklmnopqrs",
}


def _feishu_approved(number: int, now_epoch_s: float) -> CallbackRequest:
    """
    Return an event of Feishu or Lark.

    Sealed: `{"encrypt": base64(iv(16) | AES-256-CBC(PKCS#7-16(JSON)))}`, key SHA-256(Encrypt Key).
    Signed: hex SHA-256(timestamp | nonce | Encrypt Key | body).

    Source: Feishu developer docs, "Send notifications to developers' server" and "Approval instance status changed",
    read 2026-02-28.
    """
    now_ms = f"{now_epoch_s * 1000:.0f}"
    event = {
        "ts": f"{now_epoch_s:.7f}",
        "uuid": f"{number:032x}",
        "token": _FEISHU["verification_token"],
        "type": "event_callback",
        "event": {
            "app_id": _FEISHU["app_id"],
            "tenant_key": "1f2e3d4c5b6a7980",
            "type": "approval_instance",
            "approval_code": "7D9C1A52-3E4F-4B60-9A71-0C2D4E6F8A10",
            "instance_code": f"A7E2B6C1-58D3-4F0A-8B9C-{number:012X}",
            "status": "APPROVED",
            "operate_time": now_ms,
            "instance_operate_time": now_ms,
            "uuid": f"bench-{number}",
        },
    }
    iv, padder = _sixteen_bytes(number), PKCS7(128).padder()
    key = hashlib.sha256(_FEISHU["encrypt_key"].encode()).digest()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    sealed = iv + encryptor.update(padder.update(_json(event)) + padder.finalize()) + encryptor.finalize()
    body = _json({"encrypt": base64.b64encode(sealed).decode()})
    timestamp, nonce = f"{now_epoch_s:.0f}", f"{number:010d}"
    headers = {
        "Content-Type": "application/json;charset=utf-8",
        "X-Lark-Request-Timestamp": timestamp,
        "X-Lark-Request-Nonce": nonce,
        "X-Lark-Signature": hashlib.sha256((timestamp + nonce + _FEISHU["encrypt_key"]).encode() + body).hexdigest(),
    }
    return CallbackRequest(headers, body)


def _feishu_acknowledged(answer: Mapping[str, Any]) -> bool:
    """Tell by the status: the body means something for clicks on cards only."""
    return bool(answer["statusCode"] == 200)


def _dingtalk_approved(number: int, now_epoch_s: float) -> CallbackRequest:
    """
    Return an event of DingTalk, sealed for the app as subscriptions in the developer console are.

    Source: DingTalk developer docs, "HTTP event callback" and "bpms_instance_change", read 2026-02-28. The signature
    stands under both names: the page says one, the vendor's samples read the other.
    """
    now_ms = int(now_epoch_s * 1000)
    event = {
        "EventType": "bpms_instance_change",
        "EventTime": now_ms,
        "CorpId": _DINGTALK["corp_id"],
        "BizId": str(now_ms),
        "eventId": f"{number:032x}",
        "createTime": now_ms - 3_600_000,
        "finishTime": now_ms,
        "processInstanceId": f"kT9fXw2mQ1q{number:011d}",
        "processCode": "PROC-27BBC5E6-DFFA-4EC3-A1F1-0123456789AB",
        "businessId": f"20260101080{number:010d}",
        "bizCategoryId": "",
        "businessType": "",
        "title": "申请人提交的流水线审批",
        "url": "https://aflow.dingtalk.com/dingtalk/mobile/homepage.htm?dd_share=false",
        "staffId": "manager164",
        "type": "finish",
        "result": "agree",
    }
    sealed = seal(_json(event), _DINGTALK["app_key"], _DINGTALK["aes_key"], _sixteen_bytes(number))
    timestamp, nonce = str(now_ms), f"{number:08d}"
    signed = signature(_DINGTALK["token"], timestamp, nonce, sealed)
    query = {"signature": signed, "msg_signature": signed, "timestamp": timestamp, "nonce": nonce}
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return CallbackRequest(headers, _json({"encrypt": sealed}), urlencode(query))


def _dingtalk_acknowledged(answer: Mapping[str, Any]) -> bool:
    """Tell by the word `success`, signed, and sealed for the app; anything else counts as a failed delivery."""
    try:
        reply = json.loads(answer["body"])
        signed = signature(_DINGTALK["token"], reply["timeStamp"], reply["nonce"], reply["encrypt"])
        is_signed = reply["msg_signature"] == signed
        opened = unseal(reply["encrypt"], _DINGTALK["aes_key"])
    except (ValueError, KeyError, TypeError):
        return False
    return answer["statusCode"] == 200 and is_signed and opened == (b"success", _DINGTALK["app_key"])


def _wecom_approved(number: int, now_epoch_s: float) -> CallbackRequest:
    """
    Return an event of WeCom: the whole application, with one node and one approver.

    Source: WeCom developer docs, "Encryption and decryption" and "Approval status change event", read 2026-02-28.
    """
    now_s = int(now_epoch_s)
    to_user = f"<ToUserName><![CDATA[{_WECOM['corp_id']}]]></ToUserName>"
    event = (
        f"<xml>{to_user}<FromUserName><![CDATA[sys]]></FromUserName><CreateTime>{now_s}</CreateTime>"
        "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[sys_approval_change]]></Event>"
        f"<AgentID>{_WECOM['agent_id']}</AgentID>"
        f"<ApprovalInfo><SpNoStr><![CDATA[20260115{number:06d}]]></SpNoStr><SpStatus>2</SpStatus>"
        f"<TemplateId><![CDATA[3TkaH5KFbrG9heEQ]]></TemplateId><ApplyTime>{now_s - 3600}</ApplyTime>"
        "<Applyer><UserId><![CDATA[ci.bot]]></UserId><Party><![CDATA[2]]></Party></Applyer>"
        "<ProcessList><NodeList><NodeType>1</NodeType><SpStatus>2</SpStatus><ApvRel>1</ApvRel>"
        "<SubNodeList><UserInfo><UserId><![CDATA[alice]]></UserId></UserInfo>"
        f"<Speech><![CDATA[同意]]></Speech><SpYj>2</SpYj><Sptime>{now_s}</Sptime></SubNodeList>"
        "</NodeList></ProcessList><StatuChangeEvent>2</StatuChangeEvent></ApprovalInfo></xml>"
    )
    sealed = seal(event.encode(), _WECOM["corp_id"], _WECOM["encoding_aes_key"], _sixteen_bytes(number))
    timestamp, nonce = str(now_s), f"{number:010d}"
    signed = signature(_WECOM["token"], timestamp, nonce, sealed)
    agent = f"<AgentID><![CDATA[{_WECOM['agent_id']}]]></AgentID>"
    body = f"<xml>{to_user}<Encrypt><![CDATA[{sealed}]]></Encrypt>{agent}</xml>".encode()
    query = {"msg_signature": signed, "timestamp": timestamp, "nonce": nonce}
    return CallbackRequest({"Content-Type": "text/xml"}, body, urlencode(query))


def _wecom_acknowledged(answer: Mapping[str, Any]) -> bool:
    """
    Tell by the body: empty, or the word `success`.

    Source: WeCom developer docs, "Callback configuration", read 2026-02-28.
    """
    return answer["statusCode"] == 200 and answer["body"] in {"", "success"}


def _sixteen_bytes(number: int) -> bytes:
    return hashlib.md5(str(number).encode(), usedforsecurity=False).digest()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


FEISHU: Final = Platform(_FEISHU, _feishu_approved, _feishu_acknowledged)
DINGTALK: Final = Platform(_DINGTALK, _dingtalk_approved, _dingtalk_acknowledged)
WECOM: Final = Platform(_WECOM, _wecom_approved, _wecom_acknowledged)
PLATFORMS: Final = {"feishu": FEISHU, "lark": FEISHU, "dingtalk": DINGTALK, "wecom": WECOM}
"""By provider. Lark sends what Feishu sends."""
