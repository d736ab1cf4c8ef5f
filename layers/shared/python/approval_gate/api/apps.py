"""Bodies of the apps API."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from approval_gate.api.models import Id, RequesterBody
from approval_gate.domain.schedule import Reconciliation
from approval_gate.ports import App
from approval_gate.ports.messages import Robot
from approval_gate.services.register import MAX_ROBOTS, AppChange

__all__ = ["AppBody", "AppChangeBody", "AppListBody", "AppRequestBody", "app_view"]

OVERLAP_MAX_S = 30 * 86_400


_BASE_URL = re.compile(r"https?://[0-9A-Za-z._:\[\]-]+(?:/[0-9A-Za-z._~/-]*)?")


def _base_url(url: str) -> str:
    # Only characters that every reader of addresses takes for the same.
    if not _BASE_URL.fullmatch(url) or not urlsplit(url).hostname or urlsplit(url).port == 0:
        raise ValueError("must be an address such as https://open.example.com, without user, query or fragment")
    return url.rstrip("/")


type Name = Annotated[str, StringConstraints(max_length=200)]
type BaseUrl = Annotated[str, StringConstraints(max_length=512), AfterValidator(_base_url)]
type Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
type Mapped = Annotated[dict[Word, Word], Field(max_length=20)]


class RobotBody(BaseModel):
    """A group's incoming webhook, as the group's settings show it. Both are secret and never shown again."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    url: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    secret: Annotated[str, StringConstraints(max_length=128)] = Field(
        default="", description="For signed messages, where the robot is set to want them."
    )


class ReconciliationBody(BaseModel):
    """What asking may cost an app with `callbacks: none`; left out, or `null`: the defaults."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    max_pause_s: Annotated[int, Field(strict=True, ge=60, le=86_400)] = Field(
        default=1800,
        description=(
            "The longest pause between two looks at one approval. Pauses grow from a minute up to it, and later to a "
            "two-hundredth of the approval's age."
        ),
    )
    calls_per_month: Annotated[int, Field(strict=True, ge=10, le=10_000_000)] | None = Field(
        default=2000,
        description=(
            "How many looks all approvals of the app together may take in any 31 days; `null`: no limit. A quarter of "
            "them may be taken at once. The look at an approval's timeout is made in any case."
        ),
    )

    def to_domain(self) -> Reconciliation:
        """Return it as the core knows it."""
        return Reconciliation(self.max_pause_s, self.calls_per_month)


class AppRequestBody(BaseModel):
    """An app to register. `credentials` are the provider's; see the README's set-up guides."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: Id
    provider: Annotated[str, StringConstraints(max_length=32)]
    credentials: dict[str, Annotated[str, StringConstraints(max_length=512)]]
    name: Name = ""
    default_requester: RequesterBody | None = None
    callbacks: Literal["http", "none"] = "http"
    reconciliation: ReconciliationBody | None = None
    base_url: BaseUrl | None = None
    user_mapping: Mapped = Field(
        default_factory=dict,
        description='What a form of naming people means here: `{"account": "user_id"}`.',
    )
    robots: Annotated[dict[Id, RobotBody], Field(max_length=MAX_ROBOTS)] = Field(default_factory=dict)

    def to_domain(self, tenant: str) -> App:
        """Return the app without its secrets."""
        return App(
            tenant=tenant,
            id=self.id,
            provider=self.provider,
            name=self.name,
            base_url=self.base_url or "",
            callbacks=self.callbacks,
            reconciliation=(self.reconciliation or ReconciliationBody()).to_domain(),
            default_requester=(
                self.default_requester.to_domain("default_requester") if self.default_requester else None
            ),
            user_mapping=dict(self.user_mapping),
        )

    def robots_to_domain(self) -> dict[str, Robot]:
        """Return the robots by name."""
        return {name: Robot(name, robot.url, robot.secret) for name, robot in self.robots.items()}


