"""An approval and its history as the public API shows them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from approval_gate.api.answers import (
    ApprovalBody,
    HistoryBody,
    HistoryEntryBody,
    NamedPerson,
    OutcomeBody,
    StageStateBody,
    TaskBody,
)
from approval_gate.api.models import FieldBody, LinkBody, PolicyBody
from approval_gate.domain.approval import (
    Approval,
    HistoryEntry,
    Identity,
    Mode,
    PersonRef,
    Status,
    TaskProgress,
    TaskStatus,
)
from approval_gate.domain.placing import placed_tasks
from approval_gate.domain.schedule import poll_after_s

__all__ = ["MOST_BYTES", "approval_view", "fitting", "history_view"]

MOST_BYTES = 240_000


def approval_view(approval: Approval, now: datetime) -> ApprovalBody:
    """Return an approval as `GET /v1/approvals/{id}` answers it."""
    request, outcome = approval.request, approval.outcome
    return ApprovalBody(
        id=approval.id,
        status=approval.status.value,
        app=request.app,
        provider=approval.provider,
        provider_ref=approval.provider_ref or None,
        title=request.title,
        description=request.description,
        fields=[FieldBody(name=field.name, value=field.value) for field in request.fields],
        links=[LinkBody(title=link.title, url=link.url) for link in request.links],
        metadata=request.metadata,
        requester=_requester(approval),
        stages=_stages(approval),
        policy=PolicyBody(
            allow_transfer=request.policy.allow_transfer,
            allow_self_approval=request.policy.allow_self_approval,
            allow_auto_pass=request.policy.allow_auto_pass,
        ),
        outcome=_outcome(approval),
        created_at=approval.created_at,
        expires_at=approval.expires_at,
        decided_at=outcome.decided_at if outcome else None,
        reminded_at=approval.reminded_at,
        escalated_at=approval.escalated_at,
        poll_after_s=None if outcome else poll_after_s(approval, now),
        open_url=approval.open_url or None,
    )


def fitting(view: dict[str, Any]) -> dict[str, Any]:
    """
    Return a view that Step Functions takes: 256 KB of UTF-8, with what is around it.

    What is longest and least needed goes first; `left_out` names it. `GET /v1/approvals/{id}` has it all.

    Source: AWS Step Functions Developer Guide, "Service quotas", read 2026-02-28.
    """
    left_out: list[str] = []
    for name in ("description", "fields", "links", "stages", "metadata"):
        if len(json.dumps(view, ensure_ascii=False).encode()) <= MOST_BYTES:
            break
        view = {**view, name: type(view[name])()}
        left_out.append(name)
    return {**view, "left_out": left_out} if left_out else view


def history_view(entries: Sequence[HistoryEntry]) -> HistoryBody:
    """Return a history as `GET /v1/approvals/{id}/history` answers it."""
    return HistoryBody(
        entries=[
            HistoryEntryBody(seq=entry.seq, at=entry.at, kind=entry.kind, by=entry.by, detail=entry.detail)
            for entry in entries
        ]
    )


def _outcome(approval: Approval) -> OutcomeBody | None:
    outcome = approval.outcome
    if outcome is None:
        return None
    return OutcomeBody(
        status=outcome.status.value,
        decided_at=outcome.decided_at,
        decided_by=[_identity(person) for person in outcome.decided_by],
        comment=outcome.comment,
        source=outcome.source.value,
        reason=outcome.reason,
        detail=outcome.detail,
        still_open_at_provider=approval.still_open_at_provider,
        revoked_at=approval.revoked_at,
    )


def _requester(approval: Approval) -> NamedPerson | None:
    if approval.requester is not None:
        return _identity(approval.requester)
    return _given(approval.request.requester) if approval.request.requester else None


def _stages(approval: Approval) -> list[StageStateBody]:
    """Join the stages as frozen with the tasks as last heard of; before submission show them as requested."""
    if not approval.stages:
        return [
            StageStateBody(
                mode=stage.mode.value,
                status=TaskStatus.WAITING.value,
                tasks=[_task(_given(ref), TaskStatus.WAITING) for ref in stage.approvers],
            )
            for stage in approval.request.stages
        ]
    bodies: list[StageStateBody] = []
    is_current = bool(approval.provider_ref) and approval.status is Status.PENDING
    placed = placed_tasks(approval)
    for number, stage in enumerate(approval.stages):
        known = [task for task in placed if task.stage == number]
        unheard = TaskStatus.PENDING if is_current else TaskStatus.WAITING
        tasks = []
        for index, approver in enumerate(stage.approvers):
            own = [task for task in known if task.person and task.person.is_same_person(approver)]
            if own:
                tasks += [_progress(task, name=approver.name) for task in own]
            elif stage.mode is Mode.SEQUENCE and (index > 0 or known):
                tasks.append(_task(_identity(approver), TaskStatus.WAITING))
            else:
                tasks.append(_task(_identity(approver), unheard))
        others = [
            task
            for task in known
            if not (task.person and any(task.person.is_same_person(approver) for approver in stage.approvers))
        ]
        tasks += [_progress(task, name="") for task in others]
        if approval.outcome is not None:
            _close(tasks)
        status = _stage_status(stage.mode, tasks, len(others))
        if approval.outcome is not None and status is TaskStatus.PENDING:
            status = TaskStatus.DONE
        bodies.append(StageStateBody(mode=stage.mode.value, status=status.value, tasks=tasks))
        is_current = is_current and status is TaskStatus.APPROVED
    return bodies


def _close(tasks: Sequence[TaskBody]) -> None:
    """Nobody is awaited any more once there is an outcome, whatever the platform last said of their task."""
    for task in tasks:
        if task.status == TaskStatus.PENDING:
            task.status = TaskStatus.DONE.value


def _stage_status(mode: Mode, tasks: Sequence[TaskBody], others: int) -> TaskStatus:
    """Return how far a stage is. A display, not a decision: that is the quorum's, on the platform's own answer."""
    statuses = {task.status for task in tasks}
    if TaskStatus.REJECTED in statuses:
        return TaskStatus.REJECTED
    approved = sum(task.status == TaskStatus.APPROVED for task in tasks)
    needed = 1 if mode is Mode.ANY else len(tasks) - sum(task.status == TaskStatus.TRANSFERRED for task in tasks)
    if approved and approved >= min(needed, len(tasks) + others):
        return TaskStatus.APPROVED
    if statuses <= {TaskStatus.WAITING.value}:
        return TaskStatus.WAITING
    return TaskStatus.DONE if statuses <= {TaskStatus.DONE.value} else TaskStatus.PENDING


def _progress(task: TaskProgress, name: str) -> TaskBody:
    person = task.person or Identity("", "nobody (passed by the platform)" if task.is_automatic else "")
    body = _task(_identity(person, name), task.status)
    body.comment = task.comment
    body.decided_at = task.decided_at
    body.transferred_to = _identity(task.transferred_to) if task.transferred_to else None
    return body


def _task(approver: NamedPerson, status: TaskStatus) -> TaskBody:
    return TaskBody(approver=approver, status=status.value, comment="", decided_at=None)


def _identity(person: Identity, name: str = "") -> NamedPerson:
    return NamedPerson(user_id=person.user_id, name=person.name or name or None)


def _given(ref: PersonRef) -> NamedPerson:
    return cast("NamedPerson", {ref.kind.value: ref.value})
