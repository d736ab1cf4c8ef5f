"""What a run's readings become: lines to search in, and the report that an administrator reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from approval_gate.domain.contact_search import SearchLine
from approval_gate.domain.contacts import Contact, conflicts_of
from approval_gate.domain.readings import search_words
from approval_gate.domain.snapshot import Changes, Snapshot
from approval_gate.domain.sync import Report, Sync
from approval_gate.ports.directory import Directory

__all__ = ["line_of", "report_of", "search_lines_of"]

_MOST_LISTED = 50


def search_lines_of(snapshot: Snapshot, changes: Changes, before: Sequence[SearchLine]) -> tuple[SearchLine, ...]:
    """
    Return the index of everybody who is there.

    Args:
        before: the index as it was: where somebody stands who was not read this time is known from there only.
    """
    departments = snapshot.departments_of()
    unread = {each.id: each for each in before if each.id not in snapshot.people}
    return tuple(
        unread[each] if each in unread else line_of(contact, departments.get(each, ()))
        for each, contact in sorted(changes.present.items())
    )


def line_of(contact: Contact, departments: tuple[str, ...]) -> SearchLine:
    """Return one person's line of the index."""
    return SearchLine(
        id=contact.id,
        name=contact.name,
        email=contact.emails[0] if contact.emails else "",
        title=contact.title,
        departments=departments,
        words=search_words(contact),
    )


def report_of(
    sync: Sync, snapshot: Snapshot, changes: Changes, directory: Directory, written: int, now: datetime
) -> Report:
    """
    Return what came of a run.

    Args:
        sync: with the run's number of calls.
        written: how many items were written or removed.
    """
    notes = list(dict.fromkeys(snapshot.notes))
    people = changes.present.values()
    if people and not any(each.mobile for each in people):
        notes.append(directory.field_notes["mobile"])
    if people and not any(each.emails for each in people):
        notes.append(directory.field_notes["emails"])
    if changes.is_suspicious:
        notes.append(
            f"{changes.missing} of the people known before were not found, more than half, so nobody was marked as "
            "having left. Check the contact range of the app. If they did leave, synchronise again with "
            '{"confirm_leavers": true}. '
            f"此前已知的人员中有 {changes.missing} 人未读取到, 超过一半, 因此未将任何人标记为离职. "
            "请检查应用的通讯录权限范围."
        )
    conflicts = conflicts_of(changes.present)
    return Report(
        run_id=sync.run_id,
        started_at=sync.started_at or now,
        finished_at=now,
        is_partial=snapshot.is_partial or changes.is_suspicious,
        departments=len(snapshot.departments),
        people=len(changes.present),
        groups=len(snapshot.groups or ()),
        chats=len(snapshot.chats or ()),
        created=changes.created,
        updated=changes.updated,
        returned=changes.returned,
        left=changes.newly_left,
        calls=sync.calls,
        written_items=written,
        conflicts=tuple(replace(each, people=each.people[:_MOST_LISTED]) for each in conflicts[:_MOST_LISTED]),
        conflict_count=len(conflicts),
        unread=tuple(snapshot.unread[:_MOST_LISTED]),
        notes=tuple(notes),
    )