class AppChangeBody(BaseModel):
    """What to change; what is left out stays. The body of a registration will do."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: Id | None = Field(default=None, description="As it is: it never changes.")
    provider: Annotated[str, StringConstraints(max_length=32)] | None = Field(
        default=None, description="As it is: it never changes."
    )
    credentials: dict[str, Annotated[str, StringConstraints(max_length=512)] | None] | None = Field(
        default=None, description="Only the fields that change; `null` takes an optional one away."
    )
    overlap_s: Annotated[int, Field(ge=0, le=OVERLAP_MAX_S)] | None = Field(
        default=None,
        description=(
            "How long the replaced keys still prove callbacks; a day unless said otherwise. Without `credentials`: how "
            "long all old keys do from now, at most."
        ),
    )
    name: Name | None = None
    default_requester: RequesterBody | None = None
    callbacks: Literal["http", "none"] | None = None
    reconciliation: ReconciliationBody | None = Field(
        default=None, description="Replaced as a whole; `null` goes back to the defaults."
    )
    base_url: BaseUrl | None = None
    user_mapping: Mapped | None = None
    robots: Annotated[dict[Id, RobotBody | None], Field(max_length=MAX_ROBOTS)] | None = Field(
        default=None, description="Only the robots that change; `null` takes one away."
    )

    def to_domain(self) -> AppChange:
        """Return the change, for `Registrar.change`."""
        robots = {
            name: Robot(name, robot.url, robot.secret) if robot else None for name, robot in (self.robots or {}).items()
        }
        return AppChange(
            settings=self._changed,
            credentials={name: value or "" for name, value in (self.credentials or {}).items()},
            robots=robots,
            overlap=None if self.overlap_s is None else timedelta(seconds=self.overlap_s),
        )

    def _changed(self, app: App) -> App:
        """Return `app` with every field that this body names; `null` takes a requester or an address away."""
        named = self.model_fields_set
        requester = self.default_requester
        return replace(
            app,
            name=self.name or "" if "name" in named else app.name,
            callbacks=self.callbacks or "http" if "callbacks" in named else app.callbacks,
            reconciliation=(
                (self.reconciliation or ReconciliationBody()).to_domain()
                if "reconciliation" in named
                else app.reconciliation
            ),
            base_url=self.base_url or "" if "base_url" in named else app.base_url,
            default_requester=(
                (requester.to_domain("default_requester") if requester else None)
                if "default_requester" in named
                else app.default_requester
            ),
            user_mapping=dict(self.user_mapping or {}) if "user_mapping" in named else app.user_mapping,
        )


class SecretBody(BaseModel):
    """A secret that is set. It is never shown."""

    set: Literal[True] = True
    updated_at: datetime | None


class RobotSetBody(BaseModel):
    """A robot that is set. Neither its address nor its secret is ever shown."""

    set: Literal[True] = True


class AppBody(BaseModel):
    """One app. Secrets are write-only."""

    id: str
    provider: str
    name: str
    credentials: dict[str, str | SecretBody]
    old_keys_until: datetime | None = Field(
        description="Until when callbacks may be proven by keys from before a change."
    )
    default_requester: dict[str, str] | None
    callbacks: str
    reconciliation: ReconciliationBody = Field(description="Counts while `callbacks` is `none`.")
    base_url: str | None
    user_mapping: dict[str, str]
    robots: dict[str, RobotSetBody]
    callback_url: str = Field(description="The request address to paste into the platform's console.")
    callbacks_ready: bool
    callback_seen_at: datetime | None
    created_at: datetime | None
    state: str


class AppListBody(BaseModel):
    """All apps of a tenant."""

    apps: list[AppBody]


def app_view(app: App, callback_url: str, now: datetime) -> AppBody:
    """Return an app as the public API shows it."""
    requester = app.default_requester
    old_keys = app.old_keys_until
    return AppBody(
        id=app.id,
        provider=app.provider,
        name=app.name,
        credentials={
            **app.public_credentials,
            **{name: SecretBody(updated_at=app.credentials_updated_at or app.created_at) for name in app.secret_fields},
        },
        old_keys_until=old_keys if old_keys and now < old_keys else None,
        default_requester={requester.kind.value: requester.value} if requester else None,
        callbacks=app.callbacks,
        reconciliation=ReconciliationBody(
            max_pause_s=app.reconciliation.max_pause_s, calls_per_month=app.reconciliation.calls_per_month
        ),
        base_url=app.base_url or None,
        user_mapping=app.user_mapping,
        robots={name: RobotSetBody() for name in app.robots},
        callback_url=callback_url,
        callbacks_ready=app.callbacks_ready,
        callback_seen_at=app.callback_seen_at,
        created_at=app.created_at,
        state=app.state,
    )
