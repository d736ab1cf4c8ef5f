"""WeCom, which has no call to withdraw."""

from __future__ import annotations

from approval_gate.domain.approval import PersonKind
from tests.sender_kits import Call, SenderKit

__all__ = ["KITS"]

KITS = [
    SenderKit(
        provider="wecom",
        credentials={
            "corp_id": "ww0demo0gate0company",
            "agent_id": "1000002",
            "secret": "demo-gate-secret",
            "token": "demoGateToken2026",
            "encoding_aes_key": "demoGateEncodingAESKey0demoGateEncodingAES0",
        },
        token_field="access_token",
        kind=PersonKind.EMAIL,
        addresses={name: f"{name}@example.com" for name in ("lead", "dev", "qa", "ops", "release", "oncall")},
        strangers=("nobody@example.com", "somebody@example.com"),
        fetch_token=Call("GET", "/cgi-bin/gettoken"),
        find_people=Call("POST", "/cgi-bin/user/get_userid_by_email"),
        create=Call("POST", "/cgi-bin/oa/applyevent"),
        read=Call("POST", "/cgi-bin/oa/getapprovaldetail"),
        withdraw=None,
    )
]
