"""
Hold what the platform says against what was asked.

A platform's settings can pass a task without a person, let the requester decide, or let someone decide to whom a task
was handed. Whether that opens the gate is for the request to say, not for the platform (invariant 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from approval_gate.domain.approval import (
    Approval,
    Identity,
    Mode,
    Stage,
    Status,
    TaskProgress,
    TaskStatus,
)
from approval_gate.domain.truth import Truth, TruthStatus

__all__ = ["Verdict", "judge"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a truth means for an approval. PENDING: nothing to store yet."""

    status: Status
    decided_by: tuple[Identity, ...] = ()
    comment: str = ""
    reason: str = ""
    detail: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Violation:
    """Why an "approved" of the platform does not count; sentences without a full stop."""

    en: str
    zh: str


PENDING = Verdict(Status.PENDING)

_MOST_NAMED = 10

_CLOSED_WITHOUT_DECISION = {
    TruthStatus.CANCELED: ("withdrawn_at_provider", "Withdrawn on the platform.", "已在审批平台上撤回。"),
    TruthStatus.DELETED: ("deleted_at_provider", "Deleted on the platform.", "已在审批平台上删除。"),
    TruthStatus.REVOKED: (
        "revoked_at_provider",
        "Approved on the platform and revoked there before the gate could open.",
        "审批通过后、放行前已在平台上被撤销。",
    ),
}


def judge(approval: Approval, truth: Truth) -> Verdict:
    """
    Decide what to store for `approval` now that the platform says `truth`.

    Unknown status words are PENDING: never a decision. "Approved" counts only if every stage was decided as its mode
    asks, by the people it named or, where the policy allows, by those to whom they handed their task; never by the
    requester or by nobody unless allowed. Otherwise the verdict is REJECTED, `policy_violation`.
    """
    if truth.status is TruthStatus.APPROVED:
        return _judge_approved(approval, truth)
    if truth.status is TruthStatus.REJECTED:
        return _judge_rejected(truth)
    if truth.status in _CLOSED_WITHOUT_DECISION:
        reason, en, zh = _CLOSED_WITHOUT_DECISION[truth.status]
        return Verdict(Status.CANCELED, comment=truth.comment, reason=reason, detail={"en": en, "zh": zh})
    return PENDING


def _judge_rejected(truth: Truth) -> Verdict:
    refusals = [task for task in truth.tasks if task.status is TaskStatus.REJECTED]
    return Verdict(
        Status.REJECTED,
        decided_by=_people(refusals),
        comment=next((task.comment for task in refusals if task.comment), truth.comment),
        reason="rejected",
    )


def _judge_approved(approval: Approval, truth: Truth) -> Verdict:
    violations: list[_Violation] = []
    counted: list[TaskProgress] = []
    if not approval.stages:
        violations.append(_Violation("the request has no stages on record", "请求没有记录任何审批环节"))
    for number, stage in enumerate(approval.stages):
        tasks = [task for task in truth.tasks if task.stage == number]
        stage_violations, stage_counted = _StageCheck(approval, truth, number, stage, tasks).run()
        violations += stage_violations
        counted += stage_counted
    comment = next((task.comment for task in reversed(counted) if task.comment), truth.comment)
    if violations:
        return Verdict(
            Status.REJECTED,
            decided_by=_people(task for task in truth.tasks if task.status is TaskStatus.APPROVED),
            comment=comment,
            reason="policy_violation",
            detail=_explained(violations),
        )
    return Verdict(Status.APPROVED, decided_by=_people(counted), comment=comment, reason="approved")


def _explained(violations: Sequence[_Violation]) -> dict[str, str]:
    """Name the first violations; four hundred of them would be read by nobody, and would fit into no item."""
    shown, more = violations[:_MOST_NAMED], len(violations) - _MOST_NAMED
    en = "; ".join(each.en for each in shown) + (f"; and {more} more" if more > 0 else "")
    zh = "；".join(each.zh for each in shown) + (f"；另有 {more} 项" if more > 0 else "")
    return {
        "en": f"Approved on the platform, but not as this request requires: {en}.",
        "zh": f"平台上已通过，但不符合本次请求的要求：{zh}。",
    }


