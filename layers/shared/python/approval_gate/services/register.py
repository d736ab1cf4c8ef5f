"""Register, change and delete apps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from approval_gate.errors import Conflict, FieldProblem, IdentityInUse, RequestError
from approval_gate.ports import App, Credentials
from approval_gate.ports.messages import Robot
from approval_gate.ports.secrets import AppSecret
from approval_gate.services.rotate import DEFAULT_OVERLAP, end_overlaps, merged, with_credentials, with_robots

__all__ = ["MAX_ROBOTS", "AppChange", "AppRegistry", "AppSecrets", "Platforms", "Registrar"]

MAX_ROBOTS = 50
_CLAIM_BYTES = 16


class AppRegistry(Protocol):
    """Apps and the claims on their identities; see `store.apps.DynamoApps`. `by` names one request."""

    def claim(self, app: App, by: str) -> None:
        """Take an app's id and vendor identity in one step, and the right to change it."""
        ...

    def begin_change(self, tenant: str, app_id: str, by: str) -> App:
        """Take the right to change an app for longer than any function runs; return the app as it is."""
        ...

    def change(self, app: App, by: str) -> None:
        """Replace what is stored about an app, and give the right back."""
        ...

    def end_change(self, app: App, by: str) -> None:
        """Give the right back without a change; somebody else's stays."""
        ...

    def remove(self, app: App, by: str) -> None:
        """Give id and identity free."""
        ...


class PendingApprovals(Protocol):
    """See `ports.Approvals.has_pending`."""

    def has_pending(self, tenant: str, app: str) -> bool:
        """Tell whether an app has approvals that wait."""
        ...


class AppSecrets(Protocol):
    """Secrets of apps; see `store.secrets.SecretStore`."""

    def load(self, provider: str, tenant: str, app: str) -> AppSecret | None:
        """Return all that is secret about an app."""
        ...

    def write(self, provider: str, tenant: str, app: str, secret: AppSecret) -> None:
        """Create or replace."""
        ...

    def delete(self, provider: str, tenant: str, app: str) -> None:
        """Delete; gone already is success."""
        ...


class Platforms(Protocol):
    """What the providers know of registrations; see `providers.registry`."""

    def credentials_type(self, provider: str) -> type[Credentials]:
        """Return a provider's credentials class."""
        ...

    def robot_problem(self, provider: str, url: str, base_url: str) -> str:
        """Return what is wrong with the address of a group's robot, empty when nothing is."""
        ...


@dataclass(frozen=True, slots=True)
class AppChange:
    """
    What to change of an app.

    Args:
        settings: returns the app with what is no secret changed.
        credentials: only those that change; "" takes one away.
        robots: only those that change; None takes one away.
        overlap: how long old keys still prove callbacks. With credentials: those that these replace, a day when None.
            Without: no old key lives longer than this.
    """

    settings: Callable[[App], App] = lambda app: app
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    robots: Mapping[str, Robot | None] = field(default_factory=dict, repr=False)
    overlap: timedelta | None = None


