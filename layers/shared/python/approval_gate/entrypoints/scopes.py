"""
Which scopes open a route: any one of them does.

A request is held against this before anything of it is read, so that whoever may not ask is told so first, and not what
is wrong with a body that would be refused all the same. Each route requires its scope once more in its own code.
"""

from __future__ import annotations

from collections.abc import Mapping

from approval_gate.domain.access import OPERATOR_SCOPE

__all__ = ["OPENED_BY"]

_ASK = ("approvals:write",)
_WATCH = ("approvals:read", "approvals:write")
_TELL = ("notifications:write",)
_TOLD = ("notifications:write", "approvals:read")
_ADMIN = ("apps:admin",)
_PICK = ("apps:admin", "approvals:write", "notifications:write")
_TOKENS = ("tokens:admin", OPERATOR_SCOPE)
_OPERATE = (OPERATOR_SCOPE,)

OPENED_BY: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("POST", "/v1/approvals"): _ASK,
    ("GET", "/v1/approvals"): _WATCH,
    ("GET", "/v1/approvals/<approval_id>"): _WATCH,
    ("GET", "/v1/approvals/<approval_id>/history"): _WATCH,
    ("POST", "/v1/approvals/<approval_id>/cancel"): _ASK,
    ("POST", "/v1/approvals/<approval_id>/remind"): _ASK,
    ("POST", "/v1/notifications"): _TELL,
    ("GET", "/v1/notifications/<notification_id>"): _TOLD,
    ("GET", "/v1/templates"): _TOLD,
    ("GET", "/v1/templates/<name>"): _TOLD,
    ("PUT", "/v1/templates/<name>"): _TELL,
    ("DELETE", "/v1/templates/<name>"): _TELL,
    ("POST", "/sys/thirdApp/sendMessageTest"): _TELL,
    ("POST", "/v1/apps"): _ADMIN,
    ("GET", "/v1/apps"): _ADMIN,
    ("GET", "/v1/apps/<app_id>"): _ADMIN,
    ("PUT", "/v1/apps/<app_id>"): _ADMIN,
    ("DELETE", "/v1/apps/<app_id>"): _ADMIN,
    ("POST", "/v1/apps/<app_id>/check"): _ADMIN,
    ("POST", "/v1/apps/<app_id>/contacts/sync"): _ADMIN,
    ("GET", "/v1/apps/<app_id>/contacts/sync"): _ADMIN,
    ("GET", "/v1/apps/<app_id>/contacts/users"): _PICK,
    ("GET", "/v1/apps/<app_id>/contacts/departments"): _PICK,
    ("GET", "/v1/apps/<app_id>/chats"): _PICK,
    ("POST", "/v1/webhook-secrets"): _ADMIN,
    ("GET", "/v1/webhook-secrets"): _ADMIN,
    ("DELETE", "/v1/webhook-secrets/<secret_id>"): _ADMIN,
    ("GET", "/v1/webhook-endpoints"): _ADMIN,
    ("POST", "/v1/webhook-endpoints/<endpoint_id>/enable"): _ADMIN,
    ("POST", "/v1/tokens"): _TOKENS,
    ("GET", "/v1/tokens"): _TOKENS,
    ("DELETE", "/v1/tokens/<token_id>"): _TOKENS,
    ("POST", "/v1/tenants"): _OPERATE,
    ("GET", "/v1/tenants"): _OPERATE,
    ("GET", "/v1/tenants/<tenant>"): _OPERATE,
    ("DELETE", "/v1/tenants/<tenant>"): _OPERATE,
}
