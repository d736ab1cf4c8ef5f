"""Which platforms and kinds of destination a test of messengers runs with; the fixture `mail` is the site."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from approval_gate.domain.message import DestinationKind
from tests.messenger_kits import MessengerKit, all_messenger_kits

__all__ = ["every_kind", "every_platform", "kinds_where", "named", "platforms_with"]


def named(value: object) -> str:
    """Name a case."""
    return value.provider if isinstance(value, MessengerKit) else str(value)


def kinds_where(holds: Callable[[MessengerKit, DestinationKind], bool]) -> pytest.MarkDecorator:
    """Run with `mail` and `kind`: every platform, and every kind it can reach for which this holds."""
    cases = [(kit, kind) for kit in all_messenger_kits() for kind in kit.sends if holds(kit, kind)]
    return pytest.mark.parametrize(("mail", "kind"), cases, indirect=["mail"], ids=named)


def platforms_with(kind: DestinationKind) -> pytest.MarkDecorator:
    """Run with `mail`: every platform that can reach this kind."""
    kits = [kit for kit in all_messenger_kits() if kind in kit.sends]
    return pytest.mark.parametrize("mail", kits, indirect=True, ids=named)


every_kind = kinds_where(lambda kit, kind: kind in kit.sends)
every_platform = pytest.mark.parametrize("mail", all_messenger_kits(), indirect=True, ids=named)
