"""
Keys of the single table. Every key that belongs to a tenant names it; nothing else in the project spells a key.

| item                              | PK                                    | SK                   |
|-----------------------------------|---------------------------------------|----------------------|
| approval                          | APPROVAL#<id>                         | APPROVAL             |
| its history                       | APPROVAL#<id>                         | HISTORY#<seq>        |
| provider reference -> approval    | REF#<provider>#<tenant>#<app>#<ref>   | APPROVAL             |
| journal of callbacks              | REF#<provider>#<tenant>#<app>#<ref>   | EVENT#<dedupe key>   |
| app                               | TENANT#<tenant>                       | APP#<app>            |
| owner of a vendor identity        | IDENTITY#<provider>#<vendor identity> | IDENTITY             |
| access token                      | TOKEN#<provider>#<tenant>#<app>       | TOKEN#<vendor id>    |
| definition or form template       | FORM#<provider>#<tenant>#<app>        | FORM#<key>           |
| idempotency                       | IDEMPOTENCY#<tenant>#<key>            | REQUEST              |
| latest of a supersede key         | SUPERSEDE#<tenant>#<key>              | APPROVAL             |
| notification                      | NOTIFICATION#<id>                     | NOTIFICATION         |
| one destination of it             | NOTIFICATION#<id>                     | DELIVERY#<n>         |
| API token                         | APITOKEN#<sha256>                     | APITOKEN             |

Tenant and app ids hold no `#` (checked where they enter), so no two tenants' keys can meet.
"""

from __future__ import annotations

import hashlib

__all__ = [
    "Key",
    "access_token",
    "api_token",
    "app",
    "approval",
    "form",
    "history",
    "idempotency",
    "identity",
    "journal",
    "notification",
    "ref",
    "ref_partition",
    "supersede",
    "tenant_partition",
]

type Key = dict[str, dict[str, str]]
"""A primary key in DynamoDB's typed form."""

_DIRECT_LENGTH = 200


def approval(approval_id: str) -> Key:
    return _key(f"APPROVAL#{approval_id}", "APPROVAL")


def history(approval_id: str, seq: int) -> Key:
    return _key(f"APPROVAL#{approval_id}", f"HISTORY#{seq:08d}")


def ref_partition(provider: str, tenant: str, app_id: str, provider_ref: str) -> str:
    return f"REF#{provider}#{tenant}#{app_id}#{provider_ref}"


def ref(provider: str, tenant: str, app_id: str, provider_ref: str) -> Key:
    return _key(ref_partition(provider, tenant, app_id, provider_ref), "APPROVAL")


def journal(provider: str, tenant: str, app_id: str, provider_ref: str, dedupe_key: str) -> Key:
    """Return the key of one journaled callback; a dedupe key too long for DynamoDB is replaced by its digest."""
    short = dedupe_key if len(dedupe_key) <= _DIRECT_LENGTH else hashlib.sha256(dedupe_key.encode()).hexdigest()
    return _key(ref_partition(provider, tenant, app_id, provider_ref), f"EVENT#{short}")


def tenant_partition(tenant: str) -> str:
    return f"TENANT#{tenant}"


def app(tenant: str, app_id: str) -> Key:
    return _key(tenant_partition(tenant), f"APP#{app_id}")


def identity(provider: str, vendor_identity: str) -> Key:
    return _key(f"IDENTITY#{provider}#{vendor_identity}", "IDENTITY")


def access_token(provider: str, tenant: str, app_id: str, vendor_identity: str) -> Key:
    """Return the key of an access token; an app registered anew with another identity must not find the old one's."""
    return _key(f"TOKEN#{provider}#{tenant}#{app_id}", f"TOKEN#{vendor_identity}")


def form(provider: str, tenant: str, app_id: str, form_key: str) -> Key:
    return _key(f"FORM#{provider}#{tenant}#{app_id}", f"FORM#{form_key}")


def idempotency(tenant: str, caller_key: str) -> Key:
    """Return the key of a caller's Idempotency-Key, digested: callers choose it freely, `#` included."""
    return _key(f"IDEMPOTENCY#{tenant}#{hashlib.sha256(caller_key.encode()).hexdigest()}", "REQUEST")


def supersede(tenant: str, supersede_key: str) -> Key:
    """Return the key under which the latest approval of a supersede key is known, digested like the above."""
    return _key(f"SUPERSEDE#{tenant}#{hashlib.sha256(supersede_key.encode()).hexdigest()}", "APPROVAL")


def notification(notification_id: str) -> Key:
    return _key(f"NOTIFICATION#{notification_id}", "NOTIFICATION")


def api_token(token: str) -> Key:
    """Return the key of an API token. Only its digest is ever stored."""
    return _key(f"APITOKEN#{hashlib.sha256(token.encode()).hexdigest()}", "APITOKEN")


def _key(pk: str, sk: str) -> Key:
    return {"PK": {"S": pk}, "SK": {"S": sk}}
