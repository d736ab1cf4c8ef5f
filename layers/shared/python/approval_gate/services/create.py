"""Accept a request for an approval: store it, start its execution. No platform is called in the caller's time."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from approval_gate.domain.approval import Approval, HistoryEntry, Outcome, Request, Source, Status
from approval_gate.domain.ids import approval_id_of_execution, new_approval_id
from approval_gate.errors import FieldProblem, RequestError, StoreError, VersionConflict
from approval_gate.ports import App, Approvals, Apps, Idempotency, Superseding, Workflow
from approval_gate.ports.webhooks import CallbackCheck
from approval_gate.services.announce import about_outcome
from approval_gate.services.decide import Decider, entry_of_outcome

__all__ = ["Creator", "digest_of"]

_TRIES = 10

_logger = logging.getLogger(__name__)


def digest_of(body: Mapping[str, object]) -> str:
    """Return a digest of a request body that does not depend on its spacing or the order of its keys."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


class Creator:
    """
    Create approvals.

    Args:
        callbacks: judges callback addresses; None: a request that names one is refused.
    """

    def __init__(
        self,
        approvals: Approvals,
        apps: Apps,
        workflow: Workflow,
        clock: Callable[[], datetime],
        entropy: Callable[[int], bytes],
        callbacks: CallbackCheck | None,
    ) -> None:
        self._approvals = approvals
        self._apps = apps
        self._workflow = workflow
        self._clock = clock
        self._entropy = entropy
        self._callbacks = callbacks

    def create(
        self, tenant: str, principal: str, request: Request, idempotency: Idempotency | None
    ) -> tuple[Approval, bool]:
        """
        Store a new approval and start its execution.

        Returns: the approval, and whether it is new (False: the idempotency key made it before).

        Raises:
            RequestError: the app is unknown, nobody is named as requester, or the callback address will not do.
            IdempotencyMismatch: the key was used with another body.
        """
        now = self._clock()
        approval_id = new_approval_id(now, self._entropy(10))
        draft = self._draft(approval_id, tenant, principal, request, now)
        entry = _entry_of(draft, principal)
        approval, superseded = self._store(draft, entry, idempotency)
        if superseded is not None:
            self._wake(superseded)
        try:
            self._workflow.start(approval)
        except StoreError as err:
            # The approval is stored, and the table's stream starts its execution too (drive_workflow).
            _logger.warning("execution_not_started_yet", extra={"approval_id": approval.id, "error_code": err.code})
        return approval, approval.id == approval_id

    def create_in_execution(self, tenant: str, request: Request, execution_arn: str, started_at: datetime) -> Approval:
        """Store the approval of an execution that was started without one. The same execution gets the same."""
        approval_id = approval_id_of_execution(execution_arn, started_at)
        draft = replace(self._draft(approval_id, tenant, "states", request, self._clock()), execution=execution_arn)
        entry = _entry_of(draft, "states")
        approval, superseded = self._store(draft, entry, None)
        if superseded is not None:
            self._wake(superseded)
        return approval

    def _store(
        self, draft: Approval, entry: HistoryEntry, idempotency: Idempotency | None
    ) -> tuple[Approval, Approval | None]:
        """
        Store a new approval; what it supersedes ends in the same step.

        Returns: the approval, and the one that was superseded by this call.
        """
        key = draft.request.supersede_key
        if not key:
            return self._approvals.create(draft, entry, idempotency), None
        for _ in range(_TRIES):
            superseding = self._superseding(draft, self._approvals.holder_of(draft.tenant, key))
            try:
                approval = self._approvals.create(draft, entry, idempotency, superseding)
            except VersionConflict:
                continue  # the older one was decided, or a newer one came: look again
            return approval, superseding.after if approval.id == draft.id else None
        raise StoreError("too many requests with one supersede_key at once; try again")

    def _superseding(self, draft: Approval, held_by: str) -> Superseding:
        older = self._approvals.get(held_by) if held_by and held_by != draft.id else None
        if older is None or older.tenant != draft.tenant or older.outcome is not None:
            return Superseding(held_by)
        now = self._clock()
        outcome = Outcome(
            Status.CANCELED,
            now,
            Source.CANCEL,
            reason="superseded",
            detail={"en": f"A newer request took its place: {draft.id}.", "zh": f"已被新的审批取代：{draft.id}。"},
        )
        after = replace(older, outcome=outcome, suspected_at=None)
        history = entry_of_outcome(outcome, now, draft.created_by)
        return Superseding(held_by, older, after, history, about_outcome(after, now))

    def _wake(self, superseded: Approval) -> None:
        try:
            Decider(self._approvals, self._workflow, self._clock).wake(superseded)
        except StoreError as err:
            # It is stored, and the table's stream wakes it too (drive_workflow).
            _logger.warning("not_woken_yet", extra={"approval_id": superseded.id, "error_code": err.code})

    def _draft(self, approval_id: str, tenant: str, principal: str, request: Request, now: datetime) -> Approval:
        app = self._known_app(tenant, request.app, "app")
        if request.callback_url:
            self._check_callback(tenant, request.callback_url)
        for number, subscription in enumerate(request.notify):
            self._known_app(tenant, subscription.app, f"notify[{number}].app")
        if app.state != "ready":
            raise RequestError(
                f"The app {request.app!r} was never completely registered.",
                code="app_not_ready",
                problems=(FieldProblem("app", "Its registration was interrupted: POST it to /v1/apps again."),),
            )
        if request.requester is None and app.default_requester is None:
            raise RequestError(
                "Nobody is named as requester.",
                code="requester_required",
                problems=(
                    FieldProblem("requester", "Name a person here, or register the app with a default_requester."),
                ),
            )
        if request.requester is None:
            request = replace(request, requester=app.default_requester)
        return Approval(
            id=approval_id,
            tenant=tenant,
            provider=app.provider,
            request=request,
            created_at=now,
            expires_at=now + timedelta(seconds=request.timeout_s),
            created_by=principal,
        )

    def _check_callback(self, tenant: str, url: str) -> None:
        if self._callbacks is None:
            problem = FieldProblem("callback.url", "cannot be checked here; leave it out")
            raise RequestError("Callbacks are not set up here.", problems=(problem,))
        self._callbacks.check(tenant, url)

    def _known_app(self, tenant: str, app_id: str, field: str) -> App:
        app = self._apps.get(tenant, app_id)
        if app is None:
            raise RequestError(
                f"There is no app {app_id!r}.",
                code="unknown_app",
                problems=(FieldProblem(field, f"{app_id!r} is not registered here. GET /v1/apps lists your apps."),),
            )
        return app


def _entry_of(draft: Approval, by: str) -> HistoryEntry:
    """Return the first entry: who asked, through which app, for what, until when."""
    detail = {"app": draft.request.app, "title": draft.request.title, "expires_at": draft.expires_at.isoformat()}
    if draft.execution:
        detail["execution"] = draft.execution
    return HistoryEntry(1, draft.created_at, "requested", by, detail)
