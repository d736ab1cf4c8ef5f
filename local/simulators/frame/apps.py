"""
The apps that are registered at the simulated platform.

`POST /_sim/apps` registers one or changes it (what is left out stays as it is). Shared fields:

    app_id, app_secret            the app's identity; each platform also takes its own words for them
    request_url                   where callbacks go; given or changed, it is checked at once as the platform does
    scopes                        granted permissions; null (default): all
    token_life_s                  life of an access token, default 7200
    ip_allow_list                 addresses that may call; empty (default): all
    rate_scale                    1 counts the documented rate limits exactly; default 100: a hundred times as generous
    monthly_quota                 calls a month for the tenant, as free editions have; null (default): none
    contact_range                 {"departments": [...], "people": [...]}: whom the app may see; null (default):
    everybody events                        names of events sent to request_url; null (default): all (others)
    what the platform calls its callback secrets, see its own module
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from local.simulators.frame.store import Collection, Store
from local.simulators.frame.web import SimError

__all__ = ["App", "Apps", "ContactRange"]


@dataclass(slots=True)
class ContactRange:
    """Departments (with everything below) and people that an app may see."""

    departments: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)


@dataclass(slots=True)
class App:
    """One registered app. `extra` holds the platform's own words, such as `encrypt_key`."""

    app_id: str
    app_secret: str
    name: str = ""
    request_url: str = ""
    scopes: list[str] | None = None
    token_life_s: int = 7200
    ip_allow_list: list[str] = field(default_factory=list)
    rate_scale: float = 100.0
    monthly_quota: int | None = None
    contact_range: ContactRange | None = None
    events: list[str] | None = None
    extra: dict[str, str] = field(default_factory=dict)

    def is_granted(self, scope: str) -> bool:
        """Tell whether the app holds a permission."""
        return self.scopes is None or scope in self.scopes


class Apps:
    """
    Registered apps.

    Args:
        aliases: the platform's words for shared fields, such as `{"app_key": "app_id"}`.
        extra: names of the platform's own fields.
        identity: the platform's words that name an app; when several do, `app_id` is their values joined by a colon.
        formats: regular expressions of the platform's own fields.
    """

    def __init__(
        self,
        store: Store,
        *,
        aliases: Mapping[str, str],
        extra: frozenset[str],
        identity: tuple[str, ...] = ("app_id",),
        formats: Mapping[str, str] | None = None,
    ) -> None:
        self._apps = Collection(store, "apps", App, key="app_id")
        self._aliases, self._extra, self._identity, self._formats = aliases, extra, identity, formats or {}
        self._adapter: TypeAdapter[App] = TypeAdapter(App)

    def get(self, app_id: str) -> App | None:
        """Return the app of that id."""
        return self._apps.get(app_id)

    def all(self) -> list[App]:
        """Return all apps, oldest first."""
        return self._apps.find()

    def read(self, body: Mapping[str, Any]) -> App:
        """
        Make the app that the body describes, on top of what is stored, without storing it.

        Raises:
            SimError: a field is missing, unknown or of the wrong type.
        """
        given = {self._aliases.get(name, name): value for name, value in body.items()}
        if len(self._identity) > 1:
            missing = [name for name in self._identity if not body.get(name)]
            if missing:
                raise SimError(f"{' and '.join(missing)} is needed to name an app")
            given["app_id"] = ":".join(str(body[name]) for name in self._identity)
        known = self._apps.get(str(given.get("app_id") or ""))
        merged: dict[str, Any] = self._apps.dump(known) if known else {"extra": {}}
        for name, value in given.items():
            if name in self._extra:
                if value and name in self._formats and not re.fullmatch(self._formats[name], str(value)):
                    raise SimError(f"{name} must look like {self._formats[name]}")
                merged["extra"] = {**merged["extra"], name: "" if value is None else str(value)}
            elif name in App.__dataclass_fields__ and name != "extra":
                merged[name] = value
            else:
                allowed = sorted({*App.__dataclass_fields__, *self._extra} - {"extra"})
                raise SimError(f"unknown app field {name!r}; known are {allowed}")
        if not merged.get("app_id") or not merged.get("app_secret"):
            raise SimError("app_id and app_secret are needed to register an app")
        try:
            return self._adapter.validate_python(merged)
        except ValidationError as err:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in err.errors())
            raise SimError(problems) from err

    def save(self, app: App) -> None:
        """Register or change an app."""
        self._apps.put(app)

    def listed(self) -> list[dict[str, Any]]:
        """Return all apps as JSON-ready values, secrets masked."""
        return [
            {
                **self._apps.dump(app),
                "app_secret": "***",
                "extra": dict.fromkeys((k for k, v in app.extra.items() if v), "***"),
            }
            for app in self._apps.find()
        ]
