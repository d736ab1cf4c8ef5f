"""Open an approval on its platform: people, then the approval, then its reference. Safe to repeat after any crash."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from approval_gate.domain.approval import (
    Approval,
    HistoryEntry,
    Identity,
    Outcome,
    Source,
    Stage,
    Status,
)
from approval_gate.domain.schedule import next_look, next_timer, pause_s, seconds_until
from approval_gate.errors import ConfigurationError, GateError, ProviderRejected, ProviderUnavailable
from approval_gate.ports import App, Ports, ProviderApproval
from approval_gate.services.announce import about_opening
from approval_gate.services.apply import Applier
from approval_gate.services.decide import Decider, change_until_stored
from approval_gate.services.drafts import draft_of

__all__ = ["Submitter", "TaskAnswer"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TaskAnswer:
    """What a task tells the state machine: `pending`, `later` or `decided`, and how long to wait."""

    approval_id: str
    state: str
    wait_s: int = 1


class Submitter:
    """Open approvals on their platforms."""

    def __init__(self, ports: Ports, decider: Decider, applier: Applier) -> None:
        self._approvals = ports.approvals
        self._apps = ports.apps
        self._senders = ports.senders
        self._people = ports.people
        self._decider = decider
        self._applier = applier
        self._clock = ports.clock

    def submit(self, approval: Approval) -> TaskAnswer:
        """
        Open an approval that is not open yet.

        Returns: `later` when the platform does not answer; `decided` when it never will, or there is an outcome.
        """
        if approval.outcome is not None:
            return TaskAnswer(approval.id, "decided")
        app = self._apps.get(approval.tenant, approval.request.app)
        if app is None:
            return self._fail(
                approval, "app_gone", f"The app {approval.request.app!r} was deleted. Register it and ask again."
            )
        if not approval.provider_ref:
            try:
                approval = self._open(approval, app)
            except ProviderUnavailable as err:
                return self._later(approval, err)
            except (ProviderRejected, ConfigurationError) as err:
                return self._fail(approval, err.code, err.message, err)
        return self._after_opening(approval, app)

    def _open(self, approval: Approval, app: App) -> Approval:
        sender = self._senders.of(app)
        if approval.opening_at is None:
            approval = self._resolve(approval, app)
            if approval.outcome is not None:
                return approval
            first_try = True
        else:
            first_try = False
        opened = sender.open_approval(draft_of(approval), may_exist=not first_try)
        return self._save_ref(approval, opened, app)

    def _resolve(self, approval: Approval, app: App) -> Approval:
        """Resolve and freeze people; the mark left with them says that from now on the approval may exist."""
        request = approval.request
        asking = [request.requester] if request.requester else []
        # Where their own decision does not count, a department that they are in could not be decided by all of it.
        first, *approvers, cc = self._people.expand(
            app,
            [asking, *(stage.approvers for stage in request.stages), request.cc],
            but=None if request.policy.allow_self_approval else request.requester,
        )
        requester = first[0] if first else None
        stages = tuple(
            Stage(stage.mode, _without_repeats(people)) for stage, people in zip(request.stages, approvers, strict=True)
        )

        def step(before: Approval) -> tuple[Approval, HistoryEntry] | None:
            if before.outcome is not None or before.opening_at is not None:
                return None
            after = replace(
                before, requester=requester, stages=stages, cc=_without_repeats(cc), opening_at=self._clock()
            )
            detail = {"requester": requester.label if requester else "", "approvers": _asked(stages)}
            if after.cc:
                detail["cc"] = ", ".join(person.label for person in after.cc)
            return after, HistoryEntry(0, self._clock(), "opening", detail=detail)

        return change_until_stored(self._approvals, approval.id, step)

    def _save_ref(self, approval: Approval, opened: ProviderApproval, app: App) -> Approval:
        """Save the reference even when an outcome came meanwhile: what is open there must be closed by it."""

        def step(before: Approval) -> tuple[Approval, HistoryEntry] | None:
            if before.provider_ref:
                return None
            now = self._clock()
            look = next_look(
                before,
                now,
                callbacks=app.callbacks,
                app_heard=app.callback_seen_at is not None,
                heard=False,
                reconciliation=app.reconciliation,
            )
            after = replace(before, provider_ref=opened.ref, open_url=opened.open_url, look_at=look)
            detail = {"provider": before.provider, "provider_ref": opened.ref, "next_look": look.isoformat()}
            return after, HistoryEntry(0, now, "opened", detail=detail)

        return change_until_stored(
            self._approvals,
            approval.id,
            step,
            notices=lambda after: () if after.outcome else about_opening(after, self._clock()),
        )

    def _after_opening(self, approval: Approval, app: App) -> TaskAnswer:
        # Callbacks may have been journaled before their reference was known here; nobody else will apply them.
        for event in self._approvals.journal_of(approval) if approval.provider_ref else ():
            approval = self._applier.apply_to(approval, app, event)
        if approval.outcome is not None:
            return TaskAnswer(approval.id, "decided")
        return TaskAnswer(approval.id, "pending", seconds_until(next_timer(approval), self._clock()))

    def _later(self, approval: Approval, err: ProviderUnavailable) -> TaskAnswer:
        now = self._clock()
        if now >= approval.expires_at:
            return self._fail(
                approval, err.code, f"The platform could not be reached before the timeout: {err.message}"
            )
        _logger.warning(
            "submit_later",
            extra={"approval_id": approval.id, "error_code": err.code, "vendor_code": err.vendor_code},
        )
        pause = max(pause_s(approval.created_at, now), int(err.retry_after_s or 0))
        return TaskAnswer(approval.id, "later", min(pause, seconds_until(approval.expires_at, now)))

    def _fail(self, approval: Approval, code: str, text: str, err: GateError | None = None) -> TaskAnswer:
        _logger.warning("submit_failed", extra={"approval_id": approval.id, "error_code": code}, exc_info=err)
        outcome = Outcome(Status.FAILED, self._clock(), Source.SUBMIT, reason=f"{code}: {text}", detail={"en": text})
        self._decider.decide(approval.id, outcome, by="submit")
        return TaskAnswer(approval.id, "decided")


def _asked(stages: Sequence[Stage]) -> str:
    """Name whom each stage asks, and who of them must agree."""
    return " > ".join(f"{stage.mode}: {', '.join(each.label for each in stage.approvers)}" for stage in stages)


def _without_repeats(people: Sequence[Identity]) -> tuple[Identity, ...]:
    kept: list[Identity] = []
    for person in people:
        if not any(person.is_same_person(other) for other in kept):
            kept.append(person)
    return tuple(kept)
