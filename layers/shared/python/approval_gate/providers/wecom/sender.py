"""
Open and read approvals, and say when one is not needed any more.

Source: WeCom developer docs, "Submit an approval application", "Get approval details", "Send application messages",
read 2026-02-28.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from approval_gate.domain.approval import TaskStatus
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.errors import ProviderRejected, ProviderUnavailable
from approval_gate.ports import ProviderApproval, Withdrawal
from approval_gate.providers.wecom.applications import LIST_DELAY, Applications
from approval_gate.providers.wecom.cards import closing_message_body
from approval_gate.providers.wecom.client import Client
from approval_gate.providers.wecom.errcodes import PARAMETERS_REFUSED
from approval_gate.providers.wecom.people import find_people
from approval_gate.providers.wecom.templates import Templates
from approval_gate.providers.wecom.truth import truth_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from approval_gate.domain.approval import Identity, PersonRef
    from approval_gate.ports import AccessTokens, App, Clock, Draft, Forms
    from approval_gate.providers.wecom.credentials import Credentials

__all__ = ["Sender"]

_logger = logging.getLogger(__name__)

_BASE_URL = "https://qyapi.weixin.qq.com"
_MESSAGE_PATH = "/cgi-bin/message/send"


class Sender:
    """
    The outbound half for one app.

    Calls per ordinary approval: one per address of a person, one to submit, and one read when it is decided.
    """

    def __init__(
        self,
        app: App,
        credentials: Credentials,
        http: httpx.Client,
        tokens: AccessTokens,
        forms: Forms,
        clock: Clock,
    ) -> None:
        base_url = (app.base_url or _BASE_URL).rstrip("/")
        self._agent_id = credentials.agent_id
        self._clock = clock
        self._client = Client(app.id, base_url, credentials=credentials, http=http, tokens=tokens, clock=clock)
        self._templates = Templates(self._client, credentials, forms)
        self._applications = Applications(self._client)

    def find_people(self, refs: Sequence[PersonRef]) -> tuple[Identity, ...]:
        """
        Resolve people: userids as given, one call per mobile or e-mail.

        Raises:
            PeopleNotFound: everyone who cannot be named exactly, with field and remedy.
        """
        return find_people(self._client, refs)

    def open_approval(self, draft: Draft, *, may_exist: bool) -> ProviderApproval:
        """
        Open the approval, once.

        The platform has no idempotency key. So nothing is submitted twice here: after an attempt whose end is not
        known, the next one looks first, and not before the list can have caught up. The one exception are refused
        parameters, which open nothing: if the template's field was renamed, the submission is made again under its
        new name.

        There is no documented link to an application.
        """
        self._check_people(draft)
        if may_exist:
            found = self.find_approval(draft)
            if found is not None:
                return found
            self._let_the_list_catch_up(draft)
        template = self._templates.get()
        try:
            sp_no = self._applications.submit(draft, template)
        except ProviderRejected as err:
            if err.vendor_code != PARAMETERS_REFUSED:
                raise
            current = self._templates.read_again(template)
            if current == template:
                raise
            sp_no = self._applications.submit(draft, current)
        return ProviderApproval(ref=sp_no)

    def find_approval(self, draft: Draft) -> ProviderApproval | None:
        """Find what an earlier `open_approval` may have created; opens nothing. One call per candidate and page."""
        for template_id in self._templates.known_ids():
            sp_no = self._applications.find(draft, template_id, self._clock())
            if sp_no is not None:
                return ProviderApproval(ref=sp_no)
        return None

    def read_truth(self, ref: str) -> Truth:
        """
        Read the approval back.

        Raises:
            ProviderRejected: the platform does not know it, or answered with another one.
        """
        return truth_of(ref, self._applications.read(ref))

    def withdraw(self, truth: Truth, reason: str) -> Withdrawal:
        """
        Tell those who are still asked that it is not needed any more: the platform has no call to withdraw.

        A message that the platform refuses is logged and changes nothing, since only a self-built app may send any.

        Raises:
            ProviderUnavailable: not sent, try again; what was sent already is dropped by the platform as a repetition.
        """
        if truth.status is not TruthStatus.PENDING:
            return Withdrawal.REFUSED if truth.status is TruthStatus.UNKNOWN else Withdrawal.ALREADY_CLOSED
        asked = {
            task.person.other_id: task.person.user_id
            for task in truth.tasks
            if task.status is TaskStatus.PENDING and task.person
        }
        if asked:
            title = dict(truth.handle).get("title", "")
            body = closing_message_body(
                self._agent_id, list(asked.values()), sp_no=truth.ref, title=title, reason=reason
            )
            try:
                self._client.call("send_message", _MESSAGE_PATH, {**body})
            except ProviderRejected as err:
                extra = {"provider_ref": truth.ref, "error_code": err.vendor_code or err.code}
                _logger.warning("closing_message_failed", extra=extra)
        return Withdrawal.UNSUPPORTED

    def _check_people(self, draft: Draft) -> None:
        if not draft.requester.user_id:
            raise _rejected("the requester has no id; name them by user_id, e-mail or mobile")
        for number, stage in enumerate(draft.stages):
            if not stage.approvers:
                raise _rejected(f"stage {number + 1} has no approvers; name at least one")

    def _let_the_list_catch_up(self, draft: Draft) -> None:
        """
        Wait where the list may be behind an attempt that died without an answer, such as a function that was stopped.

        Attempts that ended in an error of ours were given this pause by that error. When one died is not known here;
        nearly all are made as soon as the approval is created.
        """
        left_s = (draft.created_at + LIST_DELAY - self._clock()).total_seconds()
        if left_s > 0:
            error = ProviderUnavailable(
                "submit: an earlier attempt may still show up in WeCom's list; the gate looks again before it submits.",
                provider="wecom",
                operation="submit",
            )
            error.retry_after_s = left_s
            raise error


def _rejected(text: str) -> ProviderRejected:
    return ProviderRejected(f"submit: {text}.", provider="wecom", operation="submit")
