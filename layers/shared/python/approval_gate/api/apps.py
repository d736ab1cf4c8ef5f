"""Bodies of the apps API."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from approval_gate.api.models import Id, PersonBody
from approval_gate.ports import App

__all__ = ["AppBody", "AppChangeBody", "AppListBody", "AppRequestBody", "app_view"]

_NOT_YET = ("user_mapping", "robots")


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("must be an address such as https://open.example.com, without user, query or fragment")
    return url.rstrip("/")


def _refuse_what_is_not_there_yet(body: Any) -> Any:
    found = [name for name in _NOT_YET if isinstance(body, dict) and name in body]
    if found:
        raise ValueError(f"{', '.join(found)}: not supported by this version; leave it out")
    return body


class AppRequestBody(BaseModel):
    """An app to register. `credentials` are the provider's; see the README's set-up guides."""

    model_config = ConfigDict(extra="forbid")

    id: Id
    provider: Annotated[str, StringConstraints(max_length=32)]
    credentials: dict[str, Annotated[str, StringConstraints(max_length=512)]]
    name: Annotated[str, StringConstraints(max_length=200)] = ""
    default_requester: PersonBody | None = None
    callbacks: Literal["http", "none"] = "http"
    base_url: Annotated[str, StringConstraints(max_length=512), AfterValidator(_base_url)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _says_what_is_not_there_yet(cls, body: Any) -> Any:
        return _refuse_what_is_not_there_yet(body)

    def to_domain(self, tenant: str) -> App:
        """Return the app without its credentials."""
        return App(
            tenant=tenant,
            id=self.id,
            provider=self.provider,
            name=self.name,
            base_url=self.base_url or "",
            callbacks=self.callbacks,
            default_requester=(
                self.default_requester.to_domain("default_requester") if self.default_requester else None
            ),
        )


class AppChangeBody(BaseModel):
    """What to change; what is left out stays. `credentials` is the whole set: secrets cannot be read back."""

    model_config = ConfigDict(extra="forbid")

    credentials: dict[str, Annotated[str, StringConstraints(max_length=512)]] | None = None
    name: Annotated[str, StringConstraints(max_length=200)] | None = None
    default_requester: PersonBody | None = None
    callbacks: Literal["http", "none"] | None = None
    base_url: Annotated[str, StringConstraints(max_length=512), AfterValidator(_base_url)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _says_what_is_not_there_yet(cls, body: Any) -> Any:
        return _refuse_what_is_not_there_yet(body)

    def changed(self, app: App) -> App:
        """Return `app` with every field that this body names; `null` takes a requester or an address away."""
        named = self.model_fields_set
        requester = self.default_requester
        return replace(
            app,
            name=self.name or "" if "name" in named else app.name,
            callbacks=self.callbacks or "http" if "callbacks" in named else app.callbacks,
            base_url=self.base_url or "" if "base_url" in named else app.base_url,
            default_requester=(
                (requester.to_domain("default_requester") if requester else None)
                if "default_requester" in named
                else app.default_requester
            ),
        )


class SecretBody(BaseModel):
    """A secret that is set. It is never shown."""

    set: Literal[True] = True
    updated_at: datetime | None


class AppBody(BaseModel):
    """One app. Secrets are write-only."""

    id: str
    provider: str
    name: str
    credentials: dict[str, str | SecretBody]
    default_requester: dict[str, str] | None
    callbacks: str
    base_url: str | None
    callback_url: str = Field(description="The request address to paste into the platform's console.")
    callbacks_ready: bool
    callback_seen_at: datetime | None
    created_at: datetime | None
    state: str


class AppListBody(BaseModel):
    """All apps of a tenant."""

    apps: list[AppBody]


def app_view(app: App, callback_url: str) -> AppBody:
    """Return an app as the public API shows it."""
    requester = app.default_requester
    return AppBody(
        id=app.id,
        provider=app.provider,
        name=app.name,
        credentials={
            **app.public_credentials,
            **{name: SecretBody(updated_at=app.credentials_updated_at or app.created_at) for name in app.secret_fields},
        },
        default_requester={requester.kind.value: requester.value} if requester else None,
        callbacks=app.callbacks,
        base_url=app.base_url or None,
        callback_url=callback_url,
        callbacks_ready=app.callbacks_ready,
        callback_seen_at=app.callback_seen_at,
        created_at=app.created_at,
        state=app.state,
    )
