"""Open, read and withdraw the toy's approvals. A real provider speaks HTTP in its `client.py` only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx

from approval_gate.domain.approval import Identity, PersonKind, PersonRef, TaskProgress, TaskStatus
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.errors import PeopleNotFound, PersonProblem, ProviderRejected, ProviderUnavailable
from approval_gate.ports import AccessTokens, App, Clock, Draft, Forms, ProviderApproval, Withdrawal

if TYPE_CHECKING:
    from tests.meta.toy_provider.credentials import Credentials

__all__ = ["Sender"]

_STATUSES = {"yes": TruthStatus.APPROVED, "no": TruthStatus.REJECTED, "": TruthStatus.PENDING}
_TASKS = {"yes": TaskStatus.APPROVED, "no": TaskStatus.REJECTED, "": TaskStatus.PENDING}


class Sender:
    """The outbound half for one shop."""

    def __init__(
        self,
        *,
        app: App,
        credentials: Credentials,
        http: httpx.Client,
        tokens: AccessTokens,
        forms: Forms,
        clock: Clock,
    ) -> None:
        self._base_url = app.base_url or "https://api.toy.example"
        self._secret = credentials.shared_secret
        self._http = http

    def find_people(self, refs: Sequence[PersonRef]) -> tuple[Identity, ...]:
        """Take people by the toy's own ids; it has no directory."""
        problems = tuple(
            PersonProblem(ref.field, ref.value, "is not named by user_id", "Name them by user_id.")
            for ref in refs
            if ref.kind is not PersonKind.USER_ID
        )
        if problems:
            raise PeopleNotFound(problems)
        return tuple(Identity(ref.value) for ref in refs)

    def open_approval(self, draft: Draft, *, may_exist: bool) -> ProviderApproval:
        """Ask the first approver; the toy takes our id as its number, so a repetition changes nothing."""
        body = {"title": draft.title, "from": draft.requester.user_id, "to": draft.stages[0].approvers[0].user_id}
        self._call("PUT", draft.approval_id, body)
        return ProviderApproval(draft.approval_id)

    def find_approval(self, draft: Draft) -> ProviderApproval | None:
        """Look for our id."""
        try:
            self._call("GET", draft.approval_id)
        except ProviderRejected:
            return None
        return ProviderApproval(draft.approval_id)

    def read_truth(self, ref: str) -> Truth:
        """Read the question back."""
        asked = self._call("GET", ref)
        answer = asked.get("answer", "")
        at = datetime.fromisoformat(asked["answered_at"]) if answer else None
        task = TaskProgress(ref, 0, _TASKS[answer], Identity(asked["to"]), asked.get("why", ""), at)
        truth = Truth(ref, _STATUSES[answer], (task,), Identity(asked["from"]), vendor_status=answer)
        return replace(truth, decided_at=at)

    def withdraw(self, truth: Truth, reason: str) -> Withdrawal:
        """Leave it: the toy has no such call."""
        return Withdrawal.UNSUPPORTED

    def _call(self, method: str, number: str, body: dict[str, str] | None = None) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self._secret}"}
        answer = self._http.request(method, f"{self._base_url}/questions/{number}", json=body, headers=headers)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise ProviderRejected("The toy knows no such question.", provider="toy", operation=method)
        if answer.status_code != httpx.codes.OK:
            raise ProviderUnavailable("The toy does not answer.", provider="toy", operation=method)
        found: dict[str, Any] = answer.json()
        return found
