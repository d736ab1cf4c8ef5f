"""
Kits: each plays one platform towards a `Receiver`. It signs, seals, sends and reads our answer.

A new provider adds one module here with a list `KITS`; the suite in `tests/contract/test_receivers.py` finds it.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from approval_gate.ports import Receiver
    from approval_gate.web import WebRequest, WebResponse

__all__ = ["Kit", "all_kits"]


class Kit(Protocol):
    """
    One platform, with one app registered on it.

    `name` is the provider's. Requests are made at `now`; `receiver` reads its clock from there unless told otherwise.
    """

    name: str
    now: datetime

    @property
    def changed_person(self) -> str:
        """Return whom `contacts_changed` is about, "" where we do not read that."""
        ...

    def receiver(self, *, later_by: timedelta = ...) -> Receiver:
        """Return the receiver of our app; its clock shows `now` plus `later_by`."""
        ...

    def receiver_with_another_key(self) -> Receiver:
        """Return a receiver of the same app with other secrets."""
        ...

    def receiver_of_another_app(self) -> Receiver:
        """Return a receiver with the same secrets that belongs to another app."""
        ...

    def receiver_without_secrets(self) -> Receiver:
        """Try to build a receiver before callbacks are set up."""
        ...

    def address_check(self) -> WebRequest:
        """Return what the platform sends while an administrator saves the address."""
        ...

    def forged_address_check(self) -> WebRequest:
        """Return the same by somebody who does not know the secrets."""
        ...

    def accepts_address(self, response: WebResponse) -> bool:
        """Tell whether the platform would save the address after this answer."""
        ...

    def is_acknowledged(self, response: WebResponse) -> bool:
        """Tell whether the platform would count an event as delivered."""
        ...

    def opened(self, ref: str) -> WebRequest:
        """Return the event of a new approval, where the platform sends one; else of a new task."""
        ...

    def approve(self, ref: str) -> WebRequest:
        """Return the event of the last approver's yes. Every call makes a new event."""
        ...

    def reject(self, ref: str) -> WebRequest:
        """Return the event of a rejection."""
        ...

    def cancel(self, ref: str) -> WebRequest:
        """Return the event of a withdrawal."""
        ...

    def redelivery(self, request: WebRequest) -> WebRequest:
        """Return the same event delivered again, signed and sealed anew where the platform does so."""
        ...

    def unknown_event(self) -> WebRequest:
        """Return a proven event of a kind we do not know."""
        ...

    def contacts_changed(self) -> WebRequest:
        """Return a proven event that tells of a person who left or the like, `changed_person`."""
        ...

    def mangled_event(self, ref: str) -> WebRequest:
        """Return a proven event of a known kind that lacks what it should hold."""
        ...

    def altered(self, request: WebRequest) -> WebRequest:
        """Return the request with its body changed where the platform's proof covers it."""
        ...

    def unsigned(self, request: WebRequest) -> WebRequest:
        """Return the request without its proof."""
        ...


def all_kits() -> list[Kit]:
    """Return every kit of every module here."""
    modules = (import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__))
    return [kit for module in modules for kit in module.KITS]
