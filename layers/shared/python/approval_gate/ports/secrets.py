"""What is kept secret about an app, and which keys may prove its callbacks at a moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate, islice, product

from approval_gate.ports.messages import Robot

__all__ = ["MAX_KEY_SETS", "MAX_OLD_KEYS", "AppSecret", "Held", "OldKeys"]

MAX_OLD_KEYS = 8
"""How many changes of keys may overlap."""
MAX_KEY_SETS = MAX_OLD_KEYS + 1
"""How often an unproven callback may be checked."""


@dataclass(frozen=True, slots=True)
class OldKeys:
    """
    Callback fields that one change replaced.

    Args:
        credentials: the old value of each changed field; "" for one that was not set.
        until: aware; at this moment they are no longer valid.
    """

    credentials: Mapping[str, str] = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class AppSecret:
    """
    One app's secret.

    Args:
        credentials: in the platform's words, as they are now.
        updated_at: when the credentials last changed.
        previous: oldest change first.
        robots: by name.
    """

    credentials: Mapping[str, str] = field(repr=False)
    updated_at: datetime
    previous: tuple[OldKeys, ...] = ()
    robots: Mapping[str, Robot] = field(default_factory=dict, repr=False)

    def key_sets(self, now: datetime) -> Iterator[Mapping[str, str]]:
        """
        Return each set of credentials that may prove a callback now: the current one, those before it, mixtures.

        Mixtures, because some consoles save each key on its own: for a while the platform uses a new key beside an old
        token. A mixture never leaves a check out: it holds no field that is not set. At most `MAX_KEY_SETS`.
        """
        yield self.credentials
        good = [old.credentials for old in reversed(self.previous) if now < old.until]
        names = sorted({name for old in good for name in old})
        current = {name: self.credentials.get(name, "") for name in names}
        states = list(accumulate(good, lambda later, old: {**later, **old}, initial=current))
        whole = [tuple(state[name] for name in names) for state in states]
        mixed = product(*zip(*whole, strict=True)) if names else iter(())
        different = dict.fromkeys([*whole, *(values for values in mixed if all(values))])
        for values in islice(different, 1, MAX_KEY_SETS):
            yield {**self.credentials, **dict(zip(names, values, strict=True))}


@dataclass(frozen=True, slots=True)
class Held:
    """An app's secret from a memory, None when there is no such app; `is_fresh` when it was read just now."""

    secret: AppSecret | None
    is_fresh: bool
