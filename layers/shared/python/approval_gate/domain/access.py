"""Who may do what: tenants, API tokens and their scopes."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

__all__ = ["OPERATOR_SCOPE", "SCOPES", "TENANT_ID", "ApiToken", "Tenant", "new_token"]

OPERATOR_SCOPE = "tenants:admin"
"""Of whoever runs the installation: tenants, and the tokens of every tenant. All other scopes end at the own tenant."""

SCOPES = (
    "approvals:write",
    "approvals:read",
    "notifications:write",
    "apps:admin",
    "tokens:admin",
    OPERATOR_SCOPE,
)

TENANT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""It becomes part of keys, paths and names of secrets."""

_TOKEN_BYTES = 32
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Tenant:
    """One customer of the installation; nothing of one is seen by another."""

    id: str
    created_at: datetime
    name: str = ""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """
    What is known of an API token; not the token itself.

    Args:
        name: who holds it; histories name them.
        hint: the last characters of the token, to recognise it by.
        created_by: name of the token that asked for it.
        last_used_at: to the hour.
    """

    id: str
    tenant: str
    name: str
    scopes: tuple[str, ...]
    hint: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    last_used_at: datetime | None = None


def new_token(entropy: Callable[[int], bytes]) -> tuple[str, str]:
    """Return a new API token, `agt_` and 43 characters of URL-safe base64, and its hint."""
    token = "agt_" + base64.urlsafe_b64encode(entropy(_TOKEN_BYTES)).decode().rstrip("=")
    return token, token[-_SHOWN:]
