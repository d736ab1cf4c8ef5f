"""
Keys of the single table. Every key that belongs to a tenant names it; nothing else in the project spells a key.

| item                              | PK                                    | SK                   |
|-----------------------------------|---------------------------------------|----------------------|
| approval                          | APPROVAL#<id>                         | APPROVAL             |
| its history                       | APPROVAL#<id>                         | HISTORY#<seq>        |
| provider reference -> approval    | REF#<provider>#<tenant>#<app>#<ref>   | APPROVAL             |
| journal of callbacks              | REF#<provider>#<tenant>#<app>#<ref>   | EVENT#<dedupe key>   |
| last refused callback of an app   | REF#<provider>#<tenant>#<app>#        | REFUSED              |
| app                               | TENANT#<tenant>                       | APP#<app>            |
| owner of a vendor identity        | IDENTITY#<provider>#<vendor identity> | IDENTITY             |
| access token                      | TOKEN#<provider>#<tenant>#<app>       | TOKEN#<vendor id>    |
| definition or form template       | FORM#<provider>#<tenant>#<app>        | FORM#<key>           |
| idempotency                       | IDEMPOTENCY#<tenant>#<key>            | REQUEST              |
| latest of a supersede key         | SUPERSEDE#<tenant>#<key>              | APPROVAL             |
| notification                      | NOTIFICATION#<id>                     | NOTIFICATION         |
| one destination of it             | NOTIFICATION#<id>                     | DELIVERY#<n>         |
| message about an open approval    | CARDS#<approval id>                   | CARD#<notification>#<n> |
| what leads to one destination     | LANE#<tenant>#<app>#<digest>          | LANE                 |
| who waits for it, oldest first    | LANE#<tenant>#<app>#<digest>          | WAITING#<time>#<notification>#<n> |
| message template                  | TEMPLATES#<tenant>                    | TEMPLATE#<name>      |
| a tenant's webhook secrets, by id | TENANT#<tenant>                       | WEBHOOKSECRETS       |
| a webhook address that fails      | ENDPOINTS#<tenant>                    | ENDPOINT#<id>        |
| API token                         | APITOKEN#<sha256>                     | APITOKEN             |
| what its tenant is shown of it    | TENANT#<tenant>                       | TOKEN#<token id>     |
| tenant                            | TENANTS                               | TENANT#<tenant>      |
| person, department, group, chat   | CONTACTS#<tenant>#<app>#<vendor id>   | USER# DEPT# GROUP# CHAT#<id> |
| who has an address                | the same                              | BY#<kind>#<value>    |
| index of people to search in      | the same                              | SEARCH, SEARCH#<generation>#<n> |
| last report, what a run has read  | the same                              | REPORT, STAGE#<run>#<n> |
| how far synchronisation is        | SYNC                                  | APP#<tenant>#<app>   |
| contacts changed, says a callback | CHANGED#<provider>                    | APP#<tenant>#<app>   |

Tenant and app ids hold no `#` (checked where they enter), so no two tenants' keys can meet.
"""

from __future__ import annotations

import hashlib

