"""What the frame hands to a platform, and what a platform must offer the frame."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from local.simulators.frame.apps import App, Apps
from local.simulators.frame.callbacks import Delivery, Outbox
from local.simulators.frame.calls import CallLog
from local.simulators.frame.clock import Clock
from local.simulators.frame.faults import Fault, Faults
from local.simulators.frame.ids import Ids
from local.simulators.frame.people import Organisation
from local.simulators.frame.store import Store, Values
from local.simulators.frame.views import ApprovalView, Decision, MessageView
from local.simulators.frame.web import ApiAnswer, ApiCall, Outgoing, SimError

__all__ = ["Platform", "Rules", "Simulation"]


@dataclass(frozen=True, slots=True)
class Rules:
    """
    What is fixed about a platform.

    Args:
        name: as on the command line, such as `feishu`.
        title: what people call it, by language (`en`, `zh`).
        retry_schedule_s: pauses before each repetition of a callback.
        deadline_s, check_deadline_s: how long an app may take for a callback, and for the check of its address.
        app_aliases, app_extra, app_identity, app_formats: the platform's words when an app is registered, see `Apps`.
        switches: behaviours that can be set with `POST /_sim/settings`, with their defaults and meaning.
        accent: colour of the page, as CSS writes it.
        demo_apps: bodies of `POST /_sim/apps` for the seed `demo`.
    """

    name: str
    title: Mapping[str, str]
    retry_schedule_s: tuple[float, ...]
    deadline_s: float
    check_deadline_s: float
    app_aliases: Mapping[str, str]
    app_extra: frozenset[str]
    switches: Mapping[str, tuple[float, str]]
    accent: str = "#3370ff"
    demo_apps: tuple[Mapping[str, Any], ...] = ()
    app_identity: tuple[str, ...] = ("app_id",)
    app_formats: Mapping[str, str] = field(default_factory=dict)


class Simulation:
    """The shared parts, wired to one state file."""

    def __init__(self, rules: Rules, path: Path | str, *, clock: Clock | None = None, ids: Ids | None = None) -> None:
        self.rules = rules
        self.store = Store(path)
        self.values = Values(self.store)
        self.clock = clock or Clock(self.values.get("clock_offset_s"))
        self.ids = ids or Ids()
        self.apps = Apps(
            self.store,
            aliases=rules.app_aliases,
            extra=rules.app_extra,
            identity=rules.app_identity,
            formats=rules.app_formats,
        )
        self.people = Organisation(self.store)
        self.faults = Faults(self.store, self.ids)
        self.calls = CallLog(self.store, self.clock)
        self.outbox = Outbox(self.store, self.clock, self.ids, self.faults)

    def switch(self, name: str) -> float:
        """Return the setting of a behaviour."""
        return self.values.get(f"switch:{name}", self.rules.switches[name][0])

    def set_switches(self, body: Mapping[str, Any]) -> None:
        """
        Change behaviours.

        Raises:
            SimError: a name is unknown or a value is no number or truth value.
        """
        for name, value in body.items():
            if name not in self.rules.switches:
                raise SimError(f"unknown setting {name!r}; known are {sorted(self.rules.switches)}")
            if not isinstance(value, int | float):
                raise SimError(f"{name} must be true, false or a number")
        with self.store.transaction():
            for name, value in body.items():
                self.values.put(f"switch:{name}", float(value))

    def advance(self, seconds: float) -> None:
        """Let time pass and remember it."""
        self.clock.advance(seconds)
        self.values.put("clock_offset_s", self.clock.offset_s)
        self.outbox.on_change()


class Platform(Protocol):
    """
    One platform's side of it. Everything runs inside a transaction of the frame, without awaiting.

    `decide` and `app_ready` raise `SimError` with a text that says what to do next.
    """

    rules: Rules

    def handle(self, call: ApiCall) -> ApiAnswer:
        """Answer one call to the platform's API. Never raises for what a caller sent."""
        ...

    def fault_answer(self, fault: Fault) -> ApiAnswer:
        """Phrase an arranged fault as the platform would."""
        ...

    def shown_path(self, path: str) -> str:
        """Return the path without the secrets it may hold."""
        ...

    def address_check(self, app: App) -> Outgoing:
        """Return the request that checks an app's address."""
        ...

    def address_problem(self, app: App, check: Outgoing, status: int, body: bytes) -> str:
        """Read the answer to the check; say what is wrong with it in the platform's manner, or nothing."""
        ...

    def seal(self, app: App, delivery: Delivery) -> Outgoing:
        """Turn an event into a request, encrypted and signed as of now."""
        ...

    def undelivered(self, app: App, status: int, body: bytes) -> str:
        """Say why an answer does not count as delivered, or nothing."""
        ...

    def person_ids(self, user_id: str) -> dict[str, Any]:
        """Return the platform's further ids of a person."""
        ...

    def user_id_of(self, any_id: str) -> str:
        """Return the user id of a person named by any of the platform's ids or their e-mail; empty when unknown."""
        ...

    def approvals(self, limit: int = -1, language: str = "") -> list[ApprovalView]:
        """Return approvals, newest first; all when the limit is negative; in the platform's own language when empty."""
        ...

    def approval(self, ref: str, language: str = "") -> ApprovalView | None:
        """Return one approval."""
        ...

    def decide(self, ref: str, decision: Decision) -> None:
        """Do what a person does in the platform's own application."""
        ...

    def messages(self, limit: int = -1, language: str = "") -> list[MessageView]:
        """Return messages, newest first; all when the limit is negative; in the platform's own language when empty."""
        ...
