"""Change an app's secret: only the given fields, and the old keys of callbacks stay valid for a while."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from approval_gate.errors import Conflict
from approval_gate.ports.messages import Robot
from approval_gate.ports.secrets import MAX_OLD_KEYS, AppSecret, OldKeys

__all__ = ["DEFAULT_OVERLAP", "end_overlaps", "merged", "with_credentials", "with_robots"]

DEFAULT_OVERLAP = timedelta(days=1)


def merged(stored: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the stored fields with the given ones in their place; an empty one takes the field away."""
    return {name: value for name, value in {**stored, **given}.items() if value}


def with_credentials(
    secret: AppSecret,
    credentials: Mapping[str, str],
    callback_fields: Collection[str],
    overlap: timedelta,
    now: datetime,
) -> AppSecret:
    """
    Return the secret with new credentials, the same one when nothing differs: a repeated request rotates nothing.

    Every change keeps the old values of its own fields for its own overlap. Earlier ones end when they said they would.

    Args:
        credentials: the whole new set.
        callback_fields: those whose old values may still prove callbacks.
        overlap: zero keeps nothing.

    Raises:
        Conflict: more than `MAX_OLD_KEYS` changes would overlap.
    """
    if credentials == secret.credentials:
        return secret
    before = {name: secret.credentials.get(name, "") for name in callback_fields}
    replaced = {name: value for name, value in before.items() if value != credentials.get(name, "")}
    previous = _in_time(secret, now)
    if replaced and overlap and any(before.values()):
        previous = (*previous, OldKeys(replaced, now + overlap))
    if len(previous) > MAX_OLD_KEYS:
        raise Conflict(
            f"The keys of this app were changed {MAX_OLD_KEYS} times within their overlap. Wait until one has ended, "
            'or end all now with {"overlap_s": 0} alone.',
            code="too_many_old_keys",
        )
    return replace(secret, credentials=dict(credentials), previous=previous, updated_at=now)


def end_overlaps(secret: AppSecret, overlap: timedelta, now: datetime) -> AppSecret:
    """Return the secret with no old key valid for longer than `overlap` from now."""
    ends = tuple(replace(old, until=min(old.until, now + overlap)) for old in secret.previous)
    cut = replace(secret, previous=ends)
    return replace(cut, previous=_in_time(cut, now))


def with_robots(secret: AppSecret, given: Mapping[str, Robot | None]) -> AppSecret:
    """Return the secret with the given robots in place of those of the same names; None takes one away."""
    robots = {name: robot for name, robot in {**secret.robots, **given}.items() if robot is not None}
    return replace(secret, robots=robots)


def _in_time(secret: AppSecret, now: datetime) -> tuple[OldKeys, ...]:
    return tuple(old for old in secret.previous if now < old.until)
