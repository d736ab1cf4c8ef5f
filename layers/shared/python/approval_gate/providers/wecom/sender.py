"""
Open and read approvals, and say when one is not needed any more.

Source: WeCom developer docs, "Submit an approval application", "Get approval details", "Send application messages",
read 2026-02-28.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from approval_gate.domain.approval import TaskStatus
from approval_gate.domain.truth import Truth, TruthStatus
from approval_gate.errors import ProviderRejected, ProviderThrottled, ProviderUnavailable
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
    from datetime import datetime

    import httpx

    from approval_gate.domain.approval import Identity, PersonRef
    from approval_gate.ports import AccessTokens, App, Clock, Draft, Forms
    from approval_gate.providers.wecom.credentials import Credentials
    from approval_gate.providers.wecom.templates import Template

__all__ = ["Sender"]

_logger = logging.getLogger(__name__)

_BASE_URL = "https://qyapi.weixin.qq.com"
_MESSAGE_PATH = "/cgi-bin/message/send"
_SUBMIT_WITHIN = timedelta(seconds=20)
"""Of the minute that a claim lasts: the call itself may take 10 s more, and the list 30 s to show what it made."""


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
        self._forms = forms
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

        The platform has no idempotency key. So each submission is made under a claim of a minute, which an attempt
        whose end is not known leaves to lapse: until then others only look, and whoever claims next looks first, when
        the platform's list has had its time to catch up.

        There is no documented link to an application.

        Raises:
            ProviderUnavailable: also while an earlier attempt is not settled; `retry_after_s` says when to look again.
        """
        self._check_people(draft)
        key = _key(draft)
        saved = self._saved(key)
        if saved is not None:
            return saved
        template = self._templates.get()
        submit_until = self._clock() + _SUBMIT_WITHIN
        is_ours = self._forms.claim(key)
        if not is_ours and (saved := self._saved(key)) is not None:  # the other worker may have been as fast as that
            return saved
        sp_no = self._search(draft, is_ours=is_ours) if may_exist or not is_ours else None
        if sp_no is None:
            if not is_ours:
                raise _unsettled()
            sp_no = self._submit(draft, template, until=submit_until)
        return self._save(key, sp_no)

    def find_approval(self, draft: Draft) -> ProviderApproval | None:
        """
        Find what an earlier `open_approval` may have created; opens nothing. One call per candidate and page.

        Raises:
            ProviderUnavailable: also while an attempt to open it is not settled.
        """
        key = _key(draft)
        saved = self._saved(key)
        if saved is not None:
            return saved
        # Claimed before the search: an attempt that ends while we look was perhaps not listed yet when we began.
        is_ours = self._forms.claim(key)
        sp_no = self._search(draft, is_ours=is_ours)
        if sp_no is not None:
            return self._save(key, sp_no)
        if not is_ours:
            raise _unsettled()
        self._forms.release(key)
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

    def _submit(self, draft: Draft, template: Template, *, until: datetime) -> str:
        """
        Submit, in the claim of the caller; a refusal ends the claim, since it opened nothing.

        Refused parameters may mean that the template's field was renamed: then once more under its new name.
        """
        try:
            try:
                return self._submit_in_time(draft, template, until)
            except ProviderRejected as err:
                if err.vendor_code != PARAMETERS_REFUSED:
                    raise
                current = self._templates.read_again(template)
                if current == template:
                    raise
                return self._submit_in_time(draft, current, until)
        except (ProviderRejected, ProviderThrottled):
            self._forms.release(_key(draft))
            raise

    def _submit_in_time(self, draft: Draft, template: Template, until: datetime) -> str:
        """Submit, unless so late that the list may not have caught up when the claim lapses."""
        if self._clock() > until:
            self._forms.release(_key(draft))  # nothing was submitted
            raise _unsettled()
        return self._applications.submit(draft, template)

    def _search(self, draft: Draft, *, is_ours: bool) -> str | None:
        """Look for the application; if that fails, give back a claim of ours, in which nothing was submitted."""
        try:
            for template_id in self._templates.known_ids():
                sp_no = self._applications.find(draft, template_id, self._clock())
                if sp_no is not None:
                    return sp_no
        except (ProviderRejected, ProviderUnavailable):
            if is_ours:
                self._forms.release(_key(draft))
            raise
        return None

    def _saved(self, key: str) -> ProviderApproval | None:
        saved = self._forms.get(key)
        return ProviderApproval(ref=saved["sp_no"]) if saved is not None else None

    def _save(self, key: str, sp_no: str) -> ProviderApproval:
        self._forms.save(key, {"sp_no": sp_no})
        return ProviderApproval(ref=sp_no)


def _key(draft: Draft) -> str:
    return f"application/{draft.approval_id}"


def _unsettled() -> ProviderUnavailable:
    return ProviderUnavailable(
        "submit: an earlier attempt may still show up in WeCom's list; the gate looks again before it submits.",
        retry_after_s=LIST_DELAY.total_seconds(),
        provider="wecom",
        operation="submit",
    )


def _rejected(text: str) -> ProviderRejected:
    return ProviderRejected(f"submit: {text}.", provider="wecom", operation="submit")
