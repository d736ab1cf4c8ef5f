"""
Which providers there are, and where their halves live. A new folder needs no line here.

Imports happen inside functions, so that naming a provider does not load it: a callback function must not pay for the
other half, nor for the other providers.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from approval_gate import providers
from approval_gate.errors import FieldProblem, RequestError
from approval_gate.ports import Credentials

__all__ = [
    "credentials_type",
    "directory_type",
    "messenger_type",
    "provider_names",
    "receiver_type",
    "robot_problem",
    "sender_type",
]


@cache
def provider_names() -> tuple[str, ...]:
    """Return the names of all providers: every folder beside this module is one."""
    return tuple(sorted(each.name for each in pkgutil.iter_modules(providers.__path__) if each.ispkg))


def credentials_type(provider: str) -> type[Credentials]:
    """
    Return a provider's credentials class.

    Raises:
        RequestError: no such provider.
    """
    return _load(provider, "credentials", "Credentials")  # type: ignore[no-any-return] # checked by tests/contract


def receiver_type(provider: str) -> Any:
    """Return a provider's inbound half, a `ports.Receiver`."""
    return _load(provider, "callbacks", "Receiver")


def sender_type(provider: str) -> Any:
    """Return a provider's outbound half, a `ports.Sender` built from app, credentials, HTTP client and stores."""
    return _load(provider, "sender", "Sender")


def messenger_type(provider: str) -> Any:
    """Return a provider's half for messages, a `ports.messages.Messenger` built from the same things as a sender."""
    return _load(provider, "messenger", "Messenger")


def robot_problem(provider: str, url: str, base_url: str) -> str:
    """Return what is wrong with the address of a group's robot, empty when nothing is."""
    if find_spec(f"approval_gate.providers.{provider}.robots") is None:
        return "this provider has no robots; leave it out"
    problem: str = _load(provider, "robots", "robot_problem")(url, base_url)
    return problem


def directory_type(provider: str) -> Any:
    """Return a provider's half for contacts, a `ports.directory.Directory` built from the same things as a sender."""
    return _load(provider, "directory", "Directory")


def examiner_type(provider: str) -> Any:
    """Return a provider's half for the doctor, a `ports.checks.Examiner` built from the same things as a sender."""
    return _load(provider, "examiner", "Examiner")


def _load(provider: str, module: str, name: str) -> Any:
    if provider not in provider_names():
        problem = f"{provider!r} is no provider; choose one of {', '.join(provider_names())}"
        raise RequestError("Unknown provider.", problems=(FieldProblem("provider", problem),))
    return getattr(import_module(f"approval_gate.providers.{provider}.{module}"), name)
