"""Issue and revoke API tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from approval_gate.domain.access import OPERATOR_SCOPE, SCOPES, ApiToken, new_token
from approval_gate.errors import FieldProblem, Forbidden, NotFound, RequestError

__all__ = ["TokenIssuer", "Tokens", "WantedToken", "Who"]

_ID_BYTES = 12


class Tokens(Protocol):
    """API tokens in the table; see `store.tokens.DynamoTokens`."""

    def add(self, token: str, known: ApiToken) -> None:
        """Store a new token of a tenant that exists."""
        ...

    def list(self, tenant: str) -> tuple[ApiToken, ...]:
        """Return what is known of a tenant's tokens, oldest first."""
        ...

    def remove(self, tenant: str, token_id: str) -> bool:
        """End a token at once; False when the tenant has none of that id."""
        ...


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks: tenant, name and scopes of the token used."""

    tenant: str
    name: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class WantedToken:
    """A token to issue; `tenant` empty for the asker's own."""

    name: str
    scopes: tuple[str, ...]
    tenant: str = ""
    expires_at: datetime | None = None


class TokenIssuer:
    """
    Issue, list and revoke API tokens.

    Whoever asks reaches the tokens of their own tenant; with the operator's scope those of every tenant. Nobody gives a
    scope that they do not have, and the operator's scope does not leave the operator's tenant.
    """

    def __init__(self, tokens: Tokens, clock: Callable[[], datetime], entropy: Callable[[int], bytes]) -> None:
        self._tokens = tokens
        self._clock = clock
        self._entropy = entropy

    def issue(self, who: Who, wanted: WantedToken) -> tuple[ApiToken, str]:
        """
        Return what is stored, and the token itself, which is not.

        Raises:
            RequestError: an unknown scope, or an end that has passed.
            Forbidden: a scope or a tenant that the asker does not reach.
            NotFound: no such tenant; only an operator is told.
        """
        tenant, now = _reached(who, wanted.tenant), self._clock()
        _check_scopes(who, tenant, wanted.scopes)
        if wanted.expires_at is not None and wanted.expires_at <= now:
            problem = FieldProblem("expires_at", "must be in the future")
            raise RequestError("The token would have expired already.", problems=(problem,))
        token, hint = new_token(self._entropy)
        known = ApiToken(
            id=f"tok_{self._entropy(_ID_BYTES).hex()}",
            tenant=tenant,
            name=wanted.name,
            scopes=tuple(scope for scope in SCOPES if scope in wanted.scopes),
            hint=hint,
            created_at=now,
            created_by=who.name,
            expires_at=wanted.expires_at,
        )
        self._tokens.add(token, known)
        return known, token

    def list(self, who: Who, tenant: str) -> tuple[ApiToken, ...]:
        """
        Return what is known of the tokens of a tenant, empty for the asker's own.

        Raises:
            Forbidden: another tenant's.
        """
        return self._tokens.list(_reached(who, tenant))

    def revoke(self, who: Who, tenant: str, token_id: str) -> None:
        """
        End a token; from the next request on it opens nothing.

        Raises:
            Forbidden: another tenant's.
            NotFound: the tenant has none of that id.
        """
        if not self._tokens.remove(_reached(who, tenant), token_id):
            raise NotFound(f"There is no API token {token_id!r}. GET /v1/tokens lists them.", code="token_not_found")


def _reached(who: Who, tenant: str) -> str:
    """Return the tenant meant; the same refusal for one that exists and one that does not."""
    if tenant in {"", who.tenant} or OPERATOR_SCOPE in who.scopes:
        return tenant or who.tenant
    raise Forbidden(f"This API token reaches its own tenant only. {OPERATOR_SCOPE} would reach others.")


def _check_scopes(who: Who, tenant: str, scopes: tuple[str, ...]) -> None:
    if unknown := sorted(set(scopes) - set(SCOPES)):
        problem = FieldProblem("scopes", f"{' '.join(unknown)}: unknown; choose from {' '.join(SCOPES)}")
        raise RequestError("The token's scopes must change.", problems=(problem,))
    if beyond := sorted(set(scopes) - who.scopes):
        raise Forbidden(
            f"This API token cannot give what it does not have: {' '.join(beyond)}.", code="scope_beyond_own"
        )
    if OPERATOR_SCOPE in scopes and tenant != who.tenant:
        raise Forbidden(f"{OPERATOR_SCOPE} can be given to tokens of your own tenant only.", code="scope_beyond_own")