class Registrar:
    """
    Register, change and delete apps.

    The item and the secret of an app cannot be changed in one step. So whoever changes them first takes a claim on the
    item: two changes at once cannot lose each other's keys, and what a crash left half done is mended by sending the
    request again, once the claim has lapsed.
    """

    def __init__(
        self,
        apps: AppRegistry,
        secrets: AppSecrets,
        pending: PendingApprovals,
        platforms: Platforms,
        clock: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._apps = apps
        self._secrets = secrets
        self._pending = pending
        self._platforms = platforms
        self._clock = clock
        self._entropy = entropy

    def register(self, app: App, fields: Mapping[str, str], robots: Mapping[str, Robot]) -> App:
        """
        Claim the id and the vendor identity, then store the credentials.

        A crash in between leaves the state `creating`; the same registration sent again completes it.

        Raises:
            RequestError: names each wrong field.
            AppExists, IdentityInUse: taken.
        """
        now = self._clock()
        credentials = self._platforms.credentials_type(app.provider).from_fields(fields)
        secret = AppSecret(merged({}, fields), now, robots=dict(robots))
        self._check_robots(app, secret)
        app = _described(replace(app, created_at=now, state="creating"), credentials, secret)
        claim = self._entropy(_CLAIM_BYTES).hex()
        try:
            self._apps.claim(app, claim)
        except IdentityInUse as err:
            raise IdentityInUse(err.message, problems=_identity_problems(credentials)) from err
        with self._released(app, claim):
            self._secrets.write(app.provider, app.tenant, app.id, secret)
            app = replace(app, state="ready")
            self._apps.change(app, claim)
        return app

    def change(self, tenant: str, app_id: str, wanted: AppChange) -> App:
        """
        Store what changed; senders and receivers use it from then on.

        The secret goes first: callbacks read it again when a check fails, so new keys work at once.

        Raises:
            AppNotFound: not in this tenant.
            RequestError: names each wrong field; the credentials are another vendor identity's.
            Conflict: somebody else changes it at this moment, or too many old keys are valid.
        """
        now, claim = self._clock(), self._entropy(_CLAIM_BYTES).hex()
        before = self._apps.begin_change(tenant, app_id, claim)
        with self._released(before, claim):
            stored = self._secrets.load(before.provider, tenant, app_id)
            secret = stored or AppSecret({}, now)  # a registration or a deletion that was cut short
            kind = self._platforms.credentials_type(before.provider)
            fields = merged(secret.credentials, wanted.credentials)
            credentials = kind.from_fields(fields)
            if credentials.vendor_identity != before.vendor_identity:
                raise _other_identity(before, credentials)
            if wanted.credentials:
                overlap = DEFAULT_OVERLAP if wanted.overlap is None else wanted.overlap
                secret = with_credentials(secret, fields, kind.callback_fields(), overlap, now)
            elif wanted.overlap is not None:
                secret = end_overlaps(secret, wanted.overlap, now)
            secret = with_robots(secret, wanted.robots)
            after = _described(wanted.settings(replace(before, state="ready")), credentials, secret)
            if wanted.robots or after.base_url != before.base_url:
                self._check_robots(after, secret)
            if secret != stored:
                self._secrets.write(after.provider, tenant, app_id, secret)
            self._apps.change(after, claim)
        return after

    def delete(self, tenant: str, app_id: str, *, force: bool) -> None:
        """
        Delete an app and its secret: the secret first, so that no crash leaves a usable one behind.

        Args:
            force: even though approvals wait for it; they will expire.

        Raises:
            AppNotFound: not in this tenant.
            Conflict: approvals wait for it, or somebody else changes it at this moment.
        """
        claim = self._entropy(_CLAIM_BYTES).hex()
        app = self._apps.begin_change(tenant, app_id, claim)
        with self._released(app, claim):
            if not force and self._pending.has_pending(tenant, app_id):
                raise Conflict(
                    f"Approvals wait for the app {app_id!r}. Cancel them or let them end, or delete with ?force=true: "
                    "then they cannot be approved any more and expire.",
                    code="approvals_pending",
                )
            self._secrets.delete(app.provider, tenant, app_id)
            self._apps.remove(app, claim)

    @contextmanager
    def _released(self, app: App, claim: str) -> Iterator[None]:
        """Give the claim back when what is done under it fails; after a crash it lapses."""
        try:
            yield
        except Exception:
            self._apps.end_change(app, claim)
            raise

    def _check_robots(self, app: App, secret: AppSecret) -> None:
        if len(secret.robots) > MAX_ROBOTS:
            problem = FieldProblem("robots", f"an app holds {MAX_ROBOTS} at most; take some away")
            raise RequestError("The app would have too many robots.", problems=(problem,))
        told = {
            name: self._platforms.robot_problem(app.provider, robot.url, app.base_url)
            for name, robot in secret.robots.items()
        }
        problems = tuple(FieldProblem(f"robots.{name}.url", problem) for name, problem in told.items() if problem)
        if problems:
            raise RequestError("The app's robots must change.", problems=problems)


def _described(app: App, credentials: Credentials, secret: AppSecret) -> App:
    """Return the app with what may be told about its secret."""
    public, fields = credentials.public_fields(), secret.credentials
    return replace(
        app,
        vendor_identity=credentials.vendor_identity,
        callbacks_ready=credentials.callbacks_ready,
        public_credentials={name: value for name, value in fields.items() if name in public},
        secret_fields=tuple(sorted(set(fields) - public)),
        credentials_updated_at=secret.updated_at,
        old_keys_until=max((old.until for old in secret.previous), default=None),
        robots=tuple(sorted(secret.robots)),
    )


def _identity_problems(credentials: Credentials) -> tuple[FieldProblem, ...]:
    problem = "is registered already, here or in another tenant"
    return tuple(FieldProblem(f"credentials.{name}", problem) for name in credentials.identity_fields())


def _other_identity(app: App, credentials: Credentials) -> RequestError:
    problem = f"must stay: this app is {app.vendor_identity}"
    return RequestError(
        "These credentials belong to another app of the platform. Register that as an app of its own.",
        code="other_identity",
        problems=tuple(FieldProblem(f"credentials.{name}", problem) for name in credentials.identity_fields()),
    )
