"""What a provider must be so that its set-up can be examined: the doctor's half of a provider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from approval_gate.ports.provider import App
from approval_gate.web import WebRequest, WebResponse

__all__ = ["Check", "CheckStatus", "Examiner", "Examiners", "Probe", "Refusal", "Refusals", "Rehearsal", "Words"]


class CheckStatus(StrEnum):
    """How a check ended. SKIPPED: it does not apply, or could not be made because an earlier one failed."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence or two in both languages."""

    en: str = ""
    zh: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """
    One thing that was looked at.

    Args:
        name: stable, such as `credentials`, `permission_approvals`, `trusted_ip`, `callback_address`.
        detail: what was found.
        fix: what to press and where; empty when nothing is to be done.
    """

    name: str
    status: CheckStatus
    detail: Words
    fix: Words = Words()


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """
    The platform's own address check, as the platform would send it to the request address now.

    Args:
        request: without the address; headers and query as the platform sends them.
        is_right: whether an answer is what the platform wants to read.
        deadline_s: how long the platform waits.
    """

    request: WebRequest
    is_right: Callable[[WebResponse], bool]
    deadline_s: float


class Examiner(Protocol):
    """
    The doctor's half of a provider, for one app.

    It lives in `providers/<name>/examiner.py` under this name and is built from the same things as a `Sender`:
    `app, credentials, http, tokens, forms, clock`.
    """

    def examine(self) -> tuple[Check, ...]:
        """
        Look at all that the platform can tell: credentials, permissions, contact range, trusted address, quota, clock.

        Only harmless calls. Never raises for what the platform answers: that is what the checks are about.
        """
        ...

    def rehearsal(self) -> Rehearsal | None:
        """Return the platform's address check; None when the keys for callbacks are not set yet."""
        ...

    def about_refusal(self, check: str) -> Words:
        """Say what to press and where when callbacks are refused by this check of the `Receiver`."""
        ...


class Examiners(Protocol):
    """Examiners by app."""

    def of(self, app: App) -> Examiner:
        """
        Return the examiner of an app.

        Raises:
            ConfigurationError: its credentials are missing or unreadable.
        """
        ...


class Probe(Protocol):
    """Sends one request to our own request address from the outside."""

    def send(self, url: str, request: WebRequest, timeout_s: float) -> tuple[WebResponse, float]:
        """
        Return the answer and how many seconds it took.

        Raises:
            ProviderUnavailable: no answer; the message says what happened.
        """
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """The last callback that was refused for an app, and by which check."""

    at: datetime
    check: str


class Refusals(Protocol):
    """What callbacks were refused lately."""

    def last(self, app: App) -> Refusal | None:
        """Return the last one of the past day."""
        ...
