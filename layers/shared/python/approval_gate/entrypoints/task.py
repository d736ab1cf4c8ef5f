"""
The tasks of the state machine and the consumers of the table's stream.

Raise = try again, return = answer: permanent failures are returned as data, whatever is raised is retried.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from aws_lambda_powertools import Logger
from pydantic import ValidationError

from approval_gate.api.models import ApprovalRequestBody
from approval_gate.api.problems import field_problems, in_one_line
from approval_gate.api.views import approval_view, fitting
from approval_gate.domain.approval import Approval, Status
from approval_gate.domain.ids import approval_id_of_execution
from approval_gate.errors import ApprovalNotFound, ConfigurationError, ProviderUnavailable, RequestError
from approval_gate.ports import Ports
from approval_gate.ports.outbox import Errand, Queue
from approval_gate.services.apply import Applier
from approval_gate.services.check import Checker
from approval_gate.services.close_cards import may_have_cards
from approval_gate.services.conclude import Concluder
from approval_gate.services.create import Creator
from approval_gate.services.decide import Decider
from approval_gate.services.stopped import Stopped
from approval_gate.services.submit import Submitter, TaskAnswer
from approval_gate.store.documents import read_event

__all__ = ["Tasks"]

_PROBLEM_CHARS = 4000
"""Step Functions takes a cause of 32,768 characters."""


@dataclass(frozen=True, slots=True)
class Tasks:
    """Every task, over one set of ports."""

    ports: Ports
    logger: Logger
    outbox: Queue | None = None

    @classmethod
    def over(cls, ports: Ports, logger: Logger, outbox: Queue | None = None) -> Self:
        """Build the tasks over these ports; only `drive` needs the outbox."""
        return cls(ports, logger, outbox)

    @property
    def _decider(self) -> Decider:
        return Decider(self.ports.approvals, self.ports.workflow, self.ports.clock)

    def submit(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """
        Open an approval.

        Args:
            event: `{"input", "execution_arn", "started_at"}`; `input` holds `approval_id`, or, for an execution that
                somebody else started, `{"tenant", "request"}` with the request as `POST /v1/approvals` takes it.

        Returns: the answer of a task, and `problem`: what to change in an input that is `invalid`, else empty.
        """
        try:
            approval = self._approval_of(event)
        except (RequestError, ValidationError) as err:
            problem = _what_to_change(err)
            self.logger.warning("invalid_execution_input", extra={"problem": problem})
            return {"approval_id": "", "state": "invalid", "wait_s": 1, "problem": problem}
        applier = Applier(self.ports, self._decider)
        return {**_answer(Submitter(self.ports, self._decider, applier).submit(approval)), "problem": ""}

    def check(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Reconcile and expire. Takes `{"approval_id"}`."""
        return _answer(Checker(self.ports, self._decider).check(str(event["approval_id"])))

    def conclude(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """
        Conclude an approval.

        Args:
            event: `{"approval_id", "last_attempt"}`, or what a step that gave up knows: `failed_in` and, from
                `submit`, what that step was given.

        Returns: `approval_id`; `wait_s`, after which to call again because it could not be withdrawn yet, 0 for not at
        all; `outcome`, the approval as the public API shows it and `fail_unless_approved`.
        """
        concluder = Concluder(self.ports, self._decider)
        approval_id = str(event.get("approval_id") or "") or _id_from_execution(event)
        if event.get("failed_in"):
            try:
                approval = concluder.give_up(approval_id, str(event["failed_in"]))
            except ApprovalNotFound:
                # Not even stored: there is nothing to record it on, and nobody else who could hear.
                asked = bool((event.get("input") or {}).get("request", {}).get("fail_unless_approved"))
                unknown = {"status": Status.FAILED.value, "fail_unless_approved": asked}
                return {"approval_id": "", "wait_s": 0, "outcome": unknown}
        else:
            approval = self._get(approval_id)
        approval, wait_s = self._conclude(concluder, approval, last_attempt=bool(event.get("last_attempt")))
        outcome = {**self._view(approval), "fail_unless_approved": approval.request.fail_unless_approved}
        return {"approval_id": approval.id, "wait_s": wait_s, "outcome": outcome}

    def _conclude(self, concluder: Concluder, approval: Approval, *, last_attempt: bool) -> tuple[Approval, int]:
        """Return the concluded approval, and in how many seconds to try again."""
        view = self._view(approval)
        try:
            return concluder.conclude(approval, view, last_attempt=last_attempt), 0
        except ProviderUnavailable as err:
            if wait_s := concluder.again_in_s(approval, err):
                return approval, wait_s
            return concluder.conclude(approval, view, last_attempt=True), 0

    def _view(self, approval: Approval) -> dict[str, Any]:
        """Return the approval as the public API shows it, as far as Step Functions takes it."""
        return fitting(approval_view(approval, self.ports.clock()).model_dump(mode="json"))

    def ended(self, event: Mapping[str, Any]) -> None:
        """
        Close the approval of an execution that was stopped or broke.

        Args:
            event: `Step Functions Execution Status Change`; `detail` holds `executionArn`, `status`, `startDate` in
                milliseconds, and `input` as text, or null where it is too long.
                Source: Step Functions Developer Guide, "Automating event delivery with EventBridge", read 2026-11-29.
        """
        detail = event["detail"]
        given = json.loads(detail.get("input") or "{}")
        started_at = datetime.fromtimestamp(detail["startDate"] / 1000, UTC)
        approval_id = given.get("approval_id") if isinstance(given, dict) else None
        approval_id = str(approval_id or approval_id_of_execution(str(detail["executionArn"]), started_at))
        stopped = Stopped(self.ports.approvals, self.ports.workflow, self.ports.clock)
        stopped.close(approval_id, is_broken=detail["status"] == "FAILED")

    def apply(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """
        Apply journaled callbacks from the table's stream.

        Returns: the records that failed; the stream goes on from the first of them.
        """
        applier = Applier(self.ports, self._decider)

        def apply_one(record: Mapping[str, Any]) -> None:
            image = record["dynamodb"].get("NewImage", {})
            took_ms = int(image["took_ms"]["N"]) if "took_ms" in image else None
            heard = read_event(image["event"]["S"])
            applier.apply(image["provider"]["S"], image["tenant"]["S"], image["app"]["S"], heard, took_ms)

        return self._each(event, apply_one, "event_not_applied")

    def drive(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """
        Start what was created, wake what was decided, have notifications delivered, from the table's stream.

        For approvals the request path has usually done so already; this is for the crash between a write and the call
        after it. Notifications, which are stored together with what they tell of, start on their way here.

        Returns: as `apply`.
        """
        return self._each(event, self._drive_one, "not_driven")

    def _each(
        self, event: Mapping[str, Any], act: Callable[[Mapping[str, Any]], None], complaint: str
    ) -> dict[str, Any]:
        """Act on every record of a batch: one that fails holds up no other, though those behind it come again."""
        failed: list[dict[str, str]] = []
        for record in event["Records"]:
            try:
                act(record)
            except Exception:
                # The outermost edge: the stream tries again, splits the batch, and dead-letters in the end.
                self.logger.exception(complaint, extra={"event_id": record["eventID"]})
                failed.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
        return {"batchItemFailures": failed}

    def _drive_one(self, record: Mapping[str, Any]) -> None:
        kind, _, item_id = record["dynamodb"]["Keys"]["PK"]["S"].partition("#")
        if kind == "NOTIFICATION":
            self._deliver(Errand(item_id))
            return
        approval = self.ports.approvals.get(item_id)
        if approval is None:
            return
        # Also one that was ended meanwhile: whoever gave us a task token hears of it from the execution.
        if record["eventName"] == "INSERT" and not approval.execution:
            self.ports.workflow.start(approval)
        if approval.outcome is not None:
            self._decider.wake(approval)
            if may_have_cards(approval):
                self._deliver(Errand(approval_id=approval.id))

    def _deliver(self, errand: Errand) -> None:
        if self.outbox is None:
            raise ConfigurationError("The environment variable OUTBOX_URL is not set: deploy the template again.")
        self.outbox.put(errand)

    def _approval_of(self, event: Mapping[str, Any]) -> Approval:
        given = event["input"]
        if not isinstance(given, dict):
            raise RequestError('The execution input must be an object with "tenant" and "request" (or "approval_id").')
        if given.get("approval_id"):
            return self._get(str(given["approval_id"]))
        tenant = given.get("tenant")
        if not isinstance(tenant, str) or not tenant:
            raise RequestError('The execution input needs "tenant" and "request" (or "approval_id").')
        request = ApprovalRequestBody.model_validate(given.get("request")).to_domain()
        creator = Creator(
            self.ports.approvals,
            self.ports.apps,
            self.ports.workflow,
            self.ports.clock,
            _no_entropy,
            self.ports.callbacks,
        )
        return creator.create_in_execution(
            tenant, request, str(event["execution_arn"]), _time(str(event["started_at"]))
        )

    def _get(self, approval_id: str) -> Approval:
        approval = self.ports.approvals.get(approval_id)
        if approval is None:
            raise ApprovalNotFound(f"There is no approval {approval_id}.")
        return approval


def _what_to_change(err: RequestError | ValidationError) -> str:
    """Return what is wrong with an execution's input, without repeating it: it becomes the execution's cause."""
    if isinstance(err, RequestError):
        return " ".join([err.message, in_one_line(err.problems)]).strip()[:_PROBLEM_CHARS]
    problems = field_problems(err.errors(include_input=False, include_url=False), "request")
    return f"The request must change. {in_one_line(problems)}"[:_PROBLEM_CHARS]


def _answer(answer: TaskAnswer) -> dict[str, Any]:
    return {"approval_id": answer.approval_id, "state": answer.state, "wait_s": answer.wait_s}


def _id_from_execution(event: Mapping[str, Any]) -> str:
    given = event.get("input") or {}
    if given.get("approval_id"):
        return str(given["approval_id"])
    return approval_id_of_execution(str(event["execution_arn"]), _time(str(event["started_at"])))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _no_entropy(_: int) -> bytes:
    raise RuntimeError("an execution's approval id is derived, not drawn")
