"""Routes of the approvals API."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query

from approval_gate.api.answers import ApprovalBody, ApprovalListBody, HistoryBody
from approval_gate.api.models import ApprovalRequestBody, CancelBody
from approval_gate.api.views import approval_view, history_view
from approval_gate.domain.approval import Approval, Status
from approval_gate.entrypoints.api import PROBLEMS, caller_of, problem
from approval_gate.errors import ApprovalAlreadyDecided, ApprovalNotFound, FieldProblem, RequestError
from approval_gate.ports import Approvals, Idempotency, Wanted, Workflow
from approval_gate.services.cancel import Canceler
from approval_gate.services.create import Creator, digest_of
from approval_gate.services.decide import Decider
from approval_gate.services.remind import Reminder

__all__ = ["ApprovalsApi"]

_KEY_LENGTH = 255

ApprovalId = Annotated[str, Path(description="As `POST /v1/approvals` answered it.", max_length=64)]


class ApprovalsApi:
    """The approvals API over its ports."""

    def __init__(
        self, approvals: Approvals, workflow: Workflow, creator: Creator, clock: Callable[[], datetime]
    ) -> None:
        self._approvals = approvals
        self._clock = clock
        self._creator = creator
        self._canceler = Canceler(approvals, Decider(approvals, workflow, clock), clock)
        self._reminder = Reminder(approvals, clock)

    def add_to(self, app: APIGatewayHttpResolver) -> None:
        """Add the routes; see `entrypoints.api.RouteGroup`."""

        @app.post("/v1/approvals", summary="Ask for an approval", tags=["approvals"], responses=_answers(201, 200))
        def create(
            body: ApprovalRequestBody,
            idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
        ) -> Response[ApprovalBody]:
            caller = caller_of(app)
            caller.require("approvals:write")
            idempotency = _idempotency(idempotency_key, app.current_event.json_body)
            approval, is_new = self._creator.create(caller.tenant, caller.principal, body.to_domain(), idempotency)
            return self._shown(approval, 201 if is_new else 200)

        @app.get("/v1/approvals", summary="List approvals, newest first", tags=["approvals"], responses=PROBLEMS)
        def list_approvals(
            status: Annotated[Status | None, Query()] = None,
            app_id: Annotated[str | None, Query(alias="app", max_length=64)] = None,
            created_after: Annotated[datetime | None, Query()] = None,
            limit: Annotated[int, Query(ge=1, le=100)] = 20,
            cursor: Annotated[str | None, Query(max_length=200)] = None,
        ) -> Response[ApprovalListBody]:
            caller = caller_of(app)
            caller.require("approvals:read", "approvals:write")
            after = None if created_after is None else _in_utc(created_after, "created_after")
            wanted = Wanted(status, app_id, after, _place_of(cursor))
            found = self._approvals.find(caller.tenant, wanted, limit + 1)
            page, now = found[:limit], self._clock()
            body = ApprovalListBody(
                approvals=[approval_view(each, now) for each in page],
                next_cursor=_cursor(page[-1]) if len(found) > limit else None,
            )
            return Response(status_code=200, content_type="application/json", body=body)

        @app.get("/v1/approvals/<approval_id>", summary="Read one", tags=["approvals"], responses=_answers(200))
        def get(approval_id: ApprovalId) -> Response[ApprovalBody]:
            return self._shown(self._readable(app, approval_id), 200)

        @app.get(
            "/v1/approvals/<approval_id>/history",
            summary="Every recorded fact",
            tags=["approvals"],
            responses=PROBLEMS,
        )
        def history(approval_id: ApprovalId) -> Response[HistoryBody]:
            approval = self._readable(app, approval_id)
            return Response(
                status_code=200,
                content_type="application/json",
                body=history_view(self._approvals.history(approval.id)),
            )

        @app.post(
            "/v1/approvals/<approval_id>/cancel", summary="Cancel one", tags=["approvals"], responses=_answers(200)
        )
        def cancel(approval_id: ApprovalId, body: Annotated[CancelBody | None, Body()] = None) -> Response[Any]:
            caller = caller_of(app)
            caller.require("approvals:write")
            reason = (body or CancelBody()).reason
            approval, canceled = self._canceler.cancel(caller.tenant, caller.principal, approval_id, reason)
            if canceled:
                return self._shown(approval, 200)
            text = f"The approval was decided before: {approval.status.value}. Its outcome stands."
            return self._already_decided(approval, text)

        @app.post(
            "/v1/approvals/<approval_id>/remind",
            summary="Remind the approvers",
            tags=["approvals"],
            responses=_answers(202)
            | {429: {"description": "Reminded a moment ago; `Retry-After` tells how long to wait."}},
        )
        def remind(approval_id: ApprovalId) -> Response[Any]:
            caller = caller_of(app)
            caller.require("approvals:write")
            try:
                return self._shown(self._reminder.remind(caller.tenant, caller.principal, approval_id), 202)
            except ApprovalAlreadyDecided as err:
                return self._already_decided(self._readable(app, approval_id), err.message)

    def _already_decided(self, approval: Approval, text: str) -> Response[Any]:
        view = approval_view(approval, self._clock()).model_dump(mode="json")
        return problem(409, ApprovalAlreadyDecided.code, text, approval=view)

    def _readable(self, app: APIGatewayHttpResolver, approval_id: str) -> Approval:
        caller = caller_of(app)
        caller.require("approvals:read", "approvals:write")
        approval = self._approvals.get(approval_id)
        if approval is None or approval.tenant != caller.tenant:
            raise ApprovalNotFound(f"There is no approval {approval_id!r} in this tenant.")
        return approval

    def _shown(self, approval: Approval, status: int) -> Response[ApprovalBody]:
        view = approval_view(approval, self._clock())
        headers: dict[str, str | list[str]] = {}
        if view.poll_after_s is not None:
            headers["Retry-After"] = str(view.poll_after_s)
        return Response(status_code=status, content_type="application/json", body=view, headers=headers)


def _idempotency(key: str | None, body: Mapping[str, object]) -> Idempotency | None:
    if key is None:
        return None
    if not 1 <= len(key) <= _KEY_LENGTH:
        raise RequestError(
            "The Idempotency-Key header must change.",
            problems=(FieldProblem("Idempotency-Key", f"must have 1 to {_KEY_LENGTH} characters"),),
        )
    return Idempotency(key, digest_of(body))


def _cursor(last: Approval) -> str:
    return base64.urlsafe_b64encode(f"{last.created_at.isoformat()} {last.id}".encode()).decode()


def _place_of(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    try:
        moment, approval_id = base64.urlsafe_b64decode(cursor).decode().split(" ")
        created_at = datetime.fromisoformat(moment)
    except ValueError as err:
        problem = FieldProblem("cursor", "must be the next_cursor of an earlier answer")
        raise RequestError("The cursor must change.", problems=(problem,)) from err
    return _in_utc(created_at, "cursor"), approval_id


def _in_utc(moment: datetime, field: str) -> datetime:
    """Return a moment as the index spells it; one without a zone is taken for UTC."""
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError as err:  # the first and the last hours of the calendar
        problem = FieldProblem(field, "must be a time between the years 1 and 9999 in UTC")
        raise RequestError(f"{field} must change.", problems=(problem,)) from err


def _answers(*statuses: int) -> dict[int, Any]:
    texts = {
        200: "The approval.",
        201: "Accepted; poll it, or wait for the webhook.",
        202: "The approval; its approvers will be reminded.",
    }
    shown = {
        status: {"description": texts[status], "content": {"application/json": {"model": ApprovalBody}}}
        for status in statuses
    }
    return {**PROBLEMS, **shown}
