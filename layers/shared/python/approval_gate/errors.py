"""
Every error the gate raises on purpose.

GateError
|- ConfigurationError        500  an operator must act
|- RequestError              400  the caller's mistake
|  |- Unauthenticated        401
|  |- Forbidden              403
|  |- NotFound               404
|  |  |- ApprovalNotFound
|  |  `- AppNotFound
|  `- Conflict               409
|     |- IdempotencyMismatch      same key, other request
|     |- IdentityInUse            the vendor identity is registered already
|     `- AppExists
|- RemindedAlready           429  too soon after the last reminder; retry_after_s
|- ApprovalAlreadyDecided    409  carries the stored outcome
|- CallbackRejected          401  unproven; the caller is told nothing, the log says which check
|- ProviderError             502  provider, operation, vendor code, vendor request id
|  |- ProviderRejected            will fail again: fix the request or the permission
|  |  |- PeopleNotFound           names each person, the field and the remedy
|  |  `- ProviderQuotaUsedUp      no calls until the month ends, or more are bought
|  `- ProviderUnavailable         may work later; retry_after_s
|     `- ProviderThrottled
|- EndpointRefused           502  a webhook's receiver: trying again is no use
|- EndpointUnavailable       502  a webhook's receiver: may work later; retry_after_s
`- StoreError                503
   `- VersionConflict             reload and decide again

`code` is stable: clients and metrics may rely on it. The text says what to do next.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AppExists",
    "AppNotFound",
    "ApprovalAlreadyDecided",
    "ApprovalNotFound",
    "CallbackRejected",
    "ConfigurationError",
    "Conflict",
    "EndpointRefused",
    "EndpointUnavailable",
    "FieldProblem",
    "Forbidden",
    "GateError",
    "IdempotencyMismatch",
    "IdentityInUse",
    "NotFound",
    "PeopleNotFound",
    "PersonProblem",
    "ProviderError",
    "ProviderQuotaUsedUp",
    "ProviderRejected",
    "ProviderThrottled",
    "ProviderUnavailable",
    "RemindedAlready",
    "RequestError",
    "StoreError",
    "Unauthenticated",
    "VersionConflict",
]


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing to change in a request: `field` is a path such as `stages[0].approvers[1].email`."""

    field: str
    problem: str


@dataclass(frozen=True, slots=True)
class PersonProblem:
    """
    One person the platform could not name exactly.

    Args:
        field: path in the request, such as `stages[0].approvers[1].email`.
        given: what the request said.
        problem: what is wrong, one English clause.
        remedy: what to change and where, one English sentence.
    """

    field: str
    given: str
    problem: str
    remedy: str


class GateError(Exception):
    """Base of every error the gate raises on purpose."""

    code = "gate_error"
    status = 500

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class ConfigurationError(GateError):
    """An operator must act: a setting or a secret is missing or wrong."""

    code = "configuration"


class RequestError(GateError):
    """The caller's mistake; `problems` names the fields to change."""

    code = "invalid_request"
    status = 400

    def __init__(self, message: str, *, code: str | None = None, problems: tuple[FieldProblem, ...] = ()) -> None:
        super().__init__(message, code=code)
        self.problems = problems


class Unauthenticated(RequestError):
    """No API token, or one that is unknown or expired."""

    code = "unauthenticated"
    status = 401


class Forbidden(RequestError):
    """The API token does not reach this far."""

    code = "forbidden"
    status = 403


class NotFound(RequestError):
    """Nothing of that name in the caller's tenant."""

    code = "not_found"
    status = 404


class ApprovalNotFound(NotFound):
    """No such approval in the caller's tenant."""

    code = "approval_not_found"


class AppNotFound(NotFound):
    """No such app in the caller's tenant."""

    code = "app_not_found"


class Conflict(RequestError):
    """The request contradicts what is stored."""

    code = "conflict"
    status = 409


class IdempotencyMismatch(Conflict):
    """The Idempotency-Key was used before with another body."""

    code = "idempotency_mismatch"


class IdentityInUse(Conflict):
    """The vendor identity is registered already, in this or another tenant."""

    code = "identity_in_use"


class AppExists(Conflict):
    """An app of that id exists in the tenant."""

    code = "app_exists"


class ApprovalAlreadyDecided(GateError):
    """The approval has an outcome; the caller should adopt it."""

    code = "already_decided"
    status = 409


class RemindedAlready(GateError):
    """The approvers were reminded a moment ago; `retry_after_s` until they may be again."""

    code = "reminded_already"
    status = 429

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class CallbackRejected(GateError):
    """A callback that is not proven to come from the platform. `check` names the failed check, for the log only."""

    code = "callback_rejected"
    status = 401

    def __init__(self, check: str) -> None:
        super().__init__(f"callback rejected: {check}")
        self.check = check


class ProviderError(GateError):
    """
    A platform's API did not do what was asked.

    Args:
        message: what happened and what to do next. Never the vendor's own text with ids or secrets in it.
        provider: provider name.
        operation: our name of the call, such as `create_instance`.
        vendor_code: the platform's own error code, as text.
        vendor_request_id: the id the platform's support asks for.
    """

    code = "provider_error"
    status = 502

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        operation: str = "",
        vendor_code: str = "",
        vendor_request_id: str = "",
        code: str | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.provider = provider
        self.operation = operation
        self.vendor_code = vendor_code
        self.vendor_request_id = vendor_request_id


class ProviderRejected(ProviderError):
    """Will fail again in the same way: the request, the permission or the credentials must change."""

    code = "provider_rejected"


class PeopleNotFound(ProviderRejected):
    """Some people are unknown to the platform, or one address fits several."""

    code = "people_not_found"

    def __init__(self, problems: tuple[PersonProblem, ...], *, provider: str = "") -> None:
        text = " ".join(f"{p.field} {p.given!r} {p.problem}. {p.remedy}" for p in problems)
        super().__init__(text, provider=provider, operation="find_people")
        self.problems = problems


class ProviderQuotaUsedUp(ProviderRejected):
    """The company's calls of this month are used up: whoever can wait asks rarely until then."""

    code = "quota_used_up"


class ProviderUnavailable(ProviderError):
    """May work later; `retry_after_s` when the platform said when."""

    code = "provider_unavailable"

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        provider: str = "",
        operation: str = "",
        vendor_code: str = "",
        vendor_request_id: str = "",
    ) -> None:
        super().__init__(
            message,
            provider=provider,
            operation=operation,
            vendor_code=vendor_code,
            vendor_request_id=vendor_request_id,
        )
        self.retry_after_s = retry_after_s


class ProviderThrottled(ProviderUnavailable):
    """The platform asked to slow down."""

    code = "provider_throttled"


class EndpointRefused(GateError):
    """A webhook cannot be delivered there and trying again is no use; `code` tells which rule or answer it was."""

    code = "endpoint_refused"
    status = 502


class EndpointUnavailable(GateError):
    """A webhook was not taken, which may change; `retry_after_s` when the receiver said when."""

    code = "endpoint_unavailable"
    status = 502

    def __init__(self, message: str, *, code: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s


class StoreError(GateError):
    """The table or the secret store did not answer."""

    code = "store_unavailable"
    status = 503


class VersionConflict(StoreError):
    """Somebody else changed the item meanwhile: reload and decide again."""

    code = "version_conflict"
