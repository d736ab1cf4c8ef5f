"""Read the people whom callbacks named, and nobody else: one call each instead of a run over everybody."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from approval_gate.domain.contacts import owners_by_address
from approval_gate.domain.snapshot import changes_among
from approval_gate.ports import App
from approval_gate.ports.directory import ContactStore, Desired
from approval_gate.services.read_contacts import Reader
from approval_gate.services.sync_report import line_of

__all__ = ["read_changed_people"]

_logger = logging.getLogger(__name__)


def read_changed_people(
    store: ContactStore, app: App, reader: Reader, ids: Iterable[str], now: datetime, still_mine: Callable[[], None]
) -> bool:
    """
    Make the table say of these people what the platform says now; all others stay as they are.

    A callback is a hint: who is said to have left is marked only if the platform does not show them any more.

    Returns: False when only a run can tell: departments are not told, or suddenly most people are gone.

    Raises:
        TimeIsUp, ProviderUnavailable, ProviderRejected: as `Reader.read`; nothing was written.
    """
    read = {each: reader.person(each) for each in ids}
    people = {each: found.contact if found else None for each, found in read.items()}
    departments = {found.contact.id: found.departments for found in read.values() if found}
    present, left = store.people(app)
    changes = changes_among(people, present, left)
    if changes.is_suspicious or None in departments.values():
        return False
    lines = {each.id: each for each in store.search_lines(app)}
    for each, listed in departments.items():
        lines[each] = line_of(changes.present[each], tuple(sorted(listed or ())))
    desired = Desired(
        present=changes.present,
        left=changes.left,
        departments=(),
        is_partial=True,
        groups=None,
        chats=None,
        addresses=owners_by_address(changes.present, changes.left),
        lines=tuple(lines[each] for each in sorted(lines.keys() & changes.present.keys())),
    )
    written = store.write(app, desired, now, still_mine)
    _logger.info(
        "changed_people_read",
        extra={
            "tenant": app.tenant,
            "app": app.id,
            "provider": app.provider,
            "people": len(people),
            "left": changes.newly_left,
            "calls": reader.calls,
            "written_items": written,
        },
    )
    return True
