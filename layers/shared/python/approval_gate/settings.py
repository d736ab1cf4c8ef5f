"""What the template tells a function through its environment: read once, failing with the variable's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from approval_gate.errors import ConfigurationError

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """
    A function's settings; what a function does not need stays empty and is refused when asked for.

    Args:
        table: name of the table.
        secret_prefix: first part of the secrets' names, the stack's name.
        state_machine_arn: of the approval state machine.
        public_url: base of callback addresses, may hold `{api_id}`; empty: the host the request came to.
        allow_loopback: the local engine: apps may name a base_url on this machine, over http.
        outbox_url, outbox_dead_letters_url: the outbox queue, and where its failures go.
        sync_queue_url: the queue that calls workers to synchronise contacts.
        event_bus: name of the bus that hears of outcomes.
    """

    table: str
    secret_prefix: str = ""
    state_machine_arn: str = ""
    public_url: str = ""
    allow_loopback: bool = False
    outbox_url: str = ""
    outbox_dead_letters_url: str = ""
    sync_queue_url: str = ""
    event_bus: str = "default"

    @classmethod
    def from_env(cls, environ: Mapping[str, str], *needed: str) -> Self:
        """
        Read the settings.

        Args:
            needed: variables this function cannot work without, beside TABLE_NAME.

        Raises:
            ConfigurationError: names the missing variable.
        """
        for name in ("TABLE_NAME", *needed):
            if not environ.get(name):
                raise ConfigurationError(f"The environment variable {name} is not set: deploy the template again.")
        return cls(
            table=environ["TABLE_NAME"],
            secret_prefix=environ.get("SECRET_PREFIX", ""),
            state_machine_arn=environ.get("STATE_MACHINE_ARN", ""),
            public_url=environ.get("PUBLIC_URL", ""),
            allow_loopback=environ.get("ALLOW_LOOPBACK", "") == "true",
            outbox_url=environ.get("OUTBOX_URL", ""),
            outbox_dead_letters_url=environ.get("OUTBOX_DEAD_LETTERS_URL", ""),
            sync_queue_url=environ.get("SYNC_QUEUE_URL", ""),
            event_bus=environ.get("EVENT_BUS_NAME", "default"),
        )
