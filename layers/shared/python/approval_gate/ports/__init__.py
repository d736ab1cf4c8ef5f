"""
What the core needs from the outside.

`provider.py`: what a provider must be to approve; `messages.py`: to carry messages. `core.py`: the table, the senders,
the state machine. `secrets.py`: what is kept secret about an app.
"""

from __future__ import annotations

from approval_gate.ports.core import Approvals, Apps, Idempotency, Ports, Senders, Superseding, Wanted, Workflow
from approval_gate.ports.provider import (
    AccessTokens,
    App,
    CallbackEvent,
    Clock,
    Credentials,
    Draft,
    EventKind,
    Forms,
    Opened,
    ProviderApproval,
    Receiver,
    Sender,
    Withdrawal,
)

__all__ = [
    "AccessTokens",
    "App",
    "Approvals",
    "Apps",
    "CallbackEvent",
    "Clock",
    "Credentials",
    "Draft",
    "EventKind",
    "Forms",
    "Idempotency",
    "Opened",
    "Ports",
    "ProviderApproval",
    "Receiver",
    "Sender",
    "Senders",
    "Superseding",
    "Wanted",
    "Withdrawal",
    "Workflow",
]