class _StageCheck:
    """One stage of an approval that the platform calls approved."""

    def __init__(
        self, approval: Approval, truth: Truth, number: int, stage: Stage, tasks: Sequence[TaskProgress]
    ) -> None:
        self.policy = approval.request.policy
        # The platform may know the requester by more ids than the request named.
        self.requesters = [person for person in (approval.requester, truth.requester) if person]
        self.number = number
        self.stage = stage
        self.tasks = tasks
        self.decided_elsewhere = [
            task for task in truth.tasks if task.status is TaskStatus.APPROVED and task.person and not task.is_automatic
        ]
        self.violations: list[_Violation] = []
        self.counted: list[TaskProgress] = []

    def run(self) -> tuple[list[_Violation], list[TaskProgress]]:
        """Return what breaks the policy and which tasks carried the stage."""
        automatic = [task for task in self.tasks if task.is_automatic and not self._repeated_by(task)]
        if automatic and not self.policy.allow_auto_pass:
            for task in automatic:
                name = task.id or "-"
                self._violate(f"task {name} was passed by nobody", f"任务 {name} 被系统自动通过")
        elif automatic:
            self.counted += automatic
            return self.violations, self.counted

        if self.stage.mode is Mode.ANY:
            self._check_any()
        elif self._decided_by_requester():
            # Also where it is nobody's place by name: it may stand for a task that was handed on twice.
            self._violate_by_requester(self._decided_by_requester()[0])
        else:
            for approver in self.stage.approvers:
                self._check_approver(approver)
        if not self.stage.approvers:
            self._violate("nobody was asked", "没有指定审批人")
        return self.violations, self.counted

    def _check_any(self) -> None:
        """One valid decision suffices; without one, say why none of those made is valid."""
        before = len(self.violations)
        for approver in self.stage.approvers:
            self._check_approver(approver)
        if self.counted:
            del self.violations[before:]

    def _check_approver(self, approver: Identity) -> None:
        decider, task = approver, self._decision_of(approver)
        seen: list[Identity] = [approver]
        while task is None:
            handed = self._transfer_of(decider)
            if handed is None or handed.transferred_to is None:
                self._violate(f"{approver.label} has not approved", f"{approver.label} 未审批通过")
                return
            decider = handed.transferred_to
            if not self.policy.allow_transfer:
                self._violate(
                    f"task {handed.id} of {approver.label} was transferred to {decider.label}",
                    f"{approver.label} 的任务 {handed.id} 被转交给 {decider.label}",
                )
                return
            if any(decider.is_same_person(person) for person in seen):
                self._violate(f"{approver.label} has not approved", f"{approver.label} 未审批通过")
                return
            seen.append(decider)
            task = self._decision_of(decider)
        person = task.person or decider
        if not self.policy.allow_self_approval and self._is_requester(person):
            self._violate_by_requester(task)
            return
        self.counted.append(task)

    def _is_requester(self, person: Identity) -> bool:
        return any(person.is_same_person(requester) for requester in self.requesters)

    def _decided_by_requester(self) -> list[TaskProgress]:
        if self.policy.allow_self_approval:
            return []
        return [t for t in self.tasks if t.status is TaskStatus.APPROVED and t.person and self._is_requester(t.person)]

    def _violate_by_requester(self, task: TaskProgress) -> None:
        who = task.person.label if task.person else "-"
        self._violate(f"task {task.id} was decided by the requester, {who}", f"任务 {task.id} 由申请人 {who} 本人审批")

    def _decision_of(self, person: Identity) -> TaskProgress | None:
        """Return the task in which `person` approved in this stage, or the earlier one that the platform let stand."""
        for task in self.tasks:
            if task.status is not TaskStatus.APPROVED:
                continue
            if task.is_automatic:
                earlier = self._repeated_by(task, of=person)
                if earlier:
                    return earlier
            elif task.person and task.person.is_same_person(person):
                return task
        return None

    def _repeated_by(self, task: TaskProgress, of: Identity | None = None) -> TaskProgress | None:
        """
        Return the decision that an automatically passed task repeats, if a person really made it in this approval.

        Where the platform does not tell whose decision it repeats, only an approver of this stage can be meant.
        """
        if not task.repeats_decision:
            return None
        for earlier in self.decided_elsewhere:
            person = earlier.person
            if person is None or (of is not None and not person.is_same_person(of)):
                continue
            if task.person.is_same_person(person) if task.person else self._is_named(person):
                return earlier
        return None

    def _is_named(self, person: Identity) -> bool:
        return any(person.is_same_person(approver) for approver in self.stage.approvers)

    def _transfer_of(self, person: Identity) -> TaskProgress | None:
        """Return the latest task that `person` handed on."""
        for task in reversed(self.tasks):
            if task.status is TaskStatus.TRANSFERRED and task.person and task.person.is_same_person(person):
                return task
        return None

    def _violate(self, en: str, zh: str) -> None:
        self.violations.append(_Violation(f"stage {self.number + 1}: {en}", f"第 {self.number + 1} 环节：{zh}"))


def _people(tasks: Iterable[TaskProgress]) -> tuple[Identity, ...]:
    people: list[Identity] = []
    for task in tasks:
        if task.person and not any(task.person.is_same_person(person) for person in people):
            people.append(task.person)
    return tuple(people)
