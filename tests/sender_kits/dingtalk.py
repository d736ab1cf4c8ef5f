"""DingTalk, which looks people up by mobile number."""

from __future__ import annotations

from approval_gate.domain.approval import PersonKind
from tests.sender_kits import Call, SenderKit

__all__ = ["KITS"]

KITS = [
    SenderKit(
        provider="dingtalk",
        credentials={
            "app_key": "dingdemogate0000001",
            "app_secret": "demo-gate-secret",
            "aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
            "token": "demoEventToken01",
        },
        token_field="accessToken",
        kind=PersonKind.MOBILE,
        addresses={
            "lead": "+8613800000001",
            "dev": "+8613800000002",
            "qa": "+6591234567",
            "ops": "+8613800000004",
            "release": "+4670123456",
            "oncall": "+8613800000006",
        },
        strangers=("+8613900000001", "+8613900000002"),
        fetch_token=Call("POST", "/v1.0/oauth2/accessToken"),
        find_people=Call("POST", "/topapi/v2/user/getbymobile"),
        create=Call("POST", "/v1.0/workflow/processInstances"),
        read=Call("GET", "/v1.0/workflow/processInstances"),
        withdraw=Call("POST", "/v1.0/workflow/processInstances/terminate"),
    )
]