__all__ = [
    "Key",
    "access_token",
    "api_token",
    "api_token_by_digest",
    "app",
    "approval",
    "card",
    "cards_partition",
    "changed",
    "contact",
    "contact_address",
    "contacts_partition",
    "delivery",
    "endpoint",
    "endpoints_partition",
    "form",
    "history",
    "idempotency",
    "identity",
    "journal",
    "lane",
    "lane_partition",
    "notification",
    "ref",
    "ref_partition",
    "refusal",
    "supersede",
    "sync",
    "sync_partition",
    "template",
    "templates_partition",
    "tenant",
    "tenant_partition",
    "tenant_token",
    "tenants_partition",
    "waiting",
    "webhook_secrets",
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


def refusal(provider: str, tenant: str, app_id: str) -> Key:
    """Return the key of the last refused callback; tenant and app come from a stranger's path and may be anything."""
    return _key(ref_partition(provider, tenant[:_DIRECT_LENGTH], app_id[:_DIRECT_LENGTH], ""), "REFUSED")


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


def delivery(notification_id: str, number: int) -> Key:
    return _key(f"NOTIFICATION#{notification_id}", f"DELIVERY#{number:04d}")


def cards_partition(approval_id: str) -> str:
    return f"CARDS#{approval_id}"


def card(approval_id: str, notification_id: str, number: int) -> Key:
    """Return the key of a card; not beside its approval, so that who writes cards need not write approvals."""
    return _key(cards_partition(approval_id), f"CARD#{notification_id}#{number:04d}")


def lane_partition(tenant: str, app_id: str, digest: str) -> str:
    return f"LANE#{tenant}#{app_id}#{digest}"


def lane(tenant: str, app_id: str, digest: str) -> Key:
    return _key(lane_partition(tenant, app_id, digest), "LANE")


def waiting(lane_pk: str, since: str, notification_id: str, number: int) -> Key:
    """Return the key of a place on a lane's waiting list; `since` in ISO 8601, so that they sort by age."""
    return _key(lane_pk, f"WAITING#{since}#{notification_id}#{number:04d}")


def templates_partition(tenant: str) -> str:
    return f"TEMPLATES#{tenant}"


def template(tenant: str, name: str) -> Key:
    return _key(templates_partition(tenant), f"TEMPLATE#{name}")


def webhook_secrets(tenant: str) -> Key:
    """Return the key of the list of a tenant's webhook secrets: ids and times, no values."""
    return _key(tenant_partition(tenant), "WEBHOOKSECRETS")


def endpoints_partition(tenant: str) -> str:
    return f"ENDPOINTS#{tenant}"


def endpoint(tenant: str, endpoint_id: str) -> Key:
    return _key(endpoints_partition(tenant), f"ENDPOINT#{endpoint_id}")


def api_token(token: str) -> Key:
    """Return the key of an API token. Only its digest is ever stored."""
    return api_token_by_digest(hashlib.sha256(token.encode()).hexdigest())


def api_token_by_digest(sha256_hex: str) -> Key:
    return _key(f"APITOKEN#{sha256_hex}", "APITOKEN")


def tenant_token(tenant_id: str, token_id: str) -> Key:
    return _key(tenant_partition(tenant_id), f"TOKEN#{token_id}")


def tenants_partition() -> str:
    return "TENANTS"


def tenant(tenant_id: str) -> Key:
    return _key(tenants_partition(), f"TENANT#{tenant_id}")


def contacts_partition(tenant: str, app_id: str, vendor_identity: str) -> str:
    """Return the partition of an app's contacts; ids of people may mean others under another vendor identity."""
    return f"CONTACTS#{tenant}#{app_id}#{vendor_identity}"


def contact(partition: str, kind: str, contact_id: str) -> Key:
    """Return the key of one of an app's contacts; kind is USER, DEPT, GROUP, CHAT or one of the table above."""
    return _key(partition, f"{kind}#{_short(contact_id)}")


def contact_address(partition: str, kind: str, value: str) -> Key:
    """Return the key under which the owners of an address are known."""
    return _key(partition, f"BY#{kind}#{_short(value)}")


def sync_partition() -> str:
    return "SYNC"


def sync(tenant: str, app_id: str) -> Key:
    return _key(sync_partition(), f"APP#{tenant}#{app_id}")


def changed(provider: str, tenant: str, app_id: str) -> Key:
    """Return the key of the mark that a callback leaves when contacts changed."""
    return _key(f"CHANGED#{provider}", f"APP#{tenant}#{app_id}")


def _short(text: str) -> str:
    """Return a text that fits into a sort key: itself, or its digest."""
    return text if len(text.encode()) <= _DIRECT_LENGTH * 4 else hashlib.sha256(text.encode()).hexdigest()


def _key(pk: str, sk: str) -> Key:
    return {"PK": {"S": pk}, "SK": {"S": sk}}
