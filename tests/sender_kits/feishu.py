"""Feishu and Lark, which look people up by e-mail."""

from __future__ import annotations

from approval_gate.domain.approval import PersonKind
from tests.sender_kits import Call, SenderKit

__all__ = ["KITS"]

_PEOPLE = ("lead", "dev", "qa", "ops", "release", "oncall")


def _kit(provider: str) -> SenderKit:
    return SenderKit(
        provider=provider,
        credentials={
            "app_id": "cli_demo_gate",
            "app_secret": "demo-gate-secret",
            "encrypt_key": "demo-encrypt-key-0001",
            "verification_token": "demo-verification-token-01",
        },
        token_field="tenant_access_token",
        kind=PersonKind.EMAIL,
        addresses={name: f"{name}@example.com" for name in _PEOPLE},
        strangers=("nobody@example.com", "somebody@example.com"),
        fetch_token=Call("POST", "/open-apis/auth/v3/tenant_access_token/internal"),
        find_people=Call("POST", "/open-apis/contact/v3/users/batch_get_id"),
        create=Call("POST", "/open-apis/approval/v4/instances"),
        read=Call("GET", "/open-apis/approval/v4/instances/*"),
        withdraw=Call("POST", "/open-apis/approval/v4/instances/cancel"),
    )


KITS = [_kit("feishu"), _kit("lark")]
