"""Bodies of the API for tenants and API tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from approval_gate.api.models import Line
from approval_gate.domain.access import SCOPES, TENANT_ID, ApiToken, Tenant
from approval_gate.services.tokens import WantedToken

__all__ = [
    "NewTokenBody",
    "TenantBody",
    "TenantListBody",
    "TenantRequestBody",
    "TokenBody",
    "TokenListBody",
    "TokenRequestBody",
    "tenant_view",
    "token_view",
]

_LAST_YEAR = 9000


def _tenant_id(text: str) -> str:
    if not TENANT_ID.fullmatch(text):
        raise ValueError("use up to 64 letters, digits, - and _, first a letter or a digit")
    return text


def _within_reckoning(end: datetime) -> datetime:
    """A date at the end of the calendar means "never", and nothing can be added to it."""
    if end.year > _LAST_YEAR:
        raise ValueError("is too far away; leave it out for a token that does not expire")
    return end


type TenantId = Annotated[str, StringConstraints(max_length=64), AfterValidator(_tenant_id)]


class TenantRequestBody(BaseModel):
    """A tenant to create. Its id becomes part of callback addresses and can never be used again."""

    model_config = ConfigDict(extra="forbid")

    id: TenantId
    name: Annotated[str, StringConstraints(max_length=200)] = ""


class TenantBody(BaseModel):
    """One tenant."""

    id: str
    name: str
    created_at: datetime


class TenantListBody(BaseModel):
    """Every tenant of the installation."""

    tenants: list[TenantBody]


class TokenRequestBody(BaseModel):
    """An API token to issue."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Line, Field(description="Who holds it; histories name them.")]
    scopes: Annotated[list[str], Field(min_length=1, max_length=20, description=f"Of: {' '.join(SCOPES)}.")]
    tenant: TenantId | None = Field(default=None, description="Your own when left out.")
    expires_at: Annotated[AwareDatetime, AfterValidator(_within_reckoning)] | None = Field(
        default=None, description="Never when left out."
    )

    def to_domain(self) -> WantedToken:
        """Return what is wanted."""
        end = self.expires_at.astimezone(UTC) if self.expires_at else None
        return WantedToken(self.name, tuple(self.scopes), self.tenant or "", end)


class TokenBody(BaseModel):
    """What is known of an API token."""

    id: str
    tenant: str
    name: str
    scopes: list[str]
    hint: str = Field(description="Its last characters.")
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To the hour.")


class NewTokenBody(TokenBody):
    """An issued token. This is the only time it is shown."""

    token: str


class TokenListBody(BaseModel):
    """A tenant's tokens, oldest first."""

    tokens: list[TokenBody]


def tenant_view(tenant: Tenant) -> TenantBody:
    """Return a tenant as the public API shows it."""
    return TenantBody(id=tenant.id, name=tenant.name, created_at=tenant.created_at)


def token_view(token: ApiToken) -> TokenBody:
    """Return a token as the public API shows it."""
    return TokenBody(
        id=token.id,
        tenant=token.tenant,
        name=token.name,
        scopes=list(token.scopes),
        hint=f"…{token.hint}",
        created_at=token.created_at,
        created_by=token.created_by,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )
