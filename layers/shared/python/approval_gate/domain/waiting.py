"""Whose turn it is."""

from __future__ import annotations

from approval_gate.domain.approval import Approval, Mode, TaskStatus
from approval_gate.domain.people import Identity
from approval_gate.domain.placing import placed_tasks

__all__ = ["waiting_for"]


def waiting_for(approval: Approval) -> tuple[Identity, ...]:
    """
    Return the people whose decision is awaited, as far as is known without asking the platform.

    Nobody before submission has resolved the approvers, and nobody after the outcome.
    """
    if approval.outcome is not None or not approval.stages:
        return ()
    asked = [task.person for task in approval.tasks if task.status is TaskStatus.PENDING and task.person]
    return _once(asked) if asked else _by_stages(approval)


def _by_stages(approval: Approval) -> tuple[Identity, ...]:
    """Work it out from who has decided: not every platform tells of tasks that only begin."""
    placed = placed_tasks(approval)
    for number, stage in enumerate(approval.stages):
        decided = [
            task.person
            for task in placed
            if task.stage == number and task.person and task.status is TaskStatus.APPROVED
        ]
        left = [who for who in stage.approvers if not any(who.is_same_person(other) for other in decided)]
        if left and not (stage.mode is Mode.ANY and decided):
            return _once(left[:1] if stage.mode is Mode.SEQUENCE else left)
    return ()


def _once(people: list[Identity]) -> tuple[Identity, ...]:
    kept: list[Identity] = []
    for person in people:
        if person.user_id and not any(person.is_same_person(other) for other in kept):
            kept.append(person)
    return tuple(kept)
